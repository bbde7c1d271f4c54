//! Claims of the ID token (OpenID Connect Core §2, §5.5, §12.2).

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::signing_key::SigningAlgorithm;
use porta_testkit::{Authorize, TestApp, jwt_payload};
use serde_json::{Map, Value, json};

use super::support::*;

porta_testkit::on_both_stores!(
    it_says_exactly_what_it_should,
    roles_and_claims_are_those_of_the_clients_application,
    somebody_without_rights_has_none,
    a_client_of_an_application_without_roles_gets_none,
    a_custom_claim_that_says_nothing_is_left_out,
    without_a_nonce_there_is_none,
    each_client_chooses_its_algorithm,
    a_client_that_says_nothing_gets_rs256,
    a_first_use_of_an_algorithm_makes_its_keys,
    the_header_names_algorithm_and_key,
    requested_claims_are_added_and_nulls_left_out,
    requested_claims_stay_within_the_clients_scopes,
    claims_of_the_scopes_come_by_a_setting_of_the_client,
    a_refresh_with_less_scope_says_less,
    no_claim_shadows_the_protocols_own,
    refreshing_keeps_what_belongs_to_the_sign_in,
    changed_rights_show_at_the_next_refresh,
    a_changed_meaning_of_a_role_or_claim_shows_on_every_instance,
    it_lives_as_long_as_the_setting_says,
    another_organizations_keys_do_not_verify_it,
);

fn header(jwt: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(jwt.split('.').next().unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

async fn it_says_exactly_what_it_should(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let signed_in = app.now().seconds();
    app.advance(Duration::from_secs(30));
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let claims = verified(&app, "acme", tokens.id()).await;
    let subject = introspect(&app, &tokens.access).await["sub"].clone();
    let sid = claims["sid"].clone();
    assert!(sid.as_str().is_some_and(|s| s.len() == 36), "{sid}");
    let expected = json!({
        "iss": "https://id.test/acme",
        "sub": subject,
        "aud": "web",
        "iat": signed_in + 30,
        "exp": signed_in + 30 + 3600,
        "auth_time": signed_in,
        "nonce": "nonce-1",
        "acr": "urn:porta:acr:1fa",
        "amr": ["pwd"],
        "sid": sid,
        "at_hash": porta_jose::at_hash(SigningAlgorithm::Es256, &tokens.access),
        "roles": ["planner", "reader"],
        "permissions": ["dock:berths:read", "dock:berths:write"],
        "terminal_code": "T4",
    });
    assert_eq!(Value::Object(claims), expected);
}

async fn roles_and_claims_are_those_of_the_clients_application(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &billing(), BILLING).await;
    let claims = verified(&app, "acme", tokens.id()).await;
    assert_eq!((&claims["roles"], claims.get("permissions")), (&json!(["accountant"]), None));
    assert_eq!(claims.get("terminal_code"), None);
    let info = userinfo(&app, "acme", &tokens.access).await.json();
    assert_eq!((&info["roles"], info.get("permissions")), (&json!(["accountant"]), None));
    assert_eq!((info.get("terminal_code"), info.get("badge")), (None, None));
}

/// The claims beyond those that every ID token has.
fn added(claims: &Map<String, Value>) -> Vec<&str> {
    const ALWAYS: [&str; 11] =
        ["acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"];
    assert!(ALWAYS.iter().all(|name| claims.contains_key(*name)), "{claims:?}");
    claims.keys().map(String::as_str).filter(|name| !ALWAYS.contains(name)).collect()
}

/// `roles` and `permissions` were not requested: if empty, they are omitted (OpenID Connect Core §5.4).
async fn somebody_without_rights_has_none(app: TestApp) {
    let mut browser = signed_in(&app, BOB).await;
    let issued = tokens(&mut browser, &web().with("scope", "openid"), WEB).await;
    let refreshed = Tokens::of(&refresh(&mut browser, WEB, issued.refresh()).await);
    for tokens in [issued, refreshed] {
        assert_eq!(added(&verified(&app, "acme", tokens.id()).await), [""; 0]);
        let info = userinfo(&app, "acme", &tokens.access).await.json();
        assert_eq!((info.get("roles"), info.get("permissions")), (None, None));
    }
}

/// Roles in other applications do not count.
async fn a_client_of_an_application_without_roles_gets_none(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &partner(), PARTNER).await;
    assert_eq!(added(&verified(&app, "acme", tokens.id()).await), [""; 0]);
    let info = userinfo(&app, "acme", &tokens.access).await.json();
    assert_eq!((info.get("roles"), info.get("permissions")), (None, None));
}

