//! The search over all kinds.

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::services::{ROBOT, service};
use crate::support::*;

porta_testkit::on_both_stores!(
    each_kind_is_found_by_its_names,
    what_is_pasted_leads_to_the_entity,
    only_kinds_that_the_caller_may_read_are_searched,
    groups_are_chosen_and_end_at_their_limit,
    what_is_no_search_is_refused,
    each_kind_costs_one_round_trip,
);

const ALL: [&str; 7] = ["organization", "application", "client", "user", "role", "key", "session"];

async fn search(admin: &mut Admin, query: &str) -> Value {
    expect(&admin.get(&format!("/search?{query}")).await, StatusCode::OK)
}

fn types(body: &Value) -> Vec<&str> {
    body["data"].as_array().unwrap().iter().map(|group| group["type"].as_str().unwrap()).collect()
}

/// Type and label of everything found, in order.
fn hits(body: &Value) -> Vec<(&str, &str)> {
    let groups = body["data"].as_array().unwrap();
    let hits = groups.iter().flat_map(|group| {
        let items = group["items"].as_array().unwrap();
        assert!(items.iter().all(|hit| hit["type"] == group["type"]), "{group}");
        items
    });
    hits.map(|hit| (hit["type"].as_str().unwrap(), hit["label"].as_str().unwrap())).collect()
}

