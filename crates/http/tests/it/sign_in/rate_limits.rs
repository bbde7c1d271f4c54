//! Layered limits on failed sign-ins: by account and address, and by address.

use std::time::Duration;

use porta_core::settings::{
    MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_ADDRESS_MAX, RATE_LIMIT_LOGIN_MAX, RATE_LIMIT_LOGIN_ORGANIZATION_MAX,
    RATE_LIMIT_LOGIN_WINDOW,
};
use porta_testkit::{Answer, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_6_11_the_account_limit_answers_429_with_retry_after,
    a_limited_answer_is_the_same_for_people_and_for_nobody,
    even_the_right_password_waits_and_is_not_checked,
    other_addresses_and_other_accounts_are_unaffected,
    w19_one_address_cannot_spray_many_accounts,
    w19_an_ipv6_network_counts_as_one_address,
    an_ipv4_address_in_ipv6_clothes_is_the_same_address,
    w19_who_has_many_networks_of_ipv6_has_not_as_many_guesses,
    a_limit_of_one_organization_is_none_of_another,
    successes_do_not_count,
    the_case_of_an_address_does_not_open_another_window,
    limits_are_read_live,
    the_window_ends,
    parallel_guessing_exceeds_the_limit_by_no_more_than_the_parallelism,
);

/// Disables the lockout: these tests are about limits.
async fn never_lock(app: &TestApp) {
    set(app, "acme", MAX_FAILED_LOGINS, 1000).await;
}

fn assert_limited(answer: &Answer) {
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    assert!(answer.body.contains("There have been too many attempts."));
    assert!(answer.body.contains("Please try again in about 15 minutes."), "a page that explains");
    assert!(set_cookie(answer, "_session").is_none());
}

async fn section_6_11_the_account_limit_answers_429_with_retry_after(app: TestApp) {
    never_lock(&app).await;
    for _ in 0..10 {
        assert!(is_refusal(&guess(&app, ANA.0, WRONG).await));
    }
    assert_limited(&guess(&app, ANA.0, WRONG).await);
}

async fn a_limited_answer_is_the_same_for_people_and_for_nobody(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 1).await;
    let mut pages = Vec::new();
    for (email, password) in [(ANA.0, WRONG), (ANA.0, ANA.1), (NOBODY, WRONG), (INACTIVE.0, INACTIVE.1)] {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        form.login(&mut browser, email, "another-lantern").await;
        let answer = form.login(&mut browser, email, password).await;
        assert_limited(&answer);
        let page = form.redacted(&answer, email);
        pages.push(page.lines().filter(|l| !l.starts_with("retry-after")).collect::<Vec<_>>().join("\n"));
    }
    assert!(pages.iter().all(|page| page == &pages[0]));
}

async fn even_the_right_password_waits_and_is_not_checked(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 2).await;
    guess(&app, ANA.0, WRONG).await;
    guess(&app, ANA.0, WRONG).await;
    let before = app.hasher.evaluations();
    assert_limited(&guess(&app, ANA.0, ANA.1).await);
    assert_eq!(app.hasher.evaluations(), before);
}

async fn other_addresses_and_other_accounts_are_unaffected(app: TestApp) {
    never_lock(&app).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 2).await;
    for _ in 0..2 {
        guess_from(&app, "192.0.2.66", ANA.0, WRONG).await;
    }
    assert_limited(&guess_from(&app, "192.0.2.66", ANA.0, ANA.1).await);
    assert!(is_signed_in(&guess_from(&app, "192.0.2.7", ANA.0, ANA.1).await), "the owner elsewhere");
    assert!(
        is_signed_in(&guess_from(&app, "192.0.2.66", BOB.0, BOB.1).await),
        "a colleague behind the same address"
    );
}

async fn w19_one_address_cannot_spray_many_accounts(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ADDRESS_MAX, 6).await;
    for n in 0..6 {
        assert!(is_refusal(&guess_from(&app, "192.0.2.66", &format!("p{n}@acme.test"), WRONG).await));
    }
    assert_limited(&guess_from(&app, "192.0.2.66", "p7@acme.test", WRONG).await);
    assert_limited(&guess_from(&app, "192.0.2.66", ANA.0, ANA.1).await);
    assert!(is_signed_in(&guess_from(&app, "192.0.2.67", ANA.0, ANA.1).await));
}

async fn w19_an_ipv6_network_counts_as_one_address(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ADDRESS_MAX, 4).await;
    for n in 1..=4 {
        let address = format!("2001:db8:1:2:{n}::{n}");
        assert!(is_refusal(&guess_from(&app, &address, &format!("p{n}@acme.test"), WRONG).await));
    }
    assert_limited(&guess_from(&app, "2001:db8:1:2:ffff::1", BOB.0, BOB.1).await);
    assert!(is_signed_in(&guess_from(&app, "2001:db8:1:3::1", BOB.0, BOB.1).await));
}

