//! Changing address, profile and password.

use axum::http::{Method, StatusCode, header};
use porta_core::mail::{Mail, OutgoingEmail};
use porta_testkit::{Authorize, TestApp};
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    a_change_touches_only_what_it_names,
    an_empty_change_is_refused,
    a_new_address_is_not_verified,
    a_taken_address_is_a_conflict,
    a_password_is_set_and_removed,
    a_password_that_somebody_else_sets_is_temporary,
    ones_own_password_is_not_temporary,
    an_address_is_verified_once,
);

async fn ana(admins: &Admins) -> String {
    format!("/organizations/acme/users/{}", admins.user("acme", "ana@acme.test").await.id)
}

/// Whether a token of acme still does.
async fn works(admins: &Admins, token: &str) -> bool {
    let authorization = format!("Bearer {token}");
    let headers = [(header::AUTHORIZATION, authorization.as_str())];
    admins.app.browser().send(Method::GET, "/acme/me", &headers, "".into()).await.status == StatusCode::OK
}

async fn a_change_touches_only_what_it_names(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, ana(&admins).await);
    let before = expect(&root.get(&path).await, StatusCode::OK)["data"].clone();
    admins.app.advance(std::time::Duration::from_secs(1));
    let change =
        json!({ "nickname": "A", "phoneNumber": null, "address": { "region": "ZH", "country": null } });
    let answer = root.put(&path, &change).await;
    let after = expect(&answer, StatusCode::OK)["data"].clone();
    let expected = [
        ("nickname", json!("A")),
        ("phoneNumber", Value::Null),
        ("addressRegion", json!("ZH")),
        ("addressCountry", Value::Null),
    ];
    for (field, value) in before.as_object().unwrap() {
        let wanted = expected.iter().find(|(name, _)| name == field).map_or(value, |(_, value)| value);
        if field != "updatedAt" {
            assert_eq!(&after[field], wanted, "{field}");
        }
    }
    assert_ne!(after["updatedAt"], before["updatedAt"]);
    assert_eq!(root.get(&path).await.header("etag"), answer.header("etag"));
    let row = admins.newest("user.updated").await;
    assert_eq!(row.metadata["fields"], json!(["nickname", "phone_number", "address"]));
    assert_eq!(row.actor_label.as_deref(), Some(ROOT.0));
    // Nothing is changed and nothing is recorded by the same change again.
    let rows = admins.count("user.updated").await;
    let again = root.put(&path, &change).await;
    assert_eq!((again.status, again.header("etag")), (StatusCode::OK, answer.header("etag")));
    assert_eq!(admins.count("user.updated").await, rows);
}

async fn an_empty_change_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, ana(&admins).await);
    for nothing in [json!({}), json!({ "status": "locked" }), json!({ "address": null })] {
        refused(&root.put(&path, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
}

async fn a_new_address_is_not_verified(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, ana(&admins).await);
    let body = expect(&root.put(&path, &json!({ "email": "ann@acme.test" })).await, StatusCode::OK);
    assert_eq!(
        (&body["data"]["email"], &body["data"]["emailVerified"]),
        (&json!("ann@acme.test"), &json!(false))
    );
}

async fn a_taken_address_is_a_conflict(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, ana(&admins).await);
    let answer = root.put(&path, &json!({ "email": "Bob@acme.test" })).await;
    refused(&answer, StatusCode::CONFLICT, "User `Bob@acme.test` is already taken");
    assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"]["email"], "ana@acme.test");
}

