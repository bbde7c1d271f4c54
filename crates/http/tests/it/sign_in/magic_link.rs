//! Sign-in by mailed link.

use std::time::Duration;

use porta_core::mail::Mail;
use porta_core::settings;
use porta_core::user::UserStatus;
use porta_testkit::{Answer, Browser, TestApp, jwt_payload};

use super::support::*;

porta_testkit::on_both_stores!(
    a_link_finishes_the_sign_in_it_was_asked_for_in,
    on_another_device_it_shows_a_code_for_the_first_window,
    the_page_of_the_code_says_where_and_when_the_sign_in_began,
    a_hostile_user_agent_says_nothing_on_the_page_of_the_code,
    a_link_made_by_the_version_before_shows_its_code,
    looking_at_a_link_uses_nothing_up,
    a_link_works_once,
    eight_at_once_use_a_link_once,
    eight_at_once_use_its_code_once,
    a_second_factor_is_asked_for_all_the_same,
    one_mailbox_is_not_two_factors,
    nobody_learns_whose_address_it_is,
    a_link_is_one_organizations_and_one_sign_ins,
    a_newer_link_replaces_the_one_before,
    the_page_says_that_a_link_was_sent_again_for_every_address,
    a_link_ends_in_time,
    nobody_else_s_browser_is_signed_in,
    links_need_their_csrf_value,
    only_where_links_are_offered,
    wishes_are_limited,
    a_known_browser_has_wishes_of_its_own,
    a_link_that_works_goes_on_working_when_too_many_were_wished_for,
    tries_of_a_code_are_limited,
    links_that_do_not_work_are_limited,
    it_opens_what_guessing_closed,
    who_may_not_sign_in_gets_nowhere,
    switched_off_between_wish_and_link,
    the_mail_is_in_the_language_of_the_page,
);

pub(super) async fn offer_links(app: &TestApp) {
    let yaml = "version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, default_login_methods: [password, magic_link] }\n";
    app.provision_overwriting(yaml).await;
}

/// A browser that asked for a link, with the link and code if a mail was sent.
pub(super) struct MagicLinkRequest {
    pub(super) browser: Browser,
    form: Form,
    sent: Answer,
    /// Number of forms sent. It makes each form unique, since an identical form is not a new attempt.
    forms: usize,
}

impl MagicLinkRequest {
    pub(super) async fn of(app: &TestApp, email: &str) -> Self {
        // Mails with equal timestamps have no defined order.
        app.advance(Duration::from_secs(1));
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        let sent = ask(&mut browser, &form, email).await;
        Self { browser, form, sent, forms: 0 }
    }

    async fn press(&mut self, link: &str) -> Answer {
        self.forms += 1;
        let answer =
            self.browser.post(&format!("{link}?n={}", self.forms), &[("_csrf", &self.form.csrf)]).await;
        self.browser.follow_flash(answer).await
    }

    pub(super) async fn type_code(&mut self, code: &str) -> Answer {
        self.forms += 1;
        let form = self.form.anew(self.forms);
        form.submit(&mut self.browser, "magic-link/code", &[("_csrf", &form.csrf), ("code", code)]).await
    }

    pub(super) async fn arrives(&mut self, answer: Answer) -> bool {
        self.browser.follow(answer).await.location().starts_with("https://web.test/cb?code=")
    }
}

/// Asks for a link and follows to the resulting page.
async fn ask(browser: &mut Browser, form: &Form, email: &str) -> Answer {
    let sent = send(browser, form, email).await;
    browser.follow(sent).await
}

async fn send(browser: &mut Browser, form: &Form, email: &str) -> Answer {
    form.submit(browser, "magic-link", &[("_csrf", &form.csrf), ("email", email), ("password", "")]).await
}

/// Link and code of the newest mail to this address.
pub(super) async fn mailed(app: &TestApp, email: &str) -> Option<(String, String)> {
    app.emails().await.into_iter().rev().find_map(|outgoing| match outgoing.mail {
        Mail::MagicLink { url, code, .. } if outgoing.recipient.address.shown() == email => {
            Some((url, code?))
        }
        _ => None,
    })
}

