//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use std::time::Duration;

use axum::http::{HeaderName, Method, StatusCode};
use porta_core::TokenDigest;
use porta_kv::{KeyName, KvKey};
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::*;

porta_testkit::on_both_stores!(
    the_same_request_again_gets_the_same_answer_and_is_done_once,
    another_request_with_the_key_is_refused,
    a_key_belongs_to_its_administrator,
    an_answer_outlives_the_token_that_the_request_ended,
    a_key_lives_for_a_day,
    of_many_at_once_one_is_carried_out,
    a_refusal_is_an_answer_too,
    what_is_no_key_is_refused,
    what_is_kept_is_sealed,
);

const LIST: &str = "/organizations/acme/users";
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

async fn create(admin: &mut Admin, key: &str, body: &Value) -> Answer {
    admin.send_with(Method::POST, LIST, Some(body), &[(KEY, key)]).await
}

async fn the_same_request_again_gets_the_same_answer_and_is_done_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = json!({ "email": "x@acme.test" });
    let first = create(&mut root, "k1", &body).await;
    expect(&first, StatusCode::CREATED);
    // Also with another token: the client may have lost its own with the answer.
    let mut again = admins.sign_in(ROOT).await;
    for admin in [&mut root, &mut again] {
        let second = create(admin, "k1", &body).await;
        assert_eq!((second.status, &second.body), (first.status, &first.body));
        assert_eq!(
            (second.header("etag"), second.header("content-type")),
            (first.header("etag"), first.header("content-type"))
        );
    }
    assert_eq!(admins.audit().await.iter().filter(|row| row.metadata["email"] == "x@acme.test").count(), 1);
    // Without the key it is another request.
    expect(&root.post(LIST, &body).await, StatusCode::CONFLICT);
}

async fn another_request_with_the_key_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    expect(&create(&mut root, "k1", &json!({ "email": "x@acme.test" })).await, StatusCode::CREATED);
    let text = "This Idempotency-Key was used for another request";
    refused(&create(&mut root, "k1", &json!({ "email": "y@acme.test" })).await, StatusCode::CONFLICT, text);
    let body = json!({ "email": "x@acme.test" });
    let elsewhere =
        root.send_with(Method::POST, "/organizations/beta/users", Some(&body), &[(KEY, "k1")]).await;
    refused(&elsewhere, StatusCode::CONFLICT, text);
    assert_eq!(expect(&root.get(LIST).await, StatusCode::OK)["total"], 4);
}

async fn a_key_belongs_to_its_administrator(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, mut users) = (admins.sign_in(ROOT).await, admins.sign_in(USERS).await);
    expect(&create(&mut root, "k1", &json!({ "email": "x@acme.test" })).await, StatusCode::CREATED);
    expect(&create(&mut users, "k1", &json!({ "email": "y@acme.test" })).await, StatusCode::CREATED);
    let mut nobody = admins.bearer("x");
    let answer = create(&mut nobody, "k1", &json!({ "email": "x@acme.test" })).await;
    refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
    // Whoever lost the permission does not get the answer that the permission gave.
    let mut auditor = admins.sign_in(AUDITOR).await;
    expect(&create(&mut auditor, "k1", &json!({ "email": "x@acme.test" })).await, StatusCode::FORBIDDEN);
}

/// Who asks is checked before the key. The answer is given to the next token, so that a lost one does no harm.
async fn an_answer_outlives_the_token_that_the_request_ended(app: TestApp) {
    const NEW: &str = "brisk-Walnut-Harbor-9";
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let body = json!({ "current": AUDITOR.1, "new": NEW });
    let key = [(KEY, "k1")];
    let path = "/me/password";
    expect(&auditor.send_with(Method::POST, path, Some(&body), &key).await, StatusCode::NO_CONTENT);
    let answer = auditor.send_with(Method::POST, path, Some(&body), &key).await;
    refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
    let mut again = admins.sign_in((AUDITOR.0, NEW)).await;
    expect(&again.send_with(Method::POST, path, Some(&body), &key).await, StatusCode::NO_CONTENT);
    assert_eq!(admins.count("user.password.changed").await, 1);
    // Without the key it is another request.
    let answer = again.post(path, &body).await;
    refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
}

async fn a_key_lives_for_a_day(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = json!({ "email": "x@acme.test" });
    let first = create(&mut root, "k1", &body).await;
    expect(&first, StatusCode::CREATED);
    admins.app.advance(Duration::from_hours(23));
    let mut root = admins.sign_in(ROOT).await;
    assert_eq!(create(&mut root, "k1", &body).await.body, first.body);
}

/// Redis does not use the clock of tests.
#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let admins = Admins::of(TestApp::embedded_with_fixture().await).await;
    let body = json!({ "email": "x@acme.test" });
    expect(&create(&mut admins.sign_in(ROOT).await, "k1", &body).await, StatusCode::CREATED);
    admins.app.advance(Duration::from_hours(25));
    expect(&create(&mut admins.sign_in(ROOT).await, "k1", &body).await, StatusCode::CONFLICT);
}

async fn of_many_at_once_one_is_carried_out(app: TestApp) {
    let admins = Admins::of(app).await;
    let token = admins.sign_in(ROOT).await.token;
    let mut all = JoinSet::new();
    for _ in 0..16 {
        let mut admin = admins.bearer(&token);
        all.spawn(async move { create(&mut admin, "k1", &json!({ "email": "x@acme.test" })).await });
    }
    let answers = all.join_all().await;
    let created: Vec<&Answer> =
        answers.iter().filter(|answer| answer.status == StatusCode::CREATED).collect();
    assert!(!created.is_empty());
    assert!(created.iter().all(|answer| answer.body == created[0].body), "one user");
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::CREATED) {
        refused(answer, StatusCode::CONFLICT, "A request with this Idempotency-Key is under way");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert_eq!(admins.audit().await.iter().filter(|row| row.metadata["email"] == "x@acme.test").count(), 1);
}

async fn a_refusal_is_an_answer_too(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = json!({ "email": "bob@acme.test" });
    let first = create(&mut root, "k1", &body).await;
    expect(&first, StatusCode::CONFLICT);
    assert_eq!(create(&mut root, "k1", &body).await.body, first.body);
}

async fn what_is_no_key_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = json!({ "email": "x@acme.test" });
    for unfit in ["", &"k".repeat(256)] {
        let answer = create(&mut root, unfit, &body).await;
        let answer = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], json!(["Idempotency-Key"]));
    }
    let twice = root.send_with(Method::POST, LIST, Some(&body), &[(KEY, "a"), (KEY, "b")]).await;
    refused(&twice, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(expect(&root.get(LIST).await, StatusCode::OK)["total"], 3);
}

async fn what_is_kept_is_sealed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    expect(&create(&mut root, "k1", &json!({ "email": "secretive@acme.test" })).await, StatusCode::CREATED);
    let administrator = admins.user("porta-admin", ROOT.0).await;
    let key = KvKey::new(KeyName::AdminAnswer, administrator.organization_id)
        .with(administrator.id)
        .with(TokenDigest::of("k1").hex());
    let kept = admins.app.kv.get(&key).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&kept);
    assert!(!text.is_empty() && !text.contains("secretive") && !text.contains("data"), "{text}");
}
