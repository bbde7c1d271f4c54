//! Reuse detection and the replay window (decision D8, RFC 9700 §4.14.2).

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::settings::REFRESH_REPLAY_WINDOW;
use porta_testkit::TestApp;
use porta_testkit::app::ENCRYPTION_KEY;

use super::support::*;

porta_testkit::on_both_stores!(
    a_retry_in_time_gets_the_same_successor,
    a_retry_on_another_instance_does_too,
    a_retry_may_narrow_its_scope_again,
    a_late_retry_ends_the_family,
    a_retry_after_the_successor_was_used_ends_the_family,
    without_a_window_every_retry_ends_the_family,
    an_ancestor_ends_the_family,
    a_replay_is_one_whatever_else_is_asked_for,
    a_thief_cannot_refresh_after_the_owner,
    another_client_can_end_nothing,
    the_neighbouring_family_lives_on,
    a_replay_is_recorded,
    a_revoked_access_token_does_not_come_back,
    a_quick_retry_from_elsewhere_ends_the_family,
    a_retry_from_the_same_ipv6_network_is_honest,
    a_thief_cannot_follow_the_rotations,
    a_client_with_a_secret_may_retry_from_anywhere,
    tokens_shared_for_two_generations_raise_an_alarm,
    a_retry_after_a_key_was_replaced_is_honest,
    a_thief_gains_nothing_by_a_replaced_key,
    a_retry_without_the_key_of_the_rotation_ends_the_family,
);

/// Advances past the replay window, plus a margin: the window is longer if a busy database delayed a rotation.
fn outwait(app: &TestApp) {
    app.advance(Duration::from_secs(REFRESH_REPLAY_WINDOW.default.unsigned_abs() + 10));
}

/// A browser with this address and user agent.
fn at(app: &TestApp, address: &str, agent: &str) -> porta_testkit::Browser {
    app.browser().with("x-forwarded-for", address).with("user-agent", agent)
}