async fn a_link_finishes_the_sign_in_it_was_asked_for_in(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, " BOB@acme.test ").await;
    assert_eq!(wish.sent.status, 200);
    assert!(wish.sent.body.contains("BOB@acme.test"), "{}", wish.sent.body);
    assert!(!user(&app, "acme", BOB.0).await.email_verified);
    let (link, _) = mailed(&app, BOB.0).await.unwrap();
    assert!(link.starts_with(&format!("{}/magic-link/porta_ml_", wish.form.url)), "{link}");
    let landing = wish.browser.get(&link).await;
    assert_eq!(landing.status, 200);
    assert!(landing.body.contains("b***b@acme.test") && !landing.body.contains(BOB.0), "{}", landing.body);
    assert_eq!(landing.header("cache-control"), Some("no-store"));
    assert_eq!(landing.header("referrer-policy"), Some("no-referrer"), "the address is a bearer value");
    let done = wish.press(&link).await;
    assert!(is_signed_in(&done), "{}", done.body);
    let back = wish.browser.follow(done).await;
    let tokens = redeemed(&mut wish.browser, &web(), WEB, &code(&back)).await;
    let claims = jwt_payload(tokens["id_token"].as_str().unwrap());
    assert_eq!(
        (claims["amr"].clone(), claims["acr"].clone()),
        (serde_json::json!(["otp"]), serde_json::json!("urn:porta:acr:1fa"))
    );
    assert!(user(&app, "acme", BOB.0).await.email_verified, "the mail arrived");
    for event in ["user.magic_link.sent", "user.login.magic_link", "user.email.verified"] {
        assert_eq!(audited(&app, event).await, 1, "{event}");
    }
}

async fn on_another_device_it_shows_a_code_for_the_first_window(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, code) = mailed(&app, ANA.0).await.unwrap();
    let mut phone = app.browser();
    let landing = phone.get(&link).await;
    assert!(landing.body.contains(&code), "{}", landing.body);
    assert!(!landing.body.contains("_csrf") && !landing.body.contains("<form"), "there is no button");
    assert!(landing.headers.get("set-cookie").is_none());
    for wrong in ["ABCD-EFGH", "", "x", &"9".repeat(5000)] {
        let answer = wish.type_code(wrong).await;
        assert!(!is_signed_in(&answer) && answer.status == 200, "{wrong}: {}", answer.status);
    }
    // As people type it: lower case, without the dash.
    let done = wish.type_code(&code.to_lowercase().replace('-', " ")).await;
    assert!(is_signed_in(&done), "{}", done.body);
    assert!(wish.arrives(done).await);
    let again = phone.get(&link).await;
    assert_eq!(again.status, 400, "the code used the link up");
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0";

/// The landing page on another device, for a sign-in begun with this agent, address and language.
async fn seen_elsewhere(app: &TestApp, agent: &str, address: &str, language: &str) -> Answer {
    app.advance(Duration::from_secs(1));
    let mut browser = app.browser().with("user-agent", agent).with("x-forwarded-for", address);
    let form = open(&mut browser, &web()).await;
    assert_eq!(ask(&mut browser, &form, ANA.0).await.status, 200);
    let (link, code) = mailed(app, ANA.0).await.unwrap();
    app.advance(Duration::from_mins(2));
    let phone = app.browser().with("user-agent", "Phone/1.0").with("x-forwarded-for", "198.51.100.99");
    let landing = phone.with("accept-language", language).get(&link).await;
    assert_eq!(landing.status, 200);
    assert!(landing.body.contains(&code), "{}", landing.body);
    landing
}

