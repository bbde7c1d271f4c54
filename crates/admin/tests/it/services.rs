//! Service accounts: clients of the admin application that ask for themselves (RFC 6749 §4.4).

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::client::{Client, ClientStatus};
use porta_directory::Actor;
use porta_testkit::TestApp;
use serde_json::json;

use crate::support::*;

porta_testkit::on_both_stores!(
    a_service_account_may_do_what_its_scope_names,
    a_token_may_do_less_than_its_client,
    what_the_client_loses_the_token_loses,
    a_service_account_is_never_a_super_admin,
    only_clients_of_the_admin_application_are_accepted,
    a_token_ends,
);

const LIST: &str = "/organizations/acme/users";
pub(crate) const ROBOT: (&str, &str) = ("robot", "robot-secret-0123456789abcdef");

pub(crate) async fn service(admins: &Admins, client: (&str, &str), scope: Option<&str>) -> Admin {
    let mut browser = admins.app.browser();
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(scope.map(|scope| ("scope", scope)));
    let answer = browser.token("porta-admin", (client.0, Some(client.1)), &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    admins.bearer(answer.json()["access_token"].as_str().unwrap())
}

pub(crate) async fn change(admins: &Admins, change: impl FnOnce(&mut Client)) {
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let (organization, before) = unit.client(ROBOT.0).await.unwrap();
    let mut after = before.clone();
    change(&mut after);
    unit.clients().update(&organization, &before, after).await.unwrap();
    unit.commit().await.unwrap();
}

async fn a_service_account_may_do_what_its_scope_names(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut robot = service(&admins, ROBOT, None).await;
    expect(&robot.get(LIST).await, StatusCode::OK);
    let answer = robot.post(LIST, &json!({ "email": "x@acme.test" })).await;
    let id = expect(&answer, StatusCode::CREATED)["data"]["id"].as_str().unwrap().to_owned();
    let row = admins.newest("user.created").await;
    assert_eq!((row.actor_id, row.actor_label.as_deref()), (None, Some("client:robot")));
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));
    let answer = robot.post(&format!("/users/{id}/suspend"), &json!({})).await;
    let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Insufficient permissions. Required: admin:user:suspend");
}

async fn a_token_may_do_less_than_its_client(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut reader = service(&admins, ROBOT, Some("admin:user:read")).await;
    expect(&reader.get(LIST).await, StatusCode::OK);
    let answer = reader.post(LIST, &json!({ "email": "x@acme.test" })).await;
    refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
    let mut nothing = service(&admins, ROBOT, Some("reports:read")).await;
    refused(&nothing.get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");
}

async fn what_the_client_loses_the_token_loses(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut robot = service(&admins, ROBOT, None).await;
    change(&admins, |client| "admin:user:create".clone_into(&mut client.scope)).await;
    refused(&robot.get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");
    expect(&robot.post(LIST, &json!({ "email": "x@acme.test" })).await, StatusCode::CREATED);
    // What it gains needs a new token.
    change(&admins, |client| "admin:user:read admin:user:suspend".clone_into(&mut client.scope)).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let answer = robot.post(&format!("/users/{bob}/suspend"), &json!({})).await;
    refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
}

async fn a_service_account_is_never_a_super_admin(app: TestApp) {
    let admins = Admins::of(app).await;
    let all = porta_core::admin::AdminPermission::ALL.iter().map(|permission| permission.as_str());
    let all = all.collect::<Vec<_>>().join(" ");
    change(&admins, |client| client.scope = all).await;
    admins.app.wait_for_notices().await;
    let mut almighty = service(&admins, ROBOT, None).await;
    expect(&almighty.get(LIST).await, StatusCode::OK);
    let root = admins.user("porta-admin", ROOT.0).await.id;
    let password = json!({ "password": "harbour-Quay-5311" });
    let answer = almighty.post(&format!("/users/{root}/password"), &password).await;
    refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
}

async fn only_clients_of_the_admin_application_are_accepted(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut wiki = service(&admins, ("wiki-robot", "wiki-robot-secret-0123456789"), None).await;
    let body = refused(&wiki.get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Admin access requires a client of the admin application");
    let mut browser = admins.app.browser();
    let web = ("web", Some("web-secret-0123456789abcdef"));
    let answer = browser.token("acme", web, &[("grant_type", "client_credentials")]).await;
    let mut tenant = admins.bearer(answer.json()["access_token"].as_str().unwrap());
    refused(&tenant.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");
}

async fn a_token_ends(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut robot = service(&admins, ROBOT, None).await;
    admins.app.advance(Duration::from_hours(2));
    refused(&robot.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");

    let mut robot = service(&admins, ROBOT, None).await;
    let mut browser = admins.app.browser();
    let (token, secret) = (robot.token.clone(), ROBOT.1);
    let form = [("token", token.as_str()), ("client_id", ROBOT.0), ("client_secret", secret)];
    assert_eq!(browser.post("/porta-admin/token/revocation", &form).await.status, StatusCode::OK);
    refused(&robot.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");

    let mut robot = service(&admins, ROBOT, None).await;
    expect(&robot.get(LIST).await, StatusCode::OK);
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let (organization, client) = unit.client(ROBOT.0).await.unwrap();
    unit.clients().set_status(&organization, &client, ClientStatus::Inactive).await.unwrap();
    unit.commit().await.unwrap();
    refused(&robot.get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");
}