/// OpenID Connect Core §5.3.2: null and the empty string are omitted; so are empty lists and objects.
async fn a_custom_claim_that_says_nothing_is_left_out(app: TestApp) {
    app.provision_overwriting(
        r#"
version: "1.0"
organizations:
  - name: Acme
    slug: acme
    applications:
      - name: Planner
        slug: planner
        claim_definitions:
          - { name: Regions, slug: regions, claim_type: json, include_in_id_token: true }
          - { name: Limits, slug: limits, claim_type: json, include_in_id_token: true }
          - { name: Motto, slug: motto, claim_type: string, include_in_id_token: true }
          - { name: Deputy, slug: deputy, claim_type: boolean, include_in_id_token: true }
    users:
      - email: bob@acme.test
        claims:
          - { app: planner, claim: regions, value: [] }
          - { app: planner, claim: limits, value: {} }
          - { app: planner, claim: motto, value: "" }
          - { app: planner, claim: deputy, value: false }
"#,
    )
    .await;
    let mut browser = signed_in(&app, BOB).await;
    let wanted = r#"{"id_token":{"regions":null,"motto":{"essential":true}}}"#;
    let tokens = tokens(&mut browser, &web().with("claims", wanted), WEB).await;
    assert_eq!(added(&verified(&app, "acme", tokens.id()).await), ["deputy"]);
    let info = userinfo(&app, "acme", &tokens.access).await.json();
    for absent in ["regions", "limits", "motto"] {
        assert_eq!(info.get(absent), None, "{absent}");
    }
    assert_eq!(info["deputy"], json!(false));
}

/// OpenID Connect Core §2: `nonce` is returned unmodified, or not at all.
async fn without_a_nonce_there_is_none(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for request in [web().without("nonce"), web().with("nonce", "")] {
        let tokens = tokens(&mut browser, &request, WEB).await;
        assert_eq!(jwt_payload(tokens.id()).get("nonce"), None);
    }
    for nonce in ["a b+c%20", "~\"\\", &"x".repeat(1_024)] {
        let tokens = tokens(&mut browser, &web().with("nonce", nonce), WEB).await;
        assert_eq!(jwt_payload(tokens.id())["nonce"], nonce);
    }
}

/// OpenID Connect Core §3.1.3.7 step 7, decision D4.
async fn each_client_chooses_its_algorithm(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Rs256, SigningAlgorithm::Es256] {
        change_client(&app, "web", |c| c.id_token_signed_response_alg = algorithm).await;
        let tokens = tokens(&mut browser, &web(), WEB).await;
        assert_eq!(header(tokens.id())["alg"], algorithm.as_str());
        let claims = verified(&app, "acme", tokens.id()).await;
        assert_eq!(claims["at_hash"], porta_jose::at_hash(algorithm, &tokens.access), "{algorithm}");
    }
}

