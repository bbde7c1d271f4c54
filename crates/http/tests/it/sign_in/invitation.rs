//! Invitations and confirmation of email addresses.

use std::time::Duration;

use porta_core::RoleId;
use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::invitation::Invitation;
use porta_core::mail::Mail;
use porta_core::one_time::TokenPurpose;
use porta_core::user::{Profile, UserStatus};
use porta_directory::{Actor, NewInvitation};
use porta_testkit::{Answer, Browser, TestApp, jwt_payload};
use serde_json::json;

use super::support::*;

porta_testkit::on_both_stores!(
    an_invitation_gives_an_account_with_roles_and_claims,
    looking_at_an_invitation_uses_nothing_up,
    eight_at_once_accept_an_invitation_once,
    before_it_is_accepted_nothing_opens_the_account,
    an_invitation_ends_in_time_with_a_newer_one_and_elsewhere,
    a_role_that_was_deleted_keeps_nobody_out,
    who_has_a_password_keeps_it,
    without_passwords_a_button_accepts,
    a_stopped_account_is_not_invited,
    an_operator_s_decision_counts_when_it_is_accepted,
    an_invitation_takes_good_passwords_and_its_own_form_only,
    a_confirmed_address,
    eight_at_once_confirm_an_address_once,
    a_confirmation_is_refused,
);

const NEW: &str = "sextant-Marmalade-88";
const EVE: &str = "eve@acme.test";

/// Invites somebody with a role and a claim; returns the link.
async fn invite(app: &TestApp, email: &str) -> String {
    app.advance(Duration::from_secs(1));
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let acme = work.organization("acme").await.unwrap();
    let new = NewInvitation {
        email: email.to_owned(),
        profile: Profile { given_name: Some("Eve".to_owned()), ..Profile::default() },
        inviter: Some("Ana Li".to_owned()),
        message: Some("Welcome <aboard>".to_owned()),
        roles: vec![("planner".to_owned(), "planner".to_owned())],
        claims: vec![("planner".to_owned(), "terminal_code".to_owned(), json!("T9"))],
        ..NewInvitation::default()
    };
    work.users().invitations().send(&acme, "https://id.test/acme", new).await.unwrap();
    work.commit().await.unwrap();
    mailed(app, email).await.expect("an email")
}

async fn mailed(app: &TestApp, email: &str) -> Option<String> {
    app.emails().await.into_iter().rev().find_map(|outgoing| match outgoing.mail {
        Mail::Invitation { url, .. } if outgoing.recipient.address.shown() == email => Some(url),
        _ => None,
    })
}

async fn accept(browser: &mut Browser, link: &str, password: &str) -> Answer {
    let csrf = browser.get(link).await.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("password", password), ("confirmPassword", password)];
    send(browser, link, &form).await
}

/// Posts a form and returns the result page.
async fn send(browser: &mut Browser, url: &str, form: &[(&str, &str)]) -> Answer {
    let answer = browser.post(url, form).await;
    browser.follow_flash(answer).await
}

fn is_accepted(answer: &Answer) -> bool {
    answer.status == 200
        && answer.body.contains("href=\"/acme/account\"")
        && !answer.body.contains("role=\"alert\"")
}

async fn an_invitation_gives_an_account_with_roles_and_claims(app: TestApp) {
    let link = invite(&app, EVE).await;
    let mut browser = app.browser();
    let page = browser.get(&link).await;
    for said in ["Acme", EVE, "Ana Li", "Welcome &lt;aboard&gt;"] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let csrf = page.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("password", NEW), ("confirmPassword", NEW)];
    for _ in 0..2 {
        assert!(is_accepted(&send(&mut browser, &link, &form).await), "the same form says the same");
    }
    assert_eq!(browser.post(&format!("{link}?n=2"), &form).await.status, 400, "another one is too late");
    let eve = user(&app, "acme", EVE).await;
    assert_eq!((eve.status, eve.email_verified), (UserStatus::Active, true));
    let tokens = tokens(&mut app.browser(), &web(), (EVE, NEW), WEB).await;
    let claims = jwt_payload(tokens["id_token"].as_str().unwrap());
    assert_eq!((&claims["roles"], &claims["terminal_code"]), (&json!(["planner"]), &json!("T9")));
    for event in
        ["user.invited", "user.invite.accepted", "user.invite.pre_assignments_applied", "user.email.verified"]
    {
        assert_eq!(audited(&app, event).await, 1, "{event}");
    }
    assert!(app.emails().await.iter().any(|l| l.mail == Mail::Welcome));
    let again = browser.get(&link).await;
    assert_eq!(again.status, 400, "once");
}

