//! Identical forms from one browser: processed once, with the same answer each time (decision 0044).

use std::time::Duration;

use futures_util::future::join_all;
use porta_session::{ClaimState, IdempotencyClaim};
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::failing::{with_paused_sessions, with_stored_answers};
use super::second_factor::{SecondFactorSignIn, mailed, with_mail};
use super::support::*;

on_both_stores!(
    a_sign_in_sent_twice_is_one_and_has_one_answer,
    sent_at_once_on_two_instances_it_is_one_and_has_one_answer,
    the_resume_address_leads_to_the_client_twice,
    and_so_does_the_page_that_carries_a_code,
    after_half_a_minute_the_form_leads_on,
    another_password_leads_on_and_signs_nobody_in,
    another_browser_gets_no_answer,
    who_is_signed_in_as_somebody_else_gets_no_answer,
    a_mailed_code_sent_twice_is_right_twice_and_counts_once,
    consent_and_cancelling_have_one_answer,
    a_sign_out_sent_twice_is_done,
    what_a_browser_gave_up_is_carried_out,
    what_was_told_to_wait_is_judged_the_next_time,
    the_same_wrong_password_counts_once_in_a_sign_in,
    a_password_that_was_wrong_is_judged_once_it_may_be_right,
    a_flood_of_forms_is_not_remembered,
    who_signs_out_everywhere_else_again_means_those_that_came_since,
    what_is_stored_of_an_answer_is_sealed,
    an_answer_sealed_with_another_key_or_for_another_form_is_not_used,
);

/// How often what may go wrong by chance is tried; the drills set it.
pub(super) fn rounds(usually: usize) -> usize {
    std::env::var("PORTA_REPEATED_ROUNDS").map_or(usually, |rounds| rounds.parse().unwrap())
}

/// The parts of an answer that a browser sees.
pub(super) fn seen(answer: &Answer) -> (u16, String, Vec<String>) {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut cookies: Vec<String> = cookies.map(|cookie| cookie.to_str().unwrap().to_owned()).collect();
    cookies.sort();
    (answer.status.as_u16(), answer.header("location").unwrap_or_default().to_owned(), cookies)
}

async fn a_sign_in_sent_twice_is_one_and_has_one_answer(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut again = browser.clone();
    let before = app.hasher.evaluations();
    let first = form.login(&mut browser, ANA.0, ANA.1).await;
    assert!(is_signed_in(&first));
    for _ in 0..3 {
        let second = form.login(&mut again.clone(), ANA.0, ANA.1).await;
        assert_eq!(seen(&second), seen(&first));
    }
    // Also after the sign-in has continued.
    code(&browser.follow(first.clone()).await);
    let late = form.login(&mut again, ANA.0, ANA.1).await;
    assert_eq!(seen(&late), seen(&first));
    assert!(is_signed_in_still(&mut again).await);
    assert_eq!(app.hasher.evaluations() - before, 1);
    assert_eq!(audited(&app, "user.login.password").await, 1);
    assert_eq!(user(&app, "acme", ANA.0).await.failed_login_count, 0);
}

async fn sent_at_once_on_two_instances_it_is_one_and_has_one_answer(app: TestApp) {
    let other = app.sibling();
    for round in 0..rounds(25) {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        let mut browsers: Vec<Browser> =
            (0..4).flat_map(|_| [browser.clone(), browser.clone().through(other.router.clone())]).collect();
        let answers = join_all(browsers.iter_mut().map(|b| form.login(b, ANA.0, ANA.1))).await;
        assert!(is_signed_in(&answers[0]), "round {round}: {}", answers[0].status);
        for answer in &answers {
            assert_eq!(seen(answer), seen(&answers[0]), "round {round}");
        }
        assert_eq!(audited(&app, "user.login.password").await, round + 1);
    }
}

async fn the_resume_address_leads_to_the_client_twice(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await));
    let mut again = browser.clone();
    let first = browser.get(&form.resume_url()).await;
    let second = again.get(&form.resume_url()).await;
    assert_eq!(seen(&second), seen(&first));
    // It is a single code, which can be redeemed once.
    let code = code(&first);
    redeemed(&mut browser, &web(), WEB, &code).await;
    assert_eq!(redeem(&mut again, &web(), WEB, &code).await.status, 400);
}

