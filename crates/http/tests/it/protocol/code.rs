//! What an authorization code is bound to (RFC 6749 §4.1.3, RFC 7636 §4.6, RFC 9700 §4.5 and §4.8).

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::client::ClientStatus;
use porta_core::user::UserStatus;
use porta_testkit::{Authorize, TestApp, VERIFIER};

use super::support::*;

porta_testkit::on_both_stores!(
    a_code_becomes_tokens,
    a_code_belongs_to_its_client,
    a_code_belongs_to_its_organization,
    the_redirect_uri_is_repeated_to_the_letter,
    a_redirect_uri_left_out_stays_out,
    the_verifier_must_match,
    a_verifier_without_a_challenge_is_a_downgrade,
    a_code_lives_a_minute,
    no_setting_makes_it_live_longer,
    what_is_no_code_is_refused,
    a_person_who_was_switched_off_gets_nothing,
    a_session_that_ended_gives_nothing,
    a_client_that_was_switched_off_gets_nothing,
    only_who_may_have_one_gets_a_refresh_token,
    a_code_works_on_every_instance,
);

type Form<'a> = Vec<(&'a str, &'a str)>;

fn form<'a>(code: &'a str, redirect_uri: &'a str) -> Form<'a> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", VERIFIER),
    ]
}

fn with<'a>(mut form: Form<'a>, name: &'a str, value: &'a str) -> Form<'a> {
    form.retain(|(n, _)| *n != name);
    form.push((name, value));
    form
}

fn without<'a>(mut form: Form<'a>, name: &str) -> Form<'a> {
    form.retain(|(n, _)| *n != name);
    form
}

async fn a_code_becomes_tokens(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for (request, client) in
        [(web(), WEB), (spa(), SPA), (native(), CLI), (billing(), BILLING), (partner(), PARTNER)]
    {
        let tokens = tokens(&mut browser, &request, client).await;
        let answer = introspect(&app, &tokens.access).await;
        assert_eq!((&answer["active"], &answer["client_id"]), (&true.into(), &client.0.into()));
    }
}

/// RFC 6749 §4.1.3: issued to the authenticated client.
async fn a_code_belongs_to_its_client(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for other in [BILLING, SPA, CLI, PARTNER, LEGACY] {
        let code = code(&mut browser, &web()).await;
        let answer = browser.token("acme", other, &form(&code, WEB_URI)).await;
        assert_eq!(refusal(&answer), invalid_grant(), "{other:?}");
    }
    let code = code(&mut browser, &spa()).await;
    let answer = browser.token("acme", WEB, &form(&code, SPA_URI)).await;
    assert_eq!(refusal(&answer), invalid_grant(), "a confidential client with a public one's code");
}

/// An attempt at another organization does not even use the code up.
async fn a_code_belongs_to_its_organization(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &partner()).await;
    let elsewhere = browser.token("beta", PARTNER, &form(&code, PARTNER_URI)).await;
    assert_eq!(refusal(&elsewhere), invalid_grant());
    let unknown = browser.token("beta", PARTNER, &form(&format!("{code}x"), PARTNER_URI)).await;
    assert_eq!(elsewhere.body, unknown.body, "and nothing tells that it exists");
    let here = browser.token("acme", PARTNER, &form(&code, PARTNER_URI)).await;
    assert_eq!(here.status, StatusCode::OK, "{}", here.body);
    assert_eq!(verified(&app, "acme", Tokens::of(&here).id()).await["iss"], "https://id.test/acme");
}

/// RFC 6749 §4.1.3: their values MUST be identical.
async fn the_redirect_uri_is_repeated_to_the_letter(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for uri in [
        "https://web.test/cb/",
        "https://web.test/cB",
        "https://web.test/cb?",
        "https://web.test:443/cb",
        SPA_URI,
        "",
    ] {
        let code = code(&mut browser, &web()).await;
        let answer = browser.token("acme", WEB, &form(&code, uri)).await;
        assert_eq!(refusal(&answer), invalid_grant(), "{uri}");
    }
    let missing = code(&mut browser, &web()).await;
    let answer = browser.token("acme", WEB, &without(form(&missing, ""), "redirect_uri")).await;
    assert_eq!(refusal(&answer), invalid_grant(), "left out");
    let port = code(&mut browser, &native().with("redirect_uri", "http://127.0.0.1:4000/cb")).await;
    let answer = browser.token("acme", CLI, &form(&port, "http://127.0.0.1:4001/cb")).await;
    assert_eq!(refusal(&answer), invalid_grant(), "another port than the one that was used");
}

/// RFC 6749 §4.1.3: needed only if it was included before.
async fn a_redirect_uri_left_out_stays_out(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for (uri, expected) in [(None, 200), (Some(WEB_URI), 200), (Some("https://web.test/other"), 400)] {
        let answer = browser.get(&web().without("redirect_uri").url()).await;
        let code = answer.query("code").unwrap();
        let form = match uri {
            Some(uri) => form(&code, uri),
            None => without(form(&code, ""), "redirect_uri"),
        };
        let answer = browser.token("acme", WEB, &form).await;
        assert_eq!(answer.status, expected, "{uri:?}: {}", answer.body);
    }
}