async fn looking_at_an_invitation_uses_nothing_up(app: TestApp) {
    let link = invite(&app, EVE).await;
    for _ in 0..3 {
        assert_eq!(app.browser().get(&link).await.status, 200);
    }
    assert!(is_accepted(&accept(&mut app.browser(), &link, NEW).await));
}

async fn eight_at_once_accept_an_invitation_once(app: TestApp) {
    let link = invite(&app, EVE).await;
    let mut browser = app.browser();
    let csrf = browser.get(&link).await.field("_csrf");
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (mut browser, link, csrf) = (browser.clone(), link.clone(), csrf.clone());
            tokio::spawn(async move {
                let password = format!("{NEW}-{n}");
                let form =
                    [("_csrf", csrf.as_str()), ("password", &password), ("confirmPassword", &password)];
                (send(&mut browser, &link, &form).await, password)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        let (answer, password) = task.await.unwrap();
        assert!(answer.status.as_u16() < 500 || answer.status == 503, "{}", answer.body);
        if is_accepted(&answer) {
            winners.push(password);
        }
    }
    assert_eq!(winners.len(), 1);
    assert!(is_signed_in(&app.browser().submit_login(&web(), EVE, &winners[0]).await));
    assert_eq!(audited(&app, "user.invite.accepted").await, 1);
}

/// Neither a magic link nor a password reset opens the account.
async fn before_it_is_accepted_nothing_opens_the_account(app: TestApp) {
    super::magic_link::offer_links(&app).await;
    let link = invite(&app, EVE).await;
    assert_eq!(user(&app, "acme", EVE).await.status, UserStatus::Inactive);
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    form.submit(&mut browser, "magic-link", &[("_csrf", &form.csrf), ("email", EVE)]).await;
    let csrf = browser.get("/acme/auth/forgot-password").await.field("_csrf");
    browser.post("/acme/auth/forgot-password", &[("_csrf", &csrf), ("email", EVE)]).await;
    let emails = app.emails().await;
    assert!(emails.iter().all(|l| matches!(l.mail, Mail::Invitation { .. })), "{emails:?}");
    assert!(!is_signed_in(&form.login(&mut browser, EVE, NEW).await));
    assert!(is_accepted(&accept(&mut app.browser(), &link, NEW).await));
}

async fn an_invitation_ends_in_time_with_a_newer_one_and_elsewhere(app: TestApp) {
    let first = invite(&app, EVE).await;
    let second = invite(&app, EVE).await;
    let mut browser = app.browser();
    assert_eq!(browser.get(&first).await.status, 400, "replaced");
    assert_eq!(browser.get(&second.replacen("/acme/", "/beta/", 1)).await.status, 400);
    let csrf = browser.get(&second).await.field("_csrf");
    app.advance(Duration::from_secs(604_801));
    let form = [("_csrf", csrf.as_str()), ("password", NEW), ("confirmPassword", NEW)];
    for late in [browser.get(&second).await, browser.post(&second, &form).await] {
        assert_eq!(late.status, 400);
        assert!(late.body.contains("Acme"), "{}", late.body);
    }
    let eve = user(&app, "acme", EVE).await;
    assert_eq!((eve.status, eve.password_hash), (UserStatus::Inactive, None));
}

/// The rest of the invitation applies, and the audit row names the deleted role.
async fn a_role_that_was_deleted_keeps_nobody_out(app: TestApp) {
    invite(&app, EVE).await;
    let eve = user(&app, "acme", EVE).await;
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let acme = work.organization("acme").await.unwrap();
    let claim = work.claims().visible(&acme, "planner", "terminal_code").await.unwrap();
    drop(work);
    let invitation = Invitation {
        roles: vec![RoleId::new(app.now(), app.entropy())],
        claims: vec![(claim.id, json!("T9"))],
        ..Invitation::default()
    };
    let value = issue_link(&app, &eve, TokenPurpose::Invitation, invitation.details()).await;
    let link = format!("https://id.test/acme/auth/accept-invite/{value}");
    assert!(is_accepted(&accept(&mut app.browser(), &link, NEW).await));
    let rows = audit(&app, 100).await;
    let applied = rows.iter().find(|e| e.event_type == "user.invite.pre_assignments_applied").unwrap();
    assert_eq!(applied.metadata["roles"], json!([]));
    assert_eq!(applied.metadata["gone"].as_array().unwrap().len(), 1);
    assert_eq!(applied.metadata["claims"].as_array().unwrap().len(), 1);
    let is_set = |e: &&AuditEvent| e.event_type == "user.password.set" && e.user_id == Some(eve.id);
    let set = rows.iter().find(is_set).unwrap();
    assert_eq!((set.category, set.actor_id), (AuditCategory::Security, None), "no administrator set it");
}

async fn who_has_a_password_keeps_it(app: TestApp) {
    let link = invite(&app, BOB.0).await;
    let mut browser = app.browser();
    let page = browser.get(&link).await;
    assert!(!page.body.contains("new-password"), "{}", page.body);
    assert!(is_accepted(&accept(&mut browser, &link, NEW).await));
    assert!(is_signed_in(&app.browser().submit_login(&web(), BOB.0, BOB.1).await));
    assert!(!is_signed_in(&app.browser().submit_login(&web(), BOB.0, NEW).await));
}

async fn without_passwords_a_button_accepts(app: TestApp) {
    app.provision_overwriting("version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, default_login_methods: [magic_link] }\n")
        .await;
    let link = invite(&app, EVE).await;
    let mut browser = app.browser();
    let page = browser.get(&link).await;
    assert!(!page.body.contains("type=\"password\""), "{}", page.body);
    let csrf = page.field("_csrf");
    assert!(is_accepted(&send(&mut browser, &link, &[("_csrf", &csrf)]).await));
    let eve = user(&app, "acme", EVE).await;
    assert_eq!((eve.status, eve.password_hash), (UserStatus::Active, None));
}

async fn a_stopped_account_is_not_invited(app: TestApp) {
    for status in [UserStatus::Suspended, UserStatus::Locked] {
        set_user_status(&app, BOB.0, status).await;
        let mut work = app.directory.begin(Actor::System).await.unwrap();
        let acme = work.organization("acme").await.unwrap();
        let new = NewInvitation { email: BOB.0.to_owned(), ..NewInvitation::default() };
        assert!(
            work.users().invitations().send(&acme, "https://id.test/acme", new).await.is_err(),
            "{status}"
        );
        drop(work);
        set_user_status(&app, BOB.0, UserStatus::Active).await;
    }
    let unknown = |role: &str, claim: &str, value| NewInvitation {
        email: EVE.to_owned(),
        roles: vec![("planner".to_owned(), role.to_owned())],
        claims: vec![("planner".to_owned(), claim.to_owned(), value)],
        ..NewInvitation::default()
    };
    let long =
        NewInvitation { email: EVE.to_owned(), message: Some("m".repeat(501)), ..NewInvitation::default() };
    for new in [
        unknown("captain", "terminal_code", json!("T9")),
        unknown("planner", "rank", json!("T9")),
        unknown("planner", "terminal_code", json!(9)),
        long,
        NewInvitation { email: "no address".to_owned(), ..NewInvitation::default() },
    ] {
        let mut work = app.directory.begin(Actor::System).await.unwrap();
        let acme = work.organization("acme").await.unwrap();
        assert!(work.users().invitations().send(&acme, "https://id.test/acme", new).await.is_err());
    }
    assert!(app.emails().await.is_empty());
}

async fn an_operator_s_decision_counts_when_it_is_accepted(app: TestApp) {
    let link = invite(&app, BOB.0).await;
    let mut browser = app.browser();
    let csrf = browser.get(&link).await.field("_csrf");
    set_user_status(&app, BOB.0, UserStatus::Suspended).await;
    assert_eq!(browser.post(&link, &[("_csrf", &csrf)]).await.status, 400);
    assert_eq!(user(&app, "acme", BOB.0).await.status, UserStatus::Suspended);
}

async fn an_invitation_takes_good_passwords_and_its_own_form_only(app: TestApp) {
    let link = invite(&app, EVE).await;
    let mut browser = app.browser();
    for bad in ["", "short", "password1", "eve-at-acme"] {
        let answer = accept(&mut browser, &link, bad).await;
        assert!(answer.body.contains("role=\"alert\""), "{bad}: {}", answer.body);
    }
    let other = app.browser().get(&link).await.field("_csrf");
    for csrf in ["", "forged", &other] {
        let form = [("_csrf", csrf), ("password", NEW), ("confirmPassword", NEW)];
        let answer = browser.post(&link, &form).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, &*link));
        assert!(browser.follow_flash(answer).await.body.contains("role=\"alert\""));
        assert!(!browser.get(&link).await.body.contains("role=\"alert\""), "a reload shows it no more");
    }
    assert_eq!(user(&app, "acme", EVE).await.status, UserStatus::Inactive, "nothing was used up");
    assert!(is_accepted(&accept(&mut browser, &link, NEW).await));
}

