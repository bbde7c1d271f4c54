//! Sealed sign-ins fit into cookies and into the header limits of proxies.

use axum::body::Body;
use axum::http::Method;
use porta_testkit::{Authorize, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(the_largest_request_fits_cookies_and_proxies);

/// The largest request that `check` accepts.
fn largest() -> Authorize {
    let claims = format!(r#"{{"userinfo":{{"{}":null}}}}"#, "c".repeat(90));
    web().with("state", &"s".repeat(1_024)).with("nonce", &"n".repeat(1_024)).with("claims", &claims)
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
