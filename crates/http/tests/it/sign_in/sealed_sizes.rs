//! Sealed sign-ins fit into cookies and into the header limits of proxies.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use porta_core::TokenDigest;
use porta_core::settings::RATE_LIMIT_LOGIN_ORGANIZATION_MAX;
use porta_kv::{KeyName, KvKey};
use porta_testkit::{Authorize, Browser, TestApp, on_both_stores};

use super::magic_link::offer_links;
use super::second_factor::{manual_key, policy, recovery_codes, totp};
use super::support::*;

on_both_stores!(
    the_largest_request_fits_cookies_and_proxies,
    the_cookies_of_a_request_fit_after_many_sign_ins,
    a_stored_sign_in_takes_4_kib_at_most,
);

/// Longest `Cookie` header in bytes. nginx and Apache take lines of 8 KiB; a quarter of it is left for cookies that
/// others set on the same host.
const COOKIE_HEADER: usize = 6 * 1_024;

/// The largest request that `check` accepts.
fn largest() -> Authorize {
    enlarged(web(), 90)
}

fn enlarged(request: Authorize, claim: usize) -> Authorize {
    let claims = format!(r#"{{"userinfo":{{"{}":null}}}}"#, "c".repeat(claim));
    request.with("state", &"s".repeat(1_024)).with("nonce", &"n".repeat(1_024)).with("claims", &claims)
}

/// RFC 6265 §6.1: 4,096 bytes per cookie. nginx: `large_client_header_buffers 4 8k`, so no line of a request is longer
/// than 8 KiB. Headers of answers stay below 8 KiB too, for proxies still configured by the older files in `ops/`.
async fn the_largest_request_fits_cookies_and_proxies(app: TestApp) {
    let mut browser = app.browser();
    let too_long = largest().with("login_hint", &"h".repeat(320));
    let refused = browser.get(&too_long.url()).await;
    assert_eq!(refused.query("error").as_deref(), Some("invalid_request"), "{}", refused.location());
    assert!(!browser.has_cookie("_begun"));
    for by_post in [false, true] {
        let mut browser = app.browser();
        let begun = if by_post {
            browser.cross_site_post("/acme/auth", &largest().pairs()).await
        } else {
            browser.get(&largest().url()).await
        };
        assert_eq!(begun.status, 303, "{}", begun.body);
        let cookies = begun.headers.get_all("set-cookie").iter().map(axum::http::HeaderValue::len);
        let longest = cookies.max().unwrap();
        // This organization's slug is shorter than the longest allowed.
        assert!(longest + 96 <= 4_096, "{longest}");
        let headers: usize =
            begun.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        assert!(headers + 512 < 8_192, "{headers}");
        let line = format!("cookie: {}", browser.cookies_for(begun.location()));
        assert!(line.len() + 2_048 < 8_192, "{}", line.len());
        let page = browser.follow(begun).await;
        assert_eq!(page.status, 200, "{}", page.body);
    }
    let form = open(&mut browser, &largest()).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    assert_eq!(browser.follow(login).await.query("state"), Some("s".repeat(1_024)));
    // Other methods, such as HEAD, neither begin nor end a sign-in.
    let head = browser.send(Method::HEAD, &web().url(), &[], Body::empty()).await;
    assert!(set_cookie(&head, "_begun").is_none());
}

/// Begins sign-ins and leaves them; notes where their pages are.
async fn leave_many(browser: &mut Browser, request: &Authorize, pages: &mut Vec<String>) {
    for _ in 0..70 {
        let begun = browser.get(&request.url()).await;
        assert!(begun.location().contains("/interaction/"), "{}", begun.location());
        pages.push(begun.location().to_owned());
        pages.push(begun.location().replacen("/interaction/", "/auth/", 1));
    }
}

#[track_caller]
fn assert_fits(browser: &Browser, pages: &[String]) {
    let longest = pages.iter().map(|page| browser.cookies_for(page).len()).max().unwrap();
    assert!(longest <= COOKIE_HEADER, "{longest}");
}

/// With every cookie that a browser can have: begun sign-ins of the largest size in two organizations, the wait of a
/// flood, sessions, known browsers, the session of forms, a message.
async fn the_cookies_of_a_request_fit_after_many_sign_ins(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 1).await;
    assert!(is_refusal(&guess(&app, BOB.0, WRONG).await));
    app.advance(Duration::from_secs(1));
    let mut browser = app.browser();
    let mut pages: Vec<String> =
        ["/acme/account", "/acme/auth", "/acme/session/end", "/beta/account"].map(str::to_owned).into();
    for request in [largest(), enlarged(beta(), 80)] {
        leave_many(&mut browser, &request, &mut pages).await;
        assert!(browser.has_cookie("_begun"));
        assert_fits(&browser, &pages);
    }
    let told = browser.submit_login(&largest(), ANA.0, ANA.1).await;
    assert_eq!(told.status, 429, "{}", told.body);
    app.advance(Duration::from_secs(told.header("retry-after").unwrap().parse().unwrap()));
    assert!(browser.has_cookie("_pause"));
    assert!(is_signed_in(&browser.submit_login(&largest(), ANA.0, ANA.1).await));
    assert!(is_signed_in(&browser.submit_login(&enlarged(beta(), 80), ANA_OF_BETA.0, ANA_OF_BETA.1).await));
    assert_eq!(browser.get("/acme/session/end").await.status, 200);
    for name in ["_begun", "_session", "_device", "_pending"] {
        assert!(browser.has_cookie(name), "{name}");
    }
    assert_fits(&browser, &pages);
    leave_many(&mut browser, &enlarged(partner(), 80), &mut pages).await;
    assert_fits(&browser, &pages);
}