async fn verification(app: &TestApp) -> String {
    app.advance(Duration::from_secs(1));
    let bob = user(app, "acme", BOB.0).await;
    let value = issue_link(app, &bob, TokenPurpose::EmailVerification, None).await;
    format!("https://id.test/acme/auth/verify-email/{value}")
}

async fn a_confirmed_address(app: TestApp) {
    let link = verification(&app).await;
    let mut browser = app.browser();
    for _ in 0..2 {
        let page = browser.get(&link).await;
        assert!(page.status == 200 && page.body.contains(BOB.0));
    }
    assert!(!user(&app, "acme", BOB.0).await.email_verified);
    let csrf = browser.get(&link).await.field("_csrf");
    for _ in 0..2 {
        assert!(
            is_accepted(&send(&mut browser, &link, &[("_csrf", &csrf)]).await),
            "the same form says the same"
        );
        assert!(user(&app, "acme", BOB.0).await.email_verified);
        assert_eq!(audited(&app, "user.email.verified").await, 1);
    }
    assert_eq!(browser.post(&format!("{link}?n=2"), &[("_csrf", &csrf)]).await.status, 400);
    assert_eq!(audited(&app, "user.email.verified").await, 1);
}

async fn eight_at_once_confirm_an_address_once(app: TestApp) {
    let link = verification(&app).await;
    let mut browser = app.browser();
    let csrf = browser.get(&link).await.field("_csrf");
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (mut browser, link, csrf) = (browser.clone(), format!("{link}?n={n}"), csrf.clone());
            tokio::spawn(async move { send(&mut browser, &link, &[("_csrf", &csrf)]).await })
        })
        .collect();
    let mut winners = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        assert!(answer.status.as_u16() < 500, "{}", answer.body);
        winners += usize::from(is_accepted(&answer));
    }
    assert_eq!(winners, 1);
    assert_eq!(audited(&app, "user.email.verified").await, 1);
}

async fn a_confirmation_is_refused(app: TestApp) {
    let first = verification(&app).await;
    let link = verification(&app).await;
    let mut browser = app.browser();
    let csrf = browser.get(&link).await.field("_csrf");
    assert_eq!(browser.post(&first, &[("_csrf", &csrf)]).await.status, 400, "replaced");
    for form in [&[("_csrf", "forged")][..], &[]] {
        let answer = browser.post(&link, form).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, &*link));
        assert!(browser.follow_flash(answer).await.body.contains("role=\"alert\""));
    }
    assert_eq!(browser.get(&link.replacen("/acme/", "/beta/", 1)).await.status, 400);
    app.advance(Duration::from_secs(86_401));
    assert_eq!(browser.post(&link, &[("_csrf", &csrf)]).await.status, 400, "too late");
    assert!(!user(&app, "acme", BOB.0).await.email_verified);
}
