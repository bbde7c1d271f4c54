//! A form still in progress while the resume URL consumes its interaction: consumed is final, whichever finishes last.

use std::time::Duration;

use porta_core::SessionKey;
use porta_testkit::{Answer, Authorize, Browser, TestApp, on_both_stores};

use super::failing::with_paused_writes;
use super::support::*;

on_both_stores!(
    a_login_under_way_while_the_resume_address_is_taken_signs_nobody_in,
    reauthenticating_too_late_keeps_the_session_it_happened_in,
    a_decision_under_way_while_the_resume_address_is_taken_decides_nothing,
    a_session_renewed_too_late_does_not_bring_its_old_cookie_back,
    forms_and_the_resume_address_raced_by_many_end_once,
);

fn assert_expired(answer: &Answer) {
    assert_eq!(answer.status, 400, "{:?} {}", answer.headers, answer.body);
    assert_over(answer);
    assert!(set_cookie(answer, "_session").is_none());
}

async fn assert_taken(browser: &Browser, form: &Form) {
    for url in [&form.url, &form.anew(100).resume_url()] {
        let answer = browser.clone().get(url).await;
        assert_eq!(answer.status, 400, "{url} works once: {:?}", answer.headers);
    }
}

/// Sends a form through an instance with slow writes and opens the resume URL meanwhile. Returns both answers.
async fn overtaken(
    app: &TestApp,
    browser: &Browser,
    form: &Form,
    action: &'static str,
    fields: &[(&'static str, &'static str)],
) -> (Answer, Answer) {
    let (slow, barrier) = with_paused_writes(app);
    let mut late = browser.clone().through(slow.router.clone());
    let (posted, fields) = (form.clone(), fields.to_vec());
    barrier.close();
    let posted = tokio::spawn(async move {
        let csrf = [("_csrf", posted.csrf.as_str())];
        posted.submit(&mut late, action, &[csrf.as_slice(), &fields].concat()).await
    });
    tokio::time::timeout(Duration::from_secs(20), barrier.arrival()).await.unwrap();
    let resumed = browser.clone().get(&form.resume_url()).await;
    barrier.open();
    (posted.await.unwrap(), resumed)
}

/// A sign-in that is stored from its first step: it asked for a link.
async fn stored(app: &TestApp, browser: &mut Browser, request: &Authorize) -> Form {
    super::magic_link::offer_links(app).await;
    let form = open(browser, request).await;
    let asked = form.submit(browser, "magic-link", &[("_csrf", &form.csrf), ("email", ANA.0)]).await;
    assert_eq!(browser.follow(asked).await.status, 200);
    form
}

async fn a_login_under_way_while_the_resume_address_is_taken_signs_nobody_in(app: TestApp) {
    let mut browser = app.browser();
    let form = stored(&app, &mut browser, &web()).await;
    let (late, resumed) =
        overtaken(&app, &browser, &form, "login", &[("email", ANA.0), ("password", ANA.1)]).await;
    assert_eq!(resumed.status, 303, "asked to sign in again");
    assert_expired(&late);
    assert_taken(&browser, &form).await;

    let rows = audit(&app, 1_000).await;
    let revoked = rows.iter().find(|e| e.event_type == "session.revoked").unwrap();
    assert_eq!(revoked.metadata["reason"], "interaction_gone");
    let session = SessionKey::parse(revoked.metadata["session"].as_str().unwrap()).unwrap();
    let organization = app.tenant("acme").await.organization.id;
    let row = app.store.repositories().sessions(organization).by_id(session).await.unwrap().unwrap();
    assert!(row.revoked_at.is_some(), "nothing usable is left");
}

async fn reauthenticating_too_late_keeps_the_session_it_happened_in(app: TestApp) {
    let mut browser = app.browser();
    let held = tokens(&mut browser, &web(), ANA, WEB).await;
    let form = stored(&app, &mut browser, &web().with("prompt", "login")).await;
    let (late, resumed) =
        overtaken(&app, &browser, &form, "login", &[("email", ANA.0), ("password", ANA.1)]).await;
    assert_eq!(resumed.status, 303, "{}", resumed.body);
    assert_expired(&late);
    assert_taken(&browser, &form).await;
    assert!(is_live(&app, "acme", &held).await);
    code(&browser.get(&web().with("prompt", "none").url()).await);
    assert_eq!(audited(&app, "session.revoked").await, 0);
}

async fn a_decision_under_way_while_the_resume_address_is_taken_decides_nothing(app: TestApp) {
    for (action, fields) in [
        ("confirm", [("decision", "approve")].as_slice()),
        ("confirm", &[("decision", "deny")]),
        ("abort", &[]),
    ] {
        let mut browser = app.browser();
        let login = browser.submit_login(&partner(), BOB.0, BOB.1).await;
        let resumed = browser.get(login.location()).await;
        let consent = Form::at(&mut browser, resumed).await;
        let (late, resumed) = overtaken(&app, &browser, &consent, action, fields).await;
        assert_eq!(resumed.status, 303, "asked again");
        assert_expired(&late);
        assert_taken(&browser, &consent).await;
    }
    assert_eq!(audited(&app, "user.consent.granted").await, 0);
    assert_eq!(audited(&app, "user.consent.denied").await, 0);
}

/// Extending a session reads it, asks storage, and writes it back: a new sign-in in between must win, and the old
/// cookie must stay invalid.
async fn a_session_renewed_too_late_does_not_bring_its_old_cookie_back(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let old = browser.clone();
    app.advance(Duration::from_hours(3));
    let (slow, barrier) = with_paused_writes(&app);
    let mut late = old.clone().through(slow.router.clone());
    barrier.close();
    let sliding = tokio::spawn(async move { late.get(&web().url()).await });
    tokio::time::timeout(Duration::from_secs(20), barrier.arrival()).await.unwrap();
    let back = browser.sign_in(&web().with("prompt", "login"), ANA.0, ANA.1).await;
    code(&back);
    barrier.open();
    sliding.await.unwrap();
    let silent = old.clone().get(&web().with("prompt", "none").url()).await;
    assert_eq!(silent.query("error").as_deref(), Some("login_required"), "{}", silent.location());
    code(&browser.get(&web().with("prompt", "none").url()).await);
}

async fn forms_and_the_resume_address_raced_by_many_end_once(app: TestApp) {
    const ROUNDS: usize = 12;
    let sibling = app.sibling();
    for round in 0..ROUNDS {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        let racers = (0..8).map(|n| {
            let router = if n % 2 == 0 { app.router.clone() } else { sibling.router.clone() };
            let (mut browser, form) = (browser.clone().through(router), form.anew(n));
            tokio::spawn(async move {
                match n {
                    0..4 => {
                        let answer = form.login(&mut browser, ANA.0, ANA.1).await;
                        assert!([303, 400].contains(&answer.status.as_u16()), "{}", answer.status);
                        false
                    }
                    4 => {
                        form.abort(&mut browser).await;
                        false
                    }
                    // Before the sign-in the resume URL leads back to the page.
                    _ => {
                        let answer = browser.get(&form.resume_url()).await;
                        answer.status == 303 && !answer.location().contains("/interaction/")
                    }
                }
            })
        });
        let answers = futures_util::future::join_all(racers).await;
        let taken = answers.into_iter().filter(|taken| *taken.as_ref().unwrap()).count();
        assert!(taken <= 1, "round {round}: the resume address worked {taken} times");
        if taken == 0 {
            browser.clone().get(&form.resume_url()).await;
        }
        assert_taken(&browser, &form).await;
    }
}
