//! Invalid submissions of every form: a clear error, nothing written, never a 5xx.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, header};
use porta_core::mail::Mail;
use porta_core::one_time::TokenPurpose;
use porta_directory::{Actor, NewInvitation};
use porta_testkit::{Answer, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(every_form_refuses_what_is_no_answer_to_it);

type Fields = Vec<(&'static str, String)>;

/// A form that would succeed, and the browser that shows it.
struct SubmittableForm {
    name: &'static str,
    browser: Browser,
    url: String,
    fields: Fields,
}

const NEW: &str = "sextant-Marmalade-88";

async fn every_form_refuses_what_is_no_answer_to_it(app: TestApp) {
    super::magic_link::offer_links(&app).await;
    let shown = forms(&app).await;
    let before = written(&app).await;
    for form in &shown {
        for (how, content_type, body) in bad_bodies(&form.fields) {
            let mut browser = form.browser.clone();
            let headers = [(header::CONTENT_TYPE, content_type), (header::ACCEPT, "text/html")];
            let answer = browser.send(Method::POST, &form.url, &headers, Body::from(body)).await;
            refused(&answer, &format!("{}, {how}", form.name));
        }
        // In a browser without the page's cookies, and under another organization.
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let stranger = app.browser().post(&form.url, &fields).await;
        refused(&stranger, &format!("{}, from a stranger", form.name));
        let abroad = form.browser.clone().post(&form.url.replacen("/acme/", "/beta/", 1), &fields).await;
        refused(&abroad, &format!("{}, in another organization", form.name));
        let cross_site = form.browser.clone().cross_site_post(&form.url, &fields).await;
        refused(&cross_site, &format!("{}, from another site", form.name));
        assert_eq!(written(&app).await, before, "{} wrote something", form.name);
    }
    // Much later, when sign-in, session and link have expired.
    app.advance(Duration::from_hours(8 * 24));
    for form in &shown {
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let stale = form.browser.clone().post(&form.url, &fields).await;
        refused(&stale, &format!("{}, stale", form.name));
    }
    assert_eq!(written(&app).await, before, "something stale was done");
}

/// Asserts: no session, no redirect to a client, no 5xx, and no page in place of a redirect: a browser would ask at Back
/// whether to send the form again, and a reload would be another guess.
fn refused(answer: &Answer, what: &str) {
    assert!(answer.status.as_u16() < 500, "{what}: {} {}", answer.status, answer.body);
    assert!(!answer.status.is_success(), "{what}: answered in place: {}", answer.body);
    assert!(set_cookie(answer, "_session").is_none(), "{what}: signed in");
    let location = answer.header("location").unwrap_or_default();
    assert!(!location.contains("code="), "{what}: {location}");
    if answer.status.is_client_error() && answer.status != 405 {
        let content_type = answer.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("text/html"), "{what}: a person reads {content_type}");
        assert!(answer.body.contains("<h1>"), "{what}: {}", answer.body);
    }
}

/// Everything a form could have changed, except counters of failures.
async fn written(app: &TestApp) -> String {
    let mut people = Vec::new();
    for email in [ANA.0, BOB.0, "eve@acme.test"] {
        let user = user(app, "acme", email).await;
        let password = user.password_hash.map(|hash| hash.as_str().to_owned());
        people.push(format!("{:?}", (user.status, password, user.email_verified, user.two_factor_method)));
    }
    let organization = app.tenant("acme").await.organization.id;
    let emails = app.store.repositories().outbox().counts(Some(organization)).await.unwrap();
    let done =
        ["user.login.password", "user.login.magic_link", "user.invite.accepted", "user.email.verified"];
    let mut rows = Vec::new();
    for event in done {
        rows.push(audited(app, event).await);
    }
    format!("{people:?} {emails:?} {rows:?}")
}

fn bad_bodies(fields: &Fields) -> Vec<(String, &'static str, Vec<u8>)> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let encoded = |fields: &[(&str, &str)]| {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
    };
    let with = |name: &str, value: &str| {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(n, v)| (*n, if *n == name { value } else { v.as_str() })).collect();
        encoded(&fields)
    };
    let honest: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let mut bad = vec![
        ("nothing in it".to_owned(), FORM, Vec::new()),
        ("as JSON".to_owned(), "application/json", b"{\"_csrf\":\"x\"}".to_vec()),
        ("as a file".to_owned(), "multipart/form-data; boundary=x", b"--x--".to_vec()),
        ("as text".to_owned(), "text/plain", encoded(&honest)),
        ("in no encoding".to_owned(), FORM, b"_csrf=%zz&email=%".to_vec()),
        ("of bytes that are no text".to_owned(), FORM, b"_csrf=%ff%fe&email=%c3%28".to_vec()),
        ("ten megabytes".to_owned(), FORM, vec![b'a'; 10 << 20]),
        ("a forged CSRF value".to_owned(), FORM, with("_csrf", "forged")),
        ("an empty CSRF value".to_owned(), FORM, with("_csrf", "")),
    ];
    let without: Vec<(&str, &str)> = honest.iter().copied().filter(|(n, _)| *n != "_csrf").collect();
    bad.push(("no CSRF value".to_owned(), FORM, encoded(&without)));
    for (name, value) in fields {
        let mut twice = honest.clone();
        twice.push((name, value));
        bad.push((format!("{name} twice"), FORM, encoded(&twice)));
        if *name != "_csrf" {
            for (how, value) in [("over-long", "x".repeat(50_000)), ("with a NUL", "a\u{0}b".to_owned())] {
                bad.push((format!("{name} {how}"), FORM, with(name, &value)));
            }
        }
    }
    bad
}

