//! `id_token_hint`, `login_hint` and the `claims` parameter (OpenID Connect Core §3.1.2.1, §5.5).

use std::time::Duration;

use porta_core::client::ClientStatus;
use porta_testkit::TestApp;

use super::support::*;

porta_testkit::on_both_stores!(
    a_hint_of_the_person_signed_in_passes,
    an_expired_hint_is_still_a_hint,
    a_hint_of_somebody_else_asks_to_sign_in,
    a_hint_nobody_here_signed_is_refused,
    a_hint_issued_to_another_client_is_refused,
    an_access_token_is_no_hint,
    the_login_hint_is_filled_in_and_escaped,
    an_essential_acr_that_cannot_be_met_is_refused,
    a_voluntary_acr_is_not,
    a_requested_subject_must_be_the_one_who_signs_in,
    hints_survive_the_login_page,
);

async fn a_hint_of_the_person_signed_in_passes(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let hint = tokens(&mut browser, &web(), WEB).await;
    let request = web().with("id_token_hint", hint.id()).with("prompt", "none");
    assert!(browser.get(&request.url()).await.query("code").is_some());
    let nobody = app.browser().get(&request.url()).await;
    assert_refused_to(&nobody, WEB_URI, "login_required");
}

/// OpenID Connect Core §3.1.2.1: an expired ID token is still accepted as a hint.
async fn an_expired_hint_is_still_a_hint(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let hint = tokens(&mut browser, &web(), WEB).await;
    app.advance(Duration::from_hours(2));
    let request = web().with("id_token_hint", hint.id()).with("prompt", "none");
    assert!(browser.get(&request.url()).await.query("code").is_some());
}

/// OpenID Connect Core §3.1.2.2: a session of another subject must not be answered with success.
async fn a_hint_of_somebody_else_asks_to_sign_in(app: TestApp) {
    let bobs = tokens(&mut signed_in(&app, BOB).await, &web(), WEB).await;
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("id_token_hint", bobs.id());
    let silent = browser.get(&request.clone().with("prompt", "none").url()).await;
    assert_refused_to(&silent, WEB_URI, "login_required");
    assert!(leads_to_interaction(&browser.get(&request.url()).await));
    let wrong = browser.sign_in(&request, ANA.0, ANA.1).await;
    assert_refused_to(&wrong, WEB_URI, "login_required");
    assert!(browser.sign_in(&request, BOB.0, BOB.1).await.query("code").is_some());
}

/// Wrong signature or wrong issuer.
async fn a_hint_nobody_here_signed_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let good = tokens(&mut browser, &web(), WEB).await;
    let parts: Vec<&str> = good.id().split('.').collect();
    let mut beta = app.browser();
    let foreign = porta_testkit::Authorize::new("beta", "partner", PARTNER_URI);
    let code = beta.sign_in(&foreign, "ana@acme.test", "other-Harbor-77").await.query("code").unwrap();
    let foreign = Tokens::of(&beta.redeem("beta", PARTNER, PARTNER_URI, &code).await);
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    let stripped = format!("{}.{}.", parts[0], parts[1]);
    let tampered = format!("{}.{}A.{}", parts[0], parts[1], parts[2]);
    let flipped = if parts[2].starts_with('A') { "B" } else { "A" };
    let forged = format!("{}.{}.{flipped}{}", parts[0], parts[1], &parts[2][1..]);
    let long = format!("{}.{}.{}", parts[0], "A".repeat(9000), parts[2]);
    for hint in ["x", "a.b.c", "..", foreign.id(), &unsigned, &stripped, &tampered, &forged, &long] {
        let answer = browser.get(&web().with("id_token_hint", hint).url()).await;
        assert_refused_to(&answer, WEB_URI, "invalid_request");
    }
}

async fn a_hint_issued_to_another_client_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let other = tokens(&mut browser, &billing(), BILLING).await;
    let answer = browser.get(&web().with("id_token_hint", other.id()).url()).await;
    assert_refused_to(&answer, WEB_URI, "invalid_request");
    set_client(&app, "billing", ClientStatus::Inactive).await;
    let answer = browser.get(&web().with("id_token_hint", other.id()).url()).await;
    assert_refused_to(&answer, WEB_URI, "invalid_request");
}

async fn an_access_token_is_no_hint(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    for hint in [&tokens.access, tokens.refresh()] {
        let answer = browser.get(&web().with("id_token_hint", hint).url()).await;
        assert_refused_to(&answer, WEB_URI, "invalid_request");
    }
}

