//! An authorization code is used once (RFC 6749 §4.1.2 and §10.5, RFC 9700 §4.5).

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::{AuditId, TokenDigest};
use porta_oidc::token::CodeRecord;
use porta_testkit::{TestApp, VERIFIER};

use super::support::*;

porta_testkit::on_both_stores!(
    a_second_use_ends_what_the_first_one_granted,
    a_late_second_use_does_too,
    a_second_use_without_its_verifier_ends_nothing,
    without_a_challenge_the_secret_of_the_client_is_enough,
    replays_leave_one_row_each,
    a_second_use_ends_offline_tokens_too,
    what_was_refreshed_in_between_ends_as_well,
    another_client_can_end_nothing,
    nobody_without_credentials_can_end_anything,
    a_use_that_failed_still_used_it_up,
    the_neighbouring_family_lives_on,
    a_replay_is_recorded,
    a_replay_that_overtakes_the_first_use_ends_it_too,
);

const GUESS: &str = "another-verifier-of-more-than-forty-three-characters";

/// RFC 6749 §4.1.2: MUST deny, SHOULD revoke.
async fn a_second_use_ends_what_the_first_one_granted(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
    assert!(is_active(&app, &tokens.access).await && is_active(&app, tokens.refresh()).await);
    for _ in 0..3 {
        assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, &code).await), invalid_grant());
    }
    assert_dead(&app, &tokens).await;
    assert_eq!(userinfo(&app, "acme", &tokens.access).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refusal(&refresh(&mut browser, WEB, tokens.refresh()).await), invalid_grant());
}

/// A used code is remembered after its expiry, so that a late replay (30 seconds and more) is still detected.
async fn a_late_second_use_does_too(app: TestApp) {
    for seconds in [30, 600] {
        let mut browser = ana_signed_in(&app).await;
        let code = code(&mut browser, &web()).await;
        let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
        app.advance(Duration::from_secs(seconds));
        assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, &code).await), invalid_grant());
        assert_dead(&app, &tokens).await;
    }
}

/// A used code is found in histories and logs; the verifier is not (RFC 7636 §1).
async fn a_second_use_without_its_verifier_ends_nothing(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for (request, client, uri) in [(spa_offline(), SPA, SPA_URI), (web(), WEB, WEB_URI)] {
        let code = code(&mut browser, &request).await;
        let tokens = Tokens::of(&browser.redeem("acme", client, uri, &code).await);
        let bare = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", uri)];
        let guessed = [bare[0], bare[1], bare[2], ("code_verifier", GUESS)];
        for form in [&bare[..2], &bare[..], &guessed[..]] {
            assert_eq!(refusal(&app.browser().token("acme", client, form).await), invalid_grant());
        }
        assert!(
            is_active(&app, &tokens.access).await && is_active(&app, tokens.refresh()).await,
            "{client:?}"
        );
        assert_eq!(refusal(&browser.redeem("acme", client, uri, &code).await), invalid_grant());
        assert_dead(&app, &tokens).await;
    }
}

async fn without_a_challenge_the_secret_of_the_client_is_enough(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &legacy()).await;
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", LEGACY_URI)];
    let tokens = Tokens::of(&browser.token("acme", LEGACY, &form).await);
    assert!(is_active(&app, &tokens.access).await);
    assert_eq!(refusal(&browser.token("acme", LEGACY, &form).await), invalid_grant());
    assert_dead(&app, &tokens).await;
}

/// Both kinds of replay are audited, but repeated replays add no further rows.
async fn replays_leave_one_row_each(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &spa()).await;
    browser.redeem("acme", SPA, SPA_URI, &code).await;
    let bare = [("grant_type", "authorization_code"), ("code", code.as_str())];
    for n in 1..=3 {
        let address = format!("203.0.113.{n}");
        app.browser().with("x-forwarded-for", &address).token("acme", SPA, &bare).await;
    }
    let rows = async |event: &str| audited(&app, event).await;
    assert_eq!((rows("security.code.replay_ignored").await, rows("security.code.replayed").await), (1, 0));
    for _ in 0..3 {
        browser.redeem("acme", SPA, SPA_URI, &code).await;
    }
    assert_eq!((rows("security.code.replay_ignored").await, rows("security.code.replayed").await), (1, 1));
}

