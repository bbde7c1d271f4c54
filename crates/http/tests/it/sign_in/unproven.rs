//! Nothing is stored for unauthenticated callers (decision D21): a begun sign-in travels sealed in the browser, valid
//! for one interaction and a limited time, and cannot be used again after its end.

use std::time::Duration;

use porta_core::TokenDigest;
use porta_core::settings::UNANSWERED_INTERACTION_TTL;
use porta_directory::Actor;
use porta_kv::{KeyName, KvKey};
use porta_session::idempotency::IDEMPOTENCY_WINDOW;
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};
use serde_json::json;

use super::failing::with_paused_writes;
use super::support::*;

on_both_stores!(
    d21_two_thousand_starts_leave_nothing,
    d21_pages_wrong_passwords_and_cancelling_leave_no_interaction,
    d21_sign_outs_leave_nothing,
    d21_the_first_proof_stores_it_once,
    a_sealed_sign_in_opens_only_its_own_place,
    a_sealed_sign_in_that_was_tampered_with_opens_nothing,
    an_unanswered_sign_in_lives_a_quarter_of_an_hour,
    an_answered_sign_in_keeps_its_whole_time,
    what_was_finished_does_not_come_back_with_its_sealed_copy,
    a_form_overtaken_by_the_end_signs_nobody_in,
    a_cancelled_sign_in_is_over_for_its_browser,
    cancelling_twice_at_once_says_the_same,
    d20_reload_back_and_double_click_get_the_same_page,
    two_tabs_carry_what_is_theirs,
    a_post_travels_and_comes_back_once_more_alike,
    an_interaction_of_the_version_before_goes_on,
);

fn assert_expired(answer: &Answer) {
    assert_eq!(answer.status, 400, "{:?} {}", answer.headers, answer.body);
    assert_over(answer);
    assert!(set_cookie(answer, "_session").is_none());
}

fn uid(location: &str) -> &str {
    location.rsplit('/').next().unwrap()
}

async fn d21_two_thousand_starts_leave_nothing(app: TestApp) {
    app.browser().get(&web().url()).await;
    let before = (app.store.round_trips(), app.kv.commands(), app.kv_entries().await);
    for n in 0..1_000 {
        let by_get = app.browser().get(&web().with("state", &format!("{n:1000}")).url()).await;
        assert!(by_get.location().starts_with("https://id.test/acme/interaction/"), "{}", by_get.location());
        let by_post = app.browser().cross_site_post("/acme/auth", &web().pairs()).await;
        assert!(by_post.location().starts_with("https://id.test/acme/auth/"), "{}", by_post.location());
    }
    let after = (app.store.round_trips(), app.kv.commands(), app.kv_entries().await);
    assert_eq!(after, before, "statements, commands, entries");
}

/// Number of entries that outlive the stored answers of forms (decision 0044).
async fn lasting(app: &TestApp) -> usize {
    app.advance(IDEMPOTENCY_WINDOW);
    app.kv_entries_outliving(IDEMPOTENCY_WINDOW).await
}

async fn d21_pages_wrong_passwords_and_cancelling_leave_no_interaction(app: TestApp) {
    let mut forms = 0;
    // Counters and notes exist after the first round.
    for round in 0..4 {
        let before = lasting(&app).await;
        for _ in 0..2 {
            let mut browser = app.browser();
            let form = open(&mut browser, &web()).await;
            assert_eq!(form.login(&mut browser, NOBODY, WRONG).await.status, 200);
            form.abort(&mut browser).await;
            let mut browser = app.browser();
            let form = open(&mut browser, &web()).await;
            let fields = [("_csrf", "x"), ("email", ANA.0), ("password", ANA.1)];
            form.submit(&mut browser, "login", &fields).await;
            let posted = browser.cross_site_post("/acme/auth", &web().pairs()).await;
            let page = browser.follow(posted).await;
            assert_eq!(page.status, 200);
            let account = browser.get("/acme/account").await;
            Form::at(&mut browser, account).await;
            forms += 3;
        }
        if round > 0 {
            // Until then each form leaves two entries: a pointer to the browser's newest form, and its answer.
            assert!(app.kv_entries().await <= before + 2 * forms, "round {round}");
            assert_eq!(lasting(&app).await, before, "round {round}");
        }
    }
}

