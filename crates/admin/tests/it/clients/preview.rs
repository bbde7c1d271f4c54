//! What a client would be told about somebody.

use axum::http::{Method, StatusCode, header};
use porta_testkit::{Authorize, TestApp, jwt_payload};
use serde_json::{Map, Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    the_preview_is_what_is_issued,
    the_scope_decides_and_the_reasons_tell,
    a_preview_leaves_nothing_behind,
    what_is_never_issued_is_not_shown,
    only_who_may_see_all_of_it_sees_it,
);

const ANA: Person = ("ana@acme.test", "lantern-Quay-41");
const SPA: (&str, &str) = ("spa", "https://spa.test/cb");
/// What differs from sign-in to sign-in.
const MADE_UP: [&str; 6] = ["sid", "at_hash", "nonce", "iat", "exp", "auth_time"];

async fn path(admins: &Admins, client: &str, email: &str) -> String {
    let user = admins.user("acme", email).await.id;
    format!("/clients/{client}/preview-token?userId={user}")
}

async fn preview(admin: &mut Admin, path: &str) -> Value {
    expect(&admin.get(path).await, StatusCode::OK)["data"].clone()
}

fn stable(claims: &Value) -> Map<String, Value> {
    let claims = claims.as_object().unwrap().clone();
    claims.into_iter().filter(|(name, _)| !MADE_UP.contains(&name.as_str())).collect()
}

async fn the_preview_is_what_is_issued(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut browser = admins.app.browser();
    let request = Authorize::new("acme", SPA.0, SPA.1);
    let code = browser.sign_in(&request, ANA.0, ANA.1).await.query("code").unwrap();
    let issued = browser.redeem("acme", (SPA.0, None), SPA.1, &code).await.json();
    let access_token = issued["access_token"].as_str().unwrap();
    let authorization = format!("Bearer {access_token}");
    let headers = [(header::AUTHORIZATION, authorization.as_str())];
    let userinfo = browser.send(Method::GET, "/acme/me", &headers, "".into()).await.json();
    let web = ("web", Some("web-secret-0123456789abcdef"));
    let form = [("token", access_token)];
    let mut told = browser.authenticated("/acme/token/introspection", web, &form).await.json();
    assert_eq!(told.as_object_mut().unwrap().remove("active"), Some(json!(true)));
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("{}&scope=openid+profile+email", path(&admins, SPA.0, ANA.0).await);
    let shown = preview(&mut root, &path).await;
    let id_token = jwt_payload(issued["id_token"].as_str().unwrap());
    assert_eq!(stable(&shown["idToken"]), stable(&id_token));
    assert_eq!(shown["userinfo"], userinfo);
    assert_eq!(stable(&shown["accessToken"]), stable(&told));
    assert_eq!(shown["scope"], issued["scope"]);
    for made_up in MADE_UP.iter().filter(|name| **name != "nonce") {
        assert!(shown["idToken"].get(*made_up).is_some(), "{made_up}");
    }
}

fn reason<'a>(shown: &'a Value, claim: &str) -> [&'a Value; 3] {
    let claims = shown["claims"].as_array().unwrap();
    let found = claims.iter().find(|row| row["name"] == claim).unwrap();
    [&found["scope"], &found["idToken"], &found["userinfo"]]
}

async fn the_scope_decides_and_the_reasons_tell(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = path(&admins, "web", ANA.0).await;
    let shown = preview(&mut root, &format!("{path}&scope=openid+profile+unknown")).await;
    assert_eq!(shown["scope"], "openid profile");
    for (claim, expected) in [
        ("sub", ["openid", "included", "included"]),
        ("birthdate", ["profile", "switched_off", "included"]),
        ("nickname", ["profile", "switched_off", "no_value"]),
        ("email", ["email", "scope_missing", "scope_missing"]),
    ] {
        assert_eq!(reason(&shown, claim), expected.map(|word| json!(word)).each_ref(), "{claim}");
    }
    assert_eq!(shown["userinfo"].get("email"), None);
    assert_eq!(reason(&shown, "terminal_code")[0], &Value::Null);
    assert_eq!(reason(&shown, "terminal_code")[2], &json!("included"));
    // Without `openid` there is neither an ID token nor UserInfo.
    let shown = preview(&mut root, &format!("{path}&scope=profile")).await;
    assert_eq!([&shown["idToken"], &shown["userinfo"]], [&Value::Null; 2]);
    assert_eq!(reason(&shown, "birthdate")[2], &json!("scope_missing"));
    // All that the client may ask for.
    let shown = preview(&mut root, &path).await;
    let all = "openid profile email phone address offline_access reports:read reports:write";
    assert_eq!(shown["scope"], all);
    assert_eq!(shown["userinfo"]["phone_number"], "+31 20 123 4567");
}

async fn a_preview_leaves_nothing_behind(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = path(&admins, "web", ANA.0).await;
    let rows = admins.audit().await.len();
    let entries = admins.app.kv_entries().await;
    preview(&mut root, &path).await;
    assert_eq!((admins.audit().await.len(), admins.app.kv_entries().await), (rows, entries));
    let sessions = expect(&root.get("/sessions?organizationId=acme&activeOnly=false").await, StatusCode::OK);
    assert_eq!(sessions["total"], 0);
}

async fn what_is_never_issued_is_not_shown(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (client, email, error) in [
        ("web", "inactive@acme.test", "The user may not sign in"),
        ("robot", ANA.0, "The client is not active, or does not serve the user's organization"),
    ] {
        let answer = root.get(&path(&admins, client, email).await).await;
        refused(&answer, StatusCode::BAD_REQUEST, error);
    }
    let their_id = admins.user("porta-admin", ROOT.0).await.id;
    let answer = root.get(&format!("/clients/robot/preview-token?userId={their_id}")).await;
    refused(&answer, StatusCode::BAD_REQUEST, "The client cannot sign anybody in");
    let allowed = path(&admins, "spa", ANA.0).await;
    for (path, field) in [
        (format!("{allowed}&scope=openid+phone"), "scope"),
        (format!("{allowed}&scope=%22"), "scope"),
        ("/clients/web/preview-token".to_owned(), "userId"),
        ("/clients/web/preview-token?userId=x".to_owned(), "userId"),
    ] {
        let refusal = refused(&root.get(&path).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(refusal["details"][0]["path"], json!([field]), "{path}");
    }
    let nobody = "00000000-0000-0000-0000-000000000000";
    let answer = root.get(&format!("/clients/web/preview-token?userId={nobody}")).await;
    refused(&answer, StatusCode::NOT_FOUND, &format!("User not found: {nobody}"));
    let answer = root.get(&path(&admins, "nothing", ANA.0).await).await;
    refused(&answer, StatusCode::NOT_FOUND, "Client not found: nothing");
    expect(&root.post("/organizations/acme/suspend", &json!({})).await, StatusCode::NO_CONTENT);
    admins.app.wait_for_notices().await;
    refused(&root.get(&allowed).await, StatusCode::BAD_REQUEST, "The organization of the user is not active");
}

async fn only_who_may_see_all_of_it_sees_it(app: TestApp) {
    let admins = Admins::of(app).await;
    let path = path(&admins, "web", ANA.0).await;
    for person in [ROOT, AUDITOR] {
        expect(&admins.sign_in(person).await.get(&path).await, StatusCode::OK);
    }
    for person in [ORGS, USERS, APPS, HELPER] {
        refused(&admins.sign_in(person).await.get(&path).await, StatusCode::FORBIDDEN, "Forbidden");
    }
    refused(&admins.bearer("none").get(&path).await, StatusCode::UNAUTHORIZED, "Invalid token");
}
