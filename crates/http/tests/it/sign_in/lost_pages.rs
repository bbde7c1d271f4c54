//! Pages of lost sign-ins explain the reason and offer a way to continue.

use std::time::Duration;

use porta_testkit::{Answer, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    who_keeps_no_cookies_reads_about_cookies,
    what_was_left_open_says_so,
    back_after_the_end_leads_to_the_account,
    what_began_at_another_host_says_so,
    what_nobody_knows_is_only_over,
);

fn assert_says(answer: &Answer, title: &str, leads_to: Option<&str>) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains(&format!("<h1>{title}</h1>")), "{}", answer.body);
    let button = answer.body.split("class=\"btn-primary\" href=\"").nth(1);
    assert_eq!(button.and_then(|rest| rest.split('"').next()), leads_to, "{title}");
}

const NO_COOKIES: &str = "Your browser kept nothing of this sign-in";
const LEFT_OPEN: &str = "This sign-in was left open too long";
const FINISHED: &str = "This sign-in is finished";

async fn who_keeps_no_cookies_reads_about_cookies(app: TestApp) {
    let mut browser = app.browser();
    let page = browser.get(&web().url()).await.location().to_owned();
    let mut without = app.browser();
    assert_says(&without.get(&page).await, NO_COOKIES, None);
    let form = open(&mut browser, &web()).await;
    for answer in [
        form.login(&mut without, ANA.0, ANA.1).await,
        form.abort(&mut without).await,
        without.get(&form.resume_url()).await,
    ] {
        assert_says(&answer, NO_COOKIES, None);
    }
}

async fn what_was_left_open_says_so(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    for wait in [Duration::from_mins(16), Duration::from_hours(1), Duration::from_hours(20)] {
        app.advance(wait);
        assert_says(&browser.get(&form.url).await, LEFT_OPEN, None);
        assert_says(&form.login(&mut browser, ANA.0, ANA.1).await, LEFT_OPEN, None);
    }
    // Beginning another sign-in does not change that.
    let other = open(&mut browser, &web()).await;
    assert_says(&browser.get(&form.url).await, LEFT_OPEN, None);
    assert!(is_signed_in(&other.login(&mut browser, ANA.0, ANA.1).await));
}

async fn back_after_the_end_leads_to_the_account(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    code(&browser.follow(login).await);
    let account = format!("{}/acme/account", porta_testkit::ISSUER_BASE);
    // While the cookies exist, and after they expired.
    for wait in [0, 31] {
        app.advance(Duration::from_secs(wait));
        for answer in [
            browser.get(&form.url).await,
            form.login(&mut browser, ANA.0, BOB.1).await,
            form.login(&mut browser, BOB.0, ANA.1).await,
        ] {
            assert_says(&answer, FINISHED, Some(&account));
        }
    }
    assert_says(&browser.get(&form.resume_url()).await, FINISHED, Some(&account));
}

async fn what_began_at_another_host_says_so(app: TestApp) {
    let mut elsewhere = app.browser().with("host", "porta.internal");
    let page = elsewhere.get(&web().url()).await.location().to_owned();
    assert!(page.ends_with("?began=elsewhere"), "{page}");
    assert_says(&app.browser().get(&page).await, "Signing in began at another address", None);
    // A changed host header alone loses nothing.
    assert_eq!(elsewhere.get(&page).await.status, 200);
    let mut here = app.browser().with("host", "id.test");
    assert!(!here.get(&web().url()).await.location().contains('?'));
}

async fn what_nobody_knows_is_only_over(app: TestApp) {
    let mut browser = app.browser();
    open(&mut browser, &web()).await;
    let mut other = app.browser();
    let form = open(&mut other, &web()).await;
    assert_says(&browser.get(&form.url).await, "This page has expired", None);
}
