//! Which scopes are granted (OpenID Connect Core §11).

use axum::http::StatusCode;
use porta_core::client::GrantType;
use porta_testkit::{Authorize, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    unknown_scopes_are_dropped,
    the_clients_own_scopes_are_kept,
    a_known_scope_off_the_list_is_refused,
    offline_access_needs_the_consent_prompt,
    a_public_client_of_the_organization_needs_no_prompt_for_offline_access,
    a_native_client_of_the_organization_gets_offline_access_with_its_button,
    offline_access_off_the_list_is_refused,
    offline_access_off_the_list_of_a_public_client_is_dropped,
    offline_access_needs_the_refresh_grant,
    offline_access_of_a_public_client_needs_the_refresh_grant,
    without_openid_there_is_no_id_token,
    no_scope_at_all_is_plain_oauth,
    order_and_repetition_do_not_matter,
    an_added_scope_joins_the_grant,
    a_scope_a_third_party_adds_is_asked_for_once,
);

async fn granted(browser: &mut Browser, request: &Authorize, client: Client) -> String {
    let code = code(browser, request).await;
    let answer = browser.redeem("acme", client, redirect_uri(request), &code).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()["scope"].as_str().unwrap_or_default().to_owned()
}

/// OpenID Connect Core §3.1.2.1: scope values that are not understood are ignored.
async fn unknown_scopes_are_dropped(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("scope", "openid unicorns email OPENID");
    assert_eq!(granted(&mut browser, &request, WEB).await, "openid email");
}

async fn the_clients_own_scopes_are_kept(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("scope", "openid reports:read");
    assert_eq!(granted(&mut browser, &request, WEB).await, "openid reports:read");
    let others = spa().with("scope", "openid reports:read");
    assert_eq!(granted(&mut browser, &others, SPA).await, "openid", "not on this client's list");
}

async fn a_known_scope_off_the_list_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for scope in ["openid phone", "openid address", "phone"] {
        assert_refused_to(&browser.get(&spa().with("scope", scope).url()).await, SPA_URI, "invalid_scope");
    }
}

const GUEST: Client = ("guest", None);
const GUEST_URI: &str = "https://guest.test/cb";

/// A public client of beta that acme's users may use.
async fn provision_guest(app: &TestApp) {
    app.provision(
        r#"
version: "1.0"
organizations:
  - name: Beta
    slug: beta
    applications:
      - name: Partner
        slug: partner
        clients:
          - client_name: Guest
            client_id: guest
            id_token_signed_response_alg: ES256
            client_type: public
            application_type: spa
            grant_types: [authorization_code, refresh_token]
            redirect_uris: ["https://guest.test/cb"]
            scope: openid offline_access
            allowed_organizations: [acme]
"#,
    )
    .await;
}

/// OpenID Connect Core §11: `offline_access` is ignored without the consent prompt, unless other conditions are met.
/// Confidential clients and clients of other organizations meet none, whatever was granted before.
async fn offline_access_needs_the_consent_prompt(app: TestApp) {
    provision_guest(&app).await;
    let mut browser = ana_signed_in(&app).await;
    let guest = Authorize::new("acme", "guest", GUEST_URI);
    for (request, client) in [(web(), WEB), (partner(), PARTNER), (guest, GUEST)] {
        let asking = request.with("scope", "openid offline_access");
        assert_eq!(granted(&mut browser, &asking, client).await, "openid", "{client:?}");
        let with_prompt = asking.clone().with("prompt", "consent");
        assert_eq!(granted(&mut browser, &with_prompt, client).await, "openid offline_access", "{client:?}");
        assert!(tokens(&mut browser, &with_prompt, client).await.refresh.is_some(), "{client:?}");
        assert_eq!(granted(&mut browser, &asking, client).await, "openid", "{client:?} after it was granted");
    }
    let asking = Authorize::new("acme", "guest", GUEST_URI).with("scope", "openid offline_access");
    assert_eq!(tokens(&mut browser, &asking, GUEST).await.refresh, None);
}

/// A public client has no secret; without `offline_access` it would get no refresh token at all.
async fn a_public_client_of_the_organization_needs_no_prompt_for_offline_access(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let asking = spa().with("scope", "openid offline_access");
    let answer = browser.get(&asking.url()).await;
    assert!(answer.query("code").is_some(), "no page: {} {}", answer.status, answer.body);
    for request in [asking.clone(), asking.clone().with("prompt", "none"), asking.with("prompt", "consent")] {
        assert_eq!(granted(&mut browser, &request, SPA).await, "openid offline_access", "{request:?}");
        let kept = tokens(&mut browser, &request, SPA).await;
        let next = Tokens::of(&refresh(&mut browser, SPA, kept.refresh()).await);
        assert!(is_active(&app, &next.access).await);
    }
    assert_eq!(tokens(&mut browser, &spa(), SPA).await.refresh, None, "nobody asked for it");
    let kept = tokens(&mut browser, &spa().with("scope", "openid offline_access"), SPA).await;
    app.advance(std::time::Duration::from_hours(72));
    assert_eq!(
        refresh(&mut browser, SPA, kept.refresh()).await.status,
        StatusCode::OK,
        "the session is over"
    );
}

