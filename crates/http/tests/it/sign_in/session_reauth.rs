//! Signing in again within a session: the same person continues it, another person replaces it.

use std::sync::Arc;
use std::time::Duration;

use porta_core::settings::{MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_MAX};
use porta_core::user::UserStatus;
use porta_signin::{HashCost, PasswordHasher};
use porta_testkit::{TestApp, jwt_payload, on_both_stores};
use serde_json::Value;

use super::failing::with_paused_sessions;
use super::support::*;

on_both_stores!(
    w26_prompt_login_asks_again_and_keeps_the_session_and_its_tokens,
    w26_a_link_with_prompt_login_signs_nobody_out,
    a_wrong_password_during_reauthentication_keeps_the_session,
    a_cancelled_reauthentication_keeps_the_session,
    max_age_asks_again_once_it_is_over,
    signing_in_as_somebody_else_ends_the_first_session,
    a_right_password_that_comes_too_late_leaves_everything_as_it_was,
    a_right_password_that_comes_too_late_counts_as_a_failure,
    somebody_else_than_the_hinted_person_is_refused_to_the_client,
    prompt_select_account_shows_the_login_page,
    a_suspended_persons_session_asks_to_sign_in_and_fails_nothing,
);

fn claims(tokens: &Value) -> Value {
    jwt_payload(tokens["id_token"].as_str().unwrap())
}

async fn w26_prompt_login_asks_again_and_keeps_the_session_and_its_tokens(app: TestApp) {
    let mut browser = app.browser();
    let first = tokens(&mut browser, &billing(), ANA, BILLING).await;
    app.advance(Duration::from_mins(10));
    let again = tokens(&mut browser, &web().with("prompt", "login"), ANA, WEB).await;
    assert!(is_live(&app, "acme", &first).await, "W05: the first application goes on");
    let (first, again) = (claims(&first), claims(&again));
    assert_eq!(first["sid"], again["sid"]);
    assert_eq!(first["sub"], again["sub"]);
    assert_eq!(again["auth_time"].as_i64().unwrap() - first["auth_time"].as_i64().unwrap(), 600);
    assert!(is_signed_in_still(&mut browser).await);
}

async fn w26_a_link_with_prompt_login_signs_nobody_out(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    for value in ["login", "login consent", "select_account"] {
        let answer = browser.get(&web().with("prompt", value).url()).await;
        assert!(set_cookie(&answer, "_session").is_none(), "{value}");
    }
    assert!(is_signed_in_still(&mut browser).await);
    assert!(is_live(&app, "acme", &tokens).await);
}

async fn a_wrong_password_during_reauthentication_keeps_the_session(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let form = open(&mut browser, &web().with("prompt", "login")).await;
    for _ in 0..6 {
        form.login(&mut browser, ANA.0, WRONG).await;
    }
    assert!(is_live(&app, "acme", &tokens).await);
    assert!(is_signed_in_still(&mut browser).await, "guessing must not throw out who is inside");
}

async fn a_cancelled_reauthentication_keeps_the_session(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let form = open(&mut browser, &web().with("prompt", "login")).await;
    let aborted = form.abort(&mut browser).await;
    let back = browser.follow(aborted).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
    assert!(is_signed_in_still(&mut browser).await);
}

async fn max_age_asks_again_once_it_is_over(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let request = web().with("max_age", "60");
    app.advance(Duration::from_mins(1));
    code(&browser.get(&request.url()).await);
    app.advance(Duration::from_micros(1));
    let form = open(&mut browser, &request).await;
    assert!(form.page.body.contains("name=\"password\""));
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    code(&browser.follow(login).await);
    let zero = open(&mut browser, &web().with("max_age", "0")).await;
    let login = zero.login(&mut browser, ANA.0, ANA.1).await;
    code(&browser.follow(login).await);
}

async fn signing_in_as_somebody_else_ends_the_first_session(app: TestApp) {
    let mut browser = app.browser();
    let anas = tokens(&mut browser, &web(), ANA, WEB).await;
    let old = browser.clone();
    let bobs = tokens(&mut browser, &web().with("prompt", "login"), BOB, WEB).await;
    assert_ne!(claims(&anas)["sub"], claims(&bobs)["sub"]);
    assert_ne!(claims(&anas)["sid"], claims(&bobs)["sid"]);
    assert!(!is_live(&app, "acme", &anas).await);
    assert!(is_live(&app, "acme", &bobs).await);
    assert!(!is_signed_in_still(&mut old.clone()).await);
    assert_eq!(audited(&app, "user.logout").await, 1);
    let now = browser.get(&web().url()).await;
    let now = redeemed(&mut browser, &web(), WEB, &code(&now)).await;
    assert_eq!(claims(&now)["sub"], claims(&bobs)["sub"]);
}