async fn a_retry_in_time_gets_the_same_successor(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    for _ in 0..3 {
        app.advance(Duration::from_secs(19));
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
    outwait(&app);
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

async fn a_replay_is_one_whatever_else_is_asked_for(app: TestApp) {
    // Shorter than the quota takes to refill.
    set(&app, REFRESH_REPLAY_WINDOW, 10).await;
    for (scope, quota) in [("openid admin", 600), ("openid", 1)] {
        let mut browser = ana_signed_in(&app).await;
        let first = tokens(&mut browser, &web(), WEB).await;
        let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
        set_setting(&app, "quota_person_max", quota).await;
        app.advance(Duration::from_secs(15));
        let form = [("grant_type", "refresh_token"), ("refresh_token", first.refresh()), ("scope", scope)];
        assert_eq!(refusal(&browser.token("acme", WEB, &form).await), invalid_grant(), "{scope}");
        assert_dead(&app, &second).await;
    }
}

async fn an_ancestor_ends_the_family(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let mut chain = vec![tokens(&mut browser, &web(), WEB).await];
    for _ in 0..4 {
        let next = Tokens::of(&refresh(&mut browser, WEB, chain.last().unwrap().refresh()).await);
        chain.push(next);
        outwait(&app);
    }
    assert_eq!(refusal(&refresh(&mut browser, WEB, chain[1].refresh()).await), invalid_grant());
    for tokens in &chain {
        assert_dead(&app, tokens).await;
    }
}

/// The second use is detected, and both lose their tokens.
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
    outwait(&app);
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
    outwait(&app);
    refresh(&mut browser, WEB, first.refresh()).await;
    assert_dead(&app, &second).await;
    assert!(is_active(&app, &neighbour.access).await && is_active(&app, neighbour.refresh()).await);
}

async fn a_replay_is_recorded(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    refresh(&mut browser, WEB, first.refresh()).await;
    refresh(&mut browser, WEB, first.refresh()).await;
    outwait(&app);
    refresh(&mut browser, WEB, first.refresh()).await;
    assert_eq!(audited(&app, "security.refresh_token.replayed").await, 1, "an honest retry is none");
}

/// RFC 7009 §2.1: a retry does not reactivate a revoked token.
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

/// A public client has no secret: address and user agent decide whether a retry is honest.
async fn a_quick_retry_from_elsewhere_ends_the_family(app: TestApp) {
    let mut signed_in = ana_signed_in(&app).await;
    let mut owner = at(&app, "198.51.100.7", "Owner/1.0");
    let others = [
        ("203.0.113.9", "Owner/1.0"),
        ("198.51.100.7", "Owner/1.1"),
        ("198.51.100.7", ""),
        ("2001:db8::7", "Owner/1.0"),
    ];
    for (n, (address, agent)) in others.into_iter().enumerate() {
        let first = tokens(&mut signed_in, &spa_offline(), SPA).await;
        let second = Tokens::of(&refresh(&mut owner, SPA, first.refresh()).await);
        let again = Tokens::of(&refresh(&mut owner, SPA, first.refresh()).await);
        assert_eq!(again.refresh(), second.refresh(), "the owner's own retry");
        let mut other = at(&app, address, agent);
        assert_eq!(refusal(&refresh(&mut other, SPA, first.refresh()).await), invalid_grant(), "{agent}");
        assert_dead(&app, &second).await;
        assert_eq!(refusal(&refresh(&mut owner, SPA, second.refresh()).await), invalid_grant());
        assert_eq!(audited(&app, "security.refresh_token.replayed").await, n + 1);
    }
}

/// A host may change its address within its /64 (RFC 8981).
async fn a_retry_from_the_same_ipv6_network_is_honest(app: TestApp) {
    let mut signed_in = ana_signed_in(&app).await;
    let first = tokens(&mut signed_in, &spa_offline(), SPA).await;
    let second = refresh(&mut at(&app, "2001:db8:1:2::1", "Owner/1.0"), SPA, first.refresh()).await;
    let again = refresh(&mut at(&app, "2001:db8:1:2:a::b", "Owner/1.0"), SPA, first.refresh()).await;
    assert_eq!(Tokens::of(&again).refresh(), Tokens::of(&second).refresh());
}

/// The thief polls introspection for the owner's rotation, then retries within the window.
async fn a_thief_cannot_follow_the_rotations(app: TestApp) {
    let mut signed_in = ana_signed_in(&app).await;
    let stolen = tokens(&mut signed_in, &spa_offline(), SPA).await;
    let mut owner = at(&app, "198.51.100.7", "Owner/1.0");
    let mut thief = at(&app, "203.0.113.9", "Owner/1.0");
    let form = [("token", stolen.refresh())];
    let asked = thief.authenticated("/acme/token/introspection", SPA, &form).await;
    assert_eq!(refusal(&asked), (401, "invalid_client".to_owned()), "nobody tells when");
    let kept = Tokens::of(&refresh(&mut owner, SPA, stolen.refresh()).await);
    app.advance(Duration::from_secs(1));
    assert_eq!(refusal(&refresh(&mut thief, SPA, stolen.refresh()).await), invalid_grant());
    assert_dead(&app, &kept).await;
    assert_eq!(audited(&app, "security.refresh_token.replayed").await, 1);
    // The other order: the owner comes second, and the family ends too.
    let stolen = tokens(&mut signed_in, &spa_offline(), SPA).await;
    let taken = Tokens::of(&refresh(&mut thief, SPA, stolen.refresh()).await);
    assert_eq!(refusal(&refresh(&mut owner, SPA, stolen.refresh()).await), invalid_grant());
    assert_dead(&app, &taken).await;
    assert_eq!(audited(&app, "security.refresh_token.replayed").await, 2);
}

/// The secret authenticates the client, which may run on several machines.
async fn a_client_with_a_secret_may_retry_from_anywhere(app: TestApp) {
    let mut signed_in = ana_signed_in(&app).await;
    let first = tokens(&mut signed_in, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut at(&app, "198.51.100.7", "a"), WEB, first.refresh()).await);
    for address in ["198.51.100.8", "203.0.113.9"] {
        let again = Tokens::of(&refresh(&mut at(&app, address, "b"), WEB, first.refresh()).await);
        assert_eq!(again.refresh(), second.refresh());
        assert!(is_active(&app, &again.access).await);
    }
    assert!(is_active(&app, second.refresh()).await);
    assert_eq!(audited(&app, "security.refresh_token.shared").await, 0, "once proves nothing");
    assert_eq!(audited(&app, "security.refresh_token.replayed").await, 0);
}