/// Bytes that the short-lived store has for the sign-in of this form.
async fn stored(app: &TestApp, browser: &Browser, form: &Form) -> usize {
    let organization = app.tenant("acme").await.organization.id;
    let binding = &browser.cookie("_interaction").unwrap()[44..];
    let digest = TokenDigest::of(&format!("{}.{binding}", form.uid())).hex();
    let key = KvKey::new(KeyName::Interaction, organization).with(digest);
    app.kv.get(&key).await.unwrap().expect("it is stored").len()
}

/// A sign-in with the largest request, as stored.
const STORED: std::ops::RangeInclusive<usize> = 2_400..=4_096;

async fn a_stored_sign_in_takes_4_kib_at_most(app: TestApp) {
    offer_links(&app).await;
    // Anybody can ask for a link. What they type need not be an address.
    for typed in ["e", "\u{1d11e}", "\u{1}", "\""] {
        let email = typed.repeat(400);
        let mut browser = app.browser();
        let form = open(&mut browser, &largest()).await;
        form.submit(&mut browser, "magic-link", &[("_csrf", &form.csrf), ("email", &email)]).await;
        let with_link = stored(&app, &browser, &form).await;
        assert!(STORED.contains(&with_link), "{typed:?}: {with_link}");
    }
    // Then the steps of somebody who knows a password.
    policy(&app, "required_totp").await;
    let mut browser = app.browser();
    let form = open(&mut browser, &largest()).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let setup = browser.get(login.location()).await;
    let with_secret = stored(&app, &browser, &form).await;
    assert!(STORED.contains(&with_secret), "{with_secret}");
    let code = totp(&manual_key(&setup.body), &app);
    let fields = [("_csrf", form.csrf.as_str()), ("code", &code)];
    browser.post(&format!("{}/two-factor/setup", form.url), &fields).await;
    let codes = browser.get(&format!("{}/two-factor", form.url)).await;
    assert_eq!(recovery_codes(&codes.body).len(), 10, "{}", codes.body);
    let with_codes = stored(&app, &browser, &form).await;
    assert!(STORED.contains(&with_codes), "{with_codes}");
}