/// RFC 7636 §4.6.
async fn the_verifier_must_match(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let challenge = porta_core::secret::sha256_base64url(VERIFIER);
    let (other, padded, long) = (VERIFIER.to_uppercase(), format!("{VERIFIER}="), "a".repeat(129));
    for verifier in ["", "x", &challenge, &other, &padded, &long, &VERIFIER[1..]] {
        let code = code(&mut browser, &web()).await;
        let answer = browser.token("acme", WEB, &with(form(&code, WEB_URI), "code_verifier", verifier)).await;
        assert_eq!(refusal(&answer), invalid_grant(), "{verifier}");
    }
    for (request, client) in [(web(), WEB), (spa(), SPA)] {
        let code = code(&mut browser, &request).await;
        let bare = without(form(&code, redirect_uri(&request)), "code_verifier");
        assert_eq!(refusal(&browser.token("acme", client, &bare).await), invalid_grant(), "left out");
    }
}

/// RFC 9700 §4.8.2: a PKCE downgrade.
async fn a_verifier_without_a_challenge_is_a_downgrade(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let attacked = code(&mut browser, &legacy()).await;
    assert_eq!(refusal(&browser.token("acme", LEGACY, &form(&attacked, LEGACY_URI)).await), invalid_grant());
    let honest = code(&mut browser, &legacy()).await;
    let bare = without(form(&honest, LEGACY_URI), "code_verifier");
    assert_eq!(browser.token("acme", LEGACY, &bare).await.status, StatusCode::OK);
}

/// RFC 9700: at most one minute.
async fn a_code_lives_a_minute(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for (seconds, expected) in
        [(59, StatusCode::OK), (60, StatusCode::BAD_REQUEST), (61, StatusCode::BAD_REQUEST)]
    {
        let code = code(&mut browser, &web()).await;
        app.advance(Duration::from_secs(seconds));
        let answer = browser.redeem("acme", WEB, WEB_URI, &code).await;
        assert_eq!(answer.status, expected, "after {seconds} s: {}", answer.body);
    }
}

async fn no_setting_makes_it_live_longer(app: TestApp) {
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let organization = work.organization("acme").await.unwrap();
    let refused = work.settings().set(Some(&organization), "authorization_code_ttl", &61.into()).await;
    assert!(refused.is_err());
    drop(work);
    let mut browser = ana_signed_in(&app).await;
    set_setting(&app, "authorization_code_ttl", 5).await;
    let code = code(&mut browser, &web()).await;
    app.advance(Duration::from_secs(5));
    assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, &code).await), invalid_grant());
}

async fn what_is_no_code_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let good = code(&mut browser, &web()).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let (flipped, cut) = (good.to_uppercase(), &good[..good.len() - 1]);
    for bad in
        ["x", "porta_ac_", &flipped, cut, &tokens.access, tokens.refresh(), &"x".repeat(10_000), "é", "a\nb"]
    {
        assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, bad).await), invalid_grant(), "{bad}");
    }
    assert_eq!(browser.redeem("acme", WEB, WEB_URI, &good).await.status, StatusCode::OK);
}

async fn a_person_who_was_switched_off_gets_nothing(app: TestApp) {
    for status in [UserStatus::Inactive, UserStatus::Suspended, UserStatus::Locked] {
        let mut browser = ana_signed_in(&app).await;
        let code = code(&mut browser, &web()).await;
        set_user(&app, ANA.0, status).await;
        assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, &code).await), invalid_grant(), "{status}");
        set_user(&app, ANA.0, UserStatus::Active).await;
    }
}

async fn a_session_that_ended_gives_nothing(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let page = browser.get("/acme/session/end").await;
    let xsrf = page.field("xsrf");
    browser.post("/acme/session/end/confirm", &[("xsrf", &xsrf), ("logout", "yes")]).await;
    assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, &code).await), invalid_grant());
}

async fn a_client_that_was_switched_off_gets_nothing(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    set_client(&app, "web", ClientStatus::Inactive).await;
    app.wait_for_notices().await;
    let answer = browser.redeem("acme", WEB, WEB_URI, &code).await;
    assert_eq!(refusal(&answer), (401, "invalid_client".to_owned()));
}

async fn only_who_may_have_one_gets_a_refresh_token(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let asks = |request: Authorize| request.with("scope", "openid offline_access").with("prompt", "consent");
    for (request, client, expected) in [
        (web(), WEB, true),
        (spa(), SPA, false),
        (asks(spa()), SPA, true),
        (native(), CLI, false),
        (asks(native()), CLI, true),
        (legacy(), LEGACY, false),
    ] {
        let code = code(&mut browser, &request).await;
        let mut form = form(&code, redirect_uri(&request));
        if client == LEGACY {
            form = without(form, "code_verifier");
        }
        let answer = browser.token("acme", client, &form).await;
        assert_eq!(Tokens::of(&answer).refresh.is_some(), expected, "{request:?}");
    }
}

/// The load balancer has no session affinity.
async fn a_code_works_on_every_instance(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let mut there = browser.clone().through(sibling.router.clone());
    let tokens = Tokens::of(&there.redeem("acme", WEB, WEB_URI, &code).await);
    assert!(is_active(&app, &tokens.access).await);
    assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, &code).await), invalid_grant());
    assert_dead(&sibling, &tokens).await;
}
