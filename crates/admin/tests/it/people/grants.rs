//! What people allowed clients.

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::json;

use super::*;

porta_testkit::on_both_stores!(
    a_list_names_clients_and_scopes,
    a_withdrawn_grant_ends_its_tokens,
    only_own_grants_are_found,
    only_who_may_sees_and_withdraws_grants,
);

async fn a_list_names_clients_and_scopes(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", BOB.0).await;
    let path = format!("/organizations/acme/users/{}/grants", bob.id);
    let none = expect(&root.get(&path).await, StatusCode::OK);
    assert_eq!(none, json!({ "data": [], "total": 0, "page": 1, "pageSize": 0, "totalPages": 0 }));
    token(&admins.app, "acme", BOB, SPA).await;
    let body = expect(&root.get(&path).await, StatusCode::OK);
    assert_eq!((&body["total"], &body["totalPages"]), (&json!(1), &json!(1)));
    let row = &body["data"][0];
    let expected = json!({
        "id": row["id"], "organizationId": bob.organization_id, "userId": bob.id,
        "clientId": client(&admins.app, "spa").await, "clientName": "Planner SPA",
        "scopes": ["openid", "profile", "email"], "createdAt": row["createdAt"], "expiresAt": row["expiresAt"],
    });
    assert_eq!(row, &expected);
    let by_id = root.get(&format!("/users/{}/grants", bob.id)).await;
    assert_eq!(expect(&by_id, StatusCode::OK), body);
}

async fn a_withdrawn_grant_ends_its_tokens(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", BOB.0).await.id;
    for path in [format!("/organizations/acme/users/{bob}/grants"), format!("/users/{bob}/grants")] {
        let access = token(&admins.app, "acme", BOB, SPA).await;
        let grants = expect(&root.get(&path).await, StatusCode::OK);
        let id = grants["data"][0]["id"].as_str().unwrap();
        let withdrawn = root.delete(&format!("{path}/{id}")).await;
        expect(&withdrawn, StatusCode::NO_CONTENT);
        assert!(!works(&admins.app, &access).await);
        assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["total"], 0);
        let row = admins.newest("user.consent.withdrawn").await;
        assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(bob), Some(ROOT.0)));
        assert_eq!(row.metadata["grant"], json!(id));
        assert_eq!(row.request_id.as_deref(), withdrawn.header("x-request-id"));
        let answer = root.delete(&format!("{path}/{id}")).await;
        refused(&answer, StatusCode::NOT_FOUND, &format!("Grant not found: {id}"));
    }
    assert_eq!(admins.count("user.consent.withdrawn").await, 2);
}

async fn only_own_grants_are_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let access = token(&admins.app, "acme", BOB, SPA).await;
    let (ana, bob) = (admins.user("acme", ANA.0).await.id, admins.user("acme", BOB.0).await.id);
    let grants = expect(&root.get(&format!("/users/{bob}/grants")).await, StatusCode::OK);
    let id = grants["data"][0]["id"].as_str().unwrap();
    for (path, text) in [
        (format!("/users/{ana}/grants/{id}"), format!("Grant not found: {id}")),
        (format!("/users/{bob}/grants/x"), "Grant not found: x".to_owned()),
        (format!("/organizations/beta/users/{bob}/grants/{id}"), format!("User not found: {bob}")),
        (format!("/organizations/none/users/{bob}/grants/{id}"), "Organization not found: none".to_owned()),
        (format!("/users/x/grants/{id}"), "User not found: x".to_owned()),
    ] {
        refused(&root.delete(&path).await, StatusCode::NOT_FOUND, &text);
    }
    let answer = root.get(&format!("/organizations/beta/users/{bob}/grants")).await;
    refused(&answer, StatusCode::NOT_FOUND, &format!("User not found: {bob}"));
    assert!(works(&admins.app, &access).await);
}

async fn only_who_may_sees_and_withdraws_grants(app: TestApp) {
    let admins = Admins::of(app).await;
    token(&admins.app, "acme", BOB, SPA).await;
    let bob = admins.user("acme", BOB.0).await.id;
    let mut root = admins.sign_in(ROOT).await;
    let grants = expect(&root.get(&format!("/users/{bob}/grants")).await, StatusCode::OK);
    let id = grants["data"][0]["id"].as_str().unwrap();
    for (person, reads, withdraws) in
        [(ORGS, false, false), (APPS, false, false), (AUDITOR, true, false), (USERS, true, true)]
    {
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool, status| if may { status } else { StatusCode::FORBIDDEN };
        let path = format!("/users/{bob}/grants");
        expect(&admin.get(&path).await, status(reads, StatusCode::OK));
        let answer = admin.delete(&format!("{path}/{id}")).await;
        expect(&answer, status(withdraws, StatusCode::NO_CONTENT));
    }
}
