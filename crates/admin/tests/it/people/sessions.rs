//! Sessions: lists, and what ending them ends.

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::*;

porta_testkit::on_both_stores!(
    a_list_names_who_where_and_with_which_client,
    a_list_is_filtered_as_asked,
    lists_of_sessions_have_pages,
    what_is_no_filter_is_refused,
    an_ended_session_is_over_everywhere,
    one_of_many_who_end_a_session_is_recorded,
    all_sessions_of_a_user_end,
    sessions_end_by_organization_client_and_all,
    what_names_no_sessions_ends_none,
    only_who_may_sees_and_ends_sessions,
);

async fn list(admin: &mut Admin, query: &str) -> Value {
    expect(&admin.get(&format!("/sessions?{query}")).await, StatusCode::OK)
}

fn ids(body: &Value) -> Vec<String> {
    let rows = body["data"].as_array().unwrap();
    rows.iter().map(|row| row["sessionId"].as_str().unwrap().to_owned()).collect()
}

async fn a_list_names_who_where_and_with_which_client(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    token(&admins.app, "acme", ANA, SPA).await;
    let body = list(&mut root, "organizationId=acme").await;
    let expected = [1, 1, 20, 1].map(|n| json!(n));
    assert_eq!([&body["total"], &body["page"], &body["pageSize"], &body["totalPages"]], expected.each_ref());
    assert_eq!(body.get("hasMore"), None);
    let row = &body["data"][0];
    let ana = admins.user("acme", ANA.0).await;
    for (field, value) in [
        ("userId", json!(ana.id)),
        ("userEmail", json!(ANA.0)),
        ("organizationId", json!(ana.organization_id)),
        ("organizationName", json!("Acme")),
        ("clientId", json!(client(&admins.app, "spa").await)),
        ("clientName", json!("Planner SPA")),
        ("ipAddress", json!("127.0.0.1")),
        ("userAgent", Value::Null),
        ("revokedAt", Value::Null),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    for field in ["sessionId", "grantId", "createdAt", "lastActivityAt", "expiresAt"] {
        assert!(row[field].is_string(), "{field}: {row}");
    }
    let id = row["sessionId"].as_str().unwrap();
    let one = expect(&root.get(&format!("/sessions/{id}")).await, StatusCode::OK);
    assert_eq!(&one["data"], row);
    // A session without tokens has no client.
    signed_in(&admins.app, &at_beta(), OTHER_ANA).await;
    let body = list(&mut root, "organizationId=beta").await;
    let row = &body["data"][0];
    assert_eq!([&row["clientId"], &row["clientName"], &row["grantId"]], [&Value::Null; 3]);
    for id in ["x", "00000000-0000-0000-0000-000000000000"] {
        let text = format!("Session not found: {id}");
        refused(&root.get(&format!("/sessions/{id}")).await, StatusCode::NOT_FOUND, &text);
        refused(&root.delete(&format!("/sessions/{id}")).await, StatusCode::NOT_FOUND, &text);
    }
}

async fn a_list_is_filtered_as_asked(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    token(&admins.app, "acme", ANA, SPA).await;
    admins.app.advance(std::time::Duration::from_secs(1));
    token(&admins.app, "acme", BOB, SPA).await;
    signed_in(&admins.app, &at_beta(), OTHER_ANA).await;
    let (ana, bob) = (admins.user("acme", ANA.0).await.id, admins.user("acme", BOB.0).await.id);
    let of_acme = ids(&list(&mut root, "organizationId=acme").await);
    assert_eq!(of_acme.len(), 2);
    assert_eq!(ids(&list(&mut root, &format!("userId={bob}")).await), of_acme[..1], "last used first");
    assert_eq!(ids(&list(&mut root, &format!("userId={ana}")).await), of_acme[1..]);
    let by_age = list(&mut root, "organizationId=acme&sortBy=createdAt&sortOrder=asc").await;
    assert_eq!(ids(&by_age), of_acme.iter().rev().cloned().collect::<Vec<_>>());
    let spa = client(&admins.app, "spa").await;
    assert_eq!(ids(&list(&mut root, &format!("clientId={spa}")).await), of_acme);
    assert_eq!(ids(&list(&mut root, "clientId=spa").await), of_acme, "also by its public id");
    assert_eq!(list(&mut root, "clientId=web").await["total"], 0);
    // An address of version 4 may be written as one of version 6.
    for address in ["127.0.0.1", "::ffff:127.0.0.1"] {
        assert_eq!(ids(&list(&mut root, &format!("ip={address}&organizationId=acme")).await), of_acme);
    }
    for address in ["127.0.0.2", "::1"] {
        assert_eq!(list(&mut root, &format!("ip={address}")).await["total"], 0, "{address}");
    }
    assert_eq!(list(&mut root, &format!("organizationId=beta&userId={ana}")).await["total"], 0);
    // Root, two of acme and one of beta.
    assert_eq!(list(&mut root, "").await["total"], 4);
    expect(&root.delete(&format!("/sessions/{}", of_acme[0])).await, StatusCode::NO_CONTENT);
    for (query, total) in [("", 1), ("&activeOnly=true", 1), ("&activeOnly=false", 2)] {
        let body = list(&mut root, &format!("organizationId=acme{query}")).await;
        assert_eq!(body["total"], total, "{query}");
    }
}

async fn lists_of_sessions_have_pages(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for _ in 0..5 {
        signed_in(&admins.app, &at_spa(), BOB).await;
    }
    let all = ids(&list(&mut root, "organizationId=acme").await);
    assert_eq!(all.len(), 5);
    let (mut by_number, mut by_cursor, mut cursor) = (Vec::new(), Vec::new(), String::new());
    for page in 1..=3 {
        let body = list(&mut root, &format!("organizationId=acme&page={page}&pageSize=2")).await;
        assert_eq!((&body["total"], &body["totalPages"]), (&json!(5), &json!(3)));
        by_number.extend(ids(&body));
        let body = list(&mut root, &format!("organizationId=acme&limit=2{cursor}")).await;
        assert_eq!(body["hasMore"], page < 3);
        by_cursor.extend(ids(&body));
        cursor = format!("&cursor={}", body["nextCursor"].as_str().unwrap_or_default());
    }
    assert_eq!((&by_number, &by_cursor), (&all, &all));
}

async fn what_is_no_filter_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (field, query) in [
        ("userId", "userId=x"),
        ("userId", "userId="),
        ("activeOnly", "activeOnly=yes"),
        ("activeOnly", "activeOnly="),
        ("page", "page=0"),
        ("pageSize", "pageSize=101"),
        ("sortBy", "sortBy=ipAddress"),
        ("cursor", "cursor=x"),
        ("userId", "userId=x&userId=y"),
        ("ip", "ip=localhost"),
        ("ip", "ip="),
    ] {
        let answer = root.get(&format!("/sessions?{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
    let answer = root.get("/sessions?organizationId=none").await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
    let answer = root.get("/sessions?clientId=none").await;
    refused(&answer, StatusCode::NOT_FOUND, "Client not found: none");
    let nobody = "00000000-0000-0000-0000-000000000000";
    assert_eq!(list(&mut root, &format!("userId={nobody}")).await["total"], 0);
}

async fn an_ended_session_is_over_everywhere(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut browser = admins.app.browser();
    let code = browser.sign_in(&at_spa(), BOB.0, BOB.1).await.query("code").unwrap();
    let tokens = browser.redeem("acme", (SPA.0, None), SPA.1, &code).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    assert!(works(&admins.app, access).await && is_signed_in(&browser, &at_spa()).await);
    let id = ids(&list(&mut root, "organizationId=acme").await).remove(0);
    let path = format!("/sessions/{id}");
    let ended = root.delete(&path).await;
    expect(&ended, StatusCode::NO_CONTENT);
    assert!(!works(&admins.app, access).await);
    assert!(!is_signed_in(&browser, &at_spa()).await);
    let row = admins.newest("session.revoked").await;
    let bob = admins.user("acme", BOB.0).await.id;
    assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(bob), Some(ROOT.0)));
    assert_eq!((row.organization_label.as_deref(), &row.metadata["session"]), (Some("acme"), &json!(id)));
    assert_eq!((row.entity_type.as_deref(), json!(row.entity_id)), (Some("session"), json!(id)));
    assert_eq!(row.request_id.as_deref(), ended.header("x-request-id"));
    // A second time nothing changes.
    expect(&root.delete(&path).await, StatusCode::NO_CONTENT);
    assert_eq!(admins.count("session.revoked").await, 1);
    assert!(expect(&root.get(&path).await, StatusCode::OK)["data"]["revokedAt"].is_string());
}

async fn one_of_many_who_end_a_session_is_recorded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    signed_in(&admins.app, &at_spa(), BOB).await;
    let id = ids(&list(&mut root, "organizationId=acme").await).remove(0);
    let mut all = JoinSet::new();
    for _ in 0..12 {
        let (mut admin, path) = (admins.bearer(&root.token), format!("/sessions/{id}"));
        all.spawn(async move { admin.delete(&path).await.status });
    }
    let statuses = all.join_all().await;
    assert!(statuses.iter().all(|status| *status == StatusCode::NO_CONTENT), "{statuses:?}");
    assert_eq!(admins.count("session.revoked").await, 1);
}