/// Against social engineering: a person who receives a code they did not ask for must see that it is for another
/// sign-in.
async fn the_page_of_the_code_says_where_and_when_the_sign_in_began(app: TestApp) {
    offer_links(&app).await;
    set(&app, "acme", settings::RATE_LIMIT_MAGIC_LINK_MAX, 100).await;
    let only_you = [
        ("en", "Only if you started it yourself"),
        ("de", "Nur wenn Sie sie selbst begonnen haben"),
        ("fr", "Uniquement si vous l’avez commencée vous-même"),
        ("es", "Solo si lo empezó usted"),
        ("pt", "Somente se foi você"),
        ("nl", "Alleen als u er zelf mee bent begonnen"),
        ("ja", "ご自身で始めた場合に限り"),
        ("ar", "فقط إذا كنت أنت من بدأه"),
    ];
    for (n, (language, words)) in only_you.into_iter().enumerate() {
        let address = format!("203.0.{n}.9");
        let began = app.now() + Duration::from_secs(1);
        let body = seen_elsewhere(&app, FIREFOX, &address, language).await.body;
        assert!(body.contains(words), "{language}: {body}");
        assert!(body.contains("Firefox") && body.contains("Linux"), "{language}: {body}");
        assert!(body.contains(&address), "{language}: {body}");
        let time = format!("{:02}:{:02}", began.to_offset().hour(), began.to_offset().minute());
        assert!(body.contains(&time) && body.contains("UTC"), "{language}, not the time of looking: {body}");
        assert!(!body.contains("198.51.100.99"), "{language}: not who looks");
        assert!(!body.contains("<script") && !body.contains("<form"), "{language}");
    }
}

async fn a_hostile_user_agent_says_nothing_on_the_page_of_the_code(app: TestApp) {
    offer_links(&app).await;
    let long = "<img src=x onerror=alert(1)>".repeat(1000);
    for agent in [long.as_str(), "<script>alert(1)</script>{{ 7*7 }}", "' onload='x", ""] {
        let landing = seen_elsewhere(&app, agent, "203.0.113.9", "en").await;
        assert!(landing.body.contains("Unknown browser"), "{}", landing.body);
        assert!(landing.body.contains("203.0.113.9"), "{}", landing.body);
        for piece in ["onerror", "alert(1)", "onload", "<img src=x", "<script"] {
            assert!(!landing.body.contains(piece), "{piece}: {}", landing.body);
        }
        assert!(landing.body.len() < 20_000);
    }
    // A recognised user agent is shown in fixed words; the rest of the header is not shown.
    let landing = seen_elsewhere(&app, "<b>Firefox/131</b> Windows <i>", "2001:db8::7", "en").await;
    assert!(landing.body.contains("Firefox on Windows") && landing.body.contains("2001:db8::7"));
    assert!(!landing.body.contains("<b>") && !landing.body.contains("<i>"));
}

/// During an update an older version without the origin data still runs.
async fn a_link_made_by_the_version_before_shows_its_code(app: TestApp) {
    offer_links(&app).await;
    let wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, code) = mailed(&app, ANA.0).await.unwrap();
    let value = link.rsplit('/').next().unwrap();
    let ana = user(&app, "acme", ANA.0).await;
    let mut all = app.store.repositories();
    let mut links = all.one_time_tokens(ana.organization_id);
    let digest = porta_core::TokenDigest::of(value);
    let purpose = porta_core::one_time::TokenPurpose::MagicLink;
    let mut token = links.find(&digest, purpose).await.unwrap().unwrap();
    assert!(token.origin().is_some());
    let kept = serde_json::to_string(&token.details).unwrap();
    assert!(kept.len() < 700, "{} bytes a link", kept.len());
    token.details = Some(serde_json::json!({ "client_id": "web" }));
    assert!(links.issue(&token, &ana.email).await.unwrap());
    drop(links);
    drop(all);
    let landing = app.browser().get(&link).await;
    assert_eq!(landing.status, 200);
    assert!(landing.body.contains(&code) && landing.body.contains("Only if you started it yourself"));
    drop(wish);
}

/// Mail scanners open links; prefetchers send HEAD.
async fn looking_at_a_link_uses_nothing_up(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, _) = mailed(&app, ANA.0).await.unwrap();
    let mut scanner = app.browser();
    for _ in 0..3 {
        assert_eq!(scanner.get(&link).await.status, 200);
        let head = scanner.send(axum::http::Method::HEAD, &link, &[], axum::body::Body::empty()).await;
        assert_eq!(head.status, 200);
        assert_eq!(wish.browser.get(&link).await.status, 200);
    }
    let done = wish.press(&link).await;
    assert!(wish.arrives(done).await);
}