async fn an_ipv4_address_in_ipv6_clothes_is_the_same_address(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ADDRESS_MAX, 2).await;
    guess_from(&app, "192.0.2.66", "p1@acme.test", WRONG).await;
    guess_from(&app, "::ffff:192.0.2.66", "p2@acme.test", WRONG).await;
    assert_limited(&guess_from(&app, "192.0.2.66", ANA.0, ANA.1).await);
    assert_limited(&guess_from(&app, "::ffff:192.0.2.66", ANA.0, ANA.1).await);
}

async fn w19_who_has_many_networks_of_ipv6_has_not_as_many_guesses(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ADDRESS_MAX, 2).await;
    let mut asked = 0;
    let mut guessed = async |address: &str| {
        asked += 1;
        guess_from(&app, address, &format!("p{asked}@acme.test"), WRONG).await
    };
    for n in 0..8 {
        assert!(is_refusal(&guessed(&format!("2001:db8:1:{n:x}::1")).await), "{n}");
    }
    assert_limited(&guessed("2001:db8:1:ff::1").await);
    for n in 0..24 {
        assert!(
            is_refusal(&guessed(&format!("2001:db8:1:{:x}{:02x}::1", n / 8 + 1, n % 8)).await),
            "a /56 next to it, {n}"
        );
    }
    assert_limited(&guessed("2001:db8:1:ab00::1").await);
    assert!(is_signed_in(&guess_from(&app, "2001:db8:2::1", ANA.0, ANA.1).await), "another /48");
}

async fn a_limit_of_one_organization_is_none_of_another(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ADDRESS_MAX, 1).await;
    guess(&app, ANA.0, WRONG).await;
    assert_limited(&guess(&app, ANA.0, ANA.1).await);
    let mut browser = app.browser().with("x-forwarded-for", "192.0.2.1");
    assert!(is_signed_in(&browser.submit_login(&beta(), ANA_OF_BETA.0, ANA_OF_BETA.1).await));
}

async fn successes_do_not_count(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 2).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_ADDRESS_MAX, 2).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 2).await;
    for _ in 0..8 {
        assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await));
    }
}

async fn the_case_of_an_address_does_not_open_another_window(app: TestApp) {
    never_lock(&app).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 3).await;
    for email in ["ana@acme.test", "ANA@acme.test", " Ana@Acme.Test "] {
        assert!(is_refusal(&guess(&app, email, WRONG).await));
    }
    assert_limited(&guess(&app, "aNa@acme.test", ANA.1).await);
}

async fn limits_are_read_live(app: TestApp) {
    never_lock(&app).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 1).await;
    guess(&app, ANA.0, WRONG).await;
    assert_limited(&guess(&app, ANA.0, ANA.1).await);
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 5).await;
    assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await));
}

/// The Redis counter uses real time, so the test waits, for the shortest window allowed.
async fn the_window_ends(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 1).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_WINDOW, 1).await;
    guess(&app, ANA.0, WRONG).await;
    let limited = guess(&app, ANA.0, ANA.1).await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("retry-after"), Some("1"));
    app.advance(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await), "who follows the advice gets in");
}

async fn parallel_guessing_exceeds_the_limit_by_no_more_than_the_parallelism(app: TestApp) {
    const PARALLEL: usize = 8;
    const LIMIT: usize = 10;
    never_lock(&app).await;
    let sibling = app.sibling();
    let before = app.hasher.evaluations() + sibling.hasher.evaluations();
    let mut workers = Vec::new();
    for worker in 0..PARALLEL {
        let router = if worker % 2 == 0 { app.router.clone() } else { sibling.router.clone() };
        workers.push(tokio::spawn(async move {
            let mut browser = porta_testkit::Browser::new(router).with("x-forwarded-for", "192.0.2.66");
            let form = open(&mut browser, &web()).await;
            let mut refused = 0;
            for n in 0..6 {
                let answer = form.login(&mut browser, ANA.0, &format!("{WRONG}-{n}")).await;
                refused += usize::from(is_refusal(&answer));
                assert!(is_refusal(&answer) || answer.status == 429, "{}", answer.status);
            }
            refused
        }));
    }
    let mut refused = 0;
    for worker in workers {
        refused += worker.await.unwrap();
    }
    let evaluated = app.hasher.evaluations() + sibling.hasher.evaluations() - before;
    assert_eq!(refused, LIMIT, "what is counted is exact");
    assert!(usize::try_from(evaluated).unwrap() <= LIMIT + PARALLEL, "{evaluated} passwords were judged");
}
