//! Organization-wide counters delay anonymous callers and refuse nobody.

use std::time::Duration;

use porta_core::settings::{
    MAX_FAILED_LOGINS, RATE_LIMIT_LINK_ORGANIZATION_MAX, RATE_LIMIT_LOGIN_ORGANIZATION_MAX,
};
use porta_session::idempotency::IDEMPOTENCY_WINDOW;
use porta_testkit::{Answer, Browser, SECURE, TestApp, on_both_stores};

use super::magic_link::offer_links;
use super::support::*;

on_both_stores!(
    a_flood_of_guesses_keeps_nobody_out,
    who_comes_too_early_waits_no_longer_for_it,
    a_wait_is_good_for_one_form,
    a_wait_counts_for_what_and_where_it_was_told_only,
    waits_grow_with_the_flood,
    a_known_browser_does_not_wait,
    a_flood_is_told_once_and_names_nobody,
    a_wait_tells_nothing_about_an_account,
    a_flood_of_one_organization_is_none_of_another,
    a_flood_of_links_keeps_nobody_out_until_much_is_stored,
);

/// Sends this many wrong passwords from different networks, with the waits that the server asks for.
async fn flood(app: &TestApp, guesses: std::ops::Range<u32>) {
    for n in guesses {
        let mut browser = from(app, n);
        let email = format!("p{n}@acme.test");
        let mut answer = browser.submit_login(&web(), &email, WRONG).await;
        if answer.status == 429 {
            app.advance(wait(&answer));
            answer = browser.submit_login(&web(), &email, WRONG).await;
        }
        assert!(is_refusal(&answer), "{n} {}", answer.status);
    }
}

fn from(app: &TestApp, n: u32) -> Browser {
    app.browser().with("x-forwarded-for", &format!("198.51.{}.{}", 100 + n / 256, n % 256))
}

fn wait(answer: &Answer) -> Duration {
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert!(set_cookie(answer, "_pause").unwrap().contains("Path=/acme;"));
    Duration::from_secs(answer.header("retry-after").unwrap().parse().unwrap())
}

const TWO: Duration = Duration::from_secs(2);

/// Number of entries that outlive the stored answers of forms (decision 0044).
async fn lasting(app: &TestApp) -> usize {
    app.advance(IDEMPOTENCY_WINDOW);
    app.kv_entries_outliving(IDEMPOTENCY_WINDOW).await
}

async fn a_flood_of_guesses_keeps_nobody_out(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 5).await;
    flood(&app, 0..5).await;
    app.advance(Duration::from_secs(1));
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let (before, kept) = (app.hasher.evaluations(), lasting(&app).await);
    let told = form.login(&mut browser, ANA.0, ANA.1).await;
    assert_eq!(wait(&told), TWO);
    assert!(told.body.contains("There have been too many attempts."), "{}", told.body);
    assert_eq!(app.hasher.evaluations(), before, "nothing is judged");
    // `lasting` advances the clock by more than the two seconds of the wait.
    assert_eq!(lasting(&app).await, kept + 1, "nothing is stored but the alarm");
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await));
}

async fn who_comes_too_early_waits_no_longer_for_it(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 1).await;
    flood(&app, 0..1).await;
    app.advance(Duration::from_secs(1));
    let mut browser = app.browser();
    assert_eq!(wait(&browser.submit_login(&web(), ANA.0, ANA.1).await), TWO);
    app.advance(Duration::from_secs(1));
    let told = browser.submit_login(&web(), ANA.0, ANA.1).await;
    assert_eq!(wait(&told), Duration::from_secs(1));
    app.advance(Duration::from_secs(1));
    assert!(is_signed_in(&browser.submit_login(&web(), ANA.0, ANA.1).await));
}

async fn a_wait_is_good_for_one_form(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 1).await;
    flood(&app, 0..1).await;
    app.advance(Duration::from_secs(1));
    let mut browser = app.browser();
    app.advance(wait(&browser.submit_login(&web(), ANA.0, WRONG).await));
    let copy = browser.clone();
    assert!(is_refusal(&browser.submit_login(&web(), ANA.0, WRONG).await));
    wait(&browser.submit_login(&web(), ANA.0, ANA.1).await);
    wait(&copy.clone().submit_login(&web(), ANA.0, ANA.1).await);
    // The permission to try also expires.
    let mut late = app.browser();
    app.advance(wait(&late.submit_login(&web(), ANA.0, ANA.1).await));
    app.advance(Duration::from_mins(5));
    wait(&late.submit_login(&web(), ANA.0, ANA.1).await);
}