async fn a_link_works_once(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, code) = mailed(&app, ANA.0).await.unwrap();
    let done = wish.press(&link).await;
    assert!(is_signed_in(&done));
    // The interaction is complete: both continue it, and neither signs in again.
    for again in [wish.press(&link).await, wish.type_code(&code).await] {
        assert_eq!(again.location(), wish.form.resume_url());
        assert!(set_cookie(&again, "_session").is_none());
    }
    assert!(wish.arrives(done).await);
    assert_eq!(wish.press(&link).await.status, 400, "the sign-in is over");
    let elsewhere = app.browser().get(&link).await;
    assert_eq!(elsewhere.status, 400);
    assert!(elsewhere.body.contains("used already"), "{}", elsewhere.body);
}

/// Posts the code eight times at once, to these addresses. Returns the session cookies of the successes.
async fn race(wish: &MagicLinkRequest, url: impl Fn(usize) -> String, code: &str) -> Vec<String> {
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (mut browser, csrf, code) = (wish.browser.clone(), wish.form.csrf.clone(), code.to_owned());
            let url = url(n);
            tokio::spawn(async move { browser.post(&url, &[("_csrf", &csrf), ("code", &code)]).await })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        let answer = task.await.unwrap();
        assert!(answer.status.as_u16() < 500, "{}: {}", answer.status, answer.body);
        if is_signed_in(&answer) {
            winners.push(set_cookie(&answer, "_session").unwrap().to_owned());
        }
    }
    winners
}

/// Of eight different forms one succeeds. Eight identical forms get the same answer.
async fn used_once(app: &TestApp, url: impl Fn(&MagicLinkRequest, &str) -> String) {
    for (mark, winners) in [("n=", 1), ("", 8)] {
        let wish = MagicLinkRequest::of(app, ANA.0).await;
        let (link, code) = mailed(app, ANA.0).await.unwrap();
        let url = url(&wish, &link);
        let before = audited(app, "user.login.magic_link").await;
        let each = |n| if mark.is_empty() { url.clone() } else { format!("{url}?{mark}{n}") };
        let sessions = race(&wish, each, &code).await;
        assert_eq!(sessions.len(), winners);
        assert!(sessions.iter().all(|session| *session == sessions[0]));
        assert_eq!(audited(app, "user.login.magic_link").await - before, 1);
    }
}

async fn eight_at_once_use_a_link_once(app: TestApp) {
    offer_links(&app).await;
    used_once(&app, |_, link| link.to_owned()).await;
}

async fn eight_at_once_use_its_code_once(app: TestApp) {
    offer_links(&app).await;
    set(&app, "acme", settings::RATE_LIMIT_MAGIC_CODE_MAX, 100).await;
    used_once(&app, |wish, _| format!("{}/magic-link/code", wish.form.url)).await;
}

async fn a_second_factor_is_asked_for_all_the_same(app: TestApp) {
    offer_links(&app).await;
    app.provision_overwriting("version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, two_factor_policy: required_totp }\n")
        .await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, _) = mailed(&app, ANA.0).await.unwrap();
    let next = wish.press(&link).await;
    assert_eq!(next.location(), format!("{}/two-factor", wish.form.url));
    assert!(set_cookie(&next, "_session").is_none(), "no session before the second factor");
    let setup = wish.browser.get(next.location()).await;
    assert!(setup.body.contains("<svg"), "an authenticator is to be set up");
    let resumed = wish.browser.get(&wish.form.resume_url()).await;
    assert!(!resumed.location().contains("code="), "the resume address gives nothing away");
    let mut by_code = MagicLinkRequest::of(&app, ANA.0).await;
    let (_, code) = mailed(&app, ANA.0).await.unwrap();
    let next = by_code.type_code(&code).await;
    assert_eq!(next.location(), format!("{}/two-factor", by_code.form.url));
    assert!(set_cookie(&next, "_session").is_none());
}

