//! Histories of organizations, applications, clients and users.

use std::time::Duration;

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    an_organization_has_everything_of_its_tenant,
    an_application_and_a_client_have_their_own,
    a_user_has_the_same_history_on_both_paths,
    a_history_is_read_page_by_page,
    the_history_of_another_tenants_user_is_empty,
    what_cannot_be_asked_is_refused,
    each_role_reads_the_histories_of_what_it_reads,
);

const NIL: &str = "00000000-0000-0000-0000-000000000000";

fn events(body: &Value) -> Vec<&str> {
    body["data"].as_array().unwrap().iter().map(|row| row["eventType"].as_str().unwrap()).collect()
}

async fn history(admin: &mut Admin, path: &str) -> Value {
    expect(&admin.get(path).await, StatusCode::OK)
}

/// Suspends and unsuspends bob of acme; returns his id.
async fn stop_and_start_bob(admins: &Admins, root: &mut Admin) -> String {
    let bob = admins.user("acme", "bob@acme.test").await.id.to_string();
    for action in ["suspend", "unsuspend"] {
        admins.app.advance(Duration::from_secs(1));
        expect(&root.post(&format!("/users/{bob}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
    }
    bob
}

async fn an_organization_has_everything_of_its_tenant(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = stop_and_start_bob(&admins, &mut root).await;
    let body = history(&mut root, "/organizations/acme/history?limit=100").await;
    assert_eq!(events(&body)[..2], ["user.activated", "user.suspended"]);
    assert!(events(&body).contains(&"client.created") || body["hasMore"] == true);
    let newest = &body["data"][0];
    let expected = json!({
        "id": newest["id"], "eventType": "user.activated",
        "actorId": admins.user("porta-admin", ROOT.0).await.id,
        "metadata": { "userId": bob, "reason": null, "tokenFamiliesEnded": 0 },
        "createdAt": newest["createdAt"],
    });
    assert_eq!(newest, &expected);
    let id = admins.organization("acme").await.id;
    assert_eq!(history(&mut root, &format!("/organizations/{id}/history?limit=100")).await, body);
    let own = history(&mut root, "/organizations/acme/history?event_type=org.").await;
    assert_eq!(events(&own), ["org.created"]);
    // Nothing of it is in the history of another tenant.
    let beta = history(&mut root, "/organizations/beta/history?event_type=user.suspended").await;
    assert_eq!(beta, json!({ "data": [], "hasMore": false, "nextCursor": null, "cursor": null }));
}

async fn an_application_and_a_client_have_their_own(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let planner = history(&mut root, "/applications/planner/history").await;
    assert_eq!(events(&planner), ["app.created"]);
    let id = planner["data"][0]["metadata"]["applicationId"].as_str().unwrap();
    assert_eq!(history(&mut root, &format!("/applications/{id}/history")).await, planner);
    let web = history(&mut root, "/clients/web/history").await;
    let mut found = events(&web);
    found.sort_unstable();
    assert_eq!(found, ["client.created", "client.secret.generated"]);
    let created = web["data"].as_array().unwrap().iter().find(|row| row["eventType"] == "client.created");
    let id = created.unwrap()["metadata"]["clientDbId"].as_str().unwrap();
    assert_eq!(history(&mut root, &format!("/clients/{id}/history")).await, web);
    // An id is no id of another kind.
    assert_eq!(history(&mut root, &format!("/applications/{id}/history")).await["data"], json!([]));
    for path in [format!("/applications/{NIL}/history"), format!("/clients/{NIL}/history")] {
        assert_eq!(history(&mut root, &path).await["data"], json!([]), "{path}");
    }
}

async fn a_user_has_the_same_history_on_both_paths(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = stop_and_start_bob(&admins, &mut root).await;
    admins.app.advance(Duration::from_secs(1));
    let credentials = ("bob@acme.test", "lantern-Quay-42");
    token(&admins.app, "acme", credentials, ("cli", "http://127.0.0.1/cb")).await;
    let by_id = history(&mut root, &format!("/users/{bob}/history")).await;
    for event in ["user.created", "user.suspended", "user.activated", "user.login.password"] {
        assert!(events(&by_id).contains(&event), "{event}: {by_id}");
    }
    for organization in ["acme".to_owned(), admins.organization("acme").await.id.to_string()] {
        let path = format!("/organizations/{organization}/users/{bob}/history");
        assert_eq!(history(&mut root, &path).await, by_id);
    }
    let some = history(&mut root, &format!("/users/{bob}/history?event_type=user.susp")).await;
    assert_eq!(events(&some), ["user.suspended"]);
    // Whoever is not there has none.
    assert_eq!(history(&mut root, &format!("/users/{NIL}/history")).await["data"], json!([]));
}

async fn a_history_is_read_page_by_page(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = stop_and_start_bob(&admins, &mut root).await;
    let path = format!("/users/{bob}/history");
    let all = history(&mut root, &format!("{path}?limit=100")).await;
    assert!(events(&all).len() > 2);
    for (limit, after) in [("limit", "after"), ("pageSize", "cursor")] {
        let (mut seen, mut next) = (Vec::new(), None::<String>);
        loop {
            let from = next.map(|next| format!("&{after}={next}")).unwrap_or_default();
            let body = history(&mut root, &format!("{path}?{limit}=1&page=7{from}")).await;
            assert_eq!(
                (&body["hasMore"], &body["cursor"]),
                (&json!(body["nextCursor"].is_string()), &body["nextCursor"])
            );
            seen.extend(body["data"].as_array().unwrap().iter().cloned());
            next = body["nextCursor"].as_str().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        assert_eq!(json!(seen), all["data"]);
    }
    for (query, rows) in [("limit=0", 1), ("limit=-1", 1), ("limit=1000", events(&all).len())] {
        assert_eq!(events(&history(&mut root, &format!("{path}?{query}")).await).len(), rows, "{query}");
    }
}

async fn the_history_of_another_tenants_user_is_empty(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = stop_and_start_bob(&admins, &mut root).await;
    let elsewhere = history(&mut root, &format!("/organizations/beta/users/{bob}/history")).await;
    let nowhere = history(&mut root, &format!("/organizations/beta/users/{NIL}/history")).await;
    assert_eq!((&elsewhere, &elsewhere["data"]), (&nowhere, &json!([])));
}

async fn what_cannot_be_asked_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (path, error) in [
        ("/organizations/none/history", "Organization not found: none"),
        ("/organizations/a%20b/history", "Organization not found: a b"),
        ("/applications/none/history", "Application not found: none"),
        ("/applications/a%00b/history", "Application not found: a\0b"),
        ("/clients/none/history", "Client not found: none"),
        ("/users/bob/history", "User not found: bob"),
        ("/organizations/acme/users/bob/history", "User not found: bob"),
        (
            "/organizations/none/users/00000000-0000-0000-0000-000000000000/history",
            "Organization not found: none",
        ),
    ] {
        refused(&root.get(path).await, StatusCode::NOT_FOUND, error);
    }
    let list = expect(&root.get("/organizations/acme/users?limit=1").await, StatusCode::OK);
    let foreign = format!("after={}", list["nextCursor"].as_str().unwrap());
    for (field, query) in [
        ("limit", "limit=x"),
        ("pageSize", "pageSize="),
        ("after", "after="),
        ("after", "after=x"),
        ("cursor", "cursor=x"),
        ("event_type", "event_type="),
        ("event_type", "event_type=org%25"),
    ] {
        let answer = root.get(&format!("/organizations/acme/history?{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
    // The cursor of another list in the same order leads nowhere wrong: it is a time and an id.
    history(&mut root, &format!("/organizations/acme/history?{foreign}")).await;
}

async fn each_role_reads_the_histories_of_what_it_reads(app: TestApp) {
    let admins = Admins::of(app).await;
    let paths = [
        "/organizations/acme/history".to_owned(),
        "/applications/planner/history".to_owned(),
        "/clients/web/history".to_owned(),
        format!("/users/{NIL}/history"),
        format!("/organizations/acme/users/{NIL}/history"),
    ];
    for (person, may) in [
        (ORGS, [true, false, false, false, false]),
        (USERS, [false, false, false, true, true]),
        (APPS, [false, true, true, false, false]),
        (AUDITOR, [true; 5]),
    ] {
        let mut admin = admins.sign_in(person).await;
        for (path, may) in paths.iter().zip(may) {
            let status = if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(admin.get(path).await.status, status, "{} {path}", person.0);
        }
    }
    for path in paths {
        refused(&admins.bearer("x").get(&path).await, StatusCode::UNAUTHORIZED, "Invalid token");
    }
}
