//! Several secrets of a client at once.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::client::ClientSecret;
use porta_directory::{Actor, NewSecret};
use porta_testkit::TestApp;
use secrecy::ExposeSecret as _;

use super::support::*;

porta_testkit::on_both_stores!(
    every_active_secret_works,
    a_generated_secret_works,
    an_expired_secret_does_not,
    a_secret_that_expires_while_its_client_is_loaded_does_not,
    a_revoked_secret_does_not,
    a_client_without_a_usable_secret_is_locked_out,
    the_last_use_is_recorded,
    the_last_use_belongs_to_the_secret_that_was_used,
    a_failed_attempt_is_no_use,
    recording_costs_the_request_nothing,
);

async fn add(app: &TestApp, new: NewSecret) -> (ClientSecret, Option<String>) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let (organization, client) = work.client("web").await.unwrap();
    let issued = work.clients().create_secret(&organization, &client, new).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
    (issued.stored, issued.generated.map(|s| s.expose_secret().to_owned()))
}

async fn add_value(app: &TestApp, value: &str) -> ClientSecret {
    add(app, NewSecret { value: Some(value.to_owned().into()), ..NewSecret::default() }).await.0
}

async fn revoke(app: &TestApp, secret: &ClientSecret) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let (organization, client) = work.client("web").await.unwrap();
    work.clients().revoke_secret(&organization, &client, secret.id).await.unwrap();
    work.commit().await.unwrap();
}

async fn stored(app: &TestApp) -> Vec<ClientSecret> {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let (organization, client) = work.client("web").await.unwrap();
    drop(work);
    app.store.repositories().clients(organization.id).secrets(client.id).await.unwrap()
}

async fn status(app: &TestApp, secret: &str) -> StatusCode {
    let form = [("grant_type", "client_credentials"), ("client_id", "web"), ("client_secret", secret)];
    app.browser().post("/acme/token", &form).await.status
}

const FIRST: &str = "web-secret-0123456789abcdef";

async fn every_active_secret_works(app: TestApp) {
    for value in ["second-secret-0123456789", "third-secret-01234567890"] {
        add_value(&app, value).await;
    }
    for value in [FIRST, "second-secret-0123456789", "third-secret-01234567890"] {
        assert_eq!(status(&app, value).await, StatusCode::OK, "{value}");
    }
    assert_eq!(status(&app, "fourth-secret-0123456789").await, StatusCode::UNAUTHORIZED);
}

/// 48 random bytes.
async fn a_generated_secret_works(app: TestApp) {
    let value = add(&app, NewSecret::default()).await.1.unwrap();
    assert_eq!(value.len(), 64);
    assert_eq!(status(&app, &value).await, StatusCode::OK);
    assert_eq!(status(&app, &value[1..]).await, StatusCode::UNAUTHORIZED);
}

async fn an_expired_secret_does_not(app: TestApp) {
    let expires_at = Some(app.now() + Duration::from_secs(100));
    let value = Some("short-lived-secret-01234".to_owned().into());
    add(&app, NewSecret { value, expires_at, ..NewSecret::default() }).await;
    app.advance(Duration::from_secs(99));
    assert_eq!(status(&app, "short-lived-secret-01234").await, StatusCode::OK);
    app.advance(Duration::from_secs(1));
    assert_eq!(status(&app, "short-lived-secret-01234").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&app, FIRST).await, StatusCode::OK);
}

async fn a_secret_that_expires_while_its_client_is_loaded_does_not(app: TestApp) {
    let expires_at = Some(app.now() + Duration::from_secs(100));
    let value = Some("short-lived-secret-01234".to_owned().into());
    add(&app, NewSecret { value, expires_at, ..NewSecret::default() }).await;
    for (seconds, expected) in [(99, StatusCode::OK), (1, StatusCode::UNAUTHORIZED)] {
        let slow = with_slow_clients(&app, Duration::from_secs(seconds));
        assert_eq!(status(&slow, "short-lived-secret-01234").await, expected, "{seconds}");
    }
}

async fn a_revoked_secret_does_not(app: TestApp) {
    let sibling = app.sibling();
    let second = add_value(&app, "second-secret-0123456789").await;
    for instance in [&app, &sibling] {
        assert_eq!(status(instance, "second-secret-0123456789").await, StatusCode::OK);
    }
    revoke(&app, &second).await;
    for instance in [&app, &sibling] {
        let refused = async || status(instance, "second-secret-0123456789").await == StatusCode::UNAUTHORIZED;
        soon(refused).await;
        assert_eq!(status(instance, FIRST).await, StatusCode::OK);
    }
}

async fn a_client_without_a_usable_secret_is_locked_out(app: TestApp) {
    let first = stored(&app).await.remove(0);
    revoke(&app, &first).await;
    app.wait_for_notices().await;
    assert_eq!(status(&app, FIRST).await, StatusCode::UNAUTHORIZED);
    let bare = [("grant_type", "client_credentials"), ("client_id", "web")];
    assert_eq!(app.browser().post("/acme/token", &bare).await.status, StatusCode::UNAUTHORIZED);
}

async fn the_last_use_is_recorded(app: TestApp) {
    assert_eq!(stored(&app).await[0].last_used_at, None);
    app.advance(Duration::from_secs(7));
    assert_eq!(status(&app, FIRST).await, StatusCode::OK);
    let used_at = app.now();
    app.advance(Duration::from_secs(7));
    app.provider.secret_use.flush().await.unwrap();
    assert_eq!(stored(&app).await[0].last_used_at, Some(used_at));
    app.provider.secret_use.flush().await.unwrap();
    assert_eq!(stored(&app).await[0].last_used_at, Some(used_at), "nothing new to write");
}

async fn the_last_use_belongs_to_the_secret_that_was_used(app: TestApp) {
    let second = add_value(&app, "second-secret-0123456789").await;
    status(&app, "second-secret-0123456789").await;
    app.provider.secret_use.flush().await.unwrap();
    for secret in stored(&app).await {
        assert_eq!(secret.last_used_at.is_some(), secret.id == second.id);
    }
}

async fn a_failed_attempt_is_no_use(app: TestApp) {
    status(&app, "wrong-secret-0123456789").await;
    app.provider.secret_use.flush().await.unwrap();
    assert_eq!(stored(&app).await[0].last_used_at, None);
}

async fn recording_costs_the_request_nothing(app: TestApp) {
    status(&app, FIRST).await;
    let before = app.store.round_trips();
    for _ in 0..10 {
        assert_eq!(status(&app, FIRST).await, StatusCode::OK);
    }
    assert_eq!(app.store.round_trips(), before);
}
