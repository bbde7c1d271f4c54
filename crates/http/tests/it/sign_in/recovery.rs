//! Password reset.

use std::time::Duration;

use porta_core::mail::Mail;
use porta_core::settings;
use porta_core::user::UserStatus;
use porta_directory::Actor;
use porta_testkit::{Answer, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    a_forgotten_password_is_set_anew_and_the_old_world_ends,
    looking_at_a_reset_link_uses_nothing_up,
    a_reset_link_works_once,
    eight_at_once_set_one_password,
    nobody_learns_whose_address_a_reset_is_for,
    a_reset_link_is_one_organizations,
    a_reset_link_ends_in_time_and_with_a_newer_one,
    passwords_that_are_tried_first_are_refused,
    forms_of_recovery_need_their_csrf_value,
    only_where_passwords_are_used,
    a_link_requested_twice_is_mailed_once,
    resets_are_limited,
    a_reset_opens_what_guessing_closed_and_nothing_else,
    the_second_factor_survives_a_reset,
    other_links_die_with_the_password,
    links_die_with_each_change_of_credentials,
    bad_input_is_refused_and_changes_nothing,
    the_way_leads_back_to_the_sign_in,
);

const NEW: &str = "sextant-Marmalade-88";

/// Opens the form and submits it; returns the resulting page.
async fn ask(browser: &mut Browser, email: &str) -> Answer {
    let csrf = browser.get("/acme/auth/forgot-password").await.field("_csrf");
    let answer = browser.post("/acme/auth/forgot-password", &[("_csrf", &csrf), ("email", email)]).await;
    browser.follow_flash(answer).await
}

async fn mailed(app: &TestApp, email: &str) -> Option<String> {
    app.emails().await.into_iter().rev().find_map(|outgoing| match outgoing.mail {
        Mail::PasswordReset { url, .. } if outgoing.recipient.address.shown() == email => Some(url),
        _ => None,
    })
}

/// Returns a browser and a reset link that was mailed to Ana.
pub(super) async fn asked(app: &TestApp) -> (Browser, String) {
    app.advance(Duration::from_secs(1));
    let mut browser = app.browser();
    let answer = ask(&mut browser, ANA.0).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (browser, mailed(app, ANA.0).await.expect("an email"))
}

pub(super) async fn choose(browser: &mut Browser, link: &str, password: &str) -> Answer {
    let csrf = browser.get(link).await.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("password", password), ("confirmPassword", password)];
    let answer = browser.post(link, &form).await;
    browser.follow_flash(answer).await
}

async fn signs_in(app: &TestApp, password: &str) -> bool {
    is_signed_in(&app.browser().submit_login(&web(), ANA.0, password).await)
}

pub(super) fn is_changed(answer: &Answer) -> bool {
    answer.status == 200 && answer.body.contains("Your password is changed")
}

async fn a_forgotten_password_is_set_anew_and_the_old_world_ends(app: TestApp) {
    let mut thief = app.browser();
    let stolen = tokens(&mut thief, &web(), ANA, WEB).await;
    assert!(is_live(&app, "acme", &stolen).await);
    let (mut browser, link) = asked(&app).await;
    assert!(link.starts_with("https://id.test/acme/auth/reset-password/porta_pr_"), "{link}");
    let form = browser.get(&link).await;
    assert!(form.body.contains(ANA.0) && form.body.contains("autocomplete=\"new-password\""));
    assert_eq!(form.header("cache-control"), Some("no-store"));
    assert_eq!(form.header("referrer-policy"), Some("no-referrer"));
    let done = choose(&mut browser, &link, NEW).await;
    assert!(is_changed(&done), "{}", done.body);
    assert!(done.body.contains("href=\"/acme/account\""), "a way onward (W23): {}", done.body);
    assert!(!browser.has_cookie("_session"), "a reset signs nobody in");
    assert!(!signs_in(&app, ANA.1).await && signs_in(&app, NEW).await);
    assert!(!is_live(&app, "acme", &stolen).await, "whoever knew the old password is out (W16)");
    let next = thief.get(&web().url()).await;
    assert!(next.location().contains("/interaction/"), "the session is over: {}", next.location());
    let told =
        app.emails().await.into_iter().filter(|l| matches!(l.mail, Mail::PasswordChanged { .. })).count();
    assert_eq!(told, 1);
    for event in ["user.password_reset.requested", "user.password_reset.completed"] {
        assert_eq!(audited(&app, event).await, 1, "{event}");
    }
}

