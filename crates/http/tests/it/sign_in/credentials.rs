//! A change of credentials also affects sign-ins already in progress (decision D22).

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use porta_core::settings::{
    MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_ADDRESS_MAX, RATE_LIMIT_LOGIN_MAX, SECOND_FACTOR_TTL,
    SESSION_MAX_TTL, SESSION_TTL,
};
use porta_core::user::{PasswordHash, UserStatus};
use porta_directory::Actor;
use porta_testkit::{TestApp, on_both_stores};
use tokio::task::JoinSet;

use super::failing::with_paused_sessions;
use super::second_factor::{SecondFactorSignIn, arrived, totp, with_authenticator};
use super::support::*;

on_both_stores!(
    a_reset_throws_out_whoever_signs_in_in_a_loop,
    a_first_factor_of_before_a_change_is_void,
    a_code_entered_while_the_password_is_reset_opens_nothing,
    a_first_factor_counts_for_ten_minutes,
    guesses_of_others_do_not_void_a_first_factor,
    a_browser_known_before_a_change_is_a_strangers,
    only_so_many_passwords_of_an_account_are_judged_at_once,
    passwords_judged_at_once_are_counted_on_all_instances,
    who_goes_away_leaves_no_attempt_under_way,
    a_session_ends_some_time_after_its_last_sign_in,
    where_a_second_factor_is_required_a_session_ends_after_a_day,
);

/// Sets a password as an operator does; ends sessions and tokens like a reset.
async fn reset(app: &TestApp, email: &str, hash: &PasswordHash) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization("acme").await.unwrap();
    let user = work.user(&owner, email).await.unwrap();
    work.users().set_password(&owner, &user, Some(hash)).await.unwrap();
    work.commit().await.unwrap();
}

/// The store's contract tests cover the race itself (`contract::credentials`); this test checks the answers.
async fn a_reset_throws_out_whoever_signs_in_in_a_loop(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 10_000).await;
    let [old, new] = [ANA, BOB].map(|person| person.0);
    let old = user(&app, "acme", old).await.password_hash.unwrap();
    let new = user(&app, "acme", new).await.password_hash.unwrap();
    for round in 0..10 {
        let (from, to) = if round % 2 == 0 { (ANA.1, &new) } else { (BOB.1, &old) };
        let mut forms = Vec::new();
        for _ in 0..4 {
            let mut browser = app.browser();
            let form = open(&mut browser, &web()).await;
            forms.push((browser, form));
        }
        let thieves = forms.iter_mut().map(|(browser, form)| form.login(browser, ANA.0, from));
        let (answers, ()) = tokio::join!(futures_util::future::join_all(thieves), reset(&app, ANA.0, to));
        for answer in answers {
            assert!(is_signed_in(&answer) || is_refusal(&answer), "{}: {}", answer.status, answer.body);
        }
        for (browser, _) in &mut forms {
            let silent = browser.get(&web().with("prompt", "none").url()).await;
            assert_eq!(silent.query("error").as_deref(), Some("login_required"), "round {round}");
        }
        let ana = user(&app, "acme", ANA.0).await;
        assert_eq!(ana.password_hash.as_ref(), Some(to), "round {round}");
        if ana.status == UserStatus::Locked {
            set_user_status(&app, ANA.0, UserStatus::Active).await;
        }
    }
}

async fn a_first_factor_of_before_a_change_is_void(app: TestApp) {
    let (key, recovery) = with_authenticator(&app).await;
    let hash = user(&app, "acme", ANA.0).await.password_hash.unwrap();
    for what in ["password", "status", "factor"] {
        let mut waiting = SecondFactorSignIn::start(&app).await;
        match what {
            "password" => reset(&app, ANA.0, &hash).await,
            "status" => {
                set_user_status(&app, ANA.0, UserStatus::Suspended).await;
                set_user_status(&app, ANA.0, UserStatus::Active).await;
            }
            _ => {
                let ana = user(&app, "acme", ANA.0).await;
                let mut all = app.store.repositories();
                let mut factors = all.second_factors(ana.organization_id);
                let credential = factors.totp(ana.id).await.unwrap().unwrap();
                factors.disable(ana.id, app.now()).await.unwrap();
                factors.enrol_totp(&credential, None).await.unwrap();
            }
        }
        app.advance(Duration::from_secs(30));
        for (kind, code) in [("totp", totp(&key, &app)), ("recovery", recovery[0].clone())] {
            let answer = waiting.verify(kind, &code).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{what}, {kind}: {}", answer.body);
            assert!(set_cookie(&answer, "_session").is_none());
        }
        // A new sign-in succeeds.
        let mut anew = SecondFactorSignIn::start(&app).await;
        let done = anew.verify("totp", &totp(&key, &app)).await;
        assert!(arrived(&anew.browser.follow(done).await), "{what}");
    }
}

