//! Headers of all pages and answers, and what no answer may contain.

use axum::body::Body;
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porta_core::TokenDigest;
use porta_testkit::{Answer, Authorize, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_10_2_every_page_carries_the_security_headers,
    w20_the_policy_allows_exactly_what_is_on_the_page,
    w21_no_page_may_be_kept_or_named_to_others,
    section_10_2_json_redirects_and_empty_answers_carry_them_too,
    section_10_2_request_ids_are_fresh_unless_our_proxy_made_them,
    a_head_request_gets_the_headers_and_no_body,
    d11_pages_need_no_script_and_keep_their_names,
    branding_is_shown_and_its_style_cannot_run,
    section_10_2_a_form_may_lead_to_the_client,
    a_form_of_a_sign_in_ends_with_us_or_at_its_client,
);

/// One page of every kind, by name.
async fn every_page(app: &TestApp) -> Vec<(&'static str, Answer)> {
    let mut pages = Vec::new();
    let mut browser = app.browser().with("accept", "text/html");
    let form = open(&mut browser, &partner()).await;
    pages.push(("login", form.page.clone()));
    pages.push(("refused login", form.login(&mut browser, NOBODY, WRONG).await));
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    let consent = Form::at(&mut browser, resumed).await;
    pages.push(("consent", consent.page.clone()));
    pages.push(("forged", consent.submit(&mut browser, "confirm", &[]).await));
    pages.push(("logout", browser.get("/acme/session/end").await));
    pages.push(("signed out", browser.get("/acme/session/end/success").await));
    let posted = web().with("response_mode", "form_post");
    pages.push(("form post", browser.get(&posted.url()).await));
    pages.push(("unknown client", browser.get("/acme/auth?client_id=nobody").await));
    pages.push(("expired", app.browser().get(&form.url).await));
    pages.push(("gone", app.browser().get(&form.resume_url()).await));
    pages.push(("no organization", browser.get("/nowhere/auth").await));
    pages.push(("root", browser.get("/").await));
    for (name, page) in &pages {
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{name}: {}", page.status);
    }
    pages
}

fn assert_headers(name: &str, answer: &Answer) {
    for (header, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-xss-protection", "0"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ] {
        assert_eq!(answer.header(header), Some(value), "{header} of {name}");
        assert_eq!(answer.headers.get_all(header).iter().count(), 1);
    }
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{name}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{name}: {policy}");
    assert!(!policy.contains("unsafe-") && !policy.contains('*'), "{name}: {policy}");
    assert!(answer.header("x-request-id").is_some());
    assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none());
}

async fn section_10_2_every_page_carries_the_security_headers(app: TestApp) {
    for (name, page) in every_page(&app).await {
        assert_headers(name, &page);
    }
}

async fn w20_the_policy_allows_exactly_what_is_on_the_page(app: TestApp) {
    for (name, page) in every_page(&app).await {
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("base-uri 'none'"), "{name}: {policy}");
        assert!(policy.contains("img-src 'self' data:"), "{name}: {policy}");
        let styles = elements(&page.body, "style");
        let scripts = elements(&page.body, "script");
        for inline in styles.iter().chain(&scripts) {
            let hash = format!("'sha256-{}'", STANDARD.encode(TokenDigest::of(inline).as_bytes()));
            assert!(policy.contains(&hash), "{name}: an inline element without its hash");
        }
        assert_eq!(policy.matches("'sha256-").count(), styles.len() + scripts.len(), "{name}: {policy}");
        assert_eq!(scripts.len(), usize::from(name == "form post"), "{name}");
        assert!(!page.body.contains(" style=") && !page.body.contains(" src=\"http"), "{name}");
        for handler in ["onload=", "onclick=", "onsubmit=", "onerror=", "onfocus=", "javascript:"] {
            assert!(!page.body.contains(handler), "{name}: {handler}");
        }
    }
}

/// The contents of all elements with this tag.
fn elements<'a>(html: &'a str, tag: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    html.split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap()).collect()
}