async fn and_so_does_the_page_that_carries_a_code(app: TestApp) {
    let request = web().with("response_mode", "form_post");
    let mut browser = app.browser();
    let form = open(&mut browser, &request).await;
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await));
    let mut again = browser.clone();
    let first = browser.get(&form.resume_url()).await;
    let second = again.get(&form.resume_url()).await;
    assert_eq!((second.status, &second.body), (first.status, &first.body));
    assert_eq!(second.headers.get("content-security-policy"), first.headers.get("content-security-policy"));
    redeemed(&mut browser, &request, WEB, &first.field("code")).await;
}

async fn after_half_a_minute_the_form_leads_on(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut again = browser.clone();
    let first = form.login(&mut browser, ANA.0, ANA.1).await;
    app.advance(Duration::from_secs(31));
    let second = form.login(&mut again, ANA.0, ANA.1).await;
    assert_eq!(second.location(), first.location(), "the sign-in is done, whoever asks");
    assert!(set_cookie(&second, "_session").is_none());
}

async fn another_password_leads_on_and_signs_nobody_in(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let again = browser.clone();
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await));
    for (email, password) in [(ANA.0, WRONG), (BOB.0, BOB.1), (BOB.0, ANA.1), (ANA.0, "")] {
        let answer = form.login(&mut again.clone(), email, password).await;
        assert!(set_cookie(&answer, "_session").is_none(), "{email}: {}", answer.status);
        assert_eq!(answer.location(), form.resume_url());
    }
}

async fn another_browser_gets_no_answer(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await));
    let mut stranger = app.browser();
    let answer = form.login(&mut stranger, ANA.0, ANA.1).await;
    assert_eq!(answer.status, 400);
    // Nor does a browser with a sign-in of its own.
    open(&mut stranger, &web()).await;
    let answer = form.login(&mut stranger, ANA.0, ANA.1).await;
    assert_eq!(answer.status, 400);
    assert!(set_cookie(&answer, "_session").is_none());
}

async fn who_is_signed_in_as_somebody_else_gets_no_answer(app: TestApp) {
    let [mut ana, mut bob] = [app.browser(), app.browser()];
    for (browser, (email, password)) in [(&mut ana, ANA), (&mut bob, BOB)] {
        browser.sign_in(&web(), email, password).await;
    }
    let [mut her_again, mut his_again] = [ana.clone(), bob.clone()];
    for (page, csrf, post, fields) in [
        ("/acme/account/sessions", "_csrf", "/acme/account/sessions", [("session", "others")]),
        ("/acme/session/end", "xsrf", "/acme/session/end/confirm", [("logout", "yes")]),
    ] {
        let token = ana.get(page).await.field(csrf);
        let form = [(csrf, token.as_str()), fields[0]];
        let hers = ana.post(post, &form).await;
        assert_eq!(hers.status, 303, "{post}");
        assert_eq!(seen(&her_again.post(post, &form).await), seen(&hers), "{post}: hers is remembered");
        let his = his_again.post(post, &form).await;
        assert_ne!(seen(&his), seen(&hers), "{post}");
    }
    assert!(is_signed_in_still(&mut bob).await);
}

async fn a_mailed_code_sent_twice_is_right_twice_and_counts_once(app: TestApp) {
    with_mail(&app).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let code = mailed(&app).await;
    let before = journey.browser.clone();
    let first = journey.verify("otp", &code).await;
    assert!(is_signed_in(&first), "{}", first.body);
    (journey.browser, journey.sent) = (before, 0);
    let second = journey.verify("otp", &code).await;
    assert_eq!(seen(&second), seen(&first));
    assert_eq!(audited(&app, "2fa.verify.success").await, 1);
    assert_eq!(audited(&app, "2fa.verify.failed").await, 0);
}

async fn consent_and_cancelling_have_one_answer(app: TestApp) {
    for decision in ["deny", "approve"] {
        let mut browser = app.browser();
        let login = browser.submit_login(&partner(), ANA.0, ANA.1).await;
        let asked = browser.get(login.location()).await;
        let form = Form::at(&mut browser, asked).await;
        let mut again = browser.clone();
        let first = form.decide(&mut browser, decision).await;
        let second = form.decide(&mut again, decision).await;
        assert_eq!(seen(&second), seen(&first), "{decision}");
        let there = browser.follow(first).await;
        let late = again.follow(second).await;
        assert_eq!(late.location(), there.location(), "{decision}");
    }
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut again = browser.clone();
    let first = form.abort(&mut browser).await;
    assert_eq!(seen(&form.abort(&mut again).await), seen(&first));
}