async fn one_mailbox_is_not_two_factors(app: TestApp) {
    offer_links(&app).await;
    app.provision_overwriting("version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, two_factor_policy: required_email }\n")
        .await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, _) = mailed(&app, ANA.0).await.unwrap();
    wish.press(&link).await;
    let mailed = app.emails().await.into_iter().rev().find_map(|outgoing| match outgoing.mail {
        Mail::EmailCode { code, .. } => Some(code),
        _ => None,
    });
    let base = wish.form.url.clone();
    let setup = wish
        .browser
        .post(&format!("{base}/two-factor/setup"), &[("_csrf", &wish.form.csrf), ("code", &mailed.unwrap())])
        .await;
    assert_eq!(setup.status, 303, "{}", setup.body);
    let done = wish.browser.post(&format!("{base}/two-factor/codes"), &[("_csrf", &wish.form.csrf)]).await;
    let back = wish.browser.follow(done).await;
    let tokens = redeemed(&mut wish.browser, &web(), WEB, &code(&back)).await;
    let claims = jwt_payload(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["amr"], serde_json::json!(["otp"]));
    assert_eq!(claims["acr"], "urn:porta:acr:1fa");
}

/// Against user enumeration: the same page, the same statements, the same commands.
async fn nobody_learns_whose_address_it_is(app: TestApp) {
    offer_links(&app).await;
    set_user_status(&app, BOB.0, UserStatus::Suspended).await;
    // The check for a flood runs now and then, in whichever request comes first.
    MagicLinkRequest::of(&app, "first@acme.test").await;
    let mut seen = Vec::new();
    for email in [ANA.0, NOBODY, BOB.0, INACTIVE.0, "no address at all"] {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        let before = (app.store.round_trips(), app.kv.commands());
        let sent = send(&mut browser, &form, email).await;
        let cost = (app.store.round_trips() - before.0, app.kv.commands() - before.1);
        let page = browser.follow(sent.clone()).await;
        let whole = (app.store.round_trips() - before.0, app.kv.commands() - before.1);
        let sent = form.redacted(&sent, email).replace(form.uid(), "UID");
        let page = form.redacted(&page, email).replace(email, "EMAIL");
        seen.push((sent, cost, page, whole));
    }
    for other in &seen[1..] {
        assert_eq!(seen[0], *other);
    }
    let emails = app.emails().await;
    let to: Vec<_> = emails.iter().map(|l| l.recipient.address.shown()).collect();
    assert_eq!(to, [ANA.0], "only who may sign in gets mail");
    assert_eq!(audited(&app, "user.magic_link.sent").await, 1);
    let mut wish = MagicLinkRequest::of(&app, NOBODY).await;
    for code in ["ABCD-EFGH", "2222-2222"] {
        assert_eq!(wish.type_code(code).await.status, 200);
    }
}

async fn a_link_is_one_organizations_and_one_sign_ins(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, code) = mailed(&app, ANA.0).await.unwrap();
    let (_, value) = link.rsplit_once('/').unwrap();
    // Another sign-in in the same browser.
    let other = open(&mut wish.browser, &web()).await;
    let moved = format!("{}/magic-link/{value}", other.url);
    assert_eq!(wish.browser.get(&moved).await.status, 400);
    let pressed = wish.browser.post(&moved, &[("_csrf", &other.csrf)]).await;
    assert_eq!(pressed.status, 400, "{}", pressed.body);
    ask(&mut wish.browser, &other, BOB.0).await;
    let typed =
        other.submit(&mut wish.browser, "magic-link/code", &[("_csrf", &other.csrf), ("code", &code)]).await;
    assert!(!is_signed_in(&typed), "a code of one sign-in is none of another");
    // Another organization.
    let abroad = link.replacen("/acme/", "/beta/", 1);
    assert_eq!(app.browser().get(&abroad).await.status, 400);
    assert_eq!(app.browser().get(&link.replace("porta_ml_", "porta_pr_")).await.status, 400);
    // The refusals did not use the link up.
    let done = wish.press(&link).await;
    assert!(wish.arrives(done).await);
}

async fn a_newer_link_replaces_the_one_before(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (first, first_code) = mailed(&app, ANA.0).await.unwrap();
    app.advance(Duration::from_secs(1));
    let same = ask(&mut wish.browser, &wish.form, ANA.0).await;
    assert_eq!((same.status, same.body), (wish.sent.status, wish.sent.body.clone()));
    assert_eq!(mailed(&app, ANA.0).await.unwrap().0, first, "the same form again asks for no more");
    ask(&mut wish.browser, &wish.form.anew(2), ANA.0).await;
    let (second, _) = mailed(&app, ANA.0).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(wish.browser.get(&first).await.status, 400);
    assert!(!is_signed_in(&wish.press(&first).await));
    assert!(!is_signed_in(&wish.type_code(&first_code).await));
    let done = wish.press(&second).await;
    assert!(wish.arrives(done).await);
}