async fn looking_at_a_reset_link_uses_nothing_up(app: TestApp) {
    let (mut browser, link) = asked(&app).await;
    for _ in 0..3 {
        assert_eq!(app.browser().get(&link).await.status, 200);
    }
    assert!(is_changed(&choose(&mut browser, &link, NEW).await));
}

async fn a_reset_link_works_once(app: TestApp) {
    let (mut browser, link) = asked(&app).await;
    let csrf = browser.get(&link).await.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("password", NEW), ("confirmPassword", NEW)];
    let mut same = browser.clone();
    let done = browser.post(&link, &form).await;
    let twice = same.post(&link, &form).await;
    assert_eq!((twice.status, twice.location()), (done.status, done.location()));
    for (browser, answer) in [(&mut browser, done), (&mut same, twice)] {
        assert!(is_changed(&browser.follow_flash(answer).await), "the same form says the same");
    }
    assert_eq!(audited(&app, "user.password_reset.completed").await, 1, "and was carried out once");
    let again = browser.post(&format!("{link}?n=2"), &form).await;
    assert_eq!(again.status, 400);
    assert!(again.body.contains("used already"), "{}", again.body);
    assert!(again.body.contains("href=\"/acme/auth/forgot-password\""), "another one is a form away");
}

async fn eight_at_once_set_one_password(app: TestApp) {
    let (mut browser, link) = asked(&app).await;
    let csrf = browser.get(&link).await.field("_csrf");
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (mut browser, link, csrf) = (browser.clone(), link.clone(), csrf.clone());
            tokio::spawn(async move {
                let password = format!("{NEW}-{n}");
                let form =
                    [("_csrf", csrf.as_str()), ("password", &password), ("confirmPassword", &password)];
                let answer = browser.post(&link, &form).await;
                (browser.follow_flash(answer).await, password)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        let (answer, password) = task.await.unwrap();
        // The hash queue may be full.
        assert!(answer.status.as_u16() < 500 || answer.status == 503, "{}", answer.body);
        if is_changed(&answer) {
            winners.push(password);
        }
    }
    assert_eq!(winners.len(), 1);
    assert!(signs_in(&app, &winners[0]).await);
    assert_eq!(audited(&app, "user.password_reset.completed").await, 1);
}

/// Against user enumeration: the same page, the same statements, the same commands.
async fn nobody_learns_whose_address_a_reset_is_for(app: TestApp) {
    set_user_status(&app, BOB.0, UserStatus::Suspended).await;
    // The check for a flood runs now and then, in whichever request comes first.
    ask(&mut app.browser(), "first@acme.test").await;
    let mut seen = Vec::new();
    for email in [ANA.0, NOBODY, BOB.0, INACTIVE.0, "no address at all"] {
        let mut browser = app.browser();
        let csrf = browser.get("/acme/auth/forgot-password").await.field("_csrf");
        let before = (app.store.round_trips(), app.kv.commands());
        let form = [("_csrf", csrf.as_str()), ("email", email)];
        let answer = browser.post("/acme/auth/forgot-password", &form).await;
        let cost = (app.store.round_trips() - before.0, app.kv.commands() - before.1);
        assert!(set_cookie(&answer, "_forms").is_some());
        let sent = (answer.status, answer.location().to_owned(), answer.headers.len());
        let shown = browser.follow_flash(answer).await;
        assert_eq!(shown.status, 200, "{email}");
        let whole = (app.store.round_trips() - before.0, app.kv.commands() - before.1);
        let page = shown.body.replace(email, "EMAIL").replace(&csrf, "CSRF");
        seen.push((sent, cost, page, whole));
    }
    for other in &seen[1..] {
        assert_eq!(seen[0], *other);
    }
    let emails = app.emails().await;
    let to: Vec<_> = emails.iter().map(|l| l.recipient.address.shown()).collect();
    assert_eq!(to, [ANA.0]);
}

async fn a_reset_link_is_one_organizations(app: TestApp) {
    let (mut browser, link) = asked(&app).await;
    let abroad = link.replacen("/acme/", "/beta/", 1);
    assert_eq!(browser.get(&abroad).await.status, 400);
    let csrf = browser.get("/beta/auth/forgot-password").await.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("password", NEW), ("confirmPassword", NEW)];
    assert_eq!(browser.post(&abroad, &form).await.status, 400);
    assert!(!is_signed_in(&app.browser().submit_login(&beta(), ANA_OF_BETA.0, NEW).await));
    let as_invitation = link.replace("/reset-password/", "/accept-invite/");
    assert_eq!(browser.get(&as_invitation).await.status, 400, "a link of one purpose is none of another");
    assert!(is_changed(&choose(&mut browser, &link, NEW).await), "none of this used it up");
}

