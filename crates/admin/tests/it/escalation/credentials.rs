//! Credentials that are none here: tokens of other clients and organizations, things that look like tokens, and tokens in
//! other places than the `Authorization` header.

use axum::body::Body;
use axum::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::TokenDigest;
use porta_core::secret::unhex;
use porta_testkit::{Authorize, TestApp, jwt_payload};
use serde_json::json;

use super::Refusal::{Forbidden, Stranger};
use super::*;

porta_testkit::on_both_stores!(
    a_token_for_others_is_of_no_use,
    what_is_no_access_token_is_of_no_use,
    a_token_that_somebody_else_made_is_of_no_use,
    a_token_elsewhere_than_in_its_header_is_of_no_use,
);

const ANA: Person = ("ana@acme.test", "lantern-Quay-41");

/// RFC 6749 §10.16, RFC 9700 §2.3: a token is for whom it was issued.
async fn a_token_for_others_is_of_no_use(app: TestApp) {
    let admins = Admins::of(app).await;
    let by_wiki = admins.sign_in_with(ROOT, "wiki").await.token;
    let native = ("cli", "http://127.0.0.1/cb");
    let of_a_tenant = token(&admins.app, "acme", ANA, native).await;
    let wiki_robot = ("wiki-robot", "wiki-robot-secret-0123456789");
    let program = crate::services::service(&admins, wiki_robot, None).await.token;
    let client = Forbidden("Admin access requires a client of the admin application");
    let member = Forbidden("Admin access requires membership in the admin organization");
    for (label, token, refusal) in
        [(ROOT.0, &by_wiki, client), (ANA.0, &of_a_tenant, member), ("client:wiki-robot", &program, client)]
    {
        let mut culprit = Culprit::with_token(&admins, label, token);
        let user = json!({ "email": "new@acme.test" });
        let attempts = vec![get("a read", LIST, refusal), post("a change", LIST, user, refusal)];
        culprit.all_are_refused(&admins, attempts).await;
    }
    let row = admins.newest(DENIED).await;
    assert_eq!(row.organization_label.as_deref(), Some("porta-admin"));
    // The program of a tenant is not looked for among those of the admin organization.
    let mut browser = admins.app.browser();
    let web = ("web", Some("web-secret-0123456789abcdef"));
    let answer = browser.token("acme", web, &[("grant_type", "client_credentials")]).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let mut culprit = Culprit::with_token(&admins, "", &token);
    culprit.is_refused(&admins, get("a program of a tenant", LIST, Stranger)).await;
}

/// What one sign-in gives besides the access token.
async fn id_token(admins: &Admins) -> String {
    let mut browser = admins.app.browser();
    let request = Authorize::new("porta-admin", &admins.command_line, REDIRECT_URI);
    let answer = browser.sign_in(&request, ROOT.0, ROOT.1).await;
    let code = answer.query("code").unwrap();
    let client = (admins.command_line.as_str(), None);
    let answer = browser.redeem("porta-admin", client, REDIRECT_URI, &code).await;
    answer.json()["id_token"].as_str().unwrap().to_owned()
}

async fn what_is_no_access_token_is_of_no_use(app: TestApp) {
    let admins = Admins::of(app).await;
    let good = admins.sign_in(ROOT).await.token;
    let id_token = id_token(&admins).await;
    let mut browser = admins.app.browser();
    let request = Authorize::new("porta-admin", &admins.command_line, REDIRECT_URI);
    let code = browser.sign_in(&request, ROOT.0, ROOT.1).await.query("code").unwrap();
    let mut browser = admins.app.browser();
    let request = Authorize::new("acme", "spa", "https://spa.test/cb").with("scope", "openid offline_access");
    let spa = browser.sign_in(&request, ANA.0, ANA.1).await.query("code").unwrap();
    let answer = browser.redeem("acme", ("spa", None), "https://spa.test/cb", &spa).await;
    let refresh_token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    let as_access_token = format!("porta_at_{}", refresh_token.trim_start_matches("porta_rt_"));
    let as_program = format!("porta_ct_{}", good.trim_start_matches("porta_at_"));
    for (what, token) in [
        ("an ID token", id_token.as_str()),
        ("a code", &code),
        ("a refresh token", &refresh_token),
        ("a refresh token that says it is another", &as_access_token),
        ("a token that says it is a program's", &as_program),
        ("a part of a token", &good[..good.len() - 1]),
        ("a digest", &TokenDigest::of(&good).hex()),
        ("a secret of a client", "robot-secret-0123456789abcdef"),
    ] {
        let mut culprit = Culprit::with_token(&admins, "", token);
        culprit.is_refused(&admins, get(what, LIST, Stranger)).await;
    }
}

/// A JWT of these claims with a header and a signature.
fn jwt(header: &Value, claims: &Value, sign: impl Fn(&str) -> Vec<u8>) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sign(&signed)))
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    unhex(&TokenDigest::of_bytes(bytes).hex()).unwrap()
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    let mut key = if key.len() > 64 { sha256(key) } else { key.to_vec() };
    key.resize(64, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = sha256(&[padded(0x36), text.as_bytes().to_vec()].concat());
    sha256(&[padded(0x5c), inner].concat())
}

