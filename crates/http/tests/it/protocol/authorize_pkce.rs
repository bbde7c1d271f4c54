//! PKCE at the authorization endpoint (RFC 7636, RFC 9700 §2.1.1, decision D7).

use axum::http::StatusCode;
use porta_core::client::ApplicationType;
use porta_testkit::{TestApp, VERIFIER};

use super::support::*;

porta_testkit::on_both_stores!(
    every_client_needs_a_challenge,
    only_s256_is_a_method,
    a_malformed_challenge_is_refused,
    an_exempt_confidential_client_may_leave_it_out,
    an_exempt_client_that_uses_it_is_bound_by_it,
    an_exemption_ends_with_the_setting,
    no_exemption_covers_a_public_client,
);

/// RFC 9700 §2.1.1.
async fn every_client_needs_a_challenge(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for request in [web(), spa(), native(), billing()] {
        let uri = redirect_uri(&request).to_owned();
        for bare in [
            request.clone().without("code_challenge").without("code_challenge_method"),
            request.clone().with("code_challenge", "").with("code_challenge_method", ""),
            request.clone().without("code_challenge"),
        ] {
            assert_refused_to(&browser.get(&bare.url()).await, &uri, "invalid_request");
        }
    }
}

/// RFC 7636 §4.3: a missing method would mean `plain`.
async fn only_s256_is_a_method(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for method in ["plain", "s256", "S512", "S256 ", "none", ""] {
        let answer = browser.get(&web().with("code_challenge_method", method).url()).await;
        assert_refused_to(&answer, WEB_URI, "invalid_request");
    }
    let plain = legacy().with("code_challenge", VERIFIER).with("code_challenge_method", "plain");
    assert_refused_to(&browser.get(&plain.url()).await, LEGACY_URI, "invalid_request");
}

/// RFC 7636 §4.2.
async fn a_malformed_challenge_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let (short, long, padded) = ("a".repeat(42), "a".repeat(129), format!("{}=", "a".repeat(43)));
    let (spaced, foreign) = (format!("{} ", "a".repeat(43)), format!("{}é", "a".repeat(43)));
    for challenge in ["x", &short, &long, &padded, &spaced, &foreign] {
        let answer = browser.get(&web().with("code_challenge", challenge).url()).await;
        assert_refused_to(&answer, WEB_URI, "invalid_request");
    }
}

async fn an_exempt_confidential_client_may_leave_it_out(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &legacy()).await;
    let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", LEGACY_URI)];
    let answer = browser.token("acme", LEGACY, &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

/// RFC 9700 §2.1.1: no PKCE downgrade at the token endpoint.
async fn an_exempt_client_that_uses_it_is_bound_by_it(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = porta_testkit::Authorize::new("acme", "legacy", LEGACY_URI);
    let code = code(&mut browser, &request).await;
    let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", LEGACY_URI)];
    assert_eq!(refusal(&browser.token("acme", LEGACY, &form).await), invalid_grant());
}

async fn an_exemption_ends_with_the_setting(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    change_client(&app, "legacy", |c| c.require_pkce = true).await;
    assert_refused_to(&browser.get(&legacy().url()).await, LEGACY_URI, "invalid_request");
}

/// Even if the stored row has the exemption: the rule is checked at each request.
async fn no_exemption_covers_a_public_client(app: TestApp) {
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let (organization, before) = work.client("spa").await.unwrap();
    let mut after = before.clone();
    after.require_pkce = false;
    assert!(work.clients().update(&organization, &before, after.clone()).await.is_err());
    drop(work);
    after.application_type = ApplicationType::Spa;
    app.store.repositories().clients(organization.id).update(&after).await.unwrap();
    app.shared.caches.clear();
    let bare = spa().without("code_challenge").without("code_challenge_method");
    assert_refused_to(&app.browser().get(&bare.url()).await, SPA_URI, "invalid_request");
}
