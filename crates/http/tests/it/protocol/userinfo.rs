//! UserInfo (OpenID Connect Core §5.3, RFC 6750).

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use porta_testkit::{Answer, Browser, TestApp};
use serde_json::{Value, json};

use super::support::*;

porta_testkit::on_both_stores!(
    it_says_exactly_what_the_scopes_unlock,
    each_scope_unlocks_its_claims,
    somebody_is_called_by_a_name_that_gives_no_address_away,
    what_is_not_known_is_left_out,
    it_answers_by_get_and_post,
    a_token_in_the_query_is_refused,
    one_token_one_way,
    what_is_no_token_is_refused,
    a_refusal_says_why,
    the_openid_scope_is_needed,
    a_token_of_another_organization_is_refused,
    a_token_that_ended_is_refused,
    requested_claims_are_added,
    a_client_may_ask_for_a_signed_answer,
    a_signed_answer_is_no_hint,
    changed_data_shows_at_once,
);

async fn hers(app: &TestApp, scope: &str) -> Value {
    let mut browser = ana_signed_in(app).await;
    let tokens = tokens(&mut browser, &web().with("scope", scope), WEB).await;
    let answer = userinfo(app, "acme", &tokens.access).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()
}

fn names(claims: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Nulls are omitted; `birthdate` is a string.
async fn it_says_exactly_what_the_scopes_unlock(app: TestApp) {
    let claims = hers(&app, "openid profile email phone address").await;
    assert!(claims["sub"].is_string() && claims["updated_at"].is_i64());
    let expected = json!({
        "sub": claims["sub"],
        "name": "Ana Li",
        "given_name": "Ana",
        "family_name": "Li",
        "preferred_username": "ana",
        "birthdate": "1990-02-28",
        "updated_at": claims["updated_at"],
        "email": "ana@acme.test",
        "email_verified": true,
        "phone_number": "+31 20 123 4567",
        "phone_number_verified": false,
        "address": { "street_address": "Quay 1", "locality": "Rotterdam", "country": "NL" },
        "roles": ["planner", "reader"],
        "permissions": ["dock:berths:read", "dock:berths:write"],
        "terminal_code": "T4",
        "badge": 17,
    });
    assert_eq!(claims, expected);
}

/// OpenID Connect Core §5.4.
async fn each_scope_unlocks_its_claims(app: TestApp) {
    let always = ["badge", "permissions", "roles", "sub", "terminal_code"];
    for (scope, unlocked) in [
        ("openid", vec![]),
        ("openid email", vec!["email", "email_verified"]),
        ("openid phone", vec!["phone_number", "phone_number_verified"]),
        ("openid address", vec!["address"]),
        (
            "openid profile",
            vec!["name", "given_name", "family_name", "preferred_username", "birthdate", "updated_at"],
        ),
        ("openid reports:read", vec![]),
    ] {
        let claims = hers(&app, scope).await;
        let mut expected: Vec<&str> = always.into_iter().chain(unlocked).collect();
        expected.sort_unstable();
        assert_eq!(names(&claims), expected, "{scope}");
    }
}

/// OpenID Connect Core §5.1. Without the `email` scope the name must not contain the local part of the address.
async fn somebody_is_called_by_a_name_that_gives_no_address_away(app: TestApp) {
    let with_address = hers(&app, "openid profile email").await;
    assert_eq!(with_address["preferred_username"], "ana");
    let without = hers(&app, "openid profile").await;
    assert_eq!(without["preferred_username"], without["sub"]);
    assert!(!without.to_string().contains("ana@") && !without.to_string().contains("\"ana\""), "{without}");
    assert_eq!(hers(&app, "openid email").await.get("preferred_username"), None);
}

/// OpenID Connect Core §5.3.2: omitted, never null or empty.
async fn what_is_not_known_is_left_out(app: TestApp) {
    let mut browser = signed_in(&app, BOB).await;
    let request = web().with("scope", "openid profile email phone address");
    let tokens = tokens(&mut browser, &request, WEB).await;
    let claims = userinfo(&app, "acme", &tokens.access).await.json();
    assert_eq!(names(&claims), ["email", "email_verified", "preferred_username", "sub", "updated_at"]);
    assert_eq!(claims["email_verified"], json!(false));
}

async fn post(browser: &mut Browser, authorization: Option<&str>, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut headers = vec![(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
    headers.extend(authorization.map(|a| (header::AUTHORIZATION, a)));
    browser.send(Method::POST, "/acme/me", &headers, Body::from(body)).await
}

/// OpenID Connect Core §5.3.1; RFC 6750 §2.1 and §2.2.
async fn it_answers_by_get_and_post(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let token = tokens(&mut browser, &web(), WEB).await.access;
    let bearer = format!("Bearer {token}");
    let get = userinfo(&app, "acme", &token).await;
    assert_eq!(get.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(get.header("cache-control"), Some("no-store"));
    let by_header = post(&mut browser, Some(&bearer), &[]).await;
    let by_body = post(&mut browser, None, &[("access_token", &token)]).await;
    let any_case = post(&mut browser, Some(&format!("bEARER {token}")), &[]).await;
    let no_body =
        browser.send(Method::POST, "/acme/me", &[(header::AUTHORIZATION, &bearer)], Body::empty()).await;
    for answer in [by_header, by_body, any_case, no_body] {
        assert_eq!((answer.status, &answer.body), (StatusCode::OK, &get.body));
    }
}

/// RFC 9700 §4.3.2.
async fn a_token_in_the_query_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let token = tokens(&mut browser, &web(), WEB).await.access;
    let url = format!("/acme/me?access_token={token}");
    assert_eq!(browser.get(&url).await.status, StatusCode::BAD_REQUEST);
    let bearer = format!("Bearer {token}");
    let both = browser.send(Method::GET, &url, &[(header::AUTHORIZATION, &bearer)], Body::empty()).await;
    assert_eq!(both.status, StatusCode::BAD_REQUEST);
    assert!(both.header("www-authenticate").unwrap().contains("error=\"invalid_request\""));
}

/// RFC 6750 §2: MUST NOT use more than one method.
async fn one_token_one_way(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let token = tokens(&mut browser, &web(), WEB).await.access;
    let bearer = format!("Bearer {token}");
    let twice = [("access_token", token.as_str()), ("access_token", token.as_str())];
    for answer in
        [post(&mut browser, Some(&bearer), &twice[..1]).await, post(&mut browser, None, &twice).await]
    {
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_request\""));
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    let body = Body::from(json!({ "access_token": token }).to_string());
    assert_eq!(browser.send(Method::POST, "/acme/me", &json, body).await.status, StatusCode::BAD_REQUEST);
}

async fn what_is_no_token_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let cut = &tokens.access[..tokens.access.len() - 1];
    for bad in [
        "x",
        cut,
        &tokens.access.to_uppercase(),
        tokens.refresh(),
        tokens.id(),
        &"x".repeat(9000),
        "porta_at_",
    ] {
        let answer = userinfo(&app, "acme", bad).await;
        assert_eq!(refusal(&answer), (401, "invalid_token".to_owned()), "{bad}");
        assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""), "{bad}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

/// RFC 6750 §3 and §3.1: no error code where no credentials were sent.
async fn a_refusal_says_why(app: TestApp) {
    let mut browser = app.browser();
    let bare = "Bearer realm=\"https://id.test/acme\"";
    for authorization in [None, Some("Basic eDp5"), Some("DPoP x"), Some("Bearer"), Some("")] {
        let headers: Vec<_> = authorization.map(|a| (header::AUTHORIZATION, a)).into_iter().collect();
        let answer = browser.send(Method::GET, "/acme/me", &headers, Body::empty()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert_eq!(answer.header("www-authenticate"), Some(bare), "{authorization:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{authorization:?}");
    }
}

/// RFC 6750 §3.1.
async fn the_openid_scope_is_needed(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let plain = tokens(&mut browser, &web().with("scope", "profile email"), WEB).await;
    let answer = userinfo(&app, "acme", &plain.access).await;
    assert_eq!(refusal(&answer), (403, "insufficient_scope".to_owned()));
    assert!(answer.header("www-authenticate").unwrap().contains("error=\"insufficient_scope\""));
}

async fn a_token_of_another_organization_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &partner(), PARTNER).await;
    let elsewhere = userinfo(&app, "beta", &tokens.access).await;
    let unknown = userinfo(&app, "beta", "porta_at_nothing").await;
    assert_eq!((elsewhere.status, &elsewhere.body), (StatusCode::UNAUTHORIZED, &unknown.body));
    assert_eq!(elsewhere.header("www-authenticate"), unknown.header("www-authenticate"));
    assert_eq!(userinfo(&app, "acme", &tokens.access).await.status, StatusCode::OK);
}

async fn a_token_that_ended_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let token = tokens(&mut browser, &web(), WEB).await.access;
    app.advance(Duration::from_secs(3599));
    assert_eq!(userinfo(&app, "acme", &token).await.status, StatusCode::OK);
    app.advance(Duration::from_secs(1));
    assert_eq!(refusal(&userinfo(&app, "acme", &token).await), (401, "invalid_token".to_owned()));
}

