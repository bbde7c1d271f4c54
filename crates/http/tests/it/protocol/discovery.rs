//! Discovery and JWKS (OpenID Connect Discovery §4, RFC 8414 §3).

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use porta_testkit::{Answer, Browser, ISSUER_BASE, TestApp};
use serde_json::Value;

use super::support::*;

porta_testkit::on_both_stores!(
    two_organizations_differ_only_in_their_slug,
    every_url_starts_with_the_issuer,
    a_forged_host_changes_nothing,
    all_three_addresses_serve_the_same_document,
    the_path_insertion_form_knows_the_tenants_too,
    only_what_works_is_advertised,
    advertised_endpoints_exist,
    documents_may_be_kept_and_asked_for_again,
    anybody_may_read_the_documents,
    the_jwks_holds_public_halves_only,
    organizations_share_no_key,
    ready_bytes_need_no_round_trip,
);

const DOCUMENTS: [&str; 4] = [
    "/acme/.well-known/openid-configuration",
    "/acme/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/acme",
    "/acme/jwks",
];

async fn get(browser: &mut Browser, path: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
    browser.send(Method::GET, path, headers, Body::empty()).await
}

async fn two_organizations_differ_only_in_their_slug(app: TestApp) {
    let mut browser = app.browser();
    let acme = browser.get("/acme/.well-known/openid-configuration").await;
    let beta = browser.get("/beta/.well-known/openid-configuration").await;
    assert_eq!(acme.status, StatusCode::OK);
    assert_eq!(acme.body.replace("id.test/acme", "id.test/beta"), beta.body);
    assert_ne!(acme.body, beta.body);
}

/// OpenID Connect Discovery §4.3: the issuer is exactly the prefix of the document's address.
async fn every_url_starts_with_the_issuer(app: TestApp) {
    let document = app.browser().get(DOCUMENTS[0]).await.json();
    assert_eq!(document["issuer"], "https://id.test/acme");
    let urls: Vec<&str> = document
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_str)
        .filter(|v| v.contains("://"))
        .collect();
    assert!(urls.len() > 7, "{urls:?}");
    for url in urls.into_iter().filter(|url| *url != "https://id.test/acme") {
        assert!(url.starts_with("https://id.test/acme/"), "{url}");
    }
}

/// Decision D10: addresses come from configuration, not from the `Host` header.
async fn a_forged_host_changes_nothing(app: TestApp) {
    let mut browser = app.browser();
    let forged = [
        (header::HOST, "evil.test"),
        (header::FORWARDED, "host=evil.test;proto=http"),
        (header::HeaderName::from_static("x-forwarded-host"), "evil.test"),
        (header::HeaderName::from_static("x-forwarded-proto"), "http"),
        (header::HeaderName::from_static("x-forwarded-port"), "81"),
    ];
    for path in DOCUMENTS {
        let honest = browser.get(path).await;
        let answer = get(&mut browser, path, &forged).await;
        assert_eq!((answer.status, &answer.body), (honest.status, &honest.body), "{path}");
        assert_eq!(answer.header("etag"), honest.header("etag"), "{path}");
    }
    let to_page = get(&mut browser, &web().url(), &forged).await;
    assert!(to_page.location().starts_with("https://id.test/acme/interaction/"), "{}", to_page.location());
    let challenge = get(&mut browser, "/acme/me", &forged).await;
    assert_eq!(challenge.header("www-authenticate"), Some("Bearer realm=\"https://id.test/acme\""));
}

/// RFC 8414 §3.1 and OpenID Connect Discovery §4.1.
async fn all_three_addresses_serve_the_same_document(app: TestApp) {
    let mut browser = app.browser();
    let first = browser.get(DOCUMENTS[0]).await;
    assert_eq!(first.header("content-type"), Some("application/json; charset=utf-8"));
    for path in &DOCUMENTS[1..3] {
        assert_eq!(browser.get(path).await.body, first.body, "{path}");
    }
}

/// RFC 8414 §3.1: the well-known part comes before the path of the issuer.
async fn the_path_insertion_form_knows_the_tenants_too(app: TestApp) {
    let mut browser = app.browser();
    let unknown = browser.get("/nobody/.well-known/openid-configuration").await;
    let inserted = browser.get("/.well-known/oauth-authorization-server/nobody").await;
    assert_eq!((inserted.status, &inserted.body), (StatusCode::NOT_FOUND, &unknown.body));
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/",
        "/.well-known/oauth-authorization-server/acme/jwks",
        "/.well-known/openid-configuration",
        "/.well-known/jwks",
    ] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