/// The code is right, and the password is reset before or after the session is written: no session is left. The reset
/// begins at another moment in each round.
async fn a_code_entered_while_the_password_is_reset_opens_nothing(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let hash = user(&app, "acme", ANA.0).await.password_hash.unwrap();
    let mut refused = 0;
    for round in 0..200 {
        // Each code of an authenticator counts once.
        app.advance(Duration::from_secs(30));
        let mut waiting = SecondFactorSignIn::start(&app).await;
        let code = totp(&key, &app);
        let entering = tokio::spawn(async move {
            let answer = waiting.verify("totp", &code).await;
            (waiting.browser, answer)
        });
        tokio::time::sleep(Duration::from_millis(round % 8)).await;
        reset(&app, ANA.0, &hash).await;
        let (mut browser, answer) = entering.await.unwrap();
        let is_refused = answer.status == StatusCode::BAD_REQUEST;
        assert!(is_refused || is_signed_in(&answer), "round {round}: {} {}", answer.status, answer.body);
        refused += usize::from(is_refused);
        let silent = browser.get(&web().with("prompt", "none").url()).await;
        assert_eq!(silent.query("error").as_deref(), Some("login_required"), "round {round}");
    }
    assert!(refused > 0, "in no round was the reset first");
}

async fn a_first_factor_counts_for_ten_minutes(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let wait = Duration::from_secs(u64::try_from(SECOND_FACTOR_TTL.default).unwrap());
    let mut in_time = SecondFactorSignIn::start(&app).await;
    app.advance(wait.checked_sub(Duration::from_micros(1)).unwrap());
    assert_eq!(in_time.page().await.status, StatusCode::OK);
    app.advance(Duration::from_micros(1));
    assert_eq!(in_time.verify("totp", &totp(&key, &app)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(in_time.page().await.status, StatusCode::BAD_REQUEST);
}

async fn guesses_of_others_do_not_void_a_first_factor(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let mut waiting = SecondFactorSignIn::start(&app).await;
    for _ in 0..3 {
        assert!(is_refusal(&guess_from(&app, "192.0.2.9", ANA.0, WRONG).await));
    }
    let done = waiting.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&waiting.browser.follow(done).await));
}

/// After a reset the thief's browser no longer counts as known: the lock caused by its guesses applies to it.
async fn a_browser_known_before_a_change_is_a_strangers(app: TestApp) {
    let mut thief = app.browser();
    thief.sign_in(&web(), ANA.0, ANA.1).await;
    let hash = user(&app, "acme", ANA.0).await.password_hash.unwrap();
    let login = async |browser: &mut porta_testkit::Browser, password| {
        let form = open(browser, &web().with("prompt", "login")).await;
        form.login(browser, ANA.0, password).await
    };
    for _ in 0..5 {
        guess(&app, ANA.0, WRONG).await;
    }
    assert!(is_signed_in(&login(&mut thief.clone(), ANA.1).await), "known, so the lock is not for it");
    reset(&app, ANA.0, &hash).await;
    for _ in 0..5 {
        guess_from(&app, "192.0.2.9", ANA.0, WRONG).await;
    }
    assert!(is_refusal(&login(&mut thief, ANA.1).await));
}

/// The hash queue has four places for anonymous callers, one more than are judged at once, so that no guess meets a
/// full queue; a fifth would get 503.
async fn only_so_many_passwords_of_an_account_are_judged_at_once(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 3).await;
    for setting in [RATE_LIMIT_LOGIN_MAX, RATE_LIMIT_LOGIN_ADDRESS_MAX] {
        set(&app, "acme", setting, 10_000).await;
    }
    let narrow = app.sibling_with(|instance| instance.hash_queue = 8);
    let mut browser = narrow.browser();
    let form = open(&mut browser, &web()).await;
    for round in 0..200 {
        let mut browsers: Vec<_> = (0..6).map(|_| browser.clone()).collect();
        let guesses = browsers.iter_mut().enumerate().map(|(n, browser)| {
            let (form, password) = (&form, format!("{WRONG}-{round}-{n}"));
            async move { form.login(browser, ANA.0, &password).await }
        });
        for answer in futures_util::future::join_all(guesses).await {
            assert!(is_refusal(&answer), "round {round}: {} {}", answer.status, answer.body);
        }
        let ana = user(&app, "acme", ANA.0).await;
        assert_eq!((ana.failed_login_count, ana.status), (6, UserStatus::Locked), "round {round}");
        set_user_status(&app, ANA.0, UserStatus::Active).await;
    }
    // No attempt is left in progress.
    assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await));
}

