//! Settings.

use axum::http::{Method, StatusCode, header};
use porta_testkit::{Authorize, TestApp};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::*;

porta_testkit::on_both_stores!(
    every_setting_is_listed_with_its_meaning,
    a_setting_is_set_and_reset,
    an_organization_has_values_of_its_own,
    a_change_is_in_force_at_once,
    what_does_not_fit_is_refused,
    the_super_admin_user_is_no_setting,
    a_change_based_on_an_older_value_is_refused,
    one_of_many_changes_of_one_value_wins,
    each_role_does_with_settings_what_it_may,
);

async fn read(admin: &mut Admin, path: &str) -> Value {
    expect(&admin.get(path).await, StatusCode::OK)["data"].clone()
}

async fn every_setting_is_listed_with_its_meaning(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let all = read(&mut auditor, "/config").await;
    let keys: Vec<&str> =
        all.as_array().unwrap().iter().map(|entry| entry["key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), porta_core::settings::ALL.len());
    assert!(keys.is_sorted());
    let expected = json!({
        "key": "session_ttl", "value": 86_400, "valueType": "duration",
        "description": "Sliding lifetime of a browser session.", "isSensitive": false, "updatedAt": null,
        "source": "default", "unit": "seconds", "default": 86_400, "minimum": 60, "maximum": 2_592_000,
        "group": "sessions", "perOrganization": true, "restartNeeded": false,
    });
    assert!(all.as_array().unwrap().contains(&expected), "{all}");
    assert_eq!(read(&mut auditor, "/config/session_ttl").await, expected);
    // The name of the reference.
    let lockout = read(&mut auditor, "/config/lockout_duration_seconds").await;
    assert_eq!((&lockout["key"], &lockout["value"]), (&json!("lockout_duration"), &json!(900)));
    let of_acme = read(&mut auditor, "/config?organizationId=acme").await;
    assert!(of_acme.as_array().unwrap().iter().all(|entry| entry["perOrganization"] == true));
    assert!(of_acme.as_array().unwrap().len() < keys.len());
}

async fn a_setting_is_set_and_reset(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (given, stored) in
        [(json!("7200"), 7_200), (json!("15m"), 900), (json!(" 12h "), 43_200), (json!(600), 600)]
    {
        let previous = read(&mut root, "/config/session_ttl").await["value"].clone();
        admins.app.advance(std::time::Duration::from_secs(1));
        let answer = root.put("/config/session_ttl", &json!({ "value": given })).await;
        let entry = expect(&answer, StatusCode::OK)["data"].clone();
        assert_eq!((&entry["value"], &entry["source"]), (&json!(stored), &json!("platform")), "{given}");
        assert!(entry["updatedAt"].is_string() && answer.header("etag").is_some());
        assert_eq!(read(&mut root, "/config/session_ttl").await, entry);
        let row = admins.newest("config.updated").await;
        assert_eq!(
            (&row.metadata["key"], &row.metadata["newValue"]),
            (&json!("session_ttl"), &json!(stored))
        );
        assert_eq!(row.actor_label.as_deref(), Some(ROOT.0));
        if previous != 86_400 {
            assert_eq!(row.metadata["previousValue"], previous);
        }
    }
    // The same once more changes nothing.
    let rows = admins.count("config.updated").await;
    expect(&root.put("/config/session_ttl", &json!({ "value": "10m" })).await, StatusCode::OK);
    assert_eq!(admins.count("config.updated").await, rows);
    admins.app.advance(std::time::Duration::from_secs(1));
    for times in 0..2 {
        let entry = expect(&root.delete("/config/session_ttl").await, StatusCode::OK)["data"].clone();
        assert_eq!((&entry["value"], &entry["source"]), (&json!(86_400), &json!("default")), "{times}");
        assert_eq!(entry["updatedAt"], Value::Null);
    }
    assert_eq!(admins.count("config.updated").await, rows + 1);
    let row = admins.newest("config.updated").await;
    assert_eq!((&row.metadata["previousValue"], &row.metadata["newValue"]), (&json!(600), &Value::Null));
}

async fn an_organization_has_values_of_its_own(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let (of_acme, of_beta) =
        ("/config/id_token_ttl?organizationId=acme", "/config/id_token_ttl?organizationId=beta");
    expect(&root.put("/config/id_token_ttl", &json!({ "value": "100" })).await, StatusCode::OK);
    let body = json!({ "value": "200", "organizationId": "acme" });
    admins.app.advance(std::time::Duration::from_secs(1));
    let entry = expect(&root.put("/config/id_token_ttl", &body).await, StatusCode::OK)["data"].clone();
    assert_eq!((&entry["value"], &entry["source"]), (&json!(200), &json!("organization")));
    let row = admins.newest("config.updated").await;
    assert_eq!(row.organization_id, Some(admins.organization("acme").await.id));
    assert_eq!(read(&mut root, of_acme).await, entry);
    let beta = read(&mut root, of_beta).await;
    assert_eq!((&beta["value"], &beta["source"]), (&json!(100), &json!("platform")));
    let entry = expect(&root.delete(of_acme).await, StatusCode::OK)["data"].clone();
    assert_eq!((&entry["value"], &entry["source"]), (&json!(100), &json!("platform")));
    // What the platform has set is not the organization's to reset.
    expect(&root.delete(of_beta).await, StatusCode::OK);
    assert_eq!(read(&mut root, "/config/id_token_ttl").await["value"], 100);
    // Some settings are the platform's alone.
    let answer = root.put("/config/cors_max_age?organizationId=acme", &json!({ "value": "60" })).await;
    let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(body["details"][0]["message"], "`cors_max_age` is set for the whole platform only");
    for path in ["/config", "/config/id_token_ttl"] {
        let answer = root.get(&format!("{path}?organizationId=none")).await;
        refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
    }
    let answer = root.put("/config/id_token_ttl?organizationId=none", &json!({ "value": "60" })).await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
    let answer = root.delete("/config/id_token_ttl?organizationId=none").await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
}

async fn a_change_is_in_force_at_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let other = admins.app.another_process().await;
    for seconds in [600, 1200] {
        let body = json!({ "value": seconds.to_string(), "organizationId": "acme" });
        expect(&root.put("/config/access_token_ttl", &body).await, StatusCode::OK);
        admins.app.wait_for_notices().await;
        for app in [&admins.app, &other] {
            let mut browser = app.browser();
            let request = Authorize::new("acme", "cli", "http://127.0.0.1/cb");
            let answer = browser.sign_in(&request, "bob@acme.test", "lantern-Quay-42").await;
            let code = answer.query("code").unwrap();
            let answer = browser.redeem("acme", ("cli", None), "http://127.0.0.1/cb", &code).await;
            assert_eq!(answer.json()["expires_in"], seconds, "{}", answer.body);
        }
    }
}

async fn what_does_not_fit_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for unfit in [
        json!({}),
        json!({ "value": null }),
        json!({ "value": "" }),
        json!({ "value": " " }),
        json!({ "value": true }),
        json!({ "value": "true" }),
        json!({ "value": "soon" }),
        json!({ "value": "-1" }),
        json!({ "value": -1 }),
        json!({ "value": 0 }),
        json!({ "value": 1.5 }),
        json!({ "value": "99999999999999999999" }),
        json!({ "value": 2_592_001 }),
        json!({ "value": [600] }),
        json!({ "value": { "seconds": 600 } }),
    ] {
        let answer = root.put("/config/session_ttl", &unfit).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!(["value"]), "{unfit}");
    }
    let body = refused(
        &root.put("/config/session_ttl", &json!({ "value": "" })).await,
        StatusCode::BAD_REQUEST,
        "Validation failed",
    );
    assert_eq!(body["details"][0]["message"], "Value must not be empty");
    for key in ["none", "Session_ttl", "cookie_secure", "a%00b"] {
        let path = format!("/config/{key}");
        let text = format!("Config key not found: {}", key.replace("%00", "\0"));
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.put(&path, &json!({ "value": "1" })).await, StatusCode::NOT_FOUND, &text);
        refused(&root.delete(&path).await, StatusCode::NOT_FOUND, &text);
    }
    assert_eq!(read(&mut root, "/config/session_ttl").await["source"], "default");
}