async fn a_reset_link_ends_in_time_and_with_a_newer_one(app: TestApp) {
    let (mut browser, first) = asked(&app).await;
    let (_, second) = asked(&app).await;
    assert_eq!(browser.get(&first).await.status, 400, "replaced");
    let csrf = browser.get(&second).await.field("_csrf");
    app.advance(Duration::from_secs(3601));
    let form = [("_csrf", csrf.as_str()), ("password", NEW), ("confirmPassword", NEW)];
    for late in [browser.get(&second).await, browser.post(&second, &form).await] {
        assert_eq!(late.status, 400);
        assert!(late.body.contains("expired"), "{}", late.body);
    }
    assert!(signs_in(&app, ANA.1).await);
}

async fn passwords_that_are_tried_first_are_refused(app: TestApp) {
    let (mut browser, link) = asked(&app).await;
    for bad in ["shrt-pw", "password1", "anali1990", "qwertyuiop", &"a".repeat(129), "        "] {
        let answer = choose(&mut browser, &link, bad).await;
        assert!(answer.status == 200 && answer.body.contains("role=\"alert\""), "{bad}: {}", answer.status);
        assert!(!answer.body.contains(bad) || bad.trim().is_empty(), "a password is never echoed");
    }
    let csrf = browser.get(&link).await.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("password", NEW), ("confirmPassword", "something-Else-55")];
    let answer = browser.post(&link, &form).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, &*link));
    assert!(browser.get(&link).await.body.contains("not the same"));
    assert!(!browser.get(&link).await.body.contains("not the same"), "a reload shows it no more");
    assert!(signs_in(&app, ANA.1).await, "nothing changed");
    assert!(is_changed(&choose(&mut browser, &link, NEW).await), "the link waited");
}

async fn forms_of_recovery_need_their_csrf_value(app: TestApp) {
    let mut browser = app.browser();
    for csrf in ["", "forged"] {
        let answer = browser.post("/acme/auth/forgot-password", &[("_csrf", csrf), ("email", ANA.0)]).await;
        assert_eq!(answer.status, 303);
        let page = browser.follow_flash(answer).await;
        assert!(page.body.contains("role=\"alert\"") && page.body.contains(ANA.0), "what was typed stays");
        assert!(!browser.get("/acme/auth/forgot-password").await.body.contains("role=\"alert\""));
    }
    assert!(app.emails().await.is_empty());
    let (mut browser, link) = asked(&app).await;
    let other = app.browser().get(&link).await.field("_csrf");
    for csrf in ["", "forged", &other] {
        let form = [("_csrf", csrf), ("password", NEW), ("confirmPassword", NEW)];
        let answer = browser.post(&link, &form).await;
        assert_eq!(answer.status, 303, "{csrf}");
        assert!(browser.follow_flash(answer).await.body.contains("role=\"alert\""), "{csrf}");
    }
    assert!(signs_in(&app, ANA.1).await);
}

