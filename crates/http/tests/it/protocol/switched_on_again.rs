//! Entries of the short-lived store end with their client and organization, and stay ended when those are switched on
//! again.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::client::{ClientStatus, GrantType};
use porta_core::organization::OrganizationStatus;
use porta_core::session::{AccessToken, RefreshToken};
use porta_core::{BearerKind, TokenDigest};
use porta_oidc::token::CodeRecord;
use porta_testkit::TestApp;

use super::support::*;

porta_testkit::on_both_stores!(
    a_clients_own_token_does_not_come_back_with_its_client,
    a_clients_own_token_does_not_come_back_with_its_organization,
    a_guests_own_token_does_not_come_back_with_its_owner,
    a_code_does_not_come_back_with_its_client,
    tokens_stored_too_late_do_not_come_back_with_their_client,
    other_clients_and_other_changes_end_nothing,
    asking_costs_no_more_than_before,
);

async fn own_token(app: &TestApp, client: Client) -> String {
    let form = [("grant_type", "client_credentials")];
    Tokens::of(&app.browser().token("acme", client, &form).await).access
}

/// Switches the client off and on again. While it is off, nothing works anyway; tests check the tokens afterwards.
pub(super) async fn toggle_client(app: &TestApp, client_id: &str) {
    for status in [ClientStatus::Inactive, ClientStatus::Active] {
        app.advance(Duration::from_secs(1));
        set_client(app, client_id, status).await;
    }
    app.advance(Duration::from_secs(1));
}

async fn toggle_organization(app: &TestApp, slug: &str) {
    for status in [OrganizationStatus::Suspended, OrganizationStatus::Active] {
        app.advance(Duration::from_secs(1));
        set_organization(app, slug, status).await;
    }
    app.advance(Duration::from_secs(1));
}

async fn assert_only_the_new_one_lives(app: &TestApp, sibling: &TestApp, old: &str, client: Client) {
    for instance in [app, sibling] {
        instance.wait_for_notices().await;
        assert_eq!(introspect_as(instance, "acme", WEB, old).await, serde_json::json!({ "active": false }));
    }
    let new = own_token(app, client).await;
    for instance in [app, sibling] {
        assert_eq!(introspect_as(instance, "acme", WEB, &new).await["active"], true);
        assert_eq!(introspect_as(instance, "acme", WEB, old).await["active"], false);
    }
}

async fn a_clients_own_token_does_not_come_back_with_its_client(app: TestApp) {
    let sibling = app.sibling();
    let old = own_token(&app, WEB).await;
    for instance in [&app, &sibling] {
        assert!(is_active(instance, &old).await);
    }
    toggle_client(&app, "web").await;
    assert_only_the_new_one_lives(&app, &sibling, &old, WEB).await;
}

async fn a_clients_own_token_does_not_come_back_with_its_organization(app: TestApp) {
    let sibling = app.sibling();
    let old = own_token(&app, WEB).await;
    assert!(is_active(&sibling, &old).await);
    toggle_organization(&app, "acme").await;
    assert_only_the_new_one_lives(&app, &sibling, &old, WEB).await;
}

/// Beta's client at acme: the statuses of the client, of beta and of acme each count.
async fn a_guests_own_token_does_not_come_back_with_its_owner(app: TestApp) {
    let sibling = app.sibling();
    change_client(&app, "partner", |c| c.grant_types.push(GrantType::ClientCredentials)).await;
    for slug in ["beta", "acme"] {
        app.wait_for_notices().await;
        let old = own_token(&app, PARTNER).await;
        assert!(is_active(&app, &old).await);
        toggle_organization(&app, slug).await;
        assert_only_the_new_one_lives(&app, &sibling, &old, PARTNER).await;
    }
    let old = own_token(&app, PARTNER).await;
    toggle_client(&app, "partner").await;
    assert_only_the_new_one_lives(&app, &sibling, &old, PARTNER).await;
}

async fn a_code_does_not_come_back_with_its_client(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let old = code(&mut browser, &web()).await;
    toggle_client(&app, "web").await;
    app.wait_for_notices().await;
    let answer = browser.redeem("acme", WEB, WEB_URI, &old).await;
    assert_eq!(refusal(&answer), invalid_grant());
    let new = code(&mut browser, &web()).await;
    assert_eq!(browser.redeem("acme", WEB, WEB_URI, &new).await.status, StatusCode::OK);
}

/// A code was being redeemed while its client was switched off: the token family is stored after all others were ended.
async fn tokens_stored_too_late_do_not_come_back_with_their_client(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let organization = app.tenant("acme").await.organization.id;
    let old = code(&mut browser, &web()).await;
    let key = CodeRecord::storage_key(organization, &TokenDigest::of(&old));
    let family =
        serde_json::from_slice::<CodeRecord>(&app.kv.get(&key).await.unwrap().unwrap()).unwrap().family;
    toggle_client(&app, "web").await;
    app.wait_for_notices().await;
    let [access, refresh_token] =
        [BearerKind::AccessToken, BearerKind::RefreshToken].map(|k| k.generate(app.entropy()));
    let (created_at, expires_at) = (app.now(), app.now() + Duration::from_hours(1));
    let (id, scope) = (family.id, family.scope.clone());
    let row = AccessToken { digest: TokenDigest::of(&access), family: id, scope, expires_at, created_at };
    let renewal = RefreshToken {
        digest: TokenDigest::of(&refresh_token),
        family: id,
        expires_at,
        created_at,
        rotated_at: None,
        successor: None,
        rotated_by: None,
        shared_at: None,
    };
    let mut repositories = app.store.repositories();
    assert!(repositories.tokens(organization).issue(&family, &row, Some(&renewal)).await.unwrap());
    drop(repositories);
    for token in [&access, &refresh_token] {
        assert_eq!(introspect(&app, token).await, serde_json::json!({ "active": false }));
    }
    assert_eq!(userinfo(&app, "acme", &access).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refusal(&refresh(&mut browser, WEB, &refresh_token).await), invalid_grant());
}

async fn other_clients_and_other_changes_end_nothing(app: TestApp) {
    let token = own_token(&app, WEB).await;
    app.advance(Duration::from_secs(1));
    toggle_client(&app, "billing").await;
    toggle_organization(&app, "beta").await;
    change_client(&app, "web", |c| "Renamed".clone_into(&mut c.client_name)).await;
    app.wait_for_notices().await;
    assert!(is_active(&app, &token).await);
}

async fn asking_costs_no_more_than_before(app: TestApp) {
    toggle_client(&app, "web").await;
    app.wait_for_notices().await;
    let token = own_token(&app, WEB).await;
    assert!(is_active(&app, &token).await);
    let before = (app.store.round_trips(), app.kv.commands());
    assert!(is_active(&app, &token).await);
    assert_eq!((app.store.round_trips(), app.kv.commands()), (before.0, before.1 + 1));
}
