//! Lifecycle of an interaction: it ends once, expires, and requires that user, client and organization stay active.

use std::time::Duration;

use porta_core::client::ClientStatus;
use porta_core::organization::OrganizationStatus;
use porta_core::user::UserStatus;
use porta_testkit::{Answer, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_3_4_it_ends_with_its_time_to_the_microsecond,
    section_3_4_the_resume_address_works_once,
    the_resume_address_raced_by_many_gives_one_code,
    resuming_without_signing_in_leads_back_to_the_page,
    w30_two_tabs_at_once_both_finish,
    two_tabs_submitted_before_either_resumes_both_finish,
    the_login_form_posted_twice_signs_in_once,
    the_login_form_posted_twice_at_once_still_ends_at_the_client,
    a_finished_form_opens_nothing_again,
    a_cancelled_sign_in_tells_the_client,
    a_cancelled_interaction_stays_cancelled,
    w30_a_client_switched_off_midway_gets_no_code,
    w30_an_organization_suspended_midway_stops_every_step,
    w16_a_person_suspended_before_the_resume_gets_no_code,
    an_approval_counts_for_the_session_it_was_asked_in,
    a_sign_in_is_resumed_in_its_own_session_only,
    the_back_button_leads_onward,
);

fn assert_gone(answer: &Answer) {
    assert_eq!(answer.status, 400);
    assert_over(answer);
}

async fn section_3_4_it_ends_with_its_time_to_the_microsecond(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    assert!(is_refusal(&form.login(&mut browser, ANA.0, WRONG).await));
    let mut signed_in = browser.clone();
    form.login(&mut signed_in, ANA.0, ANA.1).await;
    app.advance(Duration::from_hours(1) - Duration::from_micros(1));
    assert_eq!(signed_in.get(&form.url).await.status, 303);
    app.advance(Duration::from_micros(1));
    for browser in [&mut browser, &mut signed_in] {
        for answer in [browser.get(&form.url).await, form.login(browser, ANA.0, ANA.1).await] {
            assert_eq!(answer.status, 400);
            assert_over(&answer);
        }
    }
    let resumed = browser.get(&form.resume_url()).await;
    assert_eq!(browser.follow(resumed).await.status, 400);
    assert!(!browser.has_cookie("_session"));
}

async fn section_3_4_the_resume_address_works_once(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut copy = {
        form.login(&mut browser, ANA.0, ANA.1).await;
        browser.clone()
    };
    let first = browser.get(&form.resume_url()).await;
    code(&first);
    // Kept for as long as an identical request gets the stored answer; any other request finds nothing.
    let names = ["_interaction", "_interaction_resume"];
    for name in names {
        let kept = set_cookie(&first, name).unwrap();
        assert!(kept.contains("; Max-Age=30;"), "{kept}");
    }
    for browser in [&mut browser, &mut copy] {
        assert_eq!(browser.get(&form.resume_url()).await.location(), first.location());
    }
    for browser in [&mut browser, &mut copy] {
        assert_gone(&browser.get(&form.anew(2).resume_url()).await);
    }
    for name in names {
        assert!(!browser.has_cookie(name), "{name} is cleared");
    }
}

async fn the_resume_address_raced_by_many_gives_one_code(app: TestApp) {
    for _ in 0..5 {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        form.login(&mut browser, ANA.0, ANA.1).await;
        let sibling = app.sibling();
        let racers = (0..8).map(|n| {
            let mut browser = browser.clone();
            if n % 2 == 1 {
                browser = browser.through(sibling.router.clone());
            }
            let url = form.anew(n).resume_url();
            tokio::spawn(async move { browser.get(&url).await })
        });
        let answers = futures_util::future::join_all(racers).await;
        let codes = answers.iter().filter(|a| a.as_ref().unwrap().status == 303).count();
        assert_eq!(codes, 1);
    }
}

async fn resuming_without_signing_in_leads_back_to_the_page(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    for _ in 0..2 {
        let answer = browser.get(&form.resume_url()).await;
        let again = Form::at(&mut browser, answer).await;
        assert_eq!((again.uid(), &again.csrf), (form.uid(), &form.csrf));
    }
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    code(&browser.follow(login).await);
}