/// RFC 9700 §4.14: two holders of one token collide again and again; a lost answer does not.
async fn tokens_shared_for_two_generations_raise_an_alarm(app: TestApp) {
    let mut here = at(&app, "198.51.100.7", "a");
    let mut there = at(&app, "203.0.113.9", "b");
    let mut signed_in = ana_signed_in(&app).await;
    let mut current = tokens(&mut signed_in, &web(), WEB).await;
    let alarms = async || audited(&app, "security.refresh_token.shared").await;
    // Whether the other holder retries in each generation, and the expected number of alarms so far.
    let generations = [(true, 0), (false, 0), (true, 0), (true, 1), (true, 2), (false, 2), (true, 2)];
    for (n, (is_shared, expected)) in generations.into_iter().enumerate() {
        let next = Tokens::of(&refresh(&mut here, WEB, current.refresh()).await);
        refresh(&mut here, WEB, current.refresh()).await;
        for _ in 0..if is_shared { 3 } else { 0 } {
            let again = Tokens::of(&refresh(&mut there, WEB, current.refresh()).await);
            assert_eq!(again.refresh(), next.refresh());
        }
        assert_eq!(alarms().await, expected, "generation {n}");
        current = next;
    }
    assert!(is_active(&app, current.refresh()).await, "an alarm ends nothing");
}

const NEW: [u8; 32] = [8; 32];

/// Another instance with these encryption keys, newest first.
fn with_keys(app: &TestApp, keys: &[[u8; 32]]) -> TestApp {
    app.sibling_with(|instance| instance.encryption_keys = keys.to_vec())
}

/// Rotation under one key and retry under another, in each direction: both happen during a rolling restart.
async fn a_retry_after_a_key_was_replaced_is_honest(app: TestApp) {
    let processes =
        [app.sibling(), with_keys(&app, &[ENCRYPTION_KEY, NEW]), with_keys(&app, &[NEW, ENCRYPTION_KEY])];
    let mut signed_in = ana_signed_in(&app).await;
    let first = tokens(&mut signed_in, &spa_offline(), SPA).await;
    let owner = at(&app, "198.51.100.7", "Owner/1.0");
    let mut through: Vec<_> = processes.iter().map(|p| owner.clone().through(p.router.clone())).collect();
    let mut current = first;
    // The first process never has to read a successor sealed with the new key: it has stopped before the third starts.
    for (rotating, retrying) in [(0, 1), (1, 0), (1, 2), (2, 1), (2, 2)] {
        let next = Tokens::of(&refresh(&mut through[rotating], SPA, current.refresh()).await);
        for _ in 0..2 {
            let again = Tokens::of(&refresh(&mut through[retrying], SPA, current.refresh()).await);
            assert_eq!(again.refresh(), next.refresh(), "{rotating} {retrying}");
        }
        current = next;
    }
    assert_eq!(audited(&app, "security.refresh_token.replayed").await, 0);
}

async fn a_thief_gains_nothing_by_a_replaced_key(app: TestApp) {
    let both = with_keys(&app, &[NEW, ENCRYPTION_KEY]);
    let mut signed_in = ana_signed_in(&app).await;
    let first = tokens(&mut signed_in, &spa_offline(), SPA).await;
    let second = Tokens::of(&refresh(&mut at(&app, "198.51.100.7", "Owner/1.0"), SPA, first.refresh()).await);
    let mut thief = at(&app, "203.0.113.9", "Owner/1.0").through(both.router.clone());
    assert_eq!(refusal(&refresh(&mut thief, SPA, first.refresh()).await), invalid_grant());
    assert_dead(&app, &second).await;
}

/// If a key is removed too early, only the retries of one minute are lost; a rotated token never gets a second
/// successor.
async fn a_retry_without_the_key_of_the_rotation_ends_the_family(app: TestApp) {
    let mut signed_in = ana_signed_in(&app).await;
    let first = tokens(&mut signed_in, &spa_offline(), SPA).await;
    let both = with_keys(&app, &[NEW, ENCRYPTION_KEY]);
    let second =
        Tokens::of(&refresh(&mut signed_in.clone().through(both.router.clone()), SPA, first.refresh()).await);
    assert_eq!(refusal(&refresh(&mut signed_in, SPA, first.refresh()).await), invalid_grant());
    assert_dead(&app, &second).await;
    let rows = app.store.repositories().audit().recent(None, 10_000).await.unwrap();
    let row = rows.iter().find(|row| row.event_type == "security.refresh_token.replayed").unwrap();
    assert_eq!(row.metadata["why"], "key_replaced");
}
