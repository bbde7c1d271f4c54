//! A process that dies between any two steps: acknowledged work is kept, and nothing takes effect twice.

use porta_core::settings::{MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_MAX};
use porta_core::signing_key::{SigningAlgorithm, SigningKeyStatus};
use porta_directory::Actor;
use porta_session::idempotency::IDEMPOTENCY_WINDOW;
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::failing::{with_crash, with_faults};
use super::support::*;

on_both_stores!(
    a_new_process_goes_on_after_every_step,
    nothing_of_a_finished_sign_in_works_again_in_a_new_process,
    what_a_process_died_over_is_carried_out_half_a_minute_later,
    dying_anywhere_in_the_login_step_leaves_one_code_at_most,
    dying_anywhere_in_the_resume_step_leaves_one_code_at_most,
    dying_anywhere_in_the_consent_step_leaves_one_code_at_most,
    dying_anywhere_while_a_code_is_redeemed_gives_tokens_once_at_most,
    dying_anywhere_in_the_logout_step_leaves_all_or_nothing,
    dying_anywhere_while_keys_are_made_leaves_none_that_signs_alone,
);

/// More operations than any single step needs.
const ENOUGH: i64 = 12;

async fn a_new_process_goes_on_after_every_step(app: TestApp) {
    let mut browser = app.sibling().browser();
    let start = browser.get(&partner().url()).await;
    browser = browser.through(app.sibling().router);
    let form = Form::at(&mut browser, start).await;
    browser = browser.through(app.sibling().router);
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    browser = browser.through(app.sibling().router);
    let resumed = browser.get(login.location()).await;
    browser = browser.through(app.sibling().router);
    let consent = Form::at(&mut browser, resumed).await;
    browser = browser.through(app.sibling().router);
    let decided = consent.decide(&mut browser, "approve").await;
    browser = browser.through(app.sibling().router);
    let back = browser.get(decided.location()).await;
    browser = browser.through(app.sibling().router);
    let tokens = redeemed(&mut browser, &partner(), PARTNER, &code(&back)).await;
    assert!(is_live(&app.sibling(), "acme", &tokens).await);
}

async fn nothing_of_a_finished_sign_in_works_again_in_a_new_process(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &partner()).await;
    let before_login = browser.clone();
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let before_resume = browser.clone();
    let resumed_to = browser.get(login.location()).await;
    let consent = Form::at(&mut browser, resumed_to.clone()).await;
    let before_consent = browser.clone();
    let decided = consent.decide(&mut browser, "approve").await;
    let before_return = browser.clone();
    let back = browser.get(decided.location()).await;
    let code = code(&back);
    let tokens = redeemed(&mut browser, &partner(), PARTNER, &code).await;
    let new = app.sibling();
    let again = |browser: &Browser| browser.clone().through(new.router.clone());
    // Repeated requests get the stored answers and have no effect (decision 0044).
    let same = [
        (&login, form.login(&mut again(&before_login), ANA.0, ANA.1).await),
        (&resumed_to, again(&before_resume).get(login.location()).await),
        (&decided, consent.decide(&mut again(&before_consent), "approve").await),
        (&back, again(&before_return).get(decided.location()).await),
    ];
    for (before, same) in same {
        assert_eq!(same.location(), before.location());
    }
    for done in ["user.login.password", "user.consent.granted"] {
        assert_eq!(audited(&app, done).await, 1, "{done}");
    }
    // Other requests find nothing.
    let (form, consent) = (form.anew(2), consent.anew(2));
    assert_eq!(form.login(&mut again(&before_login), ANA.0, ANA.1).await.status, 400);
    assert_eq!(again(&before_resume).get(&form.resume_url()).await.status, 400);
    assert_eq!(consent.decide(&mut again(&before_consent), "approve").await.status, 400);
    assert_eq!(again(&before_return).get(&consent.resume_url()).await.status, 400);
    assert!(is_live(&new, "acme", &tokens).await);
    let replay = redeem(&mut again(&browser), &partner(), PARTNER, &code).await;
    assert_eq!(replay.json()["error"], "invalid_grant");
    assert!(!is_live(&new, "acme", &tokens).await, "RFC 6749 §4.1.2: the first use is taken back");
}

/// Whether an answer redirects to the client with a code.
fn has_code(answer: &Answer) -> bool {
    answer.status == 303 && answer.query("code").is_some()
}