async fn d21_sign_outs_leave_nothing(app: TestApp) {
    let mut signed_in = app.browser();
    signed_in.sign_in(&web(), ANA.0, ANA.1).await;
    let before = app.kv_entries().await;
    for _ in 0..20 {
        let posted = app.browser().post("/acme/session/end", &[("state", "x")]).await;
        assert_eq!(posted.status, 303);
        assert_eq!(signed_in.get("/acme/session/end").await.status, 200);
    }
    assert_eq!(app.kv_entries().await, before);
}

async fn d21_the_first_proof_stores_it_once(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let before = lasting(&app).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    assert_eq!(lasting(&app).await, before + 2, "session and interaction");
    code(&browser.follow(login).await);
    assert_eq!(
        lasting(&app).await,
        before + 4,
        "session, code, the list of waiting codes, and that it was used"
    );
}

/// Copies all cookies of an interaction to a new browser, which must then have the cookie `name`, if one is given.
fn carry(app: &TestApp, from: &Browser, name: &str) -> Browser {
    let mut other = app.browser();
    for cookie in ["_interaction", "_interaction_resume", "_begun"] {
        if let Some(value) = from.cookie(cookie) {
            other.plant(cookie, value, "/");
        }
    }
    if !name.is_empty() {
        assert!(other.has_cookie(name));
    }
    other
}

async fn a_sealed_sign_in_opens_only_its_own_place(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let begun = browser.cookie("_begun").unwrap().to_owned();
    let mut other = app.browser();
    let others = open(&mut other, &web().with("login_hint", "other@acme.test")).await;

    let mut elsewhere = carry(&app, &browser, "_begun");
    let of_beta = Form { url: form.url.replacen("/acme/", "/beta/", 1), ..form.clone() };
    assert_expired(&elsewhere.get(&of_beta.url).await);
    assert_expired(&of_beta.login(&mut elsewhere, ANA_OF_BETA.0, ANA_OF_BETA.1).await);
    assert_expired(&of_beta.abort(&mut elsewhere).await);

    let mut of_another_uid = carry(&app, &browser, "_begun");
    let moved = Form { url: others.url.clone(), ..form.clone() };
    assert_expired(&of_another_uid.get(&moved.url).await);
    assert_expired(&moved.login(&mut of_another_uid, ANA.0, ANA.1).await);

    let mut of_another_binding = carry(&app, &other, "_begun");
    of_another_binding.plant("_begun", &begun, "/");
    for url in [&form.url, &others.url] {
        assert_expired(&of_another_binding.get(url).await);
    }
    let mut unbound = app.browser();
    unbound.plant("_begun", &begun, "/");
    assert_expired(&unbound.get(&form.url).await);
    assert_expired(&form.login(&mut unbound, ANA.0, ANA.1).await);
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await), "it was not burnt");
}

async fn a_sealed_sign_in_that_was_tampered_with_opens_nothing(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let begun = browser.cookie("_begun").unwrap().to_owned();
    let (cut, middle) = (&begun[..begun.len() - 1], begun.len() / 2);
    let flipped = if &begun[middle..=middle] == "A" { "B" } else { "A" };
    for forged in [
        String::new(),
        ".".to_owned(),
        cut.to_owned(),
        begun[..60].to_owned(),
        begun[1..].to_owned(),
        format!("{}{flipped}{}", &begun[..middle], &begun[middle + 1..]),
        format!("{begun}A"),
        "A".repeat(5_000),
    ] {
        let mut stranger = carry(&app, &browser, "_begun");
        stranger.plant("_begun", &forged, "/");
        assert_expired(&stranger.get(&form.url).await);
        assert_expired(&form.login(&mut stranger, ANA.0, ANA.1).await);
    }
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await));
}

async fn an_unanswered_sign_in_lives_a_quarter_of_an_hour(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    app.advance(Duration::from_mins(15) - Duration::from_micros(1));
    assert_eq!(browser.get(&form.url).await.status, 200);
    app.advance(Duration::from_micros(1));
    assert_expired(&browser.get(&form.url).await);
    assert_expired(&form.login(&mut browser, ANA.0, ANA.1).await);
    assert_expired(&form.abort(&mut browser).await);
    let resumed = browser.get(&form.resume_url()).await;
    assert_expired(&browser.follow(resumed).await);

    let mut work = app.directory.begin(Actor::System).await.unwrap();
    work.settings().set(None, UNANSWERED_INTERACTION_TTL.key, &json!(60)).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
    let form = open(&mut browser, &web()).await;
    app.advance(Duration::from_mins(1));
    assert_expired(&browser.get(&form.url).await);
}