async fn the_page_says_that_a_link_was_sent_again_for_every_address(app: TestApp) {
    const SAID: &str = "If there is an account here, we have sent the link again.";
    offer_links(&app).await;
    let mut seen = Vec::new();
    for email in [ANA.0, NOBODY, INACTIVE.0, "no address at all"] {
        let mut wish = MagicLinkRequest::of(&app, email).await;
        assert!(!wish.sent.body.contains(SAID), "{email}: the first time");
        let page = ask(&mut wish.browser, &wish.form.anew(2), email).await;
        assert!(page.status == 200 && page.body.contains(SAID), "{email}: {}", page.body);
        seen.push(wish.form.redacted(&page, email).replace(email, "EMAIL"));
        let reloaded = wish.browser.get(&format!("{}/magic-link", wish.form.url)).await;
        assert!(!reloaded.body.contains(SAID), "{email}: once");
        let other = ask(&mut wish.browser, &wish.form.anew(3), "somebody@acme.test").await;
        assert!(!other.body.contains(SAID), "{email}: another address");
    }
    assert!(seen.iter().all(|page| *page == seen[0]));
    let emails = app.emails().await;
    assert!(!emails.is_empty());
    assert!(emails.iter().all(|outgoing| outgoing.recipient.address.shown() == ANA.0));
}

async fn a_link_ends_in_time(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, code) = mailed(&app, ANA.0).await.unwrap();
    app.advance(Duration::from_secs(901));
    let late = wish.browser.get(&link).await;
    assert_eq!(late.status, 400);
    assert!(late.body.contains("expired"), "{}", late.body);
    assert!(
        late.body.contains(&format!("href=\"/acme/interaction/{}\"", wish.form.uid())),
        "a way on: {}",
        late.body
    );
    assert_eq!(wish.press(&link).await.status, 400);
    assert!(!is_signed_in(&wish.type_code(&code).await));
}

/// A link that somebody else asked for does not sign in the browser that opens it.
async fn nobody_else_s_browser_is_signed_in(app: TestApp) {
    offer_links(&app).await;
    let attacker = MagicLinkRequest::of(&app, BOB.0).await;
    let (link, _) = mailed(&app, BOB.0).await.unwrap();
    let mut victim = app.browser();
    let own = open(&mut victim, &web()).await;
    victim.get(&link).await;
    let pressed = victim.post(&link, &[("_csrf", &own.csrf)]).await;
    assert_eq!(pressed.status, 400);
    let resumed = victim.get(&own.resume_url()).await;
    assert!(!resumed.location().contains("code="), "the victim's sign-in is as it was");
    assert!(set_cookie(&resumed, "_session").is_none());
    drop(attacker);
}

async fn links_need_their_csrf_value(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, code) = mailed(&app, ANA.0).await.unwrap();
    for csrf in ["", "forged"] {
        assert_eq!(wish.browser.post(&link, &[("_csrf", csrf)]).await.status, 403);
        let typed =
            wish.form.submit(&mut wish.browser, "magic-link/code", &[("_csrf", csrf), ("code", &code)]).await;
        assert!(!is_signed_in(&typed) && typed.body.contains("role=\"alert\""));
        let asked =
            wish.form.submit(&mut wish.browser, "magic-link", &[("_csrf", csrf), ("email", BOB.0)]).await;
        assert!(asked.body.contains("role=\"alert\""));
    }
    assert!(mailed(&app, BOB.0).await.is_none());
    assert_eq!(wish.browser.post(&link, &[]).await.status, 403);
    let done = wish.press(&link).await;
    assert!(wish.arrives(done).await);
}

const NOT_HERE: &str = "This way of signing in is not available here.";