async fn a_password_is_set_and_removed(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, ana(&admins).await);
    let place = format!("{path}/password");
    for unfit in [
        json!({}),
        json!({ "password": "short" }),
        json!({ "password": "ana@acme.test1" }),
        json!({ "password": null }),
        json!({ "password": "harbour-Quay-5311", "temporary": "yes" }),
    ] {
        refused(&root.post(&place, &unfit).await, StatusCode::BAD_REQUEST, "Validation failed");
    }
    let new = ("ana@acme.test", "harbour-Quay-5311");
    let kept = json!({ "password": new.1, "temporary": false });
    let cli = ("cli", "http://127.0.0.1/cb");
    let before = token(&admins.app, "acme", ("ana@acme.test", "lantern-Quay-41"), cli).await;
    expect(&root.post(&place, &kept).await, StatusCode::NO_CONTENT);
    // What is issued from now on is newer than the change.
    admins.app.advance(std::time::Duration::from_secs(1));
    let after = token(&admins.app, "acme", new, cli).await;
    assert!(!works(&admins, &before).await && works(&admins, &after).await);
    assert_eq!(admins.newest("user.password.set").await.actor_label.as_deref(), Some(ROOT.0));
    // The person hears of it, and not from where (W-26).
    let is_notice = |outgoing: &OutgoingEmail| match &outgoing.mail {
        Mail::PasswordChanged { event } => {
            outgoing.recipient.address.shown() == new.0 && event.address.is_none()
        }
        _ => false,
    };
    assert_eq!(admins.app.emails().await.iter().filter(|outgoing| is_notice(outgoing)).count(), 1);
    expect(&root.delete(&place).await, StatusCode::NO_CONTENT);
    assert!(!works(&admins, &after).await, "without a password nothing of it works either (W-13)");
    assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"]["hasPassword"], false);
    assert_eq!(admins.count("user.password.cleared").await, 1);
}

/// W-26.
async fn a_password_that_somebody_else_sets_is_temporary(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, ana(&admins).await);
    let place = format!("{path}/password");
    let shown = async |root: &mut Admin| {
        expect(&root.get(&path).await, StatusCode::OK)["data"]["passwordChangeRequired"].clone()
    };
    assert_eq!(shown(&mut root).await, false);
    for (body, is_temporary) in [
        (json!({ "password": "harbour-Quay-5311" }), true),
        (json!({ "password": "harbour-Quay-5312", "temporary": false }), false),
        (json!({ "password": "harbour-Quay-5313", "temporary": true }), true),
        (json!({ "password": "harbour-Quay-5314", "temporary": null }), true),
    ] {
        let before = root.get(&path).await;
        expect(&root.post(&place, &body).await, StatusCode::NO_CONTENT);
        assert_eq!(shown(&mut root).await, is_temporary, "{body}");
        assert_eq!(admins.newest("user.password.set").await.metadata["temporary"], is_temporary, "{body}");
        assert_ne!(root.get(&path).await.header("etag"), before.header("etag"), "{body}");
    }
    let mut browser = admins.app.browser();
    let request = Authorize::new("acme", "cli", "http://127.0.0.1/cb");
    let asked = browser.submit_login(&request, "ana@acme.test", "harbour-Quay-5314").await;
    assert!(asked.location().ends_with("/new-password"), "{} {}", asked.status, asked.body);
    let export = expect(&root.get(&format!("{path}/export")).await, StatusCode::OK);
    assert_eq!(export["data"]["user"]["passwordChangeRequired"], true, "{export}");
    expect(&root.delete(&place).await, StatusCode::NO_CONTENT);
    assert_eq!(shown(&mut root).await, false);
}

async fn ones_own_password_is_not_temporary(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let own = format!("/users/{}/password", admins.user("porta-admin", ROOT.0).await.id);
    let body = json!({ "password": "harbour-Quay-5311" });
    expect(&root.post(&own, &body).await, StatusCode::NO_CONTENT);
    assert!(!admins.user("porta-admin", ROOT.0).await.password_change_required);
    assert_eq!(admins.newest("user.password.set").await.metadata["temporary"], false);
}

async fn an_address_is_verified_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("/users/{}", admins.user("acme", "bob@acme.test").await.id);
    for _ in 0..2 {
        expect(&root.post(&format!("{path}/verify-email"), &json!({})).await, StatusCode::NO_CONTENT);
    }
    assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"]["emailVerified"], true);
    assert_eq!(admins.count("user.email.verified").await, 1);
}