async fn w21_no_page_may_be_kept_or_named_to_others(app: TestApp) {
    for (name, page) in every_page(&app).await {
        assert_eq!(page.header("cache-control"), Some("no-store"), "{name}");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{name}");
        assert!(page.header("etag").is_none() && page.header("last-modified").is_none(), "{name}");
    }
    let mut browser = app.browser();
    let start = browser.get(&web().url()).await;
    let form = Form::at(&mut browser, start.clone()).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    for redirect in [start, login, resumed] {
        assert_eq!(redirect.status, 303);
        assert_eq!(redirect.header("cache-control"), Some("no-store"));
        assert_eq!(redirect.header("referrer-policy"), Some("no-referrer"));
    }
}

async fn section_10_2_json_redirects_and_empty_answers_carry_them_too(app: TestApp) {
    let mut browser = app.browser();
    for path in [
        "/health",
        "/ready",
        "/robots.txt",
        "/favicon.ico",
        "/acme/jwks",
        "/nowhere",
        "/nowhere/auth",
        "/a/b/c/d",
    ] {
        let answer = browser.get(path).await;
        assert_headers(path, &answer);
        assert_eq!(
            answer.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
    }
    assert_headers("401", &browser.get("/acme/me").await);
    assert_headers("400", &browser.post("/acme/token", &[]).await);
    assert_headers("303", &browser.get(&web().url()).await);
    let wrong_method = browser.send(Method::DELETE, "/acme/token", &[], Body::empty()).await;
    assert_eq!(wrong_method.status, 405);
    assert_headers("405", &wrong_method);
}

async fn section_10_2_request_ids_are_fresh_unless_our_proxy_made_them(app: TestApp) {
    let id = |answer: &Answer| answer.header("x-request-id").unwrap().to_owned();
    let one = id(&app.browser().get("/").await);
    assert_ne!(one, id(&app.browser().get("/").await));
    let kept = app.browser().with("x-request-id", "trace-0123456789").get("/").await;
    assert_eq!(id(&kept), "trace-0123456789", "the test's peer counts as our proxy");
    for bad in
        ["short", "with space 123", "<script>alert(1)</script>", &"a".repeat(65), "id;x=1234", "id\t123456"]
    {
        let answer = app.browser().with("x-request-id", bad).get("/").await;
        assert_ne!(id(&answer), bad);
        assert_eq!(id(&answer).len(), 36);
    }
    let open_to_all =
        app.sibling_with(|i| i.trusted_proxies = porta_web::client_address::TrustedProxies::Never);
    let answer = open_to_all.browser().with("x-request-id", "trace-0123456789").get("/").await;
    assert_ne!(id(&answer), "trace-0123456789");
}

async fn a_head_request_gets_the_headers_and_no_body(app: TestApp) {
    for path in ["/", "/health", "/ready", "/robots.txt", "/acme/session/end/success", "/acme/jwks"] {
        let answer = app.browser().send(Method::HEAD, path, &[], Body::empty()).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.is_empty(), "{path}");
        assert_headers(path, &answer);
    }
}

async fn d11_pages_need_no_script_and_keep_their_names(app: TestApp) {
    let pages = every_page(&app).await;
    let page = |wanted: &str| pages.iter().find(|(name, _)| *name == wanted).unwrap().1.body.clone();
    let login = page("login");
    for hook in [
        "id=\"email\" name=\"email\"",
        "id=\"password\" name=\"password\"",
        "<label for=\"email\">",
        "<label for=\"password\">",
        "autocomplete=\"username\"",
        "autocomplete=\"current-password\"",
        "class=\"btn-primary\" type=\"submit\"",
    ] {
        assert!(login.contains(hook), "{hook}");
    }
    let consent = page("consent");
    assert!(consent.contains("name=\"decision\" value=\"approve\"") && consent.contains("value=\"deny\""));
    assert!(page("logout").contains("id=\"op.logoutForm\""));
    assert!(page("form post").contains("<button"), "a way onward without script");
    for (name, page) in &pages {
        assert!(page.body.contains("<html lang=\"en\""), "{name}");
        assert!(page.body.contains("<h1>"), "{name}");
        assert!(page.body.contains("name=\"robots\" content=\"noindex, nofollow\""), "{name}");
    }
}