async fn the_super_admin_user_is_no_setting(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let user = admins.user("acme", "bob@acme.test").await.id;
    let path = "/config/super_admin_user_id";
    let rows = admins.count("config.updated").await;
    for query in ["", "?organizationId=acme"] {
        let path = format!("{path}{query}");
        let body = json!({ "value": user });
        let body = refused(&root.put(&path, &body).await, StatusCode::FORBIDDEN, "Forbidden");
        assert!(body["message"].as_str().unwrap().contains("cannot be changed"), "{body}");
        refused(&root.delete(&path).await, StatusCode::FORBIDDEN, "Forbidden");
    }
    refused(&root.get(path).await, StatusCode::NOT_FOUND, "Config key not found: super_admin_user_id");
    assert_eq!(admins.count("config.updated").await, rows);
    let mut unit = admins.app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let installed = unit.installation().find().await.unwrap().administrator.unwrap();
    assert_eq!(installed.email.shown(), ROOT.0);
}

async fn a_change_based_on_an_older_value_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = "/config/session_ttl";
    let unset = root.get(path).await.header("etag").unwrap().to_owned();
    let set = async |root: &mut Admin, value: &str, etag: &str| {
        let body = json!({ "value": value });
        root.send_with(Method::PUT, path, Some(&body), &[(header::IF_MATCH, etag)]).await
    };
    let first = set(&mut root, "600", &unset).await;
    expect(&first, StatusCode::OK);
    let first = first.header("etag").unwrap().to_owned();
    let body = refused(&set(&mut root, "700", &unset).await, StatusCode::CONFLICT, "Conflict");
    assert_eq!((&body["currentETag"], &body["currentEntity"]["value"]), (&json!(first), &json!(600)));
    let second = set(&mut root, "700", &first).await;
    expect(&second, StatusCode::OK);
    let answer = root.send_with(Method::DELETE, path, None, &[(header::IF_MATCH, first.as_str())]).await;
    refused(&answer, StatusCode::CONFLICT, "Conflict");
    let second = second.header("etag").unwrap().to_owned();
    let answer = root.send_with(Method::DELETE, path, None, &[(header::IF_MATCH, second.as_str())]).await;
    expect(&answer, StatusCode::OK);
    assert_eq!(answer.header("etag"), Some(unset.as_str()));
}