async fn only_where_links_are_offered(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    assert!(!form.page.body.contains("magic-link"), "{}", form.page.body);
    let refused = ask(&mut browser, &form, ANA.0).await;
    assert!(refused.status == 200 && refused.body.contains(NOT_HERE), "{}", refused.body);
    assert!(app.emails().await.is_empty());
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    assert!(wish.form.page.body.contains("magic-link"));
    let (link, code) = mailed(&app, ANA.0).await.unwrap();
    app.provision_overwriting("version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, default_login_methods: [password] }\n")
        .await;
    let refused = wish.press(&link).await;
    assert!(refused.status == 200 && refused.body.contains(NOT_HERE), "{}", refused.body);
    assert!(!is_signed_in(&wish.type_code(&code).await));
    assert_eq!(audited(&app, "user.login.magic_link").await, 0);
    assert!(audited(&app, "security.login_method_disabled").await >= 1);
}

async fn wishes_are_limited(app: TestApp) {
    offer_links(&app).await;
    set(&app, "acme", settings::MAGIC_LINK_TTL, 60).await;
    let wished = async |network: u8, email: &str| {
        let mut browser = app.browser().with("x-forwarded-for", &format!("192.0.2.{network}"));
        let form = open(&mut browser, &web()).await;
        let answer = ask(&mut browser, &form, email).await;
        assert_eq!(answer.status, 200, "{network} {email}");
        app.advance(Duration::from_secs(1));
        form.redacted(&answer, email).replace(email, "EMAIL")
    };
    for n in 0..7 {
        // The page does not reveal that no mail was sent.
        assert_eq!(wished(0, ANA.0).await, wished(0, NOBODY).await, "{n}");
    }
    assert_eq!(app.emails().await.len(), 5);
    assert_eq!(audited(&app, "rate_limit.magic_link").await, 1, "once per network");
    // From other networks the owner still gets mails, up to the limit per mailbox.
    for network in 1..20 {
        wished(network, ANA.0).await;
    }
    assert_eq!(app.emails().await.len(), 20);
    // Once all links have expired, the next request gets one.
    app.advance(Duration::from_mins(1));
    for _ in 0..3 {
        wished(99, ANA.0).await;
    }
    assert_eq!(app.emails().await.len(), 21);
    // One network cannot send mails to the whole organization.
    set(&app, "acme", settings::RATE_LIMIT_LINK_ADDRESS_MAX, 3).await;
    let mut browser = app.browser().with("x-forwarded-for", "198.51.100.7");
    let form = open(&mut browser, &web()).await;
    let mut answers = Vec::new();
    for n in 0..4 {
        answers.push(ask(&mut browser, &form, &format!("p{n}@acme.test")).await.status.as_u16());
    }
    assert_eq!(answers, [200, 200, 200, 429]);
}

async fn a_known_browser_has_wishes_of_its_own(app: TestApp) {
    offer_links(&app).await;
    let mut known = app.browser();
    known.sign_in(&web(), ANA.0, ANA.1).await;
    set(&app, "acme", settings::RATE_LIMIT_MAGIC_LINK_MAX, 1).await;
    set(&app, "acme", settings::RATE_LIMIT_LINK_ADDRESS_MAX, 8).await;
    for _ in 0..8 {
        let mut stranger = app.browser();
        let form = open(&mut stranger, &web()).await;
        assert_eq!(ask(&mut stranger, &form, ANA.0).await.status, 200);
        assert_eq!(app.emails().await.len(), 1);
    }
    let mut stranger = app.browser();
    let form = open(&mut stranger, &web()).await;
    assert_eq!(ask(&mut stranger, &form, ANA.0).await.status, 429, "the network has had all it may");
    assert_eq!(app.emails().await.len(), 1);
    let again = web().with("prompt", "login");
    let form = open(&mut known, &again).await;
    assert_eq!(ask(&mut known, &form, ANA.0).await.status, 200);
    assert_eq!(app.emails().await.len(), 2);
    assert_eq!(ask(&mut known, &form.anew(2), ANA.0).await.status, 429, "its own quota");
    let form = open(&mut known, &again).await;
    assert_eq!(ask(&mut known, &form, BOB.0).await.status, 429, "known for one person");
}