async fn w30_two_tabs_at_once_both_finish(app: TestApp) {
    let mut browser = app.browser();
    let one = open(&mut browser, &web()).await;
    let two = open(&mut browser, &billing()).await;
    let login = one.login(&mut browser, ANA.0, ANA.1).await;
    let first = code(&browser.follow(login).await);
    let login = two.login(&mut browser, ANA.0, ANA.1).await;
    let second = code(&browser.follow(login).await);
    let first = redeemed(&mut browser, &web(), WEB, &first).await;
    let second = redeemed(&mut browser, &billing(), BILLING, &second).await;
    assert!(is_live(&app, "acme", &first).await && is_live(&app, "acme", &second).await);
}

async fn two_tabs_submitted_before_either_resumes_both_finish(app: TestApp) {
    let mut browser = app.browser();
    let one = open(&mut browser, &web()).await;
    let two = open(&mut browser, &billing()).await;
    let first = one.login(&mut browser, ANA.0, ANA.1).await;
    let second = two.login(&mut browser, ANA.0, ANA.1).await;
    let first = code(&browser.follow(first).await);
    let second = code(&browser.follow(second).await);
    redeemed(&mut browser, &web(), WEB, &first).await;
    redeemed(&mut browser, &billing(), BILLING, &second).await;
}

async fn the_login_form_posted_twice_signs_in_once(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let first = form.login(&mut browser, ANA.0, ANA.1).await;
    let before = app.hasher.evaluations();
    let same = form.login(&mut browser, ANA.0, ANA.1).await;
    assert_eq!(same.location(), first.location());
    assert_eq!(set_cookie(&same, "_session"), set_cookie(&first, "_session"), "the answer of before");
    let second = form.anew(2).login(&mut browser, ANA.0, ANA.1).await;
    assert_eq!(second.location(), first.location());
    assert!(set_cookie(&second, "_session").is_none());
    assert_eq!(app.hasher.evaluations(), before);
    assert_eq!(audited(&app, "user.login.password").await, 1);
    code(&browser.follow(second).await);
}

async fn the_login_form_posted_twice_at_once_still_ends_at_the_client(app: TestApp) {
    for round in 0..10 {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        let mut other = browser.clone();
        // A double click, or two different forms.
        let again = if round % 2 == 0 { form.clone() } else { form.anew(2) };
        let (first, second) =
            tokio::join!(form.login(&mut browser, ANA.0, ANA.1), again.login(&mut other, ANA.0, ANA.1));
        assert!(first.status == 303 && second.status == 303);
        // A browser keeps the cookie of the answer it read last, and shows that answer.
        let mut codes = Vec::new();
        for (mut browser, form) in [(browser, form), (other, again)] {
            let answer = browser.get(&form.resume_url()).await;
            codes.extend((answer.status == 303).then(|| code(&answer)));
        }
        if round % 2 == 0 {
            assert!(codes.len() == 2 && codes[0] == codes[1], "one answer");
        } else {
            assert!(codes.len() <= 1, "one interaction, one code");
        }
    }
}

async fn a_finished_form_opens_nothing_again(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut old = browser.clone();
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    browser.follow(login.clone()).await;
    // The identical form gets the stored answer and has no effect.
    assert_eq!(form.login(&mut old.clone(), ANA.0, ANA.1).await.location(), login.location());
    assert_eq!(audited(&app, "user.login.password").await, 1);
    let other = form.anew(2);
    for answer in
        [other.login(&mut old, ANA.0, ANA.1).await, form.abort(&mut old).await, old.get(&form.url).await]
    {
        assert_eq!(answer.status, 400);
        assert_over(&answer);
    }
}

async fn a_cancelled_sign_in_tells_the_client(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let aborted = form.abort(&mut browser).await;
    let back = browser.follow(aborted).await;
    assert!(back.location().starts_with("https://web.test/cb?"), "{}", back.location());
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
    assert_eq!(back.query("state").as_deref(), Some("state-1"));
    assert_eq!(back.query("iss").as_deref(), Some("https://id.test/acme"));
    assert_eq!(back.query("code"), None);
    assert!(!browser.has_cookie("_session"));
}

async fn a_cancelled_interaction_stays_cancelled(app: TestApp) {
    let mut browser = app.browser();
    let login = browser.submit_login(&partner(), ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    let consent = Form::at(&mut browser, resumed).await;
    consent.abort(&mut browser).await;
    let decided = consent.decide(&mut browser, "approve").await;
    let back = browser.follow(decided).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
}

async fn w30_a_client_switched_off_midway_gets_no_code(app: TestApp) {
    let mut browser = app.browser();
    let at_login = open(&mut browser, &web()).await;
    let mut other = app.browser();
    let at_resume = open(&mut other, &web()).await;
    at_resume.login(&mut other, ANA.0, ANA.1).await;
    set_client_status(&app, "web", ClientStatus::Inactive).await;
    let page = browser.get(&at_login.url).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("Application not recognised"), "{}", page.body);
    let login = at_login.login(&mut browser, ANA.0, ANA.1).await;
    assert!(!is_signed_in(&login), "nobody signs in to an application that is switched off");
    assert_gone(&other.get(&at_resume.resume_url()).await);
    set_client_status(&app, "web", ClientStatus::Active).await;
    assert_gone(&other.get(&at_resume.resume_url()).await);
}