async fn one_of_many_changes_of_one_value_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let token = root.token.clone();
    for round in 0..5 {
        let etag = root.get("/config/session_ttl").await.header("etag").unwrap().to_owned();
        let mut all = JoinSet::new();
        for n in 0..8 {
            let (mut admin, etag) = (admins.bearer(&token), etag.clone());
            let body = json!({ "value": 1000 + 100 * round + n });
            all.spawn(async move {
                let headers = [(header::IF_MATCH, etag.as_str())];
                admin.send_with(Method::PUT, "/config/session_ttl", Some(&body), &headers).await.status
            });
        }
        let statuses = all.join_all().await;
        let count = |status| statuses.iter().filter(|one| **one == status).count();
        assert_eq!((count(StatusCode::OK), count(StatusCode::CONFLICT)), (1, 7), "{statuses:?}");
    }
}

async fn each_role_does_with_settings_what_it_may(app: TestApp) {
    let admins = Admins::of(app).await;
    for (person, reads) in [(ORGS, false), (USERS, false), (APPS, false), (AUDITOR, true)] {
        let mut admin = admins.sign_in(person).await;
        let status = if reads { StatusCode::OK } else { StatusCode::FORBIDDEN };
        for path in ["/config", "/config/session_ttl"] {
            assert_eq!(admin.get(path).await.status, status, "{} {path}", person.0);
        }
        let answers = [
            admin.put("/config/session_ttl", &json!({ "value": "600" })).await,
            admin.delete("/config/session_ttl").await,
            // Who may not change settings does not learn which keys there are.
            admin.put("/config/none", &json!({})).await,
        ];
        for answer in answers {
            let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
            assert_eq!(body["message"], "Insufficient permissions. Required: admin:config:update");
        }
    }
    let mut nobody = admins.bearer("x");
    refused(&nobody.get("/config").await, StatusCode::UNAUTHORIZED, "Invalid token");
    let answer = nobody.put("/config/session_ttl", &json!({ "value": "600" })).await;
    refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
}
