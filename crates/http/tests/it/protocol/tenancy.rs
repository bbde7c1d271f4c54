//! Resolution of paths to tenants.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use porta_core::organization::OrganizationStatus;
use porta_testkit::{Answer, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    archived_looks_like_unknown_byte_for_byte,
    a_suspended_organization_says_so,
    a_suspension_ends_within_a_second_and_so_does_its_end,
    a_new_organization_appears_although_it_was_asked_for_before,
    slugs_match_exactly,
    reserved_names_are_no_tenants,
    a_path_nobody_owns_is_not_found,
    a_wrong_method_is_told_the_right_ones,
    an_unknown_organization_is_not_found_whatever_the_method,
    what_is_missing_or_refused_is_not_kept,
    head_is_get_without_a_body,
    every_answer_carries_the_security_headers,
    the_root_names_nobody,
);

/// Every path of a tenant, with its method.
const TENANT_PATHS: [(&str, &str); 16] = [
    ("GET", ".well-known/openid-configuration"),
    ("GET", ".well-known/oauth-authorization-server"),
    ("GET", "jwks"),
    ("GET", "auth"),
    ("POST", "auth"),
    ("GET", "auth/some-uid"),
    ("POST", "token"),
    ("POST", "token/introspection"),
    ("POST", "token/revocation"),
    ("GET", "me"),
    ("POST", "me"),
    ("OPTIONS", "token"),
    ("GET", "interaction/some-uid"),
    ("POST", "interaction/some-uid/login"),
    ("GET", "session/end"),
    ("POST", "session/end"),
];

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn ask(browser: &mut Browser, (method, path): (&str, &str), slug: &str, accept: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    browser.send(method, &format!("/{slug}/{path}"), &[(header::ACCEPT, accept)], Body::empty()).await
}

/// The answer without its request id.
fn comparable(mut answer: Answer) -> (StatusCode, header::HeaderMap, String) {
    answer.headers.remove("x-request-id");
    (answer.status, answer.headers, answer.body)
}

async fn archived_looks_like_unknown_byte_for_byte(app: TestApp) {
    set_organization(&app, "beta", OrganizationStatus::Archived).await;
    app.wait_for_notices().await;
    let mut browser = app.browser();
    for asked in TENANT_PATHS {
        for accept in ["application/json", "*/*", HTML] {
            let unknown = comparable(ask(&mut browser, asked, "nobody", accept).await);
            let archived = comparable(ask(&mut browser, asked, "beta", accept).await);
            assert_eq!(unknown, archived, "{asked:?} {accept}");
            assert_eq!(unknown.0, StatusCode::NOT_FOUND, "{asked:?}");
        }
    }
    let json = ask(&mut browser, TENANT_PATHS[0], "beta", "*/*").await;
    assert_eq!(json.json(), serde_json::json!({ "error": "Organization not found", "status": 404 }));
    let page = ask(&mut browser, TENANT_PATHS[0], "beta", HTML).await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
}

async fn a_suspended_organization_says_so(app: TestApp) {
    set_organization(&app, "beta", OrganizationStatus::Suspended).await;
    app.wait_for_notices().await;
    let mut browser = app.browser();
    for asked in TENANT_PATHS {
        let json = ask(&mut browser, asked, "beta", "*/*").await;
        assert_eq!(json.status, StatusCode::FORBIDDEN, "{asked:?}");
        assert_eq!(json.json(), serde_json::json!({ "error": "Organization is suspended", "status": 403 }));
        let page = ask(&mut browser, asked, "beta", HTML).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{asked:?}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{asked:?}");
    }
    assert_eq!(browser.get("/acme/jwks").await.status, StatusCode::OK, "the neighbour is not concerned");
}

/// A change takes effect on every instance within a second.
async fn a_suspension_ends_within_a_second_and_so_does_its_end(app: TestApp) {
    let sibling = app.sibling();
    for (to, expected) in
        [(OrganizationStatus::Suspended, StatusCode::FORBIDDEN), (OrganizationStatus::Active, StatusCode::OK)]
    {
        for instance in [&app, &sibling] {
            instance.browser().get("/beta/jwks").await;
        }
        set_organization(&app, "beta", to).await;
        for instance in [&app, &sibling] {
            soon(async || instance.browser().get("/beta/jwks").await.status == expected).await;
        }
    }
}

async fn a_new_organization_appears_although_it_was_asked_for_before(app: TestApp) {
    assert_eq!(app.browser().get("/gamma/jwks").await.status, StatusCode::NOT_FOUND);
    app.provision("version: \"1.0\"\norganizations: [{ name: Gamma, slug: gamma }]\n").await;
    soon(async || app.browser().get("/gamma/jwks").await.status == StatusCode::OK).await;
}

/// Exact and case-sensitive.
async fn slugs_match_exactly(app: TestApp) {
    let mut browser = app.browser();
    for slug in ["Acme", "ACME", "acme-", "-acme", "acm", "acme%20", "acme%00", "acme.", "%ff", "acme%2fjwks"]
    {
        let answer = browser.get(&format!("/{slug}/jwks")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{slug}");
    }
}

async fn reserved_names_are_no_tenants(app: TestApp) {
    let mut browser = app.browser();
    for slug in [
        "admin",
        "api",
        "health",
        "ready",
        "metrics",
        "interaction",
        "default",
        "assets",
        "static",
        ".well-known",
    ] {
        let path = format!("/{slug}/.well-known/openid-configuration");
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{slug}");
    }
}

async fn a_path_nobody_owns_is_not_found(app: TestApp) {
    let mut browser = app.browser();
    for path in [
        "/acme",
        "/acme/",
        "/acme/nothing",
        "/acme/token/nothing",
        "/acme/jwks/",
        "/acme//jwks",
        "/acme/reg",
        "/acme/request",
        "/acme/device",
        "/acme/device/auth",
        "/acme/backchannel",
        "/acme/challenge",
        "/interaction/some-uid",
        "/../acme/jwks",
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = browser.send(method.clone(), path, &[], Body::empty()).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
            assert_eq!(answer.body, "Not Found", "{method} {path}");
        }
    }
}

