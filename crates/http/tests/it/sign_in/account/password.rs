//! Changing the password.

use axum::http::StatusCode;
use porta_core::settings::RATE_LIMIT_LOGIN_MAX;
use porta_directory::Actor;
use porta_testkit::{TestApp, on_both_stores};
use tokio::task::JoinSet;

use super::*;

on_both_stores!(
    everything_else_ends,
    the_present_password_is_asked_for_and_counted,
    bad_passwords_are_refused,
    the_present_password_is_known_in_every_form,
    a_first_password_needs_no_present_one,
    a_form_sent_twice_changes_it_once,
    eight_at_once_change_it_once,
    the_browser_it_was_changed_in_stays_known_and_no_other,
);

const NEW: &str = "brisk-Walnut-Harbor-9";

fn form<'a>(current: &'a str, new: &'a str, confirm: &'a str) -> [(&'a str, &'a str); 3] {
    [("currentPassword", current), ("password", new), ("confirmPassword", confirm)]
}

fn is_notice(mail: &Mail) -> bool {
    matches!(mail, Mail::PasswordChanged { .. })
}

async fn everything_else_ends(app: TestApp) {
    let mut elsewhere = app.browser();
    let there = tokens(&mut elsewhere, &web(), ANA, WEB).await;
    let mut account = Account::of_ana(&app).await;
    let back = account.browser.get(&billing().url()).await;
    let here = redeemed(&mut account.browser, &billing(), BILLING, &code(&back)).await;
    let waiting = code(&account.browser.get(&web().url()).await);
    let page = account.done("/password", &form(ANA.1, NEW, NEW)).await;
    assert!(page.body.contains("Your password is changed"), "{}", page.body);
    let late = redeem(&mut account.browser, &web(), WEB, &waiting).await;
    assert_eq!(
        (late.status.as_u16(), &late.json()["error"]),
        (400, &"invalid_grant".into()),
        "asked for before"
    );
    assert!(!account.get("").await.body.contains("Your password is changed"), "said once");
    assert!(!is_live(&app, "acme", &there).await && !is_live(&app, "acme", &here).await);
    assert!(asks_to_sign_in(&Account { browser: elsewhere, org: "acme" }.get("").await));
    assert_eq!(account.get("/password").await.status, 200, "this browser stays");
    assert!(is_refusal(&guess(&app, ANA.0, ANA.1).await));
    assert!(is_signed_in(&guess(&app, ANA.0, NEW).await));
    assert_eq!(emails(&app, is_notice).await, 1);
    assert_eq!(audited(&app, "user.password.changed").await, 1);
}

/// Guesses by others do not lock the owner out of known browsers; browsers whose sessions were ended are not known any
/// more.
async fn the_browser_it_was_changed_in_stays_known_and_no_other(app: TestApp) {
    let mut thief = app.browser();
    thief.sign_in(&web(), ANA.0, ANA.1).await;
    let mut account = Account::of_ana(&app).await;
    let refused = account.post("/password", &form(WRONG, NEW, NEW)).await;
    assert!(set_cookie(&refused, "_device").is_none(), "nothing was changed");
    let changed = account.post("/password", &form(ANA.1, NEW, NEW)).await;
    let cookie = set_cookie(&changed, "_device").expect("a cookie for the new password");
    assert!(cookie.contains("Path=/acme;") && cookie.contains("HttpOnly"), "{cookie}");
    for _ in 0..5 {
        guess_from(&app, "198.51.100.7", ANA.0, WRONG).await;
    }
    assert_eq!(user(&app, "acme", ANA.0).await.status, porta_core::user::UserStatus::Locked);
    for (browser, is_known) in [(&mut thief, false), (&mut account.browser, true)] {
        let page = open(browser, &web().with("prompt", "login")).await;
        let answer = page.login(browser, ANA.0, NEW).await;
        assert_eq!(is_signed_in(&answer), is_known, "{}", answer.body);
        assert_eq!(is_refusal(&answer), !is_known);
    }
}

async fn the_present_password_is_asked_for_and_counted(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 3).await;
    let mut account = Account::of_ana(&app).await;
    // The same form again, as a double click or a reload sends it, is not another guess.
    for wrong in ["", WRONG, WRONG, ANA_OF_BETA.1, ANA_OF_BETA.1] {
        let page = account.refused("/password", &form(wrong, NEW, NEW)).await;
        assert!(page.body.contains("Your current password is not right"), "{}", page.body);
    }
    assert_eq!(audited(&app, "user.password.change.failed").await, 3);
    let limited = account.post("/password", &form(ANA.1, NEW, NEW)).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS, "the right one as well");
    assert!(limited.header("retry-after").is_some());
    assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await), "other addresses are not affected");
    assert_eq!(emails(&app, is_notice).await, 0);
}