async fn each_kind_is_found_by_its_names(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (text, found) in [
        ("ACM", vec![("organization", "Acme"), ("user", "inactive@acme.test"), ("user", "bob@acme.test")]),
        ("billing", vec![("application", "Billing"), ("client", "Billing Web")]),
        ("legacy", vec![("client", "Old Web")]),
        ("Accountan", vec![("role", "Accountant")]),
        ("bob@acme.test", vec![("user", "bob@acme.test")]),
        ("a%25", vec![]),
        ("%00%00", vec![]),
    ] {
        let body = search(&mut root, &format!("q={text}")).await;
        assert_eq!(types(&body), ALL, "{text}");
        let mut seen = hits(&body);
        // The two named Ana are below.
        seen.retain(|(_, label)| !label.starts_with("Ana") && !label.starts_with("ana"));
        let mut found = found;
        seen.sort_unstable();
        found.sort_unstable();
        assert_eq!(seen, found, "{text}");
    }
    let (acme, ana) = (admins.organization("acme").await.id, admins.user("acme", "ana@acme.test").await.id);
    let body = search(&mut root, "q=ana%20&types=user").await;
    let items = body["data"][0]["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let hit = items.iter().find(|hit| hit["id"] == json!(ana)).unwrap();
    let expected = json!({
        "type": "user", "id": ana, "label": "Ana Li", "sublabel": "ana@acme.test · Acme",
        "status": "active", "orgId": acme, "appId": null,
    });
    assert_eq!(hit, &expected);
    let nameless = items.iter().find(|hit| hit["id"] != json!(ana)).unwrap();
    assert_eq!((&nameless["label"], &nameless["sublabel"]), (&json!("ana@acme.test"), &json!("Beta")));
}

async fn what_is_pasted_leads_to_the_entity(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let acme = admins.organization("acme").await.id.to_string();
    let bob = admins.user("acme", "bob@acme.test").await.id.to_string();
    let web = expect(&root.get("/clients/web").await, StatusCode::OK)["data"].clone();
    let role = expect(&root.get("/lookups/roles?q=accountant").await, StatusCode::OK)["data"][0].clone();
    let key = expect(&root.get("/keys").await, StatusCode::OK)["data"][0].clone();
    let session = expect(&root.get("/sessions").await, StatusCode::OK)["data"][0].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for (pasted, kind, id) in [
        (acme.clone(), "organization", acme.clone()),
        (text(&web["applicationId"]), "application", text(&web["applicationId"])),
        (text(&web["id"]), "client", text(&web["id"])),
        (bob.clone(), "user", bob),
        (text(&role["id"]), "role", text(&role["id"])),
        (text(&key["id"]), "key", text(&key["id"])),
        (text(&key["kid"]), "key", text(&key["id"])),
        (text(&session["sessionId"]), "session", text(&session["sessionId"])),
        (format!("%20{}%20", text(&session["sessionId"])), "session", text(&session["sessionId"])),
    ] {
        let body = search(&mut root, &format!("q={pasted}")).await;
        let found: Vec<_> = body["data"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|group| group["items"].as_array().unwrap())
            .map(|hit| (hit["type"].as_str().unwrap(), hit["id"].as_str().unwrap()))
            .collect();
        assert_eq!(found, [(kind, id.as_str())], "{pasted}");
    }
    let body = search(&mut root, &format!("q={}&types=client", text(&web["id"]))).await;
    let expected = json!({
        "type": "client", "id": web["id"], "label": "Planner Web", "sublabel": "web · Acme",
        "status": "active", "orgId": acme, "appId": web["applicationId"],
    });
    assert_eq!(body["data"][0]["items"], json!([expected]));
    let session_id = text(&session["sessionId"]);
    let status = |body: &Value| body["data"][0]["items"][0]["status"].clone();
    assert_eq!(status(&search(&mut root, &format!("q={session_id}&types=session")).await), "active");
    // Somebody else's session, so that the administrator stays signed in.
    let mut auditor = admins.sign_in(AUDITOR).await;
    expect(&auditor.get("/me").await, StatusCode::OK);
    let id = admins.user("porta-admin", AUDITOR.0).await.id;
    let theirs = expect(&root.get(&format!("/sessions?userId={id}")).await, StatusCode::OK);
    let theirs = text(&theirs["data"][0]["sessionId"]);
    expect(&root.delete(&format!("/sessions/{theirs}")).await, StatusCode::NO_CONTENT);
    assert_eq!(status(&search(&mut root, &format!("q={theirs}&types=session")).await), "revoked");
}

async fn only_kinds_that_the_caller_may_read_are_searched(app: TestApp) {
    let admins = Admins::of(app).await;
    for (person, may) in [
        (ROOT, ALL.to_vec()),
        (AUDITOR, ALL.to_vec()),
        (ORGS, vec!["organization"]),
        (USERS, vec!["user", "role", "session"]),
        (APPS, vec!["application", "client", "role"]),
    ] {
        let mut admin = admins.sign_in(person).await;
        let body = search(&mut admin, "q=an").await;
        assert_eq!(types(&body), may, "{}", person.0);
        // Nor if they are asked for by name.
        let body = search(&mut admin, &format!("q=acme&types={}", ALL.join(","))).await;
        assert_eq!(types(&body), may, "{}", person.0);
        let bob = admins.user("acme", "bob@acme.test").await.id;
        let is_found = hits(&search(&mut admin, &format!("q={bob}")).await) == [("user", "bob@acme.test")];
        assert_eq!(is_found, may.contains(&"user"), "{}", person.0);
    }
    let mut robot = service(&admins, ROBOT, Some("admin:user:read")).await;
    assert_eq!(types(&search(&mut robot, "q=acme").await), ["user"]);
    let mut nothing = service(&admins, ROBOT, Some("reports:read")).await;
    assert_eq!(search(&mut nothing, "q=acme").await, json!({ "data": [] }));
    for person in [HELPER, WIKI] {
        let answer = admins.sign_in(person).await.get("/search?q=acme").await;
        assert_eq!(refused(&answer, StatusCode::FORBIDDEN, "Forbidden")["message"], "Admin role required");
    }
    let answer = admins.bearer("none").get("/search?q=acme").await;
    refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
}

async fn groups_are_chosen_and_end_at_their_limit(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    // In the order of the search, each once.
    let body = search(&mut root, "q=test&types=user,organization,user").await;
    assert_eq!(types(&body), ["organization", "user"]);
    for (limit, more) in [("", true), ("&limit=2", true), ("&limit=20", false)] {
        let body = search(&mut root, &format!("q=.test&types=user{limit}")).await;
        let (rows, has_more) =
            (body["data"][0]["items"].as_array().unwrap().len(), &body["data"][0]["hasMore"]);
        assert_eq!(has_more, &json!(more), "{limit}");
        match limit {
            "" => assert_eq!(rows, 5),
            "&limit=2" => assert_eq!(rows, 2),
            _ => assert!(rows > 5, "{rows}"),
        }
    }
}

async fn what_is_no_search_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    for (field, query) in [
        ("q", String::new()),
        ("q", "q=".to_owned()),
        ("q", "q=a".to_owned()),
        ("q", "q=%20a%20".to_owned()),
        ("q", format!("q={}", "x".repeat(256))),
        ("limit", "q=acme&limit=0".to_owned()),
        ("limit", "q=acme&limit=21".to_owned()),
        ("types", "q=acme&types=".to_owned()),
        ("types", "q=acme&types=user,organizations".to_owned()),
        ("types", "q=acme&types=User".to_owned()),
    ] {
        let answer = orgs.get(&format!("/search?{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
    let answer = orgs.post("/search?q=acme", &json!({})).await;
    refused(&answer, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
}

/// And one for the administrator.
async fn each_kind_costs_one_round_trip(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    // What is no id is no session.
    for (query, trips) in [
        ("q=acme".to_owned(), 7),
        ("q=acme&limit=20".to_owned(), 7),
        (format!("q={bob}"), 8),
        ("q=acme&types=user".to_owned(), 2),
        ("q=acme&types=session".to_owned(), 1),
    ] {
        let before = admins.app.store.round_trips();
        search(&mut root, &query).await;
        assert_eq!(admins.app.store.round_trips() - before, trips, "{query}");
    }
    let before = admins.app.store.round_trips();
    search(&mut orgs, "q=acme").await;
    assert_eq!(admins.app.store.round_trips() - before, 2, "only what may be read is searched");
}
