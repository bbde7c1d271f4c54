//! Client authentication (RFC 6749 §2.3, OpenID Connect Core §9).

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porta_testkit::{Answer, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    basic_and_post_are_interchangeable,
    the_scheme_is_read_in_any_case,
    percent_encoded_secrets_are_decoded_before_they_are_compared,
    a_plus_in_a_basic_secret_is_a_space,
    unknown_client_and_wrong_secret_look_alike,
    one_mechanism_only,
    several_authorization_headers_are_refused,
    a_confidential_client_needs_its_secret,
    a_public_client_has_none,
    the_stored_digest_is_no_secret,
    a_challenge_answers_the_header,
    what_cannot_be_read_is_refused,
    nothing_at_all_is_an_incomplete_request,
    the_client_of_another_organization_is_unknown,
    every_endpoint_asks_the_same_way,
    a_new_client_works_although_it_was_tried_before,
);

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const SECRET: &str = "web-secret-0123456789abcdef";

async fn with_headers(browser: &mut Browser, path: &str, headers: &[&str], form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut all = vec![(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
    all.extend(headers.iter().map(|h| (header::AUTHORIZATION, *h)));
    browser.send(Method::POST, path, &all, Body::from(body)).await
}

async fn basic(browser: &mut Browser, header: &str, form: &[(&str, &str)]) -> Answer {
    with_headers(browser, "/acme/token", &[header], form).await
}

fn pair(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn invalid_client() -> (u16, String) {
    (401, "invalid_client".to_owned())
}

fn invalid_request() -> (u16, String) {
    (400, "invalid_request".to_owned())
}

/// The answer without its request id.
fn comparable(mut answer: Answer) -> (StatusCode, header::HeaderMap, String) {
    answer.headers.remove("x-request-id");
    (answer.status, answer.headers, answer.body)
}

async fn basic_and_post_are_interchangeable(app: TestApp) {
    let mut browser = app.browser();
    assert_eq!(basic(&mut browser, &pair("web", SECRET), &[GRANT]).await.status, StatusCode::OK);
    let with_id = basic(&mut browser, &pair("web", SECRET), &[GRANT, ("client_id", "web")]).await;
    assert_eq!(with_id.status, StatusCode::OK);
    let post = browser.post("/acme/token", &[GRANT, ("client_id", "web"), ("client_secret", SECRET)]).await;
    assert_eq!(post.status, StatusCode::OK);
}

/// RFC 9110 §11.1.
async fn the_scheme_is_read_in_any_case(app: TestApp) {
    let mut browser = app.browser();
    for scheme in ["basic", "BASIC", "bAsIc"] {
        let header = pair("web", SECRET).replace("Basic", scheme);
        assert_eq!(basic(&mut browser, &header, &[GRANT]).await.status, StatusCode::OK, "{scheme}");
    }
}

/// RFC 6749 §2.3.1; openid-client percent-encodes `-` and `_`.
async fn percent_encoded_secrets_are_decoded_before_they_are_compared(app: TestApp) {
    let mut browser = app.browser();
    let encoded = SECRET.replace('-', "%2D");
    assert_eq!(basic(&mut browser, &pair("w%65b", &encoded), &[GRANT]).await.status, StatusCode::OK);
    let hard = "p%+:& =\"secret'/?#e-_~.";
    add_secret(&app, hard).await;
    let every_byte = hard.bytes().fold(String::new(), |text, b| format!("{text}%{b:02x}"));
    let form_encoded: String = url::form_urlencoded::byte_serialize(hard.as_bytes()).collect();
    for text in [every_byte.as_str(), form_encoded.as_str()] {
        let answer = basic(&mut browser, &pair("web", text), &[GRANT]).await;
        assert_eq!(answer.status, StatusCode::OK, "{text}: {}", answer.body);
    }
    let post = browser.post("/acme/token", &[GRANT, ("client_id", "web"), ("client_secret", hard)]).await;
    assert_eq!(post.status, StatusCode::OK);
}

async fn add_secret(app: &TestApp, value: &str) {
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let (organization, client) = work.client("web").await.unwrap();
    let new = porta_directory::NewSecret { value: Some(value.to_owned().into()), ..Default::default() };
    work.clients().create_secret(&organization, &client, new).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
}

async fn a_plus_in_a_basic_secret_is_a_space(app: TestApp) {
    add_secret(&app, "with space and more").await;
    let mut browser = app.browser();
    let answer = basic(&mut browser, &pair("web", "with+space+and+more"), &[GRANT]).await;
    assert_eq!(answer.status, StatusCode::OK, "RFC 6749 Appendix B");
    let answer = basic(&mut browser, &pair("web", "with%2Bspace%2Band%2Bmore"), &[GRANT]).await;
    assert_eq!(refusal(&answer), invalid_client());
}

/// RFC 6749 §5.2: body and headers do not reveal which client ids exist.
async fn unknown_client_and_wrong_secret_look_alike(app: TestApp) {
    let mut browser = app.browser();
    let wrong = comparable(basic(&mut browser, &pair("web", "wrong-secret-0123456789"), &[GRANT]).await);
    assert_eq!(wrong.0, StatusCode::UNAUTHORIZED);
    let unknown = [
        pair("nobody", "wrong-secret-0123456789"),
        pair("nobody", SECRET),
        pair("WEB", SECRET),
        pair("spa", SECRET),
        pair("billing", SECRET),
        pair(&"x".repeat(255), SECRET),
        pair(&"x".repeat(300), SECRET),
    ];
    for header in unknown {
        assert_eq!(comparable(basic(&mut browser, &header, &[GRANT]).await), wrong, "{header}");
    }
    let post = |id: &'static str| [GRANT, ("client_id", id), ("client_secret", "wrong-secret-0123456789")];
    let known = comparable(browser.post("/acme/token", &post("web")).await);
    for id in ["nobody", "spa", "Web"] {
        assert_eq!(comparable(browser.post("/acme/token", &post(id)).await), known, "{id}");
    }
}

/// RFC 6749 §2.3: MUST NOT use more than one method.
async fn one_mechanism_only(app: TestApp) {
    let mut browser = app.browser();
    let header = pair("web", SECRET);
    for extra in [
        vec![("client_secret", SECRET)],
        vec![("client_id", "web"), ("client_secret", SECRET)],
        vec![("client_id", "spa")],
        vec![("client_id", "WEB")],
        vec![("client_assertion", "x")],
        vec![("client_id", "web"), ("client_id", "web")],
    ] {
        let form: Vec<_> = std::iter::once(GRANT).chain(extra).collect();
        assert_eq!(refusal(&basic(&mut browser, &header, &form).await), invalid_request(), "{form:?}");
    }
    let repeated = [GRANT, ("client_id", "web"), ("client_secret", SECRET), ("client_secret", SECRET)];
    assert_eq!(refusal(&browser.post("/acme/token", &repeated).await), invalid_request());
}

/// RFC 9110 §5.3: `Authorization` is not a list, so at most one is allowed.
async fn several_authorization_headers_are_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let good = pair("web", SECRET);
    for second in [good.as_str(), "Basic eA==", "Bearer x"] {
        for headers in [[good.as_str(), second], [second, good.as_str()]] {
            for path in ["/acme/token", "/acme/token/introspection", "/acme/token/revocation"] {
                let answer = with_headers(&mut browser, path, &headers, &[GRANT, ("token", "x")]).await;
                assert_eq!(refusal(&answer), invalid_request(), "{path} {second}");
            }
        }
    }
    let access = format!("Bearer {}", tokens(&mut browser, &web(), WEB).await.access);
    let answer = with_headers(&mut browser, "/acme/me", &[&access, &access], &[]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

async fn a_confidential_client_needs_its_secret(app: TestApp) {
    let mut browser = app.browser();
    let bare = browser.post("/acme/token", &[GRANT, ("client_id", "web")]).await;
    assert_eq!(refusal(&bare), invalid_client());
    let empty = browser.post("/acme/token", &[GRANT, ("client_id", "web"), ("client_secret", "")]).await;
    assert_eq!(refusal(&empty), invalid_client());
}

/// A secret for a public client is a configuration mistake: refused instead of ignored.
async fn a_public_client_has_none(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &spa()).await;
    let with_secret = browser.redeem("acme", ("spa", Some("any-secret-0123456789")), SPA_URI, &code).await;
    assert_eq!(refusal(&with_secret), invalid_client());
    assert_eq!(
        browser.redeem("acme", SPA, SPA_URI, &code).await.status,
        StatusCode::OK,
        "and used nothing up"
    );
}

/// A stolen backup must not be enough to authenticate.
async fn the_stored_digest_is_no_secret(app: TestApp) {
    let mut browser = app.browser();
    let digest = porta_core::TokenDigest::of(SECRET).hex();
    assert_eq!(refusal(&basic(&mut browser, &pair("web", &digest), &[GRANT]).await), invalid_client());
}

/// RFC 6749 §5.2: 401 with `WWW-Authenticate` when the header was used.
async fn a_challenge_answers_the_header(app: TestApp) {
    let mut browser = app.browser();
    let answer = basic(&mut browser, &pair("web", "wrong-secret-0123456789"), &[GRANT]).await;
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(
        challenge.starts_with("Basic realm=\"https://id.test/acme\", error=\"invalid_client\""),
        "{challenge}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let form = [GRANT, ("client_id", "web"), ("client_secret", "wrong-secret-0123456789")];
    let answer = browser.post("/acme/token", &form).await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (StatusCode::UNAUTHORIZED, None));
}

async fn what_cannot_be_read_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let no_colon = format!("Basic {}", STANDARD.encode("web"));
    let long = pair("web", &"x".repeat(5000));
    for (header, expected) in [
        ("Basic", invalid_request()),
        ("Basic !!!", invalid_request()),
        (no_colon.as_str(), invalid_request()),
        (&pair("", SECRET), invalid_request()),
        (&pair("web", ""), invalid_request()),
        (&pair("web", "%"), invalid_request()),
        (&pair("web", "%ff"), invalid_request()),
        (&pair("web", "%00"), invalid_request()),
        (&pair("wéb", SECRET), invalid_request()),
        (&long, invalid_request()),
        ("Bearer x", invalid_client()),
        ("Digest username=web", invalid_client()),
        ("", invalid_client()),
    ] {
        assert_eq!(refusal(&basic(&mut browser, header, &[GRANT]).await), expected, "{header}");
    }
    let assertion = [
        GRANT,
        ("client_id", "web"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "a.b.c"),
    ];
    assert_eq!(
        refusal(&browser.post("/acme/token", &assertion).await),
        invalid_client(),
        "not advertised either"
    );
}

async fn nothing_at_all_is_an_incomplete_request(app: TestApp) {
    let mut browser = app.browser();
    for path in ["/acme/token", "/acme/token/introspection", "/acme/token/revocation"] {
        let answer = browser.post(path, &[GRANT, ("token", "x")]).await;
        assert_eq!(refusal(&answer), invalid_request(), "{path}");
        let answer = browser.post(path, &[GRANT, ("client_secret", SECRET)]).await;
        assert_eq!(refusal(&answer), invalid_request(), "{path}");
    }
}

async fn the_client_of_another_organization_is_unknown(app: TestApp) {
    let mut browser = app.browser();
    let foreign = browser.token("beta", WEB, &[GRANT]).await;
    let unknown = browser.token("beta", ("nobody", WEB.1), &[GRANT]).await;
    assert_eq!(refusal(&foreign), invalid_client());
    assert_eq!(comparable(foreign), comparable(unknown));
}

async fn every_endpoint_asks_the_same_way(app: TestApp) {
    let mut browser = app.browser();
    for path in ["/acme/token/introspection", "/acme/token/revocation"] {
        // RFC 7662 §2.1, RFC 7009 §2.1: without a secret, revocation is allowed and introspection is not.
        let without_a_secret =
            if path.ends_with("revocation") { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        for (client, expected) in [
            (WEB, StatusCode::OK),
            (SPA, without_a_secret),
            (("web", Some("wrong-secret-0123456789")), StatusCode::UNAUTHORIZED),
            (("web", None), StatusCode::UNAUTHORIZED),
            (("nobody", None), StatusCode::UNAUTHORIZED),
            (("spa", Some(SECRET)), StatusCode::UNAUTHORIZED),
        ] {
            let answer = browser.authenticated(path, client, &[("token", "x")]).await;
            assert_eq!(answer.status, expected, "{path} {client:?}: {}", answer.body);
        }
    }
}

/// "Does not exist" is cached for less than a second too.
async fn a_new_client_works_although_it_was_tried_before(app: TestApp) {
    let sibling = app.sibling();
    let late: Client = ("late", Some("late-secret-0123456789"));
    for instance in [&app, &sibling] {
        assert_eq!(refusal(&instance.browser().token("acme", late, &[GRANT]).await), invalid_client());
    }
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let organization = work.organization("acme").await.unwrap();
    let application = work.applications().visible(&organization, "planner").await.unwrap();
    let new = porta_directory::NewClient {
        client_id: Some(late.0.to_owned()),
        client_name: "Late".to_owned(),
        grant_types: Some(vec![porta_core::client::GrantType::ClientCredentials]),
        scope: Some("reports:read".to_owned()),
        secret: porta_directory::NewSecret {
            value: late.1.map(|v| v.to_owned().into()),
            ..porta_directory::NewSecret::default()
        },
        ..porta_directory::NewClient::default()
    };
    work.clients().create(&organization, &application, new).await.unwrap();
    work.commit().await.unwrap();
    for instance in [&app, &sibling] {
        let works = async || instance.browser().token("acme", late, &[GRANT]).await.status == StatusCode::OK;
        soon(works).await;
    }
}