/// One at a time here: while an instance judges the first, another instance does not begin with the second.
async fn passwords_judged_at_once_are_counted_on_all_instances(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 1).await;
    let (slow, barrier) = with_paused_sessions(&app);
    let other = app.another_process().await;
    // With a session, which is looked up once more after the password was judged.
    let mut browser = app.browser();
    browser.sign_in(&web(), BOB.0, BOB.1).await;
    let form = open(&mut browser, &web().with("prompt", "login")).await;
    let mut first = browser.clone().through(slow.router.clone());
    barrier.close();
    let mut judged = Box::pin(form.login(&mut first, ANA.0, ANA.1));
    tokio::select! {
        answer = &mut judged => panic!("{}", answer.status),
        () = barrier.arrival() => {}
    }
    let mut stranger = other.browser();
    let form = open(&mut stranger, &web()).await;
    let mut second = Box::pin(form.login(&mut stranger, ANA.0, WRONG));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut second).await.is_err());
    assert_eq!(other.hasher.evaluations(), 0, "it waits for its turn");
    assert!(is_signed_in(&guess(&other, BOB.0, BOB.1).await), "nobody else waits");
    barrier.open();
    assert!(is_signed_in(&judged.await));
    assert!(is_refusal(&second.await));
    assert_eq!(other.hasher.evaluations(), 2);
}

async fn who_goes_away_leaves_no_attempt_under_way(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 2).await;
    let slow = app.sibling_with(|instance| {
        instance.cost = porta_signin::HashCost { memory_kib: 65_536, iterations: 24, parallelism: 1 };
    });
    let mut busy = JoinSet::new();
    for _ in 0..8 {
        let hasher = Arc::clone(&slow.hasher);
        let password = porta_core::Password::parse("keeps a thread busy").unwrap();
        busy.spawn(async move { hasher.hash(password).await.map(drop) });
    }
    for _ in 0..2 {
        let mut browser = slow.browser();
        let form = open(&mut browser, &web()).await;
        let mut login = Box::pin(form.login(&mut browser, NOBODY, WRONG));
        // The attempt is counted, but not judged yet.
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut login).await.is_err());
    }
    // However long that takes: a guess waits eight seconds for its turn.
    busy.join_all().await;
    assert!(is_refusal(&guess(&app, NOBODY, WRONG).await), "it gets its turn");
}

async fn a_session_ends_some_time_after_its_last_sign_in(app: TestApp) {
    set(&app, "acme", SESSION_TTL, 600).await;
    set(&app, "acme", SESSION_MAX_TTL, 1800).await;
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let silent = web().with("prompt", "none").url();
    for _ in 0..4 {
        app.advance(Duration::from_secs(400));
        code(&browser.get(&silent).await);
    }
    app.advance(Duration::from_secs(200));
    assert_eq!(browser.get(&silent).await.query("error").as_deref(), Some("login_required"));
    // Signing in again within a session restarts its maximum lifetime.
    let mut again = app.browser();
    again.sign_in(&web(), ANA.0, ANA.1).await;
    app.advance(Duration::from_secs(500));
    let form = open(&mut again, &web().with("prompt", "login")).await;
    let answer = form.login(&mut again, ANA.0, ANA.1).await;
    code(&again.follow(answer).await);
    for _ in 0..3 {
        app.advance(Duration::from_secs(500));
        code(&again.get(&silent).await);
    }
    app.advance(Duration::from_secs(299));
    code(&again.get(&silent).await);
    app.advance(Duration::from_secs(1));
    assert_eq!(again.get(&silent).await.query("error").as_deref(), Some("login_required"));
}

async fn where_a_second_factor_is_required_a_session_ends_after_a_day(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    set(&app, "acme", SESSION_TTL, 86_400).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
    let silent = web().with("prompt", "none").url();
    app.advance(Duration::from_hours(23));
    code(&journey.browser.get(&silent).await);
    app.advance(Duration::from_hours(1));
    assert_eq!(journey.browser.get(&silent).await.query("error").as_deref(), Some("login_required"));
}