async fn a_sign_out_sent_twice_is_done(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let xsrf = browser.get("/acme/session/end").await.field("xsrf");
    let mut again = browser.clone();
    let confirm = [("xsrf", xsrf.as_str()), ("logout", "yes")];
    let first = browser.post("/acme/session/end/confirm", &confirm).await;
    assert_eq!(first.status, 303);
    assert_eq!(seen(&again.post("/acme/session/end/confirm", &confirm).await), seen(&first));
    assert_eq!(audited(&app, "user.logout").await, 1);
}

/// A browser that resends a form aborts the first request, which must still complete.
async fn what_a_browser_gave_up_is_carried_out(app: TestApp) {
    let (slow, barrier) = with_paused_sessions(&app);
    let mut browser = app.browser();
    // With a session, which is looked up once more after the password was judged.
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let form = open(&mut browser, &web().with("prompt", "login")).await;
    let mut first = browser.clone().through(slow.router.clone());
    barrier.close();
    let mut given_up = Box::pin(form.login(&mut first, ANA.0, ANA.1));
    tokio::select! {
        answer = &mut given_up => panic!("{}", answer.status),
        () = barrier.arrival() => {}
    }
    drop(given_up);
    let before = app.hasher.evaluations() + slow.hasher.evaluations();
    let mut second = browser.clone();
    let again = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        barrier.open();
    };
    let (answer, ()) = tokio::join!(form.login(&mut second, ANA.0, ANA.1), again);
    assert!(is_signed_in(&answer), "{}: {}", answer.status, answer.body);
    assert_eq!(app.hasher.evaluations() + slow.hasher.evaluations(), before, "it was judged already");
    assert!(is_signed_in_still(&mut second).await);
}

async fn what_was_told_to_wait_is_judged_the_next_time(app: TestApp) {
    let busy = app.sibling_with(|i| i.hash_queue = 0);
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut elsewhere = browser.clone().through(busy.router.clone());
    assert_eq!(form.login(&mut elsewhere, ANA.0, ANA.1).await.status, 503);
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await));
}

/// Posts the login form; another number makes it a different form.
async fn login(form: &Form, browser: &mut Browser, (email, password): Person, number: usize) -> Answer {
    let number = number.to_string();
    let fields = [("_csrf", form.csrf.as_str()), ("email", email), ("password", password), ("n", &number)];
    form.submit(browser, "login", &fields).await
}

async fn the_same_wrong_password_counts_once_in_a_sign_in(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    for (password, counted) in [(WRONG, 1), ("another-lantern", 2), (WRONG, 3)] {
        // Each attempt differs, so the stored answer is not used; there are more of them than the limit allows.
        for n in 0..12 {
            assert!(is_refusal(&login(&form, &mut browser, (ANA.0, password), n).await), "{password}");
        }
        assert_eq!(user(&app, "acme", ANA.0).await.failed_login_count, counted);
        assert_eq!(app.hasher.evaluations(), u64::try_from(counted).unwrap());
    }
    // In another sign-in or for another account it counts as a guess.
    assert!(is_refusal(&guess(&app, ANA.0, WRONG).await));
    assert_eq!(user(&app, "acme", ANA.0).await.failed_login_count, 4);
    assert!(is_refusal(&form.login(&mut browser, BOB.0, WRONG).await));
    assert_eq!(user(&app, "acme", BOB.0).await.failed_login_count, 1);
}

async fn a_password_that_was_wrong_is_judged_once_it_may_be_right(app: TestApp) {
    // The password was wrong, and is set afterwards.
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    assert!(is_refusal(&login(&form, &mut browser, (ANA.0, BOB.1), 1).await));
    let (ana, bob) = (user(&app, "acme", ANA.0).await, user(&app, "acme", BOB.0).await);
    let mut all = app.store.repositories();
    let mut users = all.users(ana.organization_id);
    users.set_password(ana.id, bob.password_hash.as_ref(), false, app.now()).await.unwrap();
    drop(users);
    drop(all);
    assert!(is_signed_in(&login(&form, &mut browser, (ANA.0, BOB.1), 2).await));
    // The password was right, and the account was locked.
    for round in 0..5 {
        guess(&app, BOB.0, &format!("{WRONG}-{round}")).await;
    }
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    assert!(is_refusal(&login(&form, &mut browser, BOB, 1).await));
    app.advance(Duration::from_secs(15 * 60 + 1));
    assert!(is_signed_in(&login(&form, &mut browser, BOB, 2).await));
}