/// Composed or decomposed, it is the present password, so it is refused as a new one.
async fn the_present_password_is_known_in_every_form(app: TestApp) {
    let (composed, decomposed) = ("cr\u{e8}me-br\u{fb}l\u{e9}e-41", "cre\u{300}me-bru\u{302}le\u{301}e-41");
    let mut account = Account::of_ana(&app).await;
    account.done("/password", &form(ANA.1, decomposed, composed)).await;
    let before = user(&app, "acme", ANA.0).await.password_hash;
    for (current, new) in [(composed, decomposed), (decomposed, composed), (composed, composed)] {
        let page = account.refused("/password", &form(current, new, new)).await;
        assert!(page.body.contains("That is your current password"), "{}", page.body);
    }
    for new in ["tab\tulator-Quay", "u\u{308}u\u{308}u\u{308}u\u{308}"] {
        account.refused("/password", &form(composed, new, new)).await;
    }
    assert!(user(&app, "acme", ANA.0).await.password_hash == before);
    account.done("/password", &form(decomposed, NEW, NEW)).await;
    assert!(is_signed_in(&guess(&app, ANA.0, NEW).await));
}

async fn bad_passwords_are_refused(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let long = "x".repeat(200);
    let before = user(&app, "acme", ANA.0).await;
    for (new, confirm) in [
        ("", ""),
        (NEW, "brisk-Walnut-Harbor-8"),
        ("short", "short"),
        (&long, &long),
        ("password123", "password123"),
        ("ana@acme.test", "ana@acme.test"),
        (ANA.1, ANA.1),
        (" ", " "),
    ] {
        let page = account.refused("/password", &form(ANA.1, new, confirm)).await;
        assert!(new.trim().is_empty() || !page.body.contains(&format!("value=\"{new}\"")) || new == ANA.0);
    }
    let after = user(&app, "acme", ANA.0).await;
    assert!(after.password_hash == before.password_hash, "nothing was changed");
}

async fn a_first_password_needs_no_present_one(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let ana = user(&app, "acme", ANA.0).await;
    let organization = app.tenant("acme").await.organization.id;
    app.store.repositories().users(organization).set_password(ana.id, None, false, app.now()).await.unwrap();
    let page = account.get("/password").await;
    assert!(!page.body.contains("currentPassword"), "{}", page.body);
    account.done("/password", &[("password", NEW), ("confirmPassword", NEW)]).await;
    assert!(is_signed_in(&guess(&app, ANA.0, NEW).await));
    // An operator removed the password and ended all sessions: the old session must not open the page.
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization("acme").await.unwrap();
    work.users().set_password(&owner, &ana, None).await.unwrap();
    work.commit().await.unwrap();
    assert!(asks_to_sign_in(&account.get("/password").await));
}

/// A double click, or a lost answer: the second gets the answer of the first.
async fn a_form_sent_twice_changes_it_once(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let csrf = account.csrf().await;
    let mut fields = form(ANA.1, NEW, NEW).to_vec();
    fields.push(("_csrf", &csrf));
    let (url, mut copy) = (account.url("/password"), account.browser.clone());
    for browser in [&mut account.browser, &mut copy] {
        let answer = browser.post(&url, &fields).await;
        assert!(leads_to(&answer, ""), "{} {}", answer.status, answer.body);
    }
    assert_eq!(audited(&app, "user.password.changed").await, 1);
    assert_eq!(audited(&app, "user.password.change.failed").await, 0);
    assert_eq!(emails(&app, is_notice).await, 1);
    assert!(is_signed_in(&guess(&app, ANA.0, NEW).await));
}

async fn eight_at_once_change_it_once(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let csrf = account.csrf().await;
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let (mut browser, csrf, url) = (account.browser.clone(), csrf.clone(), account.url("/password"));
        tasks.spawn(async move {
            let new = format!("{NEW}{n}");
            let mut fields = form(ANA.1, &new, &new).to_vec();
            fields.push(("_csrf", &csrf));
            leads_to(&browser.post(&url, &fields).await, "").then_some(new)
        });
    }
    let won: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(audited(&app, "user.password.changed").await, 1);
    assert!(is_signed_in(&guess(&app, ANA.0, &won[0]).await));
}
