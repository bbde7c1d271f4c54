//! Client addresses behind trusted proxies (decision 0042): all notations are parsed, and a proxy that sends no address
//! does not put all callers under one limit.

use std::time::Duration;

use porta_core::audit::AuditEvent;
use porta_core::settings::{
    MAX_FAILED_LOGINS, RATE_LIMIT_INTERACTION_MAX, RATE_LIMIT_LOGIN_ADDRESS_MAX, RATE_LIMIT_LOGIN_MAX,
};
use porta_core::user::UserStatus;
use porta_testkit::{Browser, TestApp, on_both_stores};
use porta_web::client_address::{ForwardedHeader, TrustedProxies};
use tracing::instrument::WithSubscriber as _;

use super::log::Log;
use super::support::*;

on_both_stores!(
    every_way_to_write_an_address_is_understood,
    a_caller_nobody_knows_has_no_address_in_its_row,
    the_header_that_is_named_is_the_one_that_is_read,
    an_address_has_one_form_whatever_socket_listens,
    callers_whose_entries_have_ports_are_told_apart,
    wrong_passwords_behind_a_silent_proxy_keep_nobody_else_out,
    guesses_at_one_account_behind_a_silent_proxy_are_limited,
    wrong_passwords_behind_a_silent_proxy_lock_their_account,
    wrong_secrets_behind_a_silent_proxy_stop_no_client,
    what_is_begun_behind_a_silent_proxy_counts_for_its_session,
    the_log_says_that_a_proxy_is_silent_once_a_minute,
);

const CODED: &str = "x-forwarded-for";
const RFC_7239: &str = "forwarded";

/// A browser behind a proxy that sends exactly these headers.
fn behind(app: &TestApp, headers: &[(&'static str, &str)]) -> Browser {
    let silent = app.browser().without(CODED);
    headers.iter().fold(silent, |browser, &(name, value)| browser.with(name, value))
}

/// A browser behind a proxy that sends no header.
fn silent(app: &TestApp) -> Browser {
    behind(app, &[])
}

/// Signs in with this browser and returns the audit row.
async fn row(app: &TestApp, mut browser: Browser) -> AuditEvent {
    // Rows with equal timestamps have no defined order.
    app.advance(Duration::from_millis(1));
    let answer = browser.submit_login(&web(), ANA.0, ANA.1).await;
    assert!(is_signed_in(&answer), "{} {}", answer.status, answer.body);
    let row = audit(app, 1).await.remove(0);
    assert_eq!(row.event_type, "user.login.password");
    row
}

async fn every_way_to_write_an_address_is_understood(app: TestApp) {
    for (name, written, address) in [
        (CODED, "203.0.113.9, 198.51.100.7:51234", "198.51.100.7"),
        (CODED, "203.0.113.9, [2001:db8::1]:443", "2001:db8::1"),
        (CODED, "[2001:db8::1]", "2001:db8::1"),
        (CODED, "203.0.113.9,198.51.100.7, ", "198.51.100.7"),
        (CODED, "::ffff:198.51.100.7", "198.51.100.7"),
        (RFC_7239, "for=203.0.113.9, for=\"198.51.100.7:51234\";proto=https", "198.51.100.7"),
        (RFC_7239, "proto=https;For=\"[2001:db8::1]:443\"", "2001:db8::1"),
        (RFC_7239, "for=\"203.0.113.9, for=198.51.100.7;by=_proxy", "198.51.100.7"),
    ] {
        let row = row(&app, behind(&app, &[(name, written)])).await;
        assert_eq!(row.ip_address.as_deref(), Some(address), "{name}: {written}");
    }
}

async fn a_caller_nobody_knows_has_no_address_in_its_row(app: TestApp) {
    assert_eq!(row(&app, silent(&app)).await.ip_address, None);
    for (name, written) in [
        (CODED, ""),
        (CODED, " , "),
        (CODED, "198.51.100.7, unknown"),
        (CODED, "198.51.100.7, unix:"),
        (RFC_7239, "for=198.51.100.7, for=_hidden"),
        (RFC_7239, "for=198.51.100.7, for=unknown;proto=https"),
        (RFC_7239, "for=198.51.100.7, proto=https"),
    ] {
        let row = row(&app, behind(&app, &[(name, written)])).await;
        assert_eq!(row.ip_address, None, "{name}: {written}");
    }
    let two = app.sibling_with(|i| {
        i.trusted_proxies =
            TrustedProxies::Hops { hops: 2, networks: Vec::new(), header: ForwardedHeader::Either };
    });
    let row = row(&app, behind(&two, &[(CODED, "198.51.100.7")])).await;
    assert_eq!(row.ip_address, None, "fewer entries than proxies");
}

async fn the_header_that_is_named_is_the_one_that_is_read(app: TestApp) {
    let both = [(CODED, "198.51.100.7"), (RFC_7239, "for=203.0.113.9")];
    assert_eq!(row(&app, behind(&app, &both)).await.ip_address.as_deref(), Some("198.51.100.7"));
    for (header, read, other) in
        [(ForwardedHeader::XForwardedFor, both[0], both[1]), (ForwardedHeader::Forwarded, both[1], both[0])]
    {
        let named = app.sibling_with(|i| {
            i.trusted_proxies = TrustedProxies::Hops { hops: 1, networks: Vec::new(), header };
        });
        let address = read.1.trim_start_matches("for=");
        assert_eq!(row(&app, behind(&named, &both)).await.ip_address.as_deref(), Some(address));
        assert_eq!(row(&app, behind(&named, &[read])).await.ip_address.as_deref(), Some(address));
        assert_eq!(row(&app, behind(&named, &[other])).await.ip_address, None, "{header:?}");
    }
}

/// A socket that listens on `::` sees IPv4 peers as `::ffff:a.b.c.d`.
async fn an_address_has_one_form_whatever_socket_listens(app: TestApp) {
    let elsewhere = TrustedProxies::Hops {
        hops: 1,
        networks: vec!["10.0.0.0/8".parse().unwrap()],
        header: ForwardedHeader::Either,
    };
    for trusted_proxies in [TrustedProxies::Never, elsewhere] {
        for (peer, address) in [
            ("[::ffff:198.51.100.7]:4711", "198.51.100.7"),
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:DB8:0:0::1]:4711", "2001:db8::1"),
        ] {
            let direct = app.sibling_with(|i| {
                i.trusted_proxies = trusted_proxies.clone();
                i.peer = peer.parse().unwrap();
            });
            let row = row(&app, behind(&direct, &[(CODED, "203.0.113.9")])).await;
            assert_eq!(row.ip_address.as_deref(), Some(address), "{peer} {trusted_proxies:?}");
        }
    }
}

async fn callers_whose_entries_have_ports_are_told_apart(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ADDRESS_MAX, 2).await;
    for n in 0..2 {
        let answer =
            guess_from(&app, &format!("192.0.2.66:5123{n}"), &format!("p{n}@acme.test"), WRONG).await;
        assert!(is_refusal(&answer), "{}", answer.status);
    }
    assert_eq!(guess_from(&app, "192.0.2.66:51239", ANA.0, ANA.1).await.status, 429, "the same one");
    assert_eq!(guess_from(&app, "192.0.2.66", ANA.0, ANA.1).await.status, 429, "with a port or without");
    assert!(is_signed_in(&guess_from(&app, "192.0.2.67:51230", ANA.0, ANA.1).await), "another one");
}