/// OpenID Connect Core §3.1.3.7: a relying party that registered no algorithm expects RS256.
async fn a_client_that_says_nothing_gets_rs256(app: TestApp) {
    const PLAIN: Client = ("plain", Some("plain-secret-0123456789"));
    app.provision(
        r#"
version: "1.0"
organizations:
  - name: Acme
    slug: acme
    applications:
      - name: Planner
        slug: planner
        clients:
          - client_name: Plain
            client_id: plain
            client_type: confidential
            redirect_uris: ["https://plain.test/cb"]
            secret: { value: "plain-secret-0123456789" }
"#,
    )
    .await;
    let mut browser = ana_signed_in(&app).await;
    let request = Authorize::new("acme", "plain", "https://plain.test/cb").with("scope", "openid");
    let plain = tokens(&mut browser, &request, PLAIN).await;
    assert_eq!(header(plain.id())["alg"], "RS256");
    let claims = verified(&app, "acme", plain.id()).await;
    assert_eq!(claims["at_hash"], porta_jose::at_hash(SigningAlgorithm::Rs256, &plain.access));
    let named = tokens(&mut browser, &web(), WEB).await;
    assert_eq!(header(named.id())["alg"], "ES256", "what others named is theirs");
}

/// Decision D4: keys are created lazily. The tenant also signs for clients of other organizations.
async fn a_first_use_of_an_algorithm_makes_its_keys(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let organization = app.tenant("acme").await.organization.id;
    let before = app.store.repositories().signing_keys(organization).all().await.unwrap();
    assert!(before.iter().all(|k| k.algorithm != SigningAlgorithm::EdDsa));
    // As an older version stored it: with the setting, but without the keys.
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let (owner, mut client) = work.client("web").await.unwrap();
    drop(work);
    client.id_token_signed_response_alg = SigningAlgorithm::EdDsa;
    app.store.repositories().clients(owner.id).update(&client).await.unwrap();
    app.shared.caches.clear();
    let tokens = tokens(&mut browser, &web(), WEB).await;
    soon(async || keys(&app, "acme").await.verify(tokens.id(), porta_jose::TokenKind::IdTokenHint).is_ok())
        .await;
    let after = app.store.repositories().signing_keys(organization).all().await.unwrap();
    assert_eq!(
        after.iter().filter(|k| k.algorithm == SigningAlgorithm::EdDsa).count(),
        2,
        "one signs, one is next"
    );
}

/// RFC 7515 §4.1; no `typ` header.
async fn the_header_names_algorithm_and_key(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let header = header(tokens.id());
    let mut members: Vec<&str> = header.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "kid"]);
    let jwks = app.browser().get("/acme/jwks").await.json();
    let key = jwks["keys"].as_array().unwrap().iter().find(|k| k["kid"] == header["kid"]).unwrap();
    assert_eq!(key["alg"], header["alg"]);
}