/// Trimmed, at most 320 characters, HTML-escaped.
async fn the_login_hint_is_filled_in_and_escaped(app: TestApp) {
    let mut browser = app.browser();
    let page = |hint: String| {
        let mut browser = browser.clone();
        async move {
            let answer = browser.get(&web().with("login_hint", &hint).url()).await;
            browser.follow(answer).await.body
        }
    };
    assert!(page("  ana@acme.test ".to_owned()).await.contains("value=\"ana@acme.test\""));
    let hostile = page("\"><script>alert(1)</script>".to_owned()).await;
    assert!(!hostile.contains("<script>alert"), "{hostile}");
    let long = page("x".repeat(400)).await;
    assert!(long.contains(&"x".repeat(320)) && !long.contains(&"x".repeat(321)));
    let unknown = page("nobody@acme.test".to_owned()).await;
    assert!(unknown.contains("value=\"nobody@acme.test\""), "known and unknown look alike");
    let signed_in = browser.sign_in(&web().with("login_hint", "bob@acme.test"), ANA.0, ANA.1).await;
    assert!(signed_in.query("code").is_some(), "a hint binds nobody");
}

fn with_claims(claims: &str) -> porta_testkit::Authorize {
    web().with("claims", claims)
}

/// OpenID Connect Core §5.5.1.1: an unmet essential `acr` is a failed authentication.
async fn an_essential_acr_that_cannot_be_met_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for claims in [
        r#"{"id_token":{"acr":{"essential":true,"value":"urn:example:gold"}}}"#,
        r#"{"id_token":{"acr":{"essential":true,"values":["urn:example:gold","urn:example:silver"]}}}"#,
        r#"{"id_token":{"acr":{"essential":true,"values":[]}}}"#,
    ] {
        let answer = browser.get(&with_claims(claims).url()).await;
        assert_refused_to(&answer, WEB_URI, "unmet_authentication_requirements");
    }
}

/// OpenID Connect Core §5.5.1.1: neither a voluntary claim nor one that can be met stops a sign-in.
async fn a_voluntary_acr_is_not(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for claims in [
        r#"{"id_token":{"acr":{"value":"urn:example:gold"}}}"#,
        r#"{"id_token":{"acr":null}}"#,
        r#"{"id_token":{"acr":{"essential":true}}}"#,
        r#"{"id_token":{"acr":{"essential":true,"values":["urn:example:gold","urn:porta:acr:1fa"]}}}"#,
    ] {
        let code = browser.get(&with_claims(claims).url()).await.query("code").unwrap();
        let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
        assert_eq!(verified(&app, "acme", tokens.id()).await["acr"], "urn:porta:acr:1fa", "{claims}");
    }
}

/// OpenID Connect Core §3.1.2.2 and §5.5.1.
async fn a_requested_subject_must_be_the_one_who_signs_in(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let hers = tokens(&mut browser, &web(), WEB).await;
    let subject = verified(&app, "acme", hers.id()).await["sub"].as_str().unwrap().to_owned();
    let right = format!(r#"{{"id_token":{{"sub":{{"value":"{subject}"}}}}}}"#);
    assert!(browser.get(&with_claims(&right).url()).await.query("code").is_some());
    for wrong in
        [r#"{"id_token":{"sub":{"value":"somebody-else"}}}"#, r#"{"userinfo":{"sub":{"values":["x","y"]}}}"#]
    {
        assert!(leads_to_interaction(&browser.get(&with_claims(wrong).url()).await), "{wrong}");
        let silent = browser.get(&with_claims(wrong).with("prompt", "none").url()).await;
        assert_refused_to(&silent, WEB_URI, "login_required");
        let answer = browser.sign_in(&with_claims(wrong), ANA.0, ANA.1).await;
        assert_refused_to(&answer, WEB_URI, "login_required");
    }
}

async fn hints_survive_the_login_page(app: TestApp) {
    let hers = tokens(&mut ana_signed_in(&app).await, &web(), WEB).await;
    let request = web().with("id_token_hint", hers.id()).with("nonce", "kept").with("state", "kept-too");
    let mut browser = app.browser();
    let answer = browser.sign_in(&request, ANA.0, ANA.1).await;
    assert_eq!(answer.query("state").as_deref(), Some("kept-too"));
    let code = answer.query("code").unwrap();
    let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
    assert_eq!(verified(&app, "acme", tokens.id()).await["nonce"], "kept");
}