/// RFC 9110 §15.5.6.
async fn a_wrong_method_is_told_the_right_ones(app: TestApp) {
    let mut browser = app.browser();
    let cases = [
        ("POST", "/", "GET,HEAD"),
        ("DELETE", "/health", "GET,HEAD"),
        ("POST", "/robots.txt", "GET,HEAD"),
        ("POST", "/acme/.well-known/openid-configuration", "GET,HEAD,OPTIONS"),
        ("PUT", "/acme/jwks", "GET,HEAD,OPTIONS"),
        ("DELETE", "/acme/auth", "GET,POST"),
        ("POST", "/acme/auth/some-uid", "GET"),
        ("GET", "/acme/token", "POST,OPTIONS"),
        ("HEAD", "/acme/token", "POST,OPTIONS"),
        ("GET", "/acme/token/introspection", "POST,OPTIONS"),
        ("PATCH", "/acme/token/revocation", "POST,OPTIONS"),
        ("DELETE", "/acme/me", "GET,HEAD,POST,OPTIONS"),
        ("GET", "/acme/interaction/some-uid/login", "POST"),
        ("GET", "/acme/interaction/some-uid/abort", "POST"),
        ("DELETE", "/acme/session/end", "GET,POST"),
        ("GET", "/acme/session/end/confirm", "POST"),
        ("TRACE", "/acme/jwks", "GET,HEAD,OPTIONS"),
        ("BREW", "/acme/jwks", "GET,HEAD,OPTIONS"),
    ];
    for (method, path, allowed) in cases {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = browser.send(method.clone(), path, &[], Body::empty()).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        let sorted = |list: &str| {
            let mut words: Vec<String> = list.split(',').map(|w| w.trim().to_owned()).collect();
            words.sort();
            words
        };
        assert_eq!(sorted(answer.header("allow").unwrap()), sorted(allowed), "{method} {path}");
    }
}

/// An unknown organization is 404 before the method is checked.
async fn an_unknown_organization_is_not_found_whatever_the_method(app: TestApp) {
    let mut browser = app.browser();
    set_organization(&app, "beta", OrganizationStatus::Suspended).await;
    app.wait_for_notices().await;
    let methods =
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW"];
    for (_, path) in TENANT_PATHS {
        for method in methods {
            for (slug, status) in [("nobody", 404), ("beta", 403)] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let answer =
                    browser.send(method.clone(), &format!("/{slug}/{path}"), &[], Body::empty()).await;
                assert_eq!(answer.status, status, "{method} /{slug}/{path}");
            }
        }
    }
}

/// RFC 9111 §4.2.2: without a header against it, a cache may store a 404 or 405.
async fn what_is_missing_or_refused_is_not_kept(app: TestApp) {
    let mut browser = app.browser();
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("GET", "/acme/nothing", 404),
        ("POST", "/acme", 404),
        ("GET", "/nobody/jwks", 404),
        ("DELETE", "/nobody/jwks", 404),
        ("GET", "/acme/assets/logo/1", 404),
        ("DELETE", "/acme/jwks", 405),
        ("HEAD", "/acme/auth", 405),
        ("GET", "/acme/token", 405),
        ("POST", "/health", 405),
        ("GET", "/acme/me", 401),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = browser.send(method.clone(), path, &[], Body::empty()).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
    }
}

/// RFC 9110 §9.3.2.
async fn head_is_get_without_a_body(app: TestApp) {
    let mut browser = app.browser();
    for path in ["/", "/robots.txt", "/health", "/acme/jwks", "/acme/session/end/success", "/nobody/jwks"] {
        let mut get = comparable(browser.get(path).await);
        let head = browser.send(Method::HEAD, path, &[], Body::empty()).await;
        assert_eq!(head.body, "", "{path}");
        let mut head = comparable(head);
        // Read whole in process, the body has no length to compare.
        for headers in [&mut get.1, &mut head.1] {
            headers.remove("content-length");
        }
        assert_eq!((head.0, head.1), (get.0, get.1), "{path}");
    }
}

async fn every_answer_carries_the_security_headers(app: TestApp) {
    let mut browser = app.browser();
    for path in [
        "/",
        "/health",
        "/nothing",
        "/acme/nothing",
        "/nobody/jwks",
        "/acme/jwks",
        "/acme/auth",
        "/acme/token",
    ] {
        let answer = browser.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("x-xss-protection", "0"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name} of {path}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe-inline"),
            "{path}: {policy}"
        );
        assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 36), "{path}");
        assert_eq!(answer.header("server"), None, "{path}");
        assert_eq!(answer.header("x-powered-by"), None, "{path}");
    }
}

async fn the_root_names_nobody(app: TestApp) {
    let mut browser = app.browser();
    for path in ["/", "/robots.txt", "/favicon.ico"] {
        let answer = browser.get(path).await;
        assert!(answer.status.is_success(), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-robots-tag"), Some("noindex, nofollow"), "{path}");
        assert!(!answer.body.to_lowercase().contains("porta"), "{path}: {}", answer.body);
    }
}