/// OpenID Connect Core §5.5, §5.3.2.
async fn requested_claims_are_added_and_nulls_left_out(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let wanted = r#"{"id_token":{"email":null,"given_name":{"essential":true},"nickname":null,"website":{"essential":true},"birthdate":null,"unicorn":null}}"#;
    let tokens = tokens(&mut browser, &web().with("claims", wanted), WEB).await;
    let claims = verified(&app, "acme", tokens.id()).await;
    assert_eq!((&claims["email"], &claims["given_name"]), (&json!("ana@acme.test"), &json!("Ana")));
    assert_eq!(claims["birthdate"], "1990-02-28");
    for absent in ["nickname", "website", "unicorn", "family_name"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
}

async fn requested_claims_stay_within_the_clients_scopes(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let wanted = r#"{"id_token":{"phone_number":null,"email":null},"userinfo":{"address":null}}"#;
    let tokens = tokens(&mut browser, &spa().with("scope", "openid").with("claims", wanted), SPA).await;
    let claims = verified(&app, "acme", tokens.id()).await;
    assert_eq!((claims.get("phone_number"), &claims["email"]), (None, &json!("ana@acme.test")));
    assert_eq!(userinfo(&app, "acme", &tokens.access).await.json().get("address"), None);
}

/// OpenID Connect Core §5.4: these claims are served by UserInfo when an access token is issued, unless the operator
/// wants them in the ID token.
async fn claims_of_the_scopes_come_by_a_setting_of_the_client(app: TestApp) {
    const STANDARD: [&str; 10] = [
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "birthdate",
        "updated_at",
        "email",
        "email_verified",
        "phone_number",
        "address",
    ];
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("scope", "openid profile email address");
    let before = tokens(&mut browser, &request, WEB).await;
    let claims = verified(&app, "acme", before.id()).await;
    assert!(STANDARD.iter().all(|name| !claims.contains_key(*name)), "{claims:?}");

    change_client(&app, "web", |c| c.standard_claims_in_id_token = true).await;
    let issued = tokens(&mut browser, &request, WEB).await;
    let claims = verified(&app, "acme", issued.id()).await;
    let info = userinfo(&app, "acme", &issued.access).await.json();
    for name in STANDARD {
        assert_eq!(claims.get(name), info.get(name), "{name}");
        assert_eq!(claims.contains_key(name), name != "phone_number", "{name}: its scope was not asked for");
    }
    assert_eq!(
        (claims.get("badge"), &claims["terminal_code"]),
        (None, &json!("T4")),
        "custom claims as before"
    );
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://id.test/acme"), &json!("web")));
    let bare = tokens(&mut browser, &web().with("scope", "openid"), WEB).await;
    let claims = verified(&app, "acme", bare.id()).await;
    assert!(STANDARD.iter().all(|name| !claims.contains_key(*name)), "{claims:?}");
    let others = tokens(&mut browser, &billing(), BILLING).await;
    let claims = verified(&app, "acme", others.id()).await;
    assert!(STANDARD.iter().all(|name| !claims.contains_key(*name)), "another client's: {claims:?}");
}

/// RFC 6749 §6: an ID token from a refresh has no claims beyond the access token's scope.
async fn a_refresh_with_less_scope_says_less(app: TestApp) {
    change_client(&app, "web", |c| c.standard_claims_in_id_token = true).await;
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web().with("scope", "openid profile email"), WEB).await;
    let form =
        [("grant_type", "refresh_token"), ("refresh_token", first.refresh()), ("scope", "openid profile")];
    let less = Tokens::of(&browser.token("acme", WEB, &form).await);
    let claims = verified(&app, "acme", less.id()).await;
    assert_eq!((&claims["given_name"], claims.get("email")), (&json!("Ana"), None));
    assert_eq!(claims["preferred_username"], claims["sub"], "no part of the address either");
    let whole = Tokens::of(&refresh(&mut browser, WEB, less.refresh()).await);
    let claims = verified(&app, "acme", whole.id()).await;
    assert_eq!((&claims["email"], &claims["preferred_username"]), (&json!("ana@acme.test"), &json!("ana")));
}

/// These claim names are reserved.
async fn no_claim_shadows_the_protocols_own(app: TestApp) {
    for name in ["sub", "iss", "aud", "roles", "acr"] {
        let yaml = format!(
            "version: \"1.0\"\norganizations:\n  - name: Acme\n    slug: acme\n    applications:\n      - name: Planner\n        slug: planner\n        claim_definitions:\n          - {{ name: X, slug: {name}, claim_type: string, include_in_id_token: true }}\n"
        );
        let document =
            porta_directory::provision::read(&yaml, porta_directory::provision::Format::Yaml, &|_| None)
                .unwrap();
        let options = porta_directory::provision::Options::default();
        let outcome = app.directory.provision(porta_directory::Actor::System, &document, options).await;
        assert!(outcome.is_err() || !outcome.unwrap().errors.is_empty(), "{name}");
    }
    let mut browser = ana_signed_in(&app).await;
    let hostile = r#"{"id_token":{"sub":null,"iss":{"value":"https://evil.test"},"aud":{"value":"evil"},"exp":{"value":1}}}"#;
    let tokens = tokens(&mut browser, &web().with("claims", hostile), WEB).await;
    let claims = verified(&app, "acme", tokens.id()).await;
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://id.test/acme"), &json!("web")));
}

