//! Names and language.

use axum::http::header;

use super::*;

porta_testkit::on_both_stores!(
    everybody_changes_their_own_names,
    nothing_else_is_changed,
    an_older_version_is_refused,
);

const PATH: &str = "/me/profile";

async fn everybody_changes_their_own_names(app: TestApp) {
    let admins = Admins::of(app).await;
    for person in [ROOT, ORGS, USERS, APPS, AUDITOR] {
        let mut admin = admins.sign_in(person).await;
        let before = expect(&admin.get("/me").await, StatusCode::OK)["data"]["user"].clone();
        let change = json!({
            "givenName": "Kim", "familyName": "Berg", "middleName": "M.", "nickname": null,
            "zoneinfo": "Europe/Lisbon", "locale": "pt",
        });
        let answer = admin.put(PATH, &change).await;
        let after = expect(&answer, StatusCode::OK)["data"].clone();
        for (field, value) in before.as_object().unwrap() {
            let wanted = change.get(field).unwrap_or(value);
            assert!(field == "updatedAt" || &after[field] == wanted, "{field} of {after}");
        }
        let me = expect(&admin.get("/me").await, StatusCode::OK);
        assert_eq!(me["data"]["user"], after);
        let row = admins.newest("user.updated").await;
        let id = stored(&admins, person).await.id;
        assert_eq!(
            (row.user_id, row.actor_id, row.actor_label.as_deref()),
            (Some(id), Some(id), Some(person.0))
        );
        assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));
    }
}

async fn nothing_else_is_changed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let before = stored(&admins, AUDITOR).await;
    for nothing in [
        json!({}),
        json!({ "email": "other@porta.test", "emailVerified": true }),
        json!({ "preferredUsername": "root", "phoneNumberVerified": true, "status": "active" }),
        json!({ "roles": ["porta-super-admin"], "id": before.id }),
    ] {
        refused(&auditor.put(PATH, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
    for (unfit, field) in [
        (json!({ "givenName": "x".repeat(256) }), "givenName"),
        (json!({ "locale": "x".repeat(11) }), "locale"),
        (json!({ "nickname": 1 }), "nickname"),
    ] {
        let answer = auditor.put(PATH, &unfit).await;
        let refusal = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(refusal["details"][0]["path"], json!([field]));
    }
    assert_eq!(stored(&admins, AUDITOR).await, before);
}

async fn an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let first = auditor.put(PATH, &json!({ "nickname": "A" })).await;
    let tag = first.header("etag").unwrap().to_owned();
    let change = json!({ "nickname": "B" });
    let based_on = [(header::IF_MATCH, tag.as_str())];
    expect(&auditor.send_with(Method::PUT, PATH, Some(&change), &based_on).await, StatusCode::OK);
    let answer = auditor.send_with(Method::PUT, PATH, Some(&json!({ "nickname": "C" })), &based_on).await;
    let refusal = refused(&answer, StatusCode::CONFLICT, "Conflict");
    assert_eq!(refusal["currentEntity"]["nickname"], "B");
}