async fn an_answered_sign_in_keeps_its_whole_time(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    app.advance(Duration::from_mins(14));
    let fields = [("_csrf", form.csrf.as_str()), ("email", ANA.0), ("password", WRONG)];
    let refused = browser.post(&format!("{}/login", form.url), &fields).await;
    assert!(set_cookie(&refused, "_begun").is_some(), "{:?}", refused.headers);
    assert!(is_refusal(&browser.follow_flash(refused).await));
    app.advance(Duration::from_mins(46) - Duration::from_micros(1));
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    assert!(is_signed_in(&login));

    let form = open(&mut browser, &web().with("prompt", "login")).await;
    form.login(&mut browser, ANA.0, WRONG).await;
    app.advance(Duration::from_hours(1));
    assert_expired(&form.login(&mut browser, ANA.0, ANA.1).await);
}

async fn what_was_finished_does_not_come_back_with_its_sealed_copy(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut copy = browser.clone();
    let mut answered = browser.clone();
    form.login(&mut answered, ANA.0, WRONG).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let back = browser.follow(login.clone()).await;
    assert!(!browser.has_cookie("_begun"));
    // The identical form gets the stored answer, which leads to a sign-in that is over.
    let mut same = copy.clone();
    assert_eq!(form.login(&mut same, ANA.0, ANA.1).await.location(), login.location());
    assert_eq!(audited(&app, "user.login.password").await, 1);
    assert_eq!(same.get(&form.anew(2).resume_url()).await.status, 400);
    redeemed(&mut browser, &web(), WEB, &code(&back)).await;
    let form = form.anew(3);
    for wait in [0, 14, 40] {
        app.advance(Duration::from_mins(wait));
        for old in [&mut copy, &mut answered] {
            assert_expired(&old.get(&form.url).await);
            assert_expired(&form.login(old, ANA.0, ANA.1).await);
            assert_expired(&form.abort(old).await);
            let resumed = old.clone().get(&form.resume_url()).await;
            assert!(resumed.status == 400 || wait == 40, "{} after {wait}", resumed.status);
        }
    }
}

/// Two copies of one sealed sign-in: one form is slow to write while the other finishes the sign-in.
async fn a_form_overtaken_by_the_end_signs_nobody_in(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let (slow, barrier) = with_paused_writes(&app);
    let mut late = browser.clone().through(slow.router.clone());
    let posted = form.clone();
    barrier.close();
    let posted = tokio::spawn(async move { posted.login(&mut late, BOB.0, BOB.1).await });
    tokio::time::timeout(Duration::from_secs(20), barrier.arrival()).await.unwrap();
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    code(&browser.follow(login).await);
    barrier.open();
    assert_expired(&posted.await.unwrap());
    let rows = audit(&app, 1_000).await;
    let revoked = rows.iter().find(|e| e.event_type == "session.revoked").unwrap();
    assert_eq!(revoked.metadata["reason"], "interaction_gone");
}

async fn a_cancelled_sign_in_is_over_for_its_browser(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let back = form.abort(&mut browser).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"), "{}", back.location());
    assert_eq!(back.query("state").as_deref(), Some("state-1"));
    assert_expired(&browser.get(&form.url).await);
    assert_expired(&form.login(&mut browser, ANA.0, ANA.1).await);
    let resumed = browser.get(&form.resume_url()).await;
    assert_expired(&browser.follow(resumed).await);
    assert_eq!(audited(&app, "auth.login.cancelled").await, 1);
}

async fn cancelling_twice_at_once_says_the_same(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut other = browser.clone();
    let (one, two) = tokio::join!(form.abort(&mut browser), form.abort(&mut other));
    assert_eq!(one.location(), two.location());
    // If the sign-in succeeded meanwhile, a late cancel also continues to the client.
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut late = browser.clone();
    form.login(&mut browser, ANA.0, ANA.1).await;
    assert_eq!(form.abort(&mut late).await.location(), form.resume_url());
}