async fn all_sessions_of_a_user_end(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let browser = signed_in(&admins.app, &at_spa(), BOB).await;
    let (mine, others) =
        (token(&admins.app, "acme", BOB, SPA).await, token(&admins.app, "acme", ANA, SPA).await);
    let bob = admins.user("acme", BOB.0).await.id;
    let path = format!("/users/{bob}/sessions");
    assert_eq!(expect(&root.delete(&path).await, StatusCode::OK), json!({ "revoked": 2 }));
    assert!(!is_signed_in(&browser, &at_spa()).await && !works(&admins.app, &mine).await);
    assert!(works(&admins.app, &others).await, "somebody else's");
    let row = admins.newest("user.sessions.revoked").await;
    assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(bob), Some(ROOT.0)));
    assert_eq!((&row.metadata["count"], row.organization_label.as_deref()), (&json!(2), Some("acme")));
    assert_eq!(expect(&root.delete(&path).await, StatusCode::OK), json!({ "revoked": 0 }));
    for id in ["x", "00000000-0000-0000-0000-000000000000"] {
        let answer = root.delete(&format!("/users/{id}/sessions")).await;
        refused(&answer, StatusCode::NOT_FOUND, &format!("User not found: {id}"));
    }
}

async fn sessions_end_by_organization_client_and_all(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let own = ids(&list(&mut root, "organizationId=porta-admin").await).remove(0);
    let at_spaent = token(&admins.app, "acme", ANA, SPA).await;
    let bob = signed_in(&admins.app, &at_spa(), BOB).await;
    let beta = signed_in(&admins.app, &at_beta(), OTHER_ANA).await;
    let mut revoke = async |body: Value| {
        expect(&root.post("/sessions/revoke", &body).await, StatusCode::OK)["revoked"].clone()
    };
    // Bob got no tokens.
    let spa = client(&admins.app, "spa").await;
    assert_eq!(revoke(json!({ "clientId": spa })).await, 1);
    assert!(!works(&admins.app, &at_spaent).await && is_signed_in(&bob, &at_spa()).await);
    assert_eq!(admins.newest("sessions.bulk_revoked").await.metadata["clientDbId"], json!(spa));
    assert_eq!(revoke(json!({ "organizationId": "acme" })).await, 1);
    assert!(!is_signed_in(&bob, &at_spa()).await && is_signed_in(&beta, &at_beta()).await);
    let row = admins.newest("sessions.bulk_revoked").await;
    assert_eq!((row.organization_label.as_deref(), &row.metadata["count"]), (Some("acme"), &json!(1)));
    let user = admins.user("beta", OTHER_ANA.0).await.id;
    assert_eq!(revoke(json!({ "userId": user, "all": false })).await, 1);
    assert!(!is_signed_in(&beta, &at_beta()).await);
    signed_in(&admins.app, &at_spa(), BOB).await;
    assert_eq!(revoke(json!({ "all": true, "exceptSessionId": own })).await, 1);
    assert_eq!(admins.newest("sessions.bulk_revoked").await.metadata["kept"], json!(own));
    // The own session was kept; now it ends too.
    assert_eq!(revoke(json!({ "all": true })).await, 1);
    refused(&root.get("/sessions").await, StatusCode::UNAUTHORIZED, "Invalid token");
}