async fn dying_anywhere_in_the_login_step_leaves_one_code_at_most(app: TestApp) {
    // Attempts that a dead process was judging count as in progress for a while.
    set(&app, "acme", MAX_FAILED_LOGINS, 1000).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 1000).await;
    let mut died = 0;
    for operations in 0..ENOUGH {
        let (first, fault) = with_crash(&app);
        let mut browser = first.browser();
        let form = open(&mut browser, &web()).await;
        fault.fail_after(operations);
        let answer = form.login(&mut browser, ANA.0, ANA.1).await;
        let second = app.sibling();
        let mut browser = browser.through(second.router.clone());
        // A failure after the session was stored does not withhold its cookie.
        if !fault.has_failed() || is_signed_in(&answer) {
            assert!(is_signed_in(&answer));
            break;
        }
        died += 1;
        assert_eq!(answer.status, 503);
        // The person submits the form again. The identical form may have to wait until its claim expires.
        let retried = form.anew(1).login(&mut browser, ANA.0, ANA.1).await;
        let resumed = browser.get(&form.anew(1).resume_url()).await;
        let again = browser.get(&form.anew(2).resume_url()).await;
        let codes = usize::from(has_code(&resumed)) + usize::from(has_code(&again));
        if is_signed_in(&retried) {
            assert_eq!(codes, 1, "after {operations} operations");
            code(&browser.get(&web().url()).await);
        } else {
            // The session was stored, but its cookie was lost with the answer: start again.
            assert_eq!((codes, resumed.status.as_u16()), (0, 400), "after {operations} operations");
            code(&browser.sign_in(&web(), ANA.0, ANA.1).await);
        }
    }
    assert!(died >= 4, "the step has that many places to die at: {died}");
}

/// The claim of the form exists, but no answer: repeating the form gets 503 with `Retry-After` until the claim expires.
async fn what_a_process_died_over_is_carried_out_half_a_minute_later(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 1000).await;
    let (first, faults) = with_faults(&app);
    let mut at_login = first.browser();
    let form = open(&mut at_login, &web()).await;
    let mut at_consent = first.browser();
    let login = at_consent.submit_login(&partner(), BOB.0, BOB.1).await;
    let resumed = at_consent.get(login.location()).await;
    let consent = Form::at(&mut at_consent, resumed).await;
    // It fails after reading the sign-in and claiming the form.
    faults.kv.fail_after(2);
    assert_eq!(form.login(&mut at_login, ANA.0, ANA.1).await.status, 503);
    // It fails after claiming the form.
    faults.kv.fail_after(1);
    assert_eq!(consent.decide(&mut at_consent, "approve").await.status, 503);
    let second = app.sibling();
    let mut at_login = at_login.through(second.router.clone());
    let mut at_consent = at_consent.through(second.router.clone());
    let told =
        tokio::join!(form.login(&mut at_login, ANA.0, ANA.1), consent.decide(&mut at_consent, "approve"));
    for told in [told.0, told.1] {
        assert_eq!(told.status, 503, "{}", told.body);
        assert!(told.header("retry-after").is_some());
    }
    app.advance(IDEMPOTENCY_WINDOW);
    // Redis expires claims by real time.
    let (mut login, mut decided) = (None, None);
    for _ in 0..8 {
        let answers = tokio::join!(
            async {
                if login.is_none() { Some(form.login(&mut at_login, ANA.0, ANA.1).await) } else { None }
            },
            async {
                if decided.is_none() { Some(consent.decide(&mut at_consent, "approve").await) } else { None }
            }
        );
        login = login.or(answers.0.filter(|answer| answer.status != 503));
        decided = decided.or(answers.1.filter(|answer| answer.status != 503));
    }
    code(&at_login.follow(login.unwrap()).await);
    code(&at_consent.follow(decided.unwrap()).await);
    // The first sign-in failed after its audit row; nobody ever received the cookie of its session.
    let rows = audit(&app, 1_000).await;
    for (what, who, times) in [("user.login.password", ANA.0, 2), ("user.consent.granted", BOB.0, 1)] {
        let who = Some(user(&app, "acme", who).await.id);
        let done = rows.iter().filter(|e| e.event_type == what && e.user_id == who).count();
        assert_eq!(done, times, "{what}");
    }
}

async fn dying_anywhere_in_the_resume_step_leaves_one_code_at_most(app: TestApp) {
    let mut died = 0;
    for operations in 0..ENOUGH {
        let (first, fault) = with_crash(&app);
        let mut browser = first.browser();
        let form = open(&mut browser, &web()).await;
        form.login(&mut browser, ANA.0, ANA.1).await;
        fault.fail_after(operations);
        let answer = browser.get(&form.resume_url()).await;
        // Only the stored answer for a repeated form is lost.
        if !fault.has_failed() || has_code(&answer) {
            assert!(has_code(&answer));
            break;
        }
        died += 1;
        assert_eq!(answer.status, 503);
        let mut browser = browser.through(app.sibling().router);
        let mut codes = 0;
        for n in 0..3 {
            codes += usize::from(has_code(&browser.get(&form.anew(n).resume_url()).await));
        }
        assert!(codes <= 1, "after {operations} operations");
        // The sign-in was acknowledged, so the session exists.
        code(&browser.get(&web().with("prompt", "none").url()).await);
    }
    assert!(died >= 3, "{died}");
}