async fn only_where_passwords_are_used(app: TestApp) {
    let (mut browser, link) = asked(&app).await;
    let csrf = browser.get(&link).await.field("_csrf");
    app.provision_overwriting("version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, default_login_methods: [magic_link] }\n")
        .await;
    let form = [("_csrf", csrf.as_str()), ("password", NEW), ("confirmPassword", NEW), ("email", ANA.0)];
    for url in ["/acme/auth/forgot-password", link.as_str()] {
        assert_eq!(browser.get(url).await.status, 400);
        assert_eq!(browser.post(url, &form).await.status, 400);
    }
    assert_eq!(audited(&app, "user.password_reset.completed").await, 0);
}

/// A double click, or a lost answer.
async fn a_link_requested_twice_is_mailed_once(app: TestApp) {
    let mut browser = app.browser();
    let csrf = browser.get("/acme/auth/forgot-password").await.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("email", ANA.0)];
    let mut copy = browser.clone();
    for browser in [&mut browser, &mut copy] {
        let answer = browser.post("/acme/auth/forgot-password", &form).await;
        assert!(answer.location().ends_with("/acme/auth/done"), "{}", answer.body);
    }
    assert_eq!(app.emails().await.len(), 1);
}

async fn resets_are_limited(app: TestApp) {
    for n in 0..7 {
        for email in [ANA.0, NOBODY] {
            let answer = ask(&mut app.browser(), email).await;
            assert_eq!(answer.status, 200, "{n} {email}");
        }
        app.advance(Duration::from_secs(1));
    }
    assert_eq!(app.emails().await.len(), 5);
    let mut known = app.browser();
    known.sign_in(&web(), ANA.0, ANA.1).await;
    assert_eq!(ask(&mut known, ANA.0).await.status, 200);
    assert_eq!(app.emails().await.len(), 6, "a known browser has a quota of its own");
    set(&app, "acme", settings::RATE_LIMIT_LINK_ADDRESS_MAX, 2).await;
    let mut guesser = app.browser().with("x-forwarded-for", "198.51.100.7");
    let mut statuses = Vec::new();
    for n in 0..4 {
        let guess = format!("/acme/auth/reset-password/porta_pr_{}", format!("{n}").repeat(43));
        statuses.push(guesser.get(&guess).await.status.as_u16());
    }
    assert_eq!(statuses, [400, 400, 429, 429]);
}

async fn a_reset_opens_what_guessing_closed_and_nothing_else(app: TestApp) {
    for _ in 0..5 {
        guess_from(&app, "198.51.100.7", ANA.0, WRONG).await;
    }
    assert_eq!(user(&app, "acme", ANA.0).await.status, UserStatus::Locked);
    let (mut browser, link) = asked(&app).await;
    assert!(is_changed(&choose(&mut browser, &link, NEW).await));
    assert!(signs_in(&app, NEW).await);
    let (mut browser, link) = asked(&app).await;
    let csrf = browser.get(&link).await.field("_csrf");
    for status in [UserStatus::Suspended, UserStatus::Locked, UserStatus::Inactive] {
        set_user_status(&app, ANA.0, status).await;
        let form = [("_csrf", csrf.as_str()), ("password", ANA.1), ("confirmPassword", ANA.1)];
        assert_eq!(browser.post(&format!("{link}?{status}"), &form).await.status, 400, "{status}");
        set_user_status(&app, ANA.0, UserStatus::Active).await;
    }
    assert!(!signs_in(&app, ANA.1).await);
}

async fn the_second_factor_survives_a_reset(app: TestApp) {
    app.provision_overwriting("version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, two_factor_policy: required_totp }\n")
        .await;
    let (mut browser, link) = asked(&app).await;
    assert!(is_changed(&choose(&mut browser, &link, NEW).await));
    let next = app.browser().submit_login(&web(), ANA.0, NEW).await;
    assert!(next.location().ends_with("/two-factor"), "{}", next.location());
}

async fn other_links_die_with_the_password(app: TestApp) {
    super::magic_link::offer_links(&app).await;
    let mut earlier = app.browser();
    let form = open(&mut earlier, &web()).await;
    form.submit(&mut earlier, "magic-link", &[("_csrf", &form.csrf), ("email", ANA.0)]).await;
    let magic = app.emails().await.into_iter().find_map(|outgoing| match outgoing.mail {
        Mail::MagicLink { url, .. } => Some(url),
        _ => None,
    });
    let (mut browser, link) = asked(&app).await;
    assert!(is_changed(&choose(&mut browser, &link, NEW).await));
    assert_eq!(earlier.get(&magic.unwrap()).await.status, 400);
}