async fn what_names_no_sessions_ends_none(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", BOB.0).await.id;
    let nobody = "00000000-0000-0000-0000-000000000000";
    for body in [
        json!({}),
        json!({ "all": false }),
        json!({ "all": "true" }),
        json!({ "all": true, "userId": bob }),
        json!({ "userId": bob, "organizationId": "acme" }),
        json!({ "clientId": "spa", "organizationId": "acme" }),
        json!({ "all": true, "exceptSessionId": "x" }),
        json!({ "all": true, "except": nobody }),
        json!([]),
    ] {
        let answer = root.post("/sessions/revoke", &body).await;
        refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
    }
    for (body, text) in [
        (json!({ "userId": nobody }), format!("User not found: {nobody}")),
        (json!({ "userId": "x" }), "User not found: x".to_owned()),
        (json!({ "organizationId": "none" }), "Organization not found: none".to_owned()),
        (json!({ "clientId": "none" }), "Client not found: none".to_owned()),
    ] {
        refused(&root.post("/sessions/revoke", &body).await, StatusCode::NOT_FOUND, &text);
    }
    assert_eq!(expect(&root.get("/sessions").await, StatusCode::OK)["total"], 1);
    assert_eq!(admins.count("sessions.bulk_revoked").await, 0);
}

async fn only_who_may_sees_and_ends_sessions(app: TestApp) {
    let admins = Admins::of(app).await;
    let bob = admins.user("acme", BOB.0).await.id;
    for (person, reads, ends) in
        [(ORGS, false, false), (APPS, false, false), (AUDITOR, true, false), (USERS, true, true)]
    {
        signed_in(&admins.app, &at_spa(), BOB).await;
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool, status| if may { status } else { StatusCode::FORBIDDEN };
        let mut root = admins.sign_in(ROOT).await;
        let id = ids(&list(&mut root, "organizationId=acme").await).remove(0);
        for path in ["/sessions".to_owned(), format!("/sessions/{id}")] {
            expect(&admin.get(&path).await, status(reads, StatusCode::OK));
        }
        let answer = admin.delete(&format!("/sessions/{id}")).await;
        expect(&answer, status(ends, StatusCode::NO_CONTENT));
        expect(&admin.delete(&format!("/users/{bob}/sessions")).await, status(ends, StatusCode::OK));
        let body = json!({ "organizationId": "acme" });
        expect(&admin.post("/sessions/revoke", &body).await, status(ends, StatusCode::OK));
    }
    let answer = admins.bearer("none").get("/sessions").await;
    refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
}