async fn a_wait_counts_for_what_and_where_it_was_told_only(app: TestApp) {
    offer_links(&app).await;
    for org in ["acme", "beta"] {
        set(&app, org, RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 1).await;
        set(&app, org, RATE_LIMIT_LINK_ORGANIZATION_MAX, 1).await;
    }
    flood(&app, 0..1).await;
    let mut stranger = app.browser();
    let form = open(&mut stranger, &web()).await;
    assert_eq!(ask(&mut stranger, &form, NOBODY).await.status, 200);
    app.browser().submit_login(&beta(), NOBODY, WRONG).await;
    app.advance(Duration::from_secs(1));

    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    app.advance(wait(&ask(&mut browser, &form, ANA.0).await));
    let value = browser.cookie("_pause").unwrap().to_owned();
    assert_eq!(form.login(&mut browser, ANA.0, ANA.1).await.status, 429, "it was told for a link");
    let mut elsewhere = app.browser();
    elsewhere.plant("_pause", &value, "/beta");
    assert_eq!(elsewhere.submit_login(&beta(), ANA_OF_BETA.0, ANA_OF_BETA.1).await.status, 429);
    let (mac, told) = value.split_once('.').unwrap();
    let forged = [
        told.to_owned(),
        format!("{mac}.{}", told.replacen("link", "login", 1)),
        format!("login.0.{told}"),
        String::new(),
    ];
    for forged in forged {
        let mut browser = app.browser();
        browser.plant_exactly(&format!("{SECURE}_pause"), &forged, "/acme");
        assert_eq!(browser.submit_login(&web(), ANA.0, ANA.1).await.status, 429, "{forged}");
    }
}

async fn waits_grow_with_the_flood(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 1).await;
    let mut failed = 0;
    for (failures, seconds) in [(1, 2), (2, 4), (4, 8), (8, 16), (16, 32), (20, 32)] {
        flood(&app, failed..failures).await;
        failed = failures;
        app.advance(Duration::from_secs(1));
        let told = app.browser().submit_login(&web(), ANA.0, ANA.1).await;
        assert_eq!(wait(&told), Duration::from_secs(seconds), "after {failures}");
    }
}

async fn a_known_browser_does_not_wait(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    set(&app, "acme", MAX_FAILED_LOGINS, 100).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 1).await;
    flood(&app, 0..2).await;
    app.advance(Duration::from_secs(1));
    let again = web().with("prompt", "login");
    assert!(is_refusal(&browser.submit_login(&again, ANA.0, WRONG).await));
    assert!(is_signed_in(&browser.submit_login(&again, ANA.0, ANA.1).await));
    wait(&browser.submit_login(&again, BOB.0, BOB.1).await);
}

async fn a_flood_is_told_once_and_names_nobody(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 2).await;
    flood(&app, 0..2).await;
    assert_eq!(audited(&app, "security.flood").await, 0);
    app.advance(Duration::from_secs(1));
    let sibling = app.sibling();
    for _ in 0..3 {
        wait(&app.browser().submit_login(&web(), ANA.0, ANA.1).await);
        wait(&sibling.browser().submit_login(&web(), ANA.0, ANA.1).await);
    }
    let rows = audit(&app, 1_000).await;
    let rows: Vec<_> = rows.iter().filter(|row| row.event_type == "security.flood").collect();
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0].ip_address, &rows[0].user_agent, rows[0].user_id), (&None, &None, None));
    assert_eq!(rows[0].metadata["counted"], "login");
}

async fn a_wait_tells_nothing_about_an_account(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 1).await;
    flood(&app, 0..1).await;
    app.advance(Duration::from_secs(1));
    wait(&app.browser().submit_login(&web(), NOBODY, WRONG).await);
    let mut seen = Vec::new();
    for (email, password) in [(ANA.0, ANA.1), (ANA.0, WRONG), (NOBODY, WRONG), (INACTIVE.0, INACTIVE.1)] {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        let before = (app.store.round_trips(), app.kv.commands());
        let answer = form.login(&mut browser, email, password).await;
        wait(&answer);
        let cost = (app.store.round_trips() - before.0, app.kv.commands() - before.1);
        let page = form.redacted(&answer, email);
        let page: Vec<_> = page.lines().filter(|line| !line.contains("_pause=")).collect();
        seen.push((cost, page.join("\n")));
    }
    assert!(seen.iter().all(|one| one == &seen[0]), "{seen:?}");
}

async fn a_flood_of_one_organization_is_none_of_another(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 1).await;
    flood(&app, 0..2).await;
    app.advance(Duration::from_secs(1));
    assert!(is_signed_in(&app.browser().submit_login(&beta(), ANA_OF_BETA.0, ANA_OF_BETA.1).await));
}

async fn a_flood_of_links_keeps_nobody_out_until_much_is_stored(app: TestApp) {
    offer_links(&app).await;
    set(&app, "acme", RATE_LIMIT_LINK_ORGANIZATION_MAX, 2).await;
    for n in 0..8 {
        let mut browser = from(&app, n);
        let form = open(&mut browser, &web()).await;
        let email = format!("p{n}@acme.test");
        let mut answer = ask(&mut browser, &form, &email).await;
        if n >= 2 {
            app.advance(wait(&answer));
            answer = ask(&mut browser, &form, &email).await;
        }
        assert_eq!(answer.status, 200, "{n}");
        app.advance(Duration::from_secs(1));
    }
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let full = ask(&mut browser, &form, ANA.0).await;
    assert!(full.status == 429 && set_cookie(&full, "_pause").is_none(), "{:?}", full.headers);
}

async fn ask(browser: &mut Browser, form: &Form, email: &str) -> Answer {
    let fields = [("_csrf", form.csrf.as_str()), ("email", email), ("password", "")];
    let sent = form.submit(browser, "magic-link", &fields).await;
    browser.follow(sent).await
}