/// RFC 8252 §8.6: the confirmation page still appears.
async fn a_native_client_of_the_organization_gets_offline_access_with_its_button(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let asking = native().with("scope", "openid offline_access");
    let silent = browser.get(&asking.clone().with("prompt", "none").url()).await;
    assert_refused_to(&silent, CLI_URI, "interaction_required");
    assert!(leads_to_interaction(&browser.get(&asking.url()).await));
    assert_eq!(granted(&mut browser, &asking, CLI).await, "openid offline_access");
    assert!(tokens(&mut browser, &asking, CLI).await.refresh.is_some());
}

async fn offline_access_off_the_list_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = billing().with("scope", "openid offline_access").with("prompt", "consent");
    assert_refused_to(&browser.get(&request.url()).await, BILLING_URI, "invalid_scope");
    let dropped = request.without("prompt");
    assert_eq!(granted(&mut browser, &dropped, BILLING).await, "openid", "dropped before the list is asked");
}

/// If the operator did not list the scope, asking for it is no error: the request continues without it.
async fn offline_access_off_the_list_of_a_public_client_is_dropped(app: TestApp) {
    change_client(&app, "spa", |c| "openid email".clone_into(&mut c.scope)).await;
    let mut browser = ana_signed_in(&app).await;
    let asking = spa().with("scope", "openid offline_access");
    assert_eq!(granted(&mut browser, &asking, SPA).await, "openid");
    assert_eq!(tokens(&mut browser, &asking, SPA).await.refresh, None);
    let with_prompt = browser.get(&asking.with("prompt", "consent").url()).await;
    assert_refused_to(&with_prompt, SPA_URI, "invalid_scope");
}

async fn offline_access_of_a_public_client_needs_the_refresh_grant(app: TestApp) {
    change_client(&app, "spa", |c| c.grant_types = vec![GrantType::AuthorizationCode]).await;
    let mut browser = ana_signed_in(&app).await;
    let asking = spa().with("scope", "openid offline_access");
    assert_eq!(granted(&mut browser, &asking, SPA).await, "openid");
    assert_eq!(tokens(&mut browser, &asking, SPA).await.refresh, None);
}

async fn offline_access_needs_the_refresh_grant(app: TestApp) {
    change_client(&app, "legacy", |c| c.scope.push_str(" offline_access")).await;
    let mut browser = ana_signed_in(&app).await;
    let request = Authorize::new("acme", "legacy", LEGACY_URI)
        .with("scope", "openid offline_access")
        .with("prompt", "consent");
    assert_eq!(granted(&mut browser, &request, LEGACY).await, "openid");
    assert_eq!(tokens(&mut browser, &request, LEGACY).await.refresh, None);
}

async fn without_openid_there_is_no_id_token(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let plain = tokens(&mut browser, &web().with("scope", "email"), WEB).await;
    assert_eq!(plain.id, None);
    assert_eq!(userinfo(&app, "acme", &plain.access).await.status, StatusCode::FORBIDDEN);
}

/// RFC 6749 §3.3 lets the server choose the default scope: here it is empty.
async fn no_scope_at_all_is_plain_oauth(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().without("scope");
    let code = code(&mut browser, &request).await;
    let answer = browser.redeem("acme", WEB, WEB_URI, &code).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.json().get("id_token"), None);
}

async fn order_and_repetition_do_not_matter(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("scope", "email  profile openid email ");
    assert_eq!(granted(&mut browser, &request, WEB).await, "email profile openid");
}

/// No consent loop, and the tokens issued first stay valid.
async fn an_added_scope_joins_the_grant(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web().with("scope", "openid"), WEB).await;
    let second = tokens(&mut browser, &web().with("scope", "openid phone"), WEB).await;
    assert!(is_active(&app, &first.access).await && is_active(&app, &second.access).await);
    assert_eq!(introspect(&app, &first.access).await["scope"], "openid", "what was issued does not grow");
}

async fn a_scope_a_third_party_adds_is_asked_for_once(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let (small, large) = (partner().with("scope", "openid"), partner().with("scope", "openid email"));
    for request in [&small, &large] {
        let answer = browser.get(&request.url()).await;
        assert!(leads_to_interaction(&answer), "{}", answer.location());
        let answer = approve(&mut browser, answer).await;
        assert!(answer.query("code").is_some(), "{}", answer.location());
    }
    for request in [&small, &large] {
        assert!(browser.get(&request.url()).await.query("code").is_some(), "remembered");
    }
}
