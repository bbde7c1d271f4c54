//! Access ends with the account, the client, the session and the organization: tokens are checked against storage,
//! without a cache.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::client::ClientStatus;
use porta_core::organization::OrganizationStatus;
use porta_core::user::UserStatus;
use porta_testkit::{Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    a_person_switched_off_ends_everything_at_once,
    switched_on_again_nothing_comes_back,
    a_client_switched_off_ends_everything_at_once,
    a_session_that_ended_ends_everything_at_once,
    the_owner_of_a_guest_client_switched_off_ends_its_tokens,
    a_suspended_organization_answers_nothing,
    a_place_taken_back_ends_the_guests_tokens,
    one_persons_end_is_not_anothers,
);

async fn assert_alive(app: &TestApp, tokens: &Tokens) {
    assert!(is_active(app, &tokens.access).await && is_active(app, tokens.refresh()).await);
}

/// Asserts: inactive at introspection, refused at UserInfo and at refresh, on both instances.
async fn assert_over(app: &TestApp, sibling: &TestApp, tokens: &Tokens, client: Client) {
    for instance in [sibling, app] {
        for token in [&tokens.access, tokens.refresh()] {
            let seen = introspect_as(instance, "acme", BILLING, token).await;
            assert_eq!(seen, serde_json::json!({ "active": false }));
        }
        assert_eq!(userinfo(instance, "acme", &tokens.access).await.status, StatusCode::UNAUTHORIZED);
        let answer = refresh(&mut instance.browser(), client, tokens.refresh()).await;
        assert!(answer.status.is_client_error(), "{}", answer.body);
    }
}

async fn a_person_switched_off_ends_everything_at_once(app: TestApp) {
    let sibling = app.sibling();
    for status in [UserStatus::Inactive, UserStatus::Suspended, UserStatus::Locked] {
        let mut browser = ana_signed_in(&app).await;
        let bound = tokens(&mut browser, &web(), WEB).await;
        let offline = tokens(&mut browser, &spa_offline(), SPA).await;
        for tokens in [&bound, &offline] {
            assert_alive(&app, tokens).await;
            assert_alive(&sibling, tokens).await;
        }
        set_user(&app, ANA.0, status).await;
        assert_over(&app, &sibling, &bound, WEB).await;
        assert_over(&app, &sibling, &offline, SPA).await;
        set_user(&app, ANA.0, UserStatus::Active).await;
    }
}

async fn switched_on_again_nothing_comes_back(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let offline = tokens(&mut browser, &spa_offline(), SPA).await;
    set_user(&app, ANA.0, UserStatus::Suspended).await;
    set_user(&app, ANA.0, UserStatus::Active).await;
    assert_over(&app, &sibling, &offline, SPA).await;
    let bound = tokens(&mut ana_signed_in(&app).await, &web(), WEB).await;
    set_client(&app, "web", ClientStatus::Inactive).await;
    set_client(&app, "web", ClientStatus::Active).await;
    assert_over(&app, &sibling, &bound, WEB).await;
}

async fn a_client_switched_off_ends_everything_at_once(app: TestApp) {
    let sibling = app.sibling();
    for status in [ClientStatus::Inactive, ClientStatus::Revoked] {
        let mut browser = ana_signed_in(&app).await;
        let mine = tokens(&mut browser, &spa_offline(), SPA).await;
        let others = tokens(&mut browser, &web(), WEB).await;
        assert_alive(&sibling, &mine).await;
        set_client(&app, "spa", status).await;
        assert_over(&app, &sibling, &mine, SPA).await;
        assert_alive(&app, &others).await;
        if status == ClientStatus::Inactive {
            set_client(&app, "spa", ClientStatus::Active).await;
            app.wait_for_notices().await;
            app.advance(Duration::from_secs(1));
        }
    }
}

async fn sign_out(browser: &mut Browser) {
    let xsrf = browser.get("/acme/session/end").await.field("xsrf");
    let answer = browser.post("/acme/session/end/confirm", &[("xsrf", &xsrf), ("logout", "yes")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
}

async fn a_session_that_ended_ends_everything_at_once(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let mut elsewhere = ana_signed_in(&app).await;
    let bound = tokens(&mut browser, &web(), WEB).await;
    let other_device = tokens(&mut elsewhere, &web(), WEB).await;
    sign_out(&mut browser).await;
    assert_over(&app, &sibling, &bound, WEB).await;
    assert_alive(&app, &other_device).await;
}

/// Beta's client at acme.
async fn the_owner_of_a_guest_client_switched_off_ends_its_tokens(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let guests = tokens(&mut browser, &partner(), PARTNER).await;
    let own = tokens(&mut browser, &web(), WEB).await;
    assert_alive(&sibling, &guests).await;
    set_organization(&app, "beta", OrganizationStatus::Suspended).await;
    assert_over(&app, &sibling, &guests, PARTNER).await;
    assert_alive(&app, &own).await;
}

async fn a_suspended_organization_answers_nothing(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    assert_alive(&sibling, &tokens).await;
    set_organization(&app, "acme", OrganizationStatus::Suspended).await;
    for instance in [&app, &sibling] {
        let path = "/acme/token/introspection";
        let answer = instance.browser().authenticated(path, WEB, &[("token", &tokens.access)]).await;
        assert!(
            !answer.body.contains("\"active\":true"),
            "not even before the notice arrives: {}",
            answer.body
        );
        soon(async || userinfo(instance, "acme", &tokens.access).await.status == StatusCode::FORBIDDEN).await;
    }
    set_organization(&app, "acme", OrganizationStatus::Active).await;
    app.wait_for_notices().await;
    assert_dead(&app, &tokens).await;
}

/// Removing an organization from the client's allow-list ends the tokens issued there.
async fn a_place_taken_back_ends_the_guests_tokens(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let guests = tokens(&mut browser, &partner(), PARTNER).await;
    change_client(&app, "partner", |c| c.allowed_organizations = Vec::new()).await;
    assert_over(&app, &sibling, &guests, PARTNER).await;
}

async fn one_persons_end_is_not_anothers(app: TestApp) {
    let anas = tokens(&mut ana_signed_in(&app).await, &web(), WEB).await;
    let bobs = tokens(&mut signed_in(&app, BOB).await, &web(), WEB).await;
    set_user(&app, ANA.0, UserStatus::Suspended).await;
    assert_dead(&app, &anas).await;
    assert_alive(&app, &bobs).await;
}