async fn a_flood_of_forms_is_not_remembered(app: TestApp) {
    let mut stranger = app.browser().with("x-forwarded-for", "198.51.100.7");
    let form = open(&mut stranger, &web()).await;
    let before = app.kv_entries().await;
    for n in 0..400 {
        let answer = form.submit(&mut stranger, "abort", &[("_csrf", "x"), ("n", &n.to_string())]).await;
        assert_eq!(answer.status, 403);
    }
    // One entry for the browser, and two counters.
    assert!(app.kv_entries().await - before <= 3, "{} more", app.kv_entries().await - before);
    // This network's forms are not deduplicated any more; those of other networks still are.
    for (network, second) in [("198.51.100.7", 400), ("192.0.2.9", 303)] {
        let mut browser = app.browser().with("x-forwarded-for", network);
        let form = open(&mut browser, &web()).await;
        assert_eq!(form.abort(&mut browser).await.status, 303);
        assert_eq!(form.abort(&mut browser).await.status, second, "{network}");
    }
}

async fn who_signs_out_everywhere_else_again_means_those_that_came_since(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let page = browser.get("/acme/account/sessions").await;
    let csrf = page.field("_csrf");
    for _ in 0..2 {
        let mut other = app.browser();
        other.sign_in(&web(), ANA.0, ANA.1).await;
        let form = [("_csrf", csrf.as_str()), ("session", "others")];
        assert_eq!(browser.post("/acme/account/sessions", &form).await.status, 303);
        assert!(!is_signed_in_still(&mut other).await);
    }
}

/// Whoever reads the short-lived store learns no session cookie from it.
async fn what_is_stored_of_an_answer_is_sealed(app: TestApp) {
    let (instance, answers) = with_stored_answers(&app);
    let mut browser = instance.browser();
    let answer = browser.submit_login(&web(), ANA.0, ANA.1).await;
    assert!(is_signed_in(&answer));
    let stored = std::mem::take(&mut *answers.lock().unwrap());
    let [(_, value)] = stored.as_slice() else { panic!("{} answers", stored.len()) };
    let text = String::from_utf8_lossy(value);
    let cookie = browser.cookie("_session").unwrap();
    for plain in [cookie, "set-cookie", "_session", answer.location()] {
        assert!(!text.contains(plain), "{plain}: {text}");
    }
}

async fn an_answer_sealed_with_another_key_or_for_another_form_is_not_used(app: TestApp) {
    let organization = app.tenant("acme").await.organization.id;
    let claim = |form: &str| IdempotencyClaim::of(organization, &[b"a browser"], &[form.as_bytes()]);
    let (instance, answers) = with_stored_answers(&app);
    let first = claim("first");
    assert_eq!(instance.shared.idempotency.claim::<String>(&first).await.unwrap(), None);
    instance.shared.idempotency.store_answer(&first, Some(&"done")).await.unwrap();
    let stored = instance.shared.idempotency.claimed::<String>(&claim("first")).await.unwrap();
    assert_eq!(stored, Some(ClaimState::Answered("done".to_owned())));

    let of_other_key = app.sibling_with(|instance| instance.encryption_keys = vec![[8; 32]]);
    assert_eq!(of_other_key.shared.idempotency.claimed::<String>(&claim("first")).await.unwrap(), None);

    let other = claim("other");
    assert_eq!(instance.shared.idempotency.claim::<String>(&other).await.unwrap(), None);
    instance.shared.idempotency.store_answer(&other, Some(&"done, too")).await.unwrap();
    let stored = std::mem::take(&mut *answers.lock().unwrap());
    let [(_, of_first), (key_of_other, _)] = stored.as_slice() else { panic!("{} answers", stored.len()) };
    app.kv.put(key_of_other, of_first.clone(), Duration::from_secs(30)).await.unwrap();
    assert_eq!(instance.shared.idempotency.claimed::<String>(&claim("other")).await.unwrap(), None);
}