async fn a_second_use_ends_offline_tokens_too(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &spa_offline()).await;
    let tokens = Tokens::of(&browser.redeem("acme", SPA, SPA_URI, &code).await);
    assert!(is_active(&app, tokens.refresh()).await);
    assert_eq!(refusal(&browser.redeem("acme", SPA, SPA_URI, &code).await), invalid_grant());
    assert_dead(&app, &tokens).await;
}

async fn what_was_refreshed_in_between_ends_as_well(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let first = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, &code).await), invalid_grant());
    assert_dead(&app, &first).await;
    assert_dead(&app, &second).await;
}

/// The client is checked first; otherwise anybody with a leaked used code could revoke tokens.
async fn another_client_can_end_nothing(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
    for other in [BILLING, SPA, PARTNER] {
        assert_eq!(
            refusal(&browser.redeem("acme", other, WEB_URI, &code).await),
            invalid_grant(),
            "{other:?}"
        );
    }
    assert_eq!(refusal(&browser.redeem("beta", PARTNER, WEB_URI, &code).await), invalid_grant());
    assert!(is_active(&app, &tokens.access).await && is_active(&app, tokens.refresh()).await);
}

async fn nobody_without_credentials_can_end_anything(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
    for guess in [("web", Some("wrong-secret-0123456789")), ("web", None), ("nobody", None)] {
        let answer = browser.redeem("acme", guess, WEB_URI, &code).await;
        assert_eq!(refusal(&answer), (401, "invalid_client".to_owned()), "{guess:?}");
    }
    assert!(is_active(&app, &tokens.access).await);
}

/// One wrong verifier uses the code up, so it cannot be guessed.
async fn a_use_that_failed_still_used_it_up(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let wrong = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", WEB_URI),
        ("code_verifier", GUESS),
    ];
    assert_eq!(refusal(&browser.token("acme", WEB, &wrong).await), invalid_grant());
    assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, &code).await), invalid_grant());
    assert!(VERIFIER.len() > 43);
}

async fn the_neighbouring_family_lives_on(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let neighbour = tokens(&mut browser, &web(), WEB).await;
    let code = code(&mut browser, &web()).await;
    let replayed = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
    browser.redeem("acme", WEB, WEB_URI, &code).await;
    assert_dead(&app, &replayed).await;
    assert!(is_active(&app, &neighbour.access).await && is_active(&app, neighbour.refresh()).await);
    assert!(browser.get(&web().url()).await.query("code").is_some(), "the session goes on");
}

/// A replay raises an alarm.
async fn a_replay_is_recorded(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    browser.redeem("acme", WEB, WEB_URI, &code).await;
    browser.redeem("acme", WEB, WEB_URI, &code).await;
    assert_eq!(audited(&app, "security.code.replayed").await, 1);
}

/// The second request may reach storage before the first: the tokens that the first then gets are revoked.
async fn a_replay_that_overtakes_the_first_use_ends_it_too(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let organization = app.tenant("acme").await.organization.id;
    let key = CodeRecord::storage_key(organization, &TokenDigest::of(&code));
    let record: CodeRecord = serde_json::from_slice(&app.kv.get(&key).await.unwrap().unwrap()).unwrap();
    let mut event = app.store.repositories().audit().recent(Some(organization), 1).await.unwrap().remove(0);
    event.id = AuditId::new(app.now(), app.entropy());
    for _ in 0..2 {
        let mut repositories = app.store.repositories();
        repositories.tokens(organization).forbid_family(&record.family, app.now(), &event).await.unwrap();
        event.id = AuditId::new(app.now(), app.entropy());
    }
    let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
    assert_dead(&app, &tokens).await;
    assert_eq!(userinfo(&app, "acme", &tokens.access).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refusal(&refresh(&mut browser, WEB, tokens.refresh()).await), invalid_grant());
}