async fn d20_reload_back_and_double_click_get_the_same_page(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    for _ in 0..3 {
        assert_eq!(form.redacted(&browser.get(&form.url).await, ""), form.redacted(&form.page, ""));
    }
    assert!(is_refusal(&form.login(&mut browser, ANA.0, WRONG).await));
    let back = browser.get(&form.url).await;
    assert_eq!(back.field("_csrf"), form.csrf, "the form of before works");
    let mut other = browser.clone();
    let (one, two) =
        tokio::join!(form.login(&mut browser, ANA.0, ANA.1), form.login(&mut other, ANA.0, ANA.1));
    for answer in [&one, &two] {
        assert_eq!(answer.location(), form.resume_url(), "{}", answer.body);
    }
    assert_eq!(browser.get(&form.url).await.location(), form.resume_url(), "Back leads onward");
}

async fn two_tabs_carry_what_is_theirs(app: TestApp) {
    let mut browser = app.browser();
    let mut forms = Vec::new();
    for n in 0..12 {
        forms.push(open(&mut browser, &web().with("state", &format!("tab-{n}"))).await);
    }
    for (n, form) in forms.iter().enumerate().rev() {
        let login = form.login(&mut browser, ANA.0, ANA.1).await;
        let back = browser.follow(login).await;
        code(&back);
        assert_eq!(back.query("state"), Some(format!("tab-{n}")));
    }
    assert!(!browser.has_cookie("_begun"));
}

async fn a_post_travels_and_comes_back_once_more_alike(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let posted = browser.cross_site_post("/acme/auth", &web().pairs()).await;
    let mut again = browser.clone();
    let (one, two) = tokio::join!(browser.get(posted.location()), again.get(posted.location()));
    assert!([&one, &two].iter().all(|answer| answer.query("state").as_deref() == Some("state-1")));
    assert_eq!(code(&browser.get(posted.location()).await), code(&one), "the answer of before");
    let other = browser.get(&format!("{}?n=2", posted.location())).await;
    assert_expired(&browser.follow(other).await);

    let nobody = &mut app.browser();
    let posted = nobody.cross_site_post("/acme/auth", &web().pairs()).await;
    let (address, mut elsewhere) = (posted.location().to_owned(), carry(&app, nobody, "_begun"));
    assert_eq!(elsewhere.get(&address.replacen("/acme/", "/beta/", 1)).await.status, 400);
    let other = nobody.cross_site_post("/acme/auth", &web().with("state", "other").pairs()).await;
    let mixed = elsewhere.get(&format!("/acme/auth/{}", uid(other.location()))).await;
    assert!(mixed.location().contains("/interaction/"), "{}", mixed.location());
    assert_expired(&elsewhere.follow(mixed).await);
}

/// The older version keeps every interaction in the short-lived store; the browser only has the binding cookie.
async fn an_interaction_of_the_version_before_goes_on(app: TestApp) {
    for denied in [false, true] {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        let (uid, organization) = (form.uid(), app.tenant("acme").await.organization.id);
        let binding = browser.cookie("_interaction").unwrap()[44..].to_owned();
        browser.plant("_begun", "", &format!("/acme/interaction/{uid}"));
        assert_expired(&browser.get(&form.url).await);
        let stored = json!({
            "uid": uid, "organization": organization,
            "request": {
                "client_id": "web", "redirect_uri": "https://web.test/cb", "redirect_uri_sent": true,
                "response_mode": "query", "state": "\u{1}before", "nonce": null, "scope": "openid", "prompt": "",
                "max_age": null, "login_hint": null, "hinted_subject": null, "claims": null,
                "code_challenge": null,
            },
            "stage": "Login", "csrf": "csrf-of-before", "consent": null, "login": null, "consented": false,
            "expires_at": app.now() + Duration::from_hours(1),
        });
        let digest = TokenDigest::of(&format!("{uid}.{binding}")).hex();
        let key = KvKey::new(KeyName::Interaction, organization).with(digest);
        app.kv.put(&key, stored.to_string().into(), Duration::from_hours(1)).await.unwrap();
        app.advance(Duration::from_mins(20));
        let page = browser.get(&form.url).await;
        let form = Form { csrf: page.field("_csrf"), ..form };
        assert_eq!(form.csrf, "csrf-of-before");
        let answered = if denied {
            form.abort(&mut browser).await
        } else {
            form.login(&mut browser, ANA.0, ANA.1).await
        };
        assert_eq!(answered.location(), form.resume_url());
        let back = browser.follow(answered).await;
        assert_eq!(back.query("state").as_deref(), Some("\u{1}before"));
        assert_eq!(back.query("error").is_some(), denied);
    }
}