/// The account is locked, or its password changed, while a right password is being judged: the sign-in is refused, and
/// neither timing nor the browser's session reveals that the password was right.
async fn a_right_password_that_comes_too_late_leaves_everything_as_it_was(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 2).await;
    let dear = HashCost { memory_kib: 128, iterations: 1, parallelism: 1 };
    let other = PasswordHasher::start(dear, 1, 8, Arc::new(porta_core::SeededEntropy::new(7))).unwrap();
    let outdated = other.hash(porta_core::Password::parse(ANA.1).unwrap()).await.unwrap();
    let ana = user(&app, "acme", ANA.0).await;
    let mut all = app.store.repositories();
    all.users(ana.organization_id).set_password(ana.id, Some(&outdated), false, app.now()).await.unwrap();
    drop(all);
    let (slow, barrier) = with_paused_sessions(&app);
    let mut browser = app.browser();
    let of_bob = tokens(&mut browser, &web(), BOB, WEB).await;
    let form = open(&mut browser, &web().with("prompt", "login")).await;
    let mut late = browser.clone().through(slow.router.clone());
    barrier.close();
    let before = slow.hasher.evaluations();
    let lock = async {
        barrier.arrival().await;
        for n in 1..=2 {
            assert!(is_refusal(&guess_from(&app, &format!("198.51.100.{n}"), ANA.0, WRONG).await));
        }
        assert_eq!(user(&app, "acme", ANA.0).await.status, UserStatus::Locked);
        barrier.open();
    };
    let (answer, ()) = tokio::join!(form.login(&mut late, ANA.0, ANA.1), lock);
    assert!(is_refusal(&answer), "{}: {}", answer.status, answer.body);
    assert_eq!(slow.hasher.evaluations() - before, 1, "one hash, as for a wrong password");
    assert!(user(&app, "acme", ANA.0).await.password_hash == Some(outdated), "nothing was written");
    assert!(is_live(&app, "acme", &of_bob).await, "Bob's session and tokens are still there");
    assert!(is_signed_in_still(&mut late).await);
    assert_eq!(audited(&app, "user.logout").await, 0);
    // Once the lock ends, the sign-in succeeds: Bob's session ends, and the hash is replaced.
    app.advance(Duration::from_mins(16));
    let form = open(&mut browser, &web().with("prompt", "login")).await;
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await));
    assert!(!is_live(&app, "acme", &of_bob).await);
    let hash = user(&app, "acme", ANA.0).await.password_hash.unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.as_str());
}

/// In the account, in the audit log and in the rate limit: otherwise the counters would tell that it was right.
async fn a_right_password_that_comes_too_late_counts_as_a_failure(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 2).await;
    let (slow, barrier) = with_paused_sessions(&app);
    let mut browser = app.browser();
    browser.sign_in(&web(), BOB.0, BOB.1).await;
    for (failures, status) in [(1, UserStatus::Active), (2, UserStatus::Locked)] {
        let form = open(&mut browser, &web().with("prompt", "login")).await;
        let mut late = browser.clone().through(slow.router.clone());
        barrier.close();
        let change = async {
            barrier.arrival().await;
            let ana = user(&app, "acme", ANA.0).await;
            if status == UserStatus::Locked {
                set_user_status(&app, ANA.0, status).await;
            } else {
                // The same password set again is a change, too.
                let hash = ana.password_hash.as_ref();
                let mut all = app.store.repositories();
                all.users(ana.organization_id).set_password(ana.id, hash, false, app.now()).await.unwrap();
            }
            barrier.open();
        };
        let (answer, ()) = tokio::join!(form.login(&mut late, ANA.0, ANA.1), change);
        assert!(is_refusal(&answer), "{}: {}", answer.status, answer.body);
        let ana = user(&app, "acme", ANA.0).await;
        assert_eq!((ana.failed_login_count, ana.status), (failures, status));
        let rows = audit(&app, 1_000).await;
        let failed = rows.iter().filter(|row| row.event_type == "user.login.password.failed");
        let of_ana = failed.filter(|row| row.user_id == Some(ana.id)).count();
        assert_eq!(i64::try_from(of_ana).unwrap(), failures);
    }
    set_user_status(&app, ANA.0, UserStatus::Active).await;
    let form = open(&mut browser, &web().with("prompt", "login")).await;
    assert_eq!(form.login(&mut browser, ANA.0, ANA.1).await.status, 429, "both attempts stay counted");
}

async fn somebody_else_than_the_hinted_person_is_refused_to_the_client(app: TestApp) {
    let mut browser = app.browser();
    let anas = tokens(&mut browser, &web(), ANA, WEB).await;
    let hint = anas["id_token"].as_str().unwrap();
    let mut fresh = app.browser();
    let back = fresh.sign_in(&web().with("id_token_hint", hint), BOB.0, BOB.1).await;
    assert_eq!(back.query("error").as_deref(), Some("login_required"));
    assert_eq!(back.query("code"), None);
}

async fn prompt_select_account_shows_the_login_page(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let form = open(&mut browser, &web().with("prompt", "select_account")).await;
    assert!(form.page.body.contains("name=\"password\""));
    let login = form.login(&mut browser, BOB.0, BOB.1).await;
    code(&browser.follow(login).await);
}

async fn a_suspended_persons_session_asks_to_sign_in_and_fails_nothing(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), BOB.0, BOB.1).await;
    set_user_status(&app, BOB.0, porta_core::user::UserStatus::Suspended).await;
    let silent = browser.get(&web().with("prompt", "none").url()).await;
    assert_eq!(silent.query("error").as_deref(), Some("login_required"));
    let form = open(&mut browser, &web()).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    code(&browser.follow(login).await);
}