async fn dying_anywhere_in_the_consent_step_leaves_one_code_at_most(app: TestApp) {
    for operations in 0..ENOUGH {
        let (first, fault) = with_crash(&app);
        let mut browser = first.browser();
        let request = partner().with("prompt", "consent");
        let login = browser.submit_login(&request, ANA.0, ANA.1).await;
        let resumed = browser.get(login.location()).await;
        let consent = Form::at(&mut browser, resumed).await;
        fault.fail_after(operations);
        let answer = consent.decide(&mut browser, "approve").await;
        if !fault.has_failed() || answer.status == 303 {
            fault.recover();
            code(&browser.follow(answer).await);
            assert!(operations >= 2, "{operations}");
            return;
        }
        assert_eq!(answer.status, 503);
        let mut browser = browser.through(app.sibling().router);
        let decided = consent.anew(1).decide(&mut browser, "approve").await;
        let back = browser.follow(decided).await;
        assert!(has_code(&back), "after {operations} operations");
        assert_eq!(browser.get(&consent.anew(2).resume_url()).await.status, 400);
    }
    panic!("the step takes more operations than expected");
}

async fn dying_anywhere_while_a_code_is_redeemed_gives_tokens_once_at_most(app: TestApp) {
    let mut died = 0;
    for operations in 0..ENOUGH {
        let (first, fault) = with_crash(&app);
        let mut browser = first.browser();
        tokens(&mut browser, &web(), ANA, WEB).await;
        let code = code(&browser.get(&web().url()).await);
        fault.fail_after(operations);
        let answer = redeem(&mut browser, &web(), WEB, &code).await;
        if !fault.has_failed() {
            assert_eq!(answer.status, 200);
            break;
        }
        died += 1;
        assert_eq!(answer.status, 503, "{}", answer.body);
        let mut browser = browser.through(app.sibling().router);
        let mut given = 0;
        for _ in 0..3 {
            let retried = redeem(&mut browser, &web(), WEB, &code).await;
            given += usize::from(retried.status == 200);
            assert!(retried.status == 200 || retried.json()["error"] == "invalid_grant");
        }
        assert!(given <= 1, "after {operations} operations");
        assert_eq!(
            operations == 0,
            given == 1,
            "only before anything was taken is there something left to take"
        );
    }
    assert!(died >= 2, "{died}");
}

async fn dying_anywhere_in_the_logout_step_leaves_all_or_nothing(app: TestApp) {
    let mut died = 0;
    for operations in 0..ENOUGH {
        let (first, fault) = with_crash(&app);
        let mut browser = first.browser();
        let held = tokens(&mut browser, &web(), ANA, WEB).await;
        let xsrf = browser.get("/acme/session/end").await.field("xsrf");
        let form = [("xsrf", xsrf.as_str()), ("logout", "yes")];
        fault.fail_after(operations);
        let answer = browser.post("/acme/session/end/confirm", &form).await;
        // Only the stored answer for a repeated form is lost.
        if !fault.has_failed() || answer.status == 303 {
            assert_eq!(answer.status, 303);
            break;
        }
        died += 1;
        assert_eq!(answer.status, 503);
        let second = app.sibling();
        let mut browser = browser.through(second.router.clone());
        let silent = browser.get(&web().with("prompt", "none").url()).await;
        assert_eq!(has_code(&silent), is_live(&second, "acme", &held).await, "after {operations} operations");
        let page = browser.get("/acme/session/end").await;
        if page.status == 200 {
            let again = page.field("xsrf");
            browser
                .post("/acme/session/end/confirm", &[("xsrf", &again), ("logout", "yes"), ("n", "2")])
                .await;
        }
        assert!(!is_live(&second, "acme", &held).await, "after {operations} operations");
    }
    assert!(died >= 3, "{died}");
}

/// Decision D4: a JWKS never contains the signing key without its successor.
async fn dying_anywhere_while_keys_are_made_leaves_none_that_signs_alone(app: TestApp) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let (owner, mut client) = work.client("web").await.unwrap();
    drop(work);
    // As an older version stored it: with the setting, but without the keys.
    client.id_token_signed_response_alg = SigningAlgorithm::EdDsa;
    app.store.repositories().clients(owner.id).update(&client).await.unwrap();
    let mut seen = Vec::new();
    for operations in 0..ENOUGH {
        let (first, fault) = with_crash(&app);
        let mut browser = first.browser();
        let code = code(&browser.sign_in(&web(), ANA.0, ANA.1).await);
        fault.fail_after(operations);
        redeem(&mut browser, &web(), WEB, &code).await;
        let keys = app.store.repositories().signing_keys(owner.id).all().await.unwrap();
        let made = keys.iter().filter(|k| k.algorithm == SigningAlgorithm::EdDsa).map(|k| k.status);
        let made: Vec<_> = made.collect();
        assert!(
            made.is_empty() || made.contains(&SigningKeyStatus::Next),
            "after {operations} operations: {made:?}"
        );
        seen.push(made.len());
        if !fault.has_failed() {
            break;
        }
    }
    assert!(seen.starts_with(&[0]) && seen.contains(&1) && seen.ends_with(&[2]), "{seen:?}");
}
