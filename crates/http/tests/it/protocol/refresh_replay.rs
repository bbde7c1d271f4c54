//! Reuse detection and the replay window (decision D8, RFC 9700 §4.14.2).

use std::time::Duration;

use axum::http::StatusCode;
use porta_testkit::TestApp;

use super::support::*;

porta_testkit::on_both_stores!(
    a_retry_in_time_gets_the_same_successor,
    a_retry_on_another_instance_does_too,
    a_retry_may_narrow_its_scope_again,
    a_late_retry_ends_the_family,
    a_retry_after_the_successor_was_used_ends_the_family,
    without_a_window_every_retry_ends_the_family,
    an_ancestor_ends_the_family,
    a_thief_cannot_refresh_after_the_owner,
    another_client_can_end_nothing,
    the_neighbouring_family_lives_on,
    a_replay_is_recorded,
    a_revoked_access_token_does_not_come_back,
);

async fn a_retry_in_time_gets_the_same_successor(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    for _ in 0..3 {
        app.advance(Duration::from_secs(3));
        let again = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
        assert_eq!(again.refresh(), second.refresh());
        assert_eq!(userinfo(&app, "acme", &again.access).await.status, StatusCode::OK);
        assert!(again.id.is_some());
    }
    assert!(!is_active(&app, first.refresh()).await);
    assert_eq!(refresh(&mut browser, WEB, second.refresh()).await.status, StatusCode::OK);
}

async fn a_retry_on_another_instance_does_too(app: TestApp) {
    let sibling = app.sibling();
    let mut here = ana_signed_in(&app).await;
    let mut there = here.clone().through(sibling.router.clone());
    let first = tokens(&mut here, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut here, WEB, first.refresh()).await);
    let again = Tokens::of(&refresh(&mut there, WEB, first.refresh()).await);
    assert_eq!(again.refresh(), second.refresh());
    assert!(is_active(&app, &again.access).await);
}

async fn a_retry_may_narrow_its_scope_again(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    let form = [("grant_type", "refresh_token"), ("refresh_token", first.refresh()), ("scope", "openid")];
    let answer = browser.token("acme", WEB, &form).await;
    let narrowed = Tokens::of(&answer);
    assert_eq!((narrowed.refresh(), &answer.json()["scope"]), (second.refresh(), &"openid".into()));
    assert_eq!(introspect(&app, &narrowed.access).await["scope"], "openid");
    assert_eq!(introspect(&app, &second.access).await["scope"], "openid profile email");
}

/// RFC 9700 §4.14.2.
async fn a_late_retry_ends_the_family(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    app.advance(Duration::from_secs(10));
    assert_eq!(refusal(&refresh(&mut browser, WEB, first.refresh()).await), invalid_grant());
    assert_dead(&app, &first).await;
    assert_dead(&app, &second).await;
    assert_eq!(refusal(&refresh(&mut browser, WEB, second.refresh()).await), invalid_grant());
}

async fn a_retry_after_the_successor_was_used_ends_the_family(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    let third = Tokens::of(&refresh(&mut browser, WEB, second.refresh()).await);
    assert_eq!(refusal(&refresh(&mut browser, WEB, first.refresh()).await), invalid_grant());
    for tokens in [&first, &second, &third] {
        assert_dead(&app, tokens).await;
    }
}

async fn without_a_window_every_retry_ends_the_family(app: TestApp) {
    set_setting(&app, "refresh_replay_window", 0).await;
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    assert_eq!(refusal(&refresh(&mut browser, WEB, first.refresh()).await), invalid_grant());
    assert_dead(&app, &second).await;
}

async fn an_ancestor_ends_the_family(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let mut chain = vec![tokens(&mut browser, &web(), WEB).await];
    for _ in 0..4 {
        let next = Tokens::of(&refresh(&mut browser, WEB, chain.last().unwrap().refresh()).await);
        chain.push(next);
        app.advance(Duration::from_mins(1));
    }
    assert_eq!(refusal(&refresh(&mut browser, WEB, chain[1].refresh()).await), invalid_grant());
    for tokens in &chain {
        assert_dead(&app, tokens).await;
    }
}

/// Whoever comes second is noticed, and both are out.
async fn a_thief_cannot_refresh_after_the_owner(app: TestApp) {
    let mut owner = ana_signed_in(&app).await;
    let stolen = tokens(&mut owner, &spa_offline(), SPA).await;
    let kept = Tokens::of(&refresh(&mut owner, SPA, stolen.refresh()).await);
    app.advance(Duration::from_hours(1));
    let mut thief = app.browser();
    assert_eq!(refusal(&refresh(&mut thief, SPA, stolen.refresh()).await), invalid_grant());
    assert_eq!(refusal(&refresh(&mut owner, SPA, kept.refresh()).await), invalid_grant());
}

async fn another_client_can_end_nothing(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    app.advance(Duration::from_mins(1));
    for other in [BILLING, SPA] {
        assert_eq!(refusal(&refresh(&mut browser, other, first.refresh()).await), invalid_grant());
    }
    assert!(is_active(&app, second.refresh()).await && is_active(&app, &second.access).await);
}

async fn the_neighbouring_family_lives_on(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let neighbour = tokens(&mut browser, &web(), WEB).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    app.advance(Duration::from_mins(1));
    refresh(&mut browser, WEB, first.refresh()).await;
    assert_dead(&app, &second).await;
    assert!(is_active(&app, &neighbour.access).await && is_active(&app, neighbour.refresh()).await);
}

async fn a_replay_is_recorded(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    refresh(&mut browser, WEB, first.refresh()).await;
    refresh(&mut browser, WEB, first.refresh()).await;
    app.advance(Duration::from_mins(1));
    refresh(&mut browser, WEB, first.refresh()).await;
    let organization = app.tenant("acme").await.organization.id;
    let events = app.store.repositories().audit().recent(Some(organization), 1000).await.unwrap();
    let alarms = events.iter().filter(|e| e.event_type == "security.refresh_token.replayed").count();
    assert_eq!(alarms, 1, "an honest retry is none");
}

/// RFC 7009 §2.1: what was revoked stays revoked.
async fn a_revoked_access_token_does_not_come_back(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    let form = [("token", second.access.as_str())];
    browser.authenticated("/acme/token/revocation", WEB, &form).await;
    assert!(!is_active(&app, &second.access).await);
    let again = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    assert_eq!(again.refresh(), second.refresh());
    assert!(!is_active(&app, &second.access).await, "the very token that was revoked");
    assert!(is_active(&app, &again.access).await, "the retry works");
}