/// OpenID Connect Core §12.2.
async fn refreshing_keeps_what_belongs_to_the_sign_in(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let wanted = web().with("claims", r#"{"id_token":{"email":null}}"#);
    let first = tokens(&mut browser, &wanted, WEB).await;
    app.advance(Duration::from_secs(500));
    browser.sign_in(&web().with("prompt", "login"), ANA.0, ANA.1).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    let before = verified(&app, "acme", first.id()).await;
    let after = verified(&app, "acme", second.id()).await;
    for same in ["iss", "sub", "aud", "auth_time", "nonce", "acr", "amr", "sid", "roles", "email"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(after["iat"].as_i64().unwrap(), before["iat"].as_i64().unwrap() + 500);
    assert_eq!(after["at_hash"], porta_jose::at_hash(SigningAlgorithm::Es256, &second.access));
}

async fn changed_rights_show_at_the_next_refresh(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let organization = work.organization("acme").await.unwrap();
    let user = work.user(&organization, ANA.0).await.unwrap();
    let application = work.applications().visible(&organization, "planner").await.unwrap();
    drop(work);
    let roles = app.store.repositories().applications(organization.id).roles(application.id).await.unwrap();
    let planner = roles.into_iter().find(|r| r.slug.as_str() == "planner").unwrap();
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    work.roles().unassign(&organization, &user, &planner).await.unwrap();
    work.commit().await.unwrap();
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    let claims = verified(&app, "acme", second.id()).await;
    assert_eq!(
        (&claims["roles"], &claims["permissions"]),
        (&json!(["reader"]), &json!(["dock:berths:read"]))
    );
    assert_eq!(
        userinfo(&app, "acme", &first.access).await.json()["roles"],
        json!(["reader"]),
        "at once at UserInfo"
    );
}

/// Definitions of roles and claims are cached, so a change must reach every instance.
async fn a_changed_meaning_of_a_role_or_claim_shows_on_every_instance(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let issued = tokens(&mut browser, &web(), WEB).await;
    for instance in [&app, &sibling] {
        let before = userinfo(instance, "acme", &issued.access).await.json();
        assert_eq!(before["permissions"], json!(["dock:berths:read", "dock:berths:write"]));
        assert!(before["berth_limit"].is_null());
    }
    app.provision_overwriting(
        r#"
version: "1.0"
organizations:
  - name: Acme
    slug: acme
    applications:
      - name: Planner
        slug: planner
        permissions: [{ name: Close, slug: "dock:berths:close" }]
        roles: [{ name: Reader, slug: reader, permissions: ["dock:berths:read", "dock:berths:close"] }]
        claim_definitions: [{ name: Berth limit, slug: berth_limit, claim_type: number }]
    users:
      - email: ana@acme.test
        claims: [{ app: planner, claim: berth_limit, value: 12 }]
"#,
    )
    .await;
    app.wait_for_notices().await;
    sibling.wait_for_notices().await;
    for instance in [&app, &sibling] {
        let after = userinfo(instance, "acme", &issued.access).await.json();
        assert_eq!(
            after["permissions"],
            json!(["dock:berths:close", "dock:berths:read", "dock:berths:write"])
        );
        assert_eq!(after["berth_limit"], json!(12));
    }
}

async fn it_lives_as_long_as_the_setting_says(app: TestApp) {
    set_setting(&app, "id_token_ttl", 77).await;
    let mut browser = ana_signed_in(&app).await;
    let claims = jwt_payload(tokens(&mut browser, &web(), WEB).await.id());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 77);
}

async fn another_organizations_keys_do_not_verify_it(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    assert!(keys(&app, "beta").await.verify(tokens.id(), porta_jose::TokenKind::IdTokenHint).is_err());
    assert_eq!(app.browser().get("/beta/jwks").await.status, StatusCode::OK);
}