async fn only_what_works_is_advertised(app: TestApp) {
    let document = app.browser().get(DOCUMENTS[0]).await.json();
    for absent in [
        "registration_endpoint",
        "device_authorization_endpoint",
        "pushed_authorization_request_endpoint",
        "check_session_iframe",
        "dpop_signing_alg_values_supported",
        "backchannel_logout_supported",
        "frontchannel_logout_supported",
    ] {
        assert_eq!(document.get(absent), None, "{absent}");
    }
    assert_eq!(document["response_types_supported"], serde_json::json!(["code"]));
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(document["request_uri_parameter_supported"], false);
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    let algorithms = document["id_token_signing_alg_values_supported"].as_array().unwrap();
    assert!(
        algorithms.contains(&Value::from("RS256")),
        "OpenID Connect Discovery §3 wants RS256: {algorithms:?}"
    );
}

async fn advertised_endpoints_exist(app: TestApp) {
    let mut browser = app.browser();
    let document = browser.get(DOCUMENTS[0]).await.json();
    for (name, url) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = url.as_str().unwrap().strip_prefix(ISSUER_BASE).unwrap();
            let answer = browser.get(path).await;
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{name}");
        }
    }
}

/// Documents are cacheable and support conditional requests (RFC 9110 §13.1.2 and §15.4.5).
async fn documents_may_be_kept_and_asked_for_again(app: TestApp) {
    let mut browser = app.browser();
    for path in DOCUMENTS {
        let first = browser.get(path).await;
        assert_eq!(first.header("cache-control"), Some("public, max-age=300"), "{path}");
        let etag = first.header("etag").unwrap().to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
        for known in [etag.clone(), format!("\"other\", {etag}"), format!("W/{etag}"), "*".to_owned()] {
            let again = get(&mut browser, path, &[(header::IF_NONE_MATCH, &known)]).await;
            assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path} {known}");
            assert_eq!(again.header("etag"), Some(etag.as_str()), "{path}");
            assert_eq!(again.header("cache-control"), Some("public, max-age=300"), "{path}");
        }
        for other in ["\"other\"", "", &etag[1..etag.len() - 1]] {
            let again = get(&mut browser, path, &[(header::IF_NONE_MATCH, other)]).await;
            assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body), "{path} {other}");
        }
        let head = browser.send(Method::HEAD, path, &[], Body::empty()).await;
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""), "{path}");
        assert_eq!(head.header("etag"), Some(etag.as_str()), "{path}");
    }
}

/// Any origin, never with credentials.
async fn anybody_may_read_the_documents(app: TestApp) {
    let mut browser = app.browser();
    for path in DOCUMENTS {
        let origin = [(header::ORIGIN, "https://stranger.test")];
        let answer = get(&mut browser, path, &origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
        let preflight = browser.send(Method::OPTIONS, path, &origin, Body::empty()).await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(preflight.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(preflight.header("access-control-allow-methods"), Some("GET, OPTIONS"), "{path}");
        assert_eq!(preflight.header("access-control-allow-credentials"), None, "{path}");
    }
}

/// RFC 7517 §4 and §9.2: no private key members.
async fn the_jwks_holds_public_halves_only(app: TestApp) {
    let answer = app.browser().get("/acme/jwks").await;
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json; charset=utf-8"));
    let document = answer.json();
    let keys = document["keys"].as_array().unwrap();
    for key in keys {
        for member in ["kty", "kid", "alg", "use"] {
            assert!(key[member].is_string(), "{member} of {key}");
        }
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert_eq!(key.get(private), None, "{private} of {}", key["kid"]);
        }
    }
    let count = |algorithm: &str| keys.iter().filter(|k| k["alg"] == algorithm).count();
    assert_eq!((count("ES256"), count("RS256")), (2, 2), "one signs, one is next: {document}");
    let mut kids: Vec<&str> = keys.iter().filter_map(|k| k["kid"].as_str()).collect();
    kids.sort_unstable();
    kids.dedup();
    assert_eq!(kids.len(), keys.len(), "each kid names one key");
}

/// Decision D4: one leaked key affects one tenant.
async fn organizations_share_no_key(app: TestApp) {
    let acme = app.browser().get("/acme/jwks").await.json();
    let beta = app.browser().get("/beta/jwks").await;
    for key in acme["keys"].as_array().unwrap() {
        assert!(!beta.body.contains(key["kid"].as_str().unwrap()), "{}", key["kid"]);
    }
}

/// Once a tenant is cached: no SQL statement and no kv command.
async fn ready_bytes_need_no_round_trip(app: TestApp) {
    let mut browser = app.browser();
    browser.get(DOCUMENTS[0]).await;
    let before = (app.store.round_trips(), app.kv.commands());
    for path in DOCUMENTS {
        for _ in 0..20 {
            assert_eq!(browser.get(path).await.status, StatusCode::OK);
        }
    }
    assert_eq!((app.store.round_trips(), app.kv.commands()), before);
}