async fn a_link_that_works_goes_on_working_when_too_many_were_wished_for(app: TestApp) {
    offer_links(&app).await;
    set(&app, "acme", settings::RATE_LIMIT_MAGIC_LINK_MAX, 1).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (_, code) = mailed(&app, ANA.0).await.unwrap();
    assert_eq!(ask(&mut wish.browser, &wish.form.anew(2), ANA.0).await.status, 200);
    assert_eq!(app.emails().await.len(), 1, "nothing more was sent");
    let done = wish.type_code(&code).await;
    assert!(wish.arrives(done).await, "so the code that was sent counts");
    // The code is used now, so the next request gets a mail.
    let mut next = MagicLinkRequest::of(&app, ANA.0).await;
    let (_, code) = mailed(&app, ANA.0).await.unwrap();
    let done = next.type_code(&code).await;
    assert!(next.arrives(done).await);
}

async fn tries_of_a_code_are_limited(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, code) = mailed(&app, ANA.0).await.unwrap();
    for _ in 0..5 {
        assert_eq!(wish.type_code("ABCD-EFGH").await.status, 200);
    }
    let over = wish.type_code(&code).await;
    assert_eq!(over.status, 429, "the right one, too");
    assert!(over.header("retry-after").is_some());
    let done = wish.press(&link).await;
    assert!(wish.arrives(done).await, "the link is not a guess");
}

async fn links_that_do_not_work_are_limited(app: TestApp) {
    offer_links(&app).await;
    set(&app, "acme", settings::RATE_LIMIT_LINK_ADDRESS_MAX, 4).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, _) = mailed(&app, ANA.0).await.unwrap();
    let mut guesser = app.browser().with("x-forwarded-for", "198.51.100.7");
    let statuses = async |guesser: &mut Browser| {
        let mut statuses = Vec::new();
        for n in 0..6 {
            let guess = format!("{}aaaa{n}", &link[..link.len() - 5]);
            statuses.push(guesser.get(&guess).await.status.as_u16());
        }
        statuses
    };
    assert_eq!(statuses(&mut guesser).await, [400, 400, 400, 400, 429, 429]);
    assert_eq!(audited(&app, "user.magic_link.failed").await, 1, "one row, however many guesses");
    let done = wish.press(&link).await;
    assert!(wish.arrives(done).await, "others are not kept out");
}

/// A lock caused by somebody else's guesses does not affect people who can read their mail.
async fn it_opens_what_guessing_closed(app: TestApp) {
    offer_links(&app).await;
    for _ in 0..5 {
        guess_from(&app, "198.51.100.7", ANA.0, WRONG).await;
    }
    assert_eq!(user(&app, "acme", ANA.0).await.status, UserStatus::Locked);
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, _) = mailed(&app, ANA.0).await.unwrap();
    let done = wish.press(&link).await;
    assert!(wish.arrives(done).await);
    let ana = user(&app, "acme", ANA.0).await;
    assert_eq!((ana.status, ana.failed_login_count), (UserStatus::Active, 0));
    assert_eq!(audited(&app, "user.auto_unlocked").await, 1);
}

async fn who_may_not_sign_in_gets_nowhere(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, code) = mailed(&app, ANA.0).await.unwrap();
    for status in [UserStatus::Suspended, UserStatus::Locked, UserStatus::Inactive] {
        set_user_status(&app, ANA.0, status).await;
        assert!(!is_signed_in(&wish.press(&link).await), "{status}");
        assert!(!is_signed_in(&wish.type_code(&code).await), "{status}");
        set_user_status(&app, ANA.0, UserStatus::Active).await;
    }
}

async fn switched_off_between_wish_and_link(app: TestApp) {
    offer_links(&app).await;
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    set_user_status(&app, ANA.0, UserStatus::Suspended).await;
    assert!(mailed(&app, ANA.0).await.is_none(), "the worker looks at the account as it is then");
    assert_eq!(audited(&app, "user.magic_link.sent").await, 0);
    assert!(!is_signed_in(&wish.type_code("ABCD-EFGH").await));
}

async fn the_mail_is_in_the_language_of_the_page(app: TestApp) {
    offer_links(&app).await;
    let mut browser = app.browser();
    let form = open(&mut browser, &web().with("ui_locales", "ja")).await;
    ask(&mut browser, &form, ANA.0).await;
    let emails = app.emails().await;
    assert_eq!(emails[0].recipient.locale.as_deref(), Some("ja"));
}