/// OpenID Connect Core §5.5.
async fn requested_claims_are_added(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let wanted = r#"{"userinfo":{"given_name":{"essential":true},"phone_number":null,"nickname":null},"id_token":{"email":null}}"#;
    let request = web().with("scope", "openid").with("claims", wanted);
    let first = tokens(&mut browser, &request, WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    for token in [&first.access, &second.access] {
        let claims = userinfo(&app, "acme", token).await.json();
        assert_eq!(
            (&claims["given_name"], &claims["phone_number"]),
            (&json!("Ana"), &json!("+31 20 123 4567"))
        );
        for absent in ["nickname", "family_name", "email"] {
            assert_eq!(claims.get(absent), None, "{absent}");
        }
    }
}

async fn legacy_tokens(app: &TestApp) -> Tokens {
    let mut browser = ana_signed_in(app).await;
    let code = code(&mut browser, &legacy()).await;
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", LEGACY_URI)];
    Tokens::of(&browser.token("acme", LEGACY, &form).await)
}

/// OpenID Connect Core §5.3.2: the signed answer has issuer and audience.
async fn a_client_may_ask_for_a_signed_answer(app: TestApp) {
    let tokens = legacy_tokens(&app).await;
    let answer = userinfo(&app, "acme", &tokens.access).await;
    assert_eq!(answer.header("content-type"), Some("application/jwt"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let claims = verified(&app, "acme", &answer.body).await;
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://id.test/acme"), &json!("legacy")));
    assert_eq!((&claims["email"], &claims["given_name"]), (&json!("ana@acme.test"), &json!("Ana")));
    assert_eq!(claims["sub"], verified(&app, "acme", tokens.id()).await["sub"]);
}

/// RFC 8725 §3.11: one kind of token is not accepted as another.
async fn a_signed_answer_is_no_hint(app: TestApp) {
    let tokens = legacy_tokens(&app).await;
    let signed = userinfo(&app, "acme", &tokens.access).await.body;
    let answer = app.browser().get(&legacy().with("id_token_hint", &signed).url()).await;
    assert_refused_to(&answer, LEGACY_URI, "invalid_request");
}

async fn changed_data_shows_at_once(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let token = tokens(&mut browser, &web(), WEB).await.access;
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let organization = work.organization("acme").await.unwrap();
    let before = work.user(&organization, ANA.0).await.unwrap();
    let mut after = before.clone();
    after.profile.nickname = Some("Annie".to_owned());
    after.profile.birthdate = None;
    work.users().update(&organization, &before, after).await.unwrap();
    work.commit().await.unwrap();
    let claims = userinfo(&app, "acme", &token).await.json();
    assert_eq!((&claims["nickname"], claims.get("birthdate")), (&json!("Annie"), None));
}