async fn wrong_passwords_behind_a_silent_proxy_keep_nobody_else_out(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ADDRESS_MAX, 3).await;
    for n in 0..8 {
        let answer = silent(&app).submit_login(&web(), &format!("p{n}@acme.test"), WRONG).await;
        assert!(is_refusal(&answer), "{n}: {}", answer.status);
    }
    assert!(is_signed_in(&silent(&app).submit_login(&web(), ANA.0, ANA.1).await));
    assert!(is_signed_in(&guess_from(&app, "192.0.2.66", BOB.0, BOB.1).await));
}

async fn guesses_at_one_account_behind_a_silent_proxy_are_limited(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 1000).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 3).await;
    for written in [None, Some("for=unknown"), Some("for=_hidden")] {
        let headers: Vec<_> = written.map(|value| (RFC_7239, value)).into_iter().collect();
        let answer = behind(&app, &headers).submit_login(&web(), ANA.0, WRONG).await;
        assert!(is_refusal(&answer), "{written:?}: {}", answer.status);
    }
    for password in [WRONG, ANA.1] {
        assert_eq!(silent(&app).submit_login(&web(), ANA.0, password).await.status, 429);
    }
    assert!(is_signed_in(&silent(&app).submit_login(&web(), BOB.0, BOB.1).await), "another account");
    assert!(
        is_signed_in(&guess_from(&app, "192.0.2.66", ANA.0, ANA.1).await),
        "the owner, from a known place"
    );
}

async fn wrong_passwords_behind_a_silent_proxy_lock_their_account(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 2).await;
    for _ in 0..2 {
        silent(&app).submit_login(&web(), ANA.0, WRONG).await;
    }
    assert_eq!(user(&app, "acme", ANA.0).await.status, UserStatus::Locked);
    assert!(is_refusal(&silent(&app).submit_login(&web(), ANA.0, ANA.1).await));
    assert!(is_signed_in(&silent(&app).submit_login(&web(), BOB.0, BOB.1).await));
}

async fn wrong_secrets_behind_a_silent_proxy_stop_no_client(app: TestApp) {
    let wrong = (WEB.0, Some("wrong-secret-0123456789"));
    let form = [("grant_type", "client_credentials")];
    let mut stranger = silent(&app);
    for n in 0..40 {
        assert_eq!(stranger.token("acme", wrong, &form).await.status, 401, "{n}");
    }
    assert_eq!(silent(&app).token("acme", WEB, &form).await.status, 200);
}

/// A consent interaction is stored until it ends, so its number must be limited, here per session.
async fn what_is_begun_behind_a_silent_proxy_counts_for_its_session(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_INTERACTION_MAX, 3).await;
    let mut one = silent(&app);
    one.sign_in(&web(), ANA.0, ANA.1).await;
    for n in 0..3 {
        assert_eq!(one.get(&partner().url()).await.status, 303, "{n}");
    }
    assert_eq!(one.get(&partner().url()).await.status, 429);
    let mut other = silent(&app);
    other.sign_in(&web(), BOB.0, BOB.1).await;
    assert_eq!(other.get(&partner().url()).await.status, 303, "another session");
}

async fn the_log_says_that_a_proxy_is_silent_once_a_minute(app: TestApp) {
    let log = Log::default();
    let secret = "porta_at_in-the-wrong-header";
    let mut browsers =
        [silent(&app), behind(&app, &[(CODED, secret)]), behind(&app, &[(CODED, "192.0.2.1")])];
    for minute in 0..3 {
        for browser in &mut browsers {
            for _ in 0..2 {
                let answer = browser.get(&web().url()).with_subscriber(log.dispatch()).await;
                assert_eq!(answer.status, 303, "{}", answer.body);
            }
        }
        let lines = log.take();
        assert_eq!(lines.matches("proxy.caller_unknown").count(), 1, "{minute}: {lines}");
        assert!(!lines.contains(secret), "{lines}");
        app.advance(Duration::from_mins(1));
    }
}