/// RFC 8725 §2.1, §3.1, §3.5: access tokens are looked up, so nothing of a JWT is believed.
async fn a_token_that_somebody_else_made_is_of_no_use(app: TestApp) {
    let admins = Admins::of(app).await;
    let genuine = id_token(&admins).await;
    let mut claims = jwt_payload(&genuine);
    claims["roles"] = json!(["porta-super-admin"]);
    claims["scope"] = json!("admin:user:read");
    let mut browser = admins.app.browser();
    let discovery = browser.get("/porta-admin/.well-known/openid-configuration").await.json();
    let keys = browser.get(discovery["jwks_uri"].as_str().unwrap()).await.json();
    let key = keys["keys"][0].clone();
    let (kid, text) = (key["kid"].clone(), key.to_string());
    let material = key.get("n").or_else(|| key.get("x")).and_then(Value::as_str).unwrap().to_owned();
    let material = URL_SAFE_NO_PAD.decode(material).unwrap();
    let none = |_: &str| Vec::new();
    let empty = |signed: &str| hmac_sha256(b"", signed);
    let [header, _, signature] = genuine.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    let changed = URL_SAFE_NO_PAD.encode(claims.to_string());
    for (what, token) in [
        ("unsigned", jwt(&json!({ "alg": "none" }), &claims, none)),
        ("unsigned, in other letters", jwt(&json!({ "alg": "nOnE", "kid": kid }), &claims, none)),
        ("signed with the public key", {
            let header = json!({ "alg": "HS256", "kid": kid });
            jwt(&header, &claims, |signed| hmac_sha256(text.as_bytes(), signed))
        }),
        ("signed with the bytes of the public key", {
            let header = json!({ "alg": "HS256", "kid": kid });
            jwt(&header, &claims, |signed| hmac_sha256(&material, signed))
        }),
        ("with a key of its own", jwt(&json!({ "alg": "ES256", "jwk": key }), &claims, empty)),
        ("with an address of keys", {
            jwt(&json!({ "alg": "ES256", "jku": "https://elsewhere.test/jwks" }), &claims, empty)
        }),
        (
            "with a file as key",
            jwt(&json!({ "alg": "HS256", "kid": "../../../../dev/null" }), &claims, empty),
        ),
        ("with a statement as key", {
            jwt(&json!({ "alg": "HS256", "kid": "x' UNION SELECT ''--" }), &claims, empty)
        }),
        ("with other claims", format!("{header}.{changed}.{signature}")),
        ("signed, but no access token", genuine.clone()),
    ] {
        let mut culprit = Culprit::with_token(&admins, "", &token);
        culprit.is_refused(&admins, get(what, LIST, Stranger)).await;
    }
}

/// RFC 6750 §2.2 and §2.3 are not offered, and a cookie would be sent by pages of others.
async fn a_token_elsewhere_than_in_its_header_is_of_no_use(app: TestApp) {
    let admins = Admins::of(app).await;
    let good = admins.sign_in(ROOT).await.token;
    let mut signed_in = admins.app.browser();
    let request = Authorize::new("porta-admin", &admins.command_line, REDIRECT_URI);
    assert!(signed_in.sign_in(&request, ROOT.0, ROOT.1).await.query("code").is_some());
    let session = signed_in.cookies_for("/porta-admin/authorize");
    assert!(!session.is_empty());
    let cookie = format!("access_token={good}; token={good}; Authorization=Bearer {good}");
    let form = format!("access_token={good}&email=new%40acme.test");
    let url = |query: &str| format!("/api/admin{LIST}{query}");
    let typed = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let authorization = format!("Bearer {good}");
    let twice = [(header::AUTHORIZATION, authorization.as_str()), (header::AUTHORIZATION, "Bearer x")];
    let before = admins.audit().await;
    for (what, method, url, headers, body) in [
        ("in the query", Method::GET, url(&format!("?access_token={good}")), vec![], String::new()),
        ("in a cookie", Method::GET, url(""), vec![(header::COOKIE, cookie.as_str())], String::new()),
        (
            "the session of a browser",
            Method::GET,
            url(""),
            vec![(header::COOKIE, session.as_str())],
            String::new(),
        ),
        ("in a form", Method::POST, url(""), vec![typed], form),
        (
            "in another header",
            Method::GET,
            url(""),
            vec![(HeaderName::from_static("x-access-token"), good.as_str())],
            String::new(),
        ),
        (
            "for a proxy",
            Method::GET,
            url(""),
            vec![(header::PROXY_AUTHORIZATION, authorization.as_str())],
            String::new(),
        ),
        ("beside another", Method::GET, url(""), twice.to_vec(), String::new()),
    ] {
        let answer = admins.app.browser().send(method, &url, &headers, Body::from(body)).await;
        let body = refused(&answer, StatusCode::UNAUTHORIZED, "Authentication required");
        assert_eq!(body["message"], "Missing or invalid Authorization header", "{what}");
    }
    assert_eq!(admins.audit().await, before);
}