async fn forms(app: &TestApp) -> Vec<SubmittableForm> {
    let mut all = Vec::new();
    make_temporary(app, ANA.0).await;
    let mut replacing = app.browser();
    let waiting = open(&mut replacing, &web()).await;
    waiting.login(&mut replacing, ANA.0, ANA.1).await;
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let csrf = || ("_csrf", form.csrf.clone());
    let mut add = |name, browser: &Browser, url: String, fields: Fields| {
        all.push(SubmittableForm { name, browser: browser.clone(), url, fields });
    };
    // The confirmation differs, so the password is not accepted.
    let different = vec![
        ("_csrf", waiting.csrf.clone()),
        ("password", NEW.to_owned()),
        ("confirmPassword", format!("{NEW}!")),
    ];
    add("new password", &replacing, format!("{}/new-password", waiting.url), different);
    // A link provides both a code to type and a landing page.
    form.submit(&mut browser, "magic-link", &[("_csrf", &form.csrf), ("email", ANA.0)]).await;
    let (link, code) = app
        .emails()
        .await
        .into_iter()
        .find_map(|outgoing| match outgoing.mail {
            Mail::MagicLink { url, code, .. } => Some((url, code.unwrap())),
            _ => None,
        })
        .unwrap();
    let at = |action: &str| format!("{}/{action}", form.url);
    let wrong = vec![csrf(), ("email", ANA.0.to_owned()), ("password", WRONG.to_owned())];
    add("login", &browser, at("login"), wrong);
    // One wrong symbol: the right code would not be invalid input.
    let wrong = code.replace(|c: char| c != '-', "Z");
    add("magic code", &browser, at("magic-link/code"), vec![csrf(), ("code", wrong)]);
    let account = {
        let mut browser = app.browser();
        let start = browser.get("/acme/account").await;
        let form = Form::at(&mut browser, start).await;
        let answer = form.login(&mut browser, BOB.0, BOB.1).await;
        browser.follow(answer).await;
        browser
    };
    let own = account.clone().get("/acme/account/data").await.field("_csrf");
    let own = || ("_csrf", own.clone());
    let url = |path: &str| format!("/acme/account{path}");
    let passwords = vec![
        own(),
        ("currentPassword", WRONG.to_owned()),
        ("password", NEW.to_owned()),
        ("confirmPassword", NEW.to_owned()),
    ];
    add("account password", &account, url("/password"), passwords);
    let nobody = porta_core::SessionKey::new(app.now(), app.entropy()).to_string();
    add("account sessions", &account, url("/sessions"), vec![own(), ("session", nobody.clone())]);
    add("account applications", &account, url("/applications"), vec![own(), ("application", nobody)]);
    add("account codes", &account, url("/two-factor/codes"), vec![own()]);
    add("account resend", &account, url("/two-factor/resend"), vec![own()]);
    add("account setup", &account, url("/two-factor/setup"), vec![own(), ("code", "000000".to_owned())]);
    for (name, purpose, page) in [
        ("reset", TokenPurpose::PasswordReset, "reset-password"),
        ("invitation", TokenPurpose::Invitation, "accept-invite"),
        ("verification", TokenPurpose::EmailVerification, "verify-email"),
    ] {
        let url = link_to(app, purpose, page).await;
        let mut browser = app.browser();
        let csrf = browser.get(&url).await.field("_csrf");
        let mut fields = vec![("_csrf", csrf)];
        if purpose != TokenPurpose::EmailVerification {
            // The confirmation differs, so neither password is accepted.
            fields.push(("password", NEW.to_owned()));
            fields.push(("confirmPassword", format!("{NEW}!")));
        }
        add(name, &browser, url, fields);
    }
    // Each form would succeed with the right CSRF value.
    let forged = || ("_csrf", "forged".to_owned());
    add("magic link", &browser, at("magic-link"), vec![forged(), ("email", BOB.0.to_owned())]);
    add("landing", &browser, link, vec![forged()]);
    let mut forgetful = app.browser();
    forgetful.get("/acme/auth/forgot-password").await;
    let forgot = "/acme/auth/forgot-password".to_owned();
    add("forgotten password", &forgetful, forgot, vec![forged(), ("email", ANA.0.to_owned())]);
    add("account factor", &account, url("/two-factor"), vec![forged(), ("action", "enable".to_owned())]);
    add("account data", &account, url("/data"), vec![forged()]);
    add("account verification", &account, url("/verify-email"), vec![forged()]);
    add("abort", &browser, at("abort"), vec![forged()]);
    all
}

/// Makes a link for Bob, or for Eve, who is invited.
async fn link_to(app: &TestApp, purpose: TokenPurpose, page: &str) -> String {
    let email = if purpose == TokenPurpose::Invitation { "eve@acme.test" } else { BOB.0 };
    if purpose == TokenPurpose::Invitation {
        let mut work = app.directory.begin(Actor::System).await.unwrap();
        let acme = work.organization("acme").await.unwrap();
        let new = NewInvitation { email: email.to_owned(), ..NewInvitation::default() };
        work.users().invitations().send(&acme, "https://id.test/acme", new).await.unwrap();
        work.commit().await.unwrap();
    }
    let to = user(app, "acme", email).await;
    format!("/acme/auth/{page}/{}", issue_link(app, &to, purpose, None).await)
}
