//! Who may do what with clients.

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::{id_of, path_of, portal};
use crate::support::*;

porta_testkit::on_both_stores!(
    each_role_may_do_what_it_is_for,
    without_a_token_nothing_is_told,
    clients_of_the_admin_application_are_for_super_admins,
    what_does_not_exist_is_not_found,
    a_client_is_named_by_either_id,
);

/// Every operation that changes a client, in an order in which each works, with the status of its success.
fn changes(path: &str, secret: &str) -> Vec<(Method, String, Value, StatusCode)> {
    let done = StatusCode::NO_CONTENT;
    vec![
        (Method::POST, "/clients".to_owned(), portal(), StatusCode::CREATED),
        (Method::PUT, path.to_owned(), json!({ "requirePkce": true }), StatusCode::OK),
        (Method::POST, format!("{path}/secrets"), json!({}), StatusCode::CREATED),
        (Method::DELETE, format!("{path}/secrets/{secret}"), json!({}), done),
        (Method::POST, format!("{path}/deactivate"), json!({}), done),
        (Method::POST, format!("{path}/activate"), json!({}), done),
        (Method::POST, format!("{path}/revoke"), json!({}), done),
        (Method::POST, format!("{path}/restore"), json!({}), done),
    ]
}

async fn each_role_may_do_what_it_is_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let path = path_of(&admins, "web").await;
    let mut root = admins.sign_in(ROOT).await;
    for (person, reads, writes) in [
        (ORGS, false, false),
        (USERS, false, false),
        (AUDITOR, true, false),
        (APPS, true, true),
        (ROOT, true, true),
    ] {
        let made = expect(&root.post(&format!("{path}/secrets"), &json!({})).await, StatusCode::CREATED);
        let secret = made["data"]["id"].as_str().unwrap();
        let mut admin = admins.sign_in(person).await;
        for place in ["/clients".to_owned(), path.clone(), format!("{path}/secrets")] {
            let status = if reads { StatusCode::OK } else { StatusCode::FORBIDDEN };
            expect(&admin.get(&place).await, status);
        }
        for (method, place, body, status) in changes(&path, secret) {
            let status = if writes { status } else { StatusCode::FORBIDDEN };
            let answer = admin.send(method.clone(), &place, Some(&body)).await;
            assert_eq!(answer.status, status, "{} {method} {place}: {}", person.0, answer.body);
        }
    }
    let mut auditor = admins.sign_in(AUDITOR).await;
    for (method, place, permission) in [
        (Method::POST, "/clients".to_owned(), "create"),
        (Method::PUT, path.clone(), "update"),
        (Method::POST, format!("{path}/secrets"), "update"),
        (Method::POST, format!("{path}/activate"), "update"),
        (Method::POST, format!("{path}/deactivate"), "update"),
        (Method::POST, format!("{path}/revoke"), "revoke"),
        (Method::POST, format!("{path}/restore"), "revoke"),
        (Method::DELETE, format!("{path}/secrets/x"), "revoke"),
        (Method::POST, format!("{path}/secrets/x/revoke"), "revoke"),
    ] {
        let answer = auditor.send(method, &place, Some(&json!({}))).await;
        let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
        let text = format!("Insufficient permissions. Required: admin:client:{permission}");
        assert_eq!(body["message"], text, "{place}");
    }
}

async fn without_a_token_nothing_is_told(app: TestApp) {
    let admins = Admins::of(app).await;
    let path = path_of(&admins, "web").await;
    let mut nobody = admins.bearer("porta_at_none");
    for place in ["/clients".to_owned(), path.clone(), format!("{path}/secrets"), "/clients/none".to_owned()]
    {
        refused(&nobody.get(&place).await, StatusCode::UNAUTHORIZED, "Invalid token");
    }
    for (method, place, body, _) in changes(&path, "x") {
        let answer = nobody.send(method, &place, Some(&body)).await;
        refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
    }
}

/// The newest audit rows that are about clients.
async fn rows_of_clients(admins: &Admins) -> usize {
    admins.audit().await.iter().filter(|row| row.event_type.starts_with("client.")).count()
}