/// A suspension that was lifted, the person's own change of password, an operator's change of password.
async fn links_die_with_each_change_of_credentials(app: TestApp) {
    for change in ["suspension", "own change", "operator"] {
        let (mut browser, link) = asked(&app).await;
        let csrf = browser.get(&link).await.field("_csrf");
        match change {
            "suspension" => {
                set_user_status(&app, ANA.0, UserStatus::Suspended).await;
                set_user_status(&app, ANA.0, UserStatus::Active).await;
            }
            "own change" => {
                let mut signed_in = app.browser();
                signed_in.sign_in(&web(), ANA.0, ANA.1).await;
                let own = signed_in.get("/acme/account/data").await.field("_csrf");
                let form = [
                    ("_csrf", own.as_str()),
                    ("currentPassword", ANA.1),
                    ("password", NEW),
                    ("confirmPassword", NEW),
                ];
                let changed = signed_in.post("/acme/account/password", &form).await;
                assert!(changed.location().ends_with("/acme/account"), "{}", changed.location());
            }
            _ => {
                let mut work = app.directory.begin(Actor::System).await.unwrap();
                let owner = work.organization("acme").await.unwrap();
                let ana = work.user(&owner, ANA.0).await.unwrap();
                work.users().set_password(&owner, &ana, None).await.unwrap();
                work.commit().await.unwrap();
            }
        }
        let form = [("_csrf", csrf.as_str()), ("password", ANA.1), ("confirmPassword", ANA.1)];
        assert_eq!(browser.get(&link).await.status, 400, "{change}");
        assert_eq!(browser.post(&link, &form).await.status, 400, "{change}");
    }
}

async fn bad_input_is_refused_and_changes_nothing(app: TestApp) {
    let (mut browser, link) = asked(&app).await;
    let csrf = browser.get(&link).await.field("_csrf");
    for token in ["x", "..", "%00", "porta_pr_", &"y".repeat(5000)] {
        let answer = browser.get(&format!("/acme/auth/reset-password/{token}")).await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{token}: {}", answer.status);
    }
    let twice =
        [("_csrf", csrf.as_str()), ("password", NEW), ("password", "other"), ("confirmPassword", NEW)];
    assert_eq!(browser.post(&link, &twice).await.status, 400);
    let huge = "p".repeat(60_000);
    let form = [("_csrf", csrf.as_str()), ("password", &huge), ("confirmPassword", &huge)];
    assert_eq!(browser.post(&link, &form).await.status, 413);
    for email in ["\u{0}", "a\r\nBcc: x@y.test@acme.test", &"e".repeat(4000), "аna@acme.test"] {
        let answer = ask(&mut browser, email).await;
        assert!(matches!(answer.status.as_u16(), 200 | 400 | 429), "{email:?}: {}", answer.status);
    }
    assert!(signs_in(&app, ANA.1).await);
    assert!(is_changed(&choose(&mut browser, &link, NEW).await));
}

async fn the_way_leads_back_to_the_sign_in(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let forgot = format!("/acme/auth/forgot-password?interaction={}", form.uid());
    assert!(form.page.body.contains(&forgot.replace('&', "&amp;")), "{}", form.page.body);
    let page = browser.get(&forgot).await;
    let back = format!("href=\"/acme/interaction/{}\"", form.uid());
    assert!(page.body.contains(&back), "{}", page.body);
    let csrf = page.field("_csrf");
    browser.post("/acme/auth/forgot-password", &[("_csrf", &csrf), ("email", ANA.0)]).await;
    let link = mailed(&app, ANA.0).await.unwrap();
    let done = choose(&mut browser, &link, NEW).await;
    assert!(done.body.contains(&back), "{}", done.body);
    let signed_in = form.login(&mut browser, ANA.0, NEW).await;
    assert!(browser.follow(signed_in).await.location().starts_with("https://web.test/cb?code="));
    let hostile = browser.get("/acme/auth/forgot-password?interaction=//evil.test").await;
    assert!(!hostile.body.contains("evil.test"));
}