async fn w30_an_organization_suspended_midway_stops_every_step(app: TestApp) {
    let mut browser = app.browser().with("accept", "text/html,application/xhtml+xml");
    let form = open(&mut browser, &web()).await;
    let mut ready = app.browser().with("accept", "text/html");
    let done = open(&mut ready, &web()).await;
    done.login(&mut ready, ANA.0, ANA.1).await;
    set_organization_status(&app, "acme", OrganizationStatus::Suspended).await;
    let answers = [
        browser.get(&form.url).await,
        form.login(&mut browser, ANA.0, ANA.1).await,
        form.abort(&mut browser).await,
        ready.get(&done.resume_url()).await,
        ready.get(&web().url()).await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("Sign-in is paused"), "{}", answer.body);
        assert!(answer.headers.get("set-cookie").is_none());
    }
    let api = app.browser().get(&web().url()).await;
    assert_eq!(api.json(), serde_json::json!({ "error": "Organization is suspended", "status": 403 }));
    set_organization_status(&app, "acme", OrganizationStatus::Active).await;
    let back = ready.get(&done.resume_url()).await;
    assert!(back.query("code").is_none(), "the session ended with the suspension");
}

async fn w16_a_person_suspended_before_the_resume_gets_no_code(app: TestApp) {
    for status in [UserStatus::Suspended, UserStatus::Inactive, UserStatus::Locked] {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        form.login(&mut browser, BOB.0, BOB.1).await;
        set_user_status(&app, BOB.0, status).await;
        let back = browser.get(&form.resume_url()).await;
        assert_eq!(back.query("error").as_deref(), Some("login_required"), "{status}");
        assert_eq!(back.query("code"), None);
        set_user_status(&app, BOB.0, UserStatus::Active).await;
        let again = browser.get(&web().url()).await;
        let page = browser.follow(again).await;
        assert!(page.body.contains("name=\"password\""), "the old session does not come back");
    }
}

async fn an_approval_counts_for_the_session_it_was_asked_in(app: TestApp) {
    // The approver is known from the sign-in within the flow, or else from the approval alone.
    for signed_in_before in [false, true] {
        let mut browser = app.browser();
        let consent = if signed_in_before {
            browser.sign_in(&web(), ANA.0, ANA.1).await;
            open(&mut browser, &partner()).await
        } else {
            let login = browser.submit_login(&partner(), ANA.0, ANA.1).await;
            let resumed = browser.get(login.location()).await;
            Form::at(&mut browser, resumed).await
        };
        assert!(consent.page.body.contains("Allow access?"));
        // Somebody else signs in in another tab of the same browser.
        browser.sign_in(&web().with("prompt", "login"), BOB.0, BOB.1).await;
        let decided = consent.decide(&mut browser, "approve").await;
        assert_gone(&browser.follow(decided).await);
        let grant = user(&app, "acme", BOB.0).await.id;
        let client = app.tenant("acme").await.organization.id;
        let partner =
            app.store.repositories().clients(client).for_protocol(&"partner".parse_id()).await.unwrap();
        let key = partner.unwrap().client.id;
        assert_eq!(app.store.repositories().sessions(client).grant(grant, key).await.unwrap(), None);
    }
}

async fn a_sign_in_is_resumed_in_its_own_session_only(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    form.login(&mut browser, ANA.0, ANA.1).await;
    // Before the browser continues, somebody else signs in in another tab.
    browser.sign_in(&web().with("prompt", "login"), BOB.0, BOB.1).await;
    assert_gone(&browser.get(&form.resume_url()).await);
}

async fn the_back_button_leads_onward(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    form.login(&mut browser, ANA.0, ANA.1).await;
    let back = browser.get(&form.url).await;
    assert_eq!(back.location(), form.resume_url());
    code(&browser.follow(back).await);
}

trait ParseId {
    fn parse_id(&self) -> porta_core::client::ClientId;
}

impl ParseId for str {
    fn parse_id(&self) -> porta_core::client::ClientId {
        porta_core::client::ClientId::parse(self).unwrap()
    }
}