/// Whoever could redirect the codes of the console, or knew its secret, could act as a super-admin.
async fn clients_of_the_admin_application_are_for_super_admins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut apps = admins.sign_in(APPS).await;
    let list = "/clients?organizationId=porta-admin&applicationId=porta-admin";
    let list = expect(&root.get(list).await, StatusCode::OK)["data"].clone();
    let names: Vec<_> = list.as_array().unwrap().iter().map(|client| &client["name"]).collect();
    assert!(names.contains(&&json!("Porta Admin CLI")) && names.contains(&&json!("Robot")), "{names:?}");
    let own = json!({ "organizationId": "porta-admin", "applicationId": "porta-admin" });
    for client in list.as_array().unwrap() {
        let path = format!("/clients/{}", client["id"].as_str().unwrap());
        let before = root.get(&path).await;
        let secrets = root.get(&format!("{path}/secrets")).await;
        let secret = secrets.json()["data"][0]["id"].as_str().unwrap_or("none").to_owned();
        // Reading is no danger.
        expect(&apps.get(&path).await, StatusCode::OK);
        let rows = rows_of_clients(&admins).await;
        for (method, place, mut body, _) in changes(&path, &secret) {
            let is_refused_before = place.ends_with("/none")
                || client["clientType"] == "public" && place.ends_with("/secrets")
                || place.ends_with("/activate")
                || place.ends_with("/restore");
            if is_refused_before {
                continue;
            }
            if place == "/clients" {
                body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
            } else if method == Method::PUT {
                body["redirectUris"] = json!(["https://elsewhere.test/cb"]);
            }
            let answer = apps.send(method.clone(), &place, Some(&body)).await;
            let answer = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
            let text = "Only a super-admin may change the clients of the admin application";
            assert_eq!(answer["message"], text, "{method} {place}");
        }
        assert_eq!(root.get(&path).await.body, before.body);
        assert_eq!(root.get(&format!("{path}/secrets")).await.body, secrets.body);
        assert_eq!(rows_of_clients(&admins).await, rows);
    }
    // Another application of the same organization is not part of it.
    let wiki = path_of(&admins, "wiki").await;
    expect(&apps.put(&wiki, &json!({ "name": "Notes" })).await, StatusCode::OK);
    // A super-admin may do all that, and undo it.
    let console = list.as_array().unwrap().iter().find(|client| client["clientType"] == "confidential");
    let console = format!("/clients/{}", console.unwrap()["id"].as_str().unwrap());
    for action in ["revoke", "restore"] {
        expect(&root.post(&format!("{console}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
    }
}

async fn what_does_not_exist_is_not_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for id in ["none", "00000000-0000-0000-0000-000000000000", "WEB", "%00", "a%20b"] {
        let path = format!("/clients/{id}");
        let text = match id {
            "%00" => "Client not found: \u{0}".to_owned(),
            "a%20b" => "Client not found: a b".to_owned(),
            _ => format!("Client not found: {id}"),
        };
        for place in [path.clone(), format!("{path}/secrets")] {
            refused(&root.get(&place).await, StatusCode::NOT_FOUND, &text);
        }
        for (method, place, body, _) in changes(&path, "x").split_off(1) {
            let answer = root.send(method.clone(), &place, Some(&body)).await;
            let answer = refused(&answer, StatusCode::NOT_FOUND, &text);
            assert_eq!(answer["status"], 404, "{method} {place}");
        }
    }
    refused(&root.get("/clients/%ff").await, StatusCode::NOT_FOUND, "Client not found");
    let answer = root.send(Method::PATCH, "/clients/web", None).await;
    refused(&answer, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
}

async fn a_client_is_named_by_either_id(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = id_of(&admins, "web").await;
    let by_id = root.get(&format!("/clients/{id}")).await;
    let by_client_id = root.get("/clients/web").await;
    assert_eq!((by_id.status, &by_id.body), (StatusCode::OK, &by_client_id.body));
    assert_eq!(by_id.header("etag"), by_client_id.header("etag"));
    expect(&root.put("/clients/web", &json!({ "name": "By name" })).await, StatusCode::OK);
    for action in ["deactivate", "activate", "revoke", "restore"] {
        expect(&root.post(&format!("/clients/web/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
    }
    let made = expect(&root.post("/clients/web/secrets", &json!({})).await, StatusCode::CREATED);
    assert_eq!(made["data"]["clientId"], id);
    let secret = made["data"]["id"].as_str().unwrap();
    expect(&root.delete(&format!("/clients/web/secrets/{secret}")).await, StatusCode::NO_CONTENT);
    let upper = format!("/clients/{}", id.to_uppercase());
    assert_eq!(expect(&root.get(&upper).await, StatusCode::OK)["data"]["name"], "By name");
}