async fn branding_is_shown_and_its_style_cannot_run(app: TestApp) {
    app.provision(
        r##"
version: "1.0"
organizations:
  - name: Painted
    slug: painted
    branding:
      company_name: "Painted & Sons"
      primary_color: "#aa3300"
      logo_url: "https://cdn.test/logo.png"
      custom_css: "h1 { color: teal }"
"##,
    )
    .await;
    let page = app.browser().get("/painted/session/end/success").await;
    assert!(page.body.contains("Painted &amp; Sons") && page.body.contains("teal"), "{}", page.body);
    assert!(page.body.contains("src=\"https://cdn.test/logo.png\""));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("img-src 'self' data: https://cdn.test;"), "{policy}");
    for style in elements(&page.body, "style") {
        let hash = format!("'sha256-{}'", STANDARD.encode(TokenDigest::of(style).as_bytes()));
        assert!(policy.contains(&hash));
    }
    let error = app.browser().with("accept", "text/html").get("/painted/auth?client_id=nobody").await;
    assert!(error.body.contains("Painted &amp; Sons"), "errors are branded as well");
}

/// Browsers apply `form-action` to the redirects after a form too, and sign-out may end at any registered address.
async fn section_10_2_a_form_may_lead_to_the_client(app: TestApp) {
    for (name, page) in every_page(&app).await {
        let policy = page.header("content-security-policy").unwrap();
        let is_open = page.body.contains("<form") && !page.body.contains("name=\"_csrf\"");
        assert_eq!(policy.contains("form-action"), !is_open, "{name}: {policy}");
    }
}

async fn a_form_of_a_sign_in_ends_with_us_or_at_its_client(app: TestApp) {
    let form_action = |page: &Answer| {
        let policy = page.header("content-security-policy").unwrap();
        policy.split("; ").find(|part| part.starts_with("form-action ")).unwrap().to_owned()
    };
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    assert_eq!(form_action(&form.page), "form-action 'self' https://web.test");
    let wrong = form.login(&mut browser, ANA.0, WRONG).await;
    assert_eq!(form_action(&wrong), "form-action 'self' https://web.test");
    let login = browser.submit_login(&partner(), ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    let consent = Form::at(&mut browser, resumed).await;
    assert_eq!(form_action(&consent.page), "form-action 'self' https://partner.test");
    let loopback = Authorize::new("acme", "cli", "http://127.0.0.1:50123/cb");
    let form = open(&mut app.browser(), &loopback).await;
    let policy = form_action(&form.page);
    assert!(policy.starts_with("form-action 'self' http://127.0.0.1:50123"), "{policy}");
    let mut nobody = app.browser();
    let account = nobody.get("/acme/account").await;
    let form = Form::at(&mut nobody, account).await;
    assert_eq!(form_action(&form.page), "form-action 'self'");
    // The pages of a mailed link, and those of the second factor.
    super::magic_link::offer_links(&app).await;
    let form = open(&mut browser, &web().with("prompt", "login")).await;
    let fields = [("_csrf", form.csrf.as_str()), ("email", BOB.0)];
    let sent = form.submit(&mut browser, "magic-link", &fields).await;
    let sent = browser.follow(sent).await;
    let (link, _) = super::magic_link::mailed(&app, BOB.0).await.unwrap();
    let landing = browser.get(&link).await;
    let ana = user(&app, "acme", ANA.0).await;
    let mut all = app.store.repositories();
    assert!(all.second_factors(ana.organization_id).enrol_email(ana.id, app.now()).await.unwrap());
    drop(all);
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let asked = browser.get(login.location()).await;
    for page in [sent, landing, asked] {
        assert!(page.body.contains("<form") && page.status == 200, "{}", page.body);
        assert_eq!(form_action(&page), "form-action 'self' https://web.test");
    }
}
