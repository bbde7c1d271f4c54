//! The 23 methods of the reference's SDK (version 1.6.1) that always fail at the reference, sent as the SDK sends them. It
//! reads JSON from every answer that is neither 204 nor a download, and what a method reads from it is there.

use axum::body::Body;
use axum::http::{HeaderName, Method, StatusCode, header};
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(every_method_that_fails_at_the_reference_works);

const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h9\"></path></svg>";

/// The SDK with the token of a super-admin.
struct Sdk(Admin);

impl Sdk {
    async fn raw(&mut self, method: Method, path: &str, body: Body, more: &[(HeaderName, &str)]) -> Answer {
        let mut headers = vec![
            (header::ACCEPT, "application/json"),
            (HeaderName::from_static("x-porta-sdk-version"), "1.6.1"),
        ];
        headers.extend(more.iter().cloned());
        let answer = self.0.send_body(method.clone(), path, body, &headers).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
        answer
    }

    /// A request with a JSON body, or without any: then it has no type either.
    async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Value {
        let json = [(header::CONTENT_TYPE, "application/json")];
        let answer = match body {
            Some(body) => self.raw(method, path, Body::from(body.to_string()), &json).await,
            None => self.raw(method, path, Body::empty(), &[]).await,
        };
        if answer.status == StatusCode::NO_CONTENT { Value::Null } else { answer.json() }
    }

    async fn get(&mut self, path: &str) -> Value {
        self.send(Method::GET, path, None).await
    }

    async fn post(&mut self, path: &str, body: Option<Value>) -> Value {
        self.send(Method::POST, path, body).await
    }

    async fn delete(&mut self, path: &str) -> Value {
        self.send(Method::DELETE, path, None).await
    }

    /// Id of the entity of a list with this text in a field.
    async fn id(&mut self, list: &str, field: &str, text: &str) -> String {
        let found = self.get(list).await;
        let row = found["data"].as_array().unwrap().iter().find(|row| row[field] == text);
        row.unwrap_or_else(|| unreachable!("{found}"))["id"].as_str().unwrap().to_owned()
    }
}

fn has(entity: &Value, fields: &[&str]) {
    for field in fields {
        assert!(!entity[*field].is_null(), "{field}: {entity}");
    }
}

async fn every_method_that_fails_at_the_reference_works(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut sdk = Sdk(admins.sign_in(ROOT).await);
    applications(&mut sdk).await;
    clients(&mut sdk).await;
    rights(&mut sdk).await;
    rights_of_users(&mut sdk).await;
    users(&mut sdk).await;
    organizations(&mut sdk).await;
}

/// `restore`, `getHistory`, `removeModule`.
async fn applications(sdk: &mut Sdk) {
    let billing = format!("/applications/{}", sdk.id("/applications", "slug", "billing").await);
    assert_eq!(sdk.post(&format!("{billing}/archive"), None).await, Value::Null);
    assert_eq!(sdk.post(&format!("{billing}/restore"), None).await, Value::Null);
    assert_eq!(sdk.get(&billing).await["data"]["status"], "active");
    let history = sdk.get(&format!("{billing}/history")).await;
    has(&history["data"][0], &["id", "eventType", "createdAt", "metadata"]);
    let modules = format!("{billing}/modules");
    let module = sdk.post(&modules, Some(json!({ "name": "Invoices", "slug": "invoices" }))).await;
    assert_eq!(module["data"]["isActive"], true);
    let module = format!("{modules}/{}", module["data"]["id"].as_str().unwrap());
    assert_eq!(sdk.delete(&module).await, Value::Null);
    assert_eq!(sdk.get(&modules).await["data"][0]["isActive"], false);
}

/// `create`, `restore`, `getHistory`, `revokeSecret`.
async fn clients(sdk: &mut Sdk) {
    let planner = sdk.id("/applications", "slug", "planner").await;
    let new = json!({
        "applicationId": planner, "name": "Site", "clientType": "confidential",
        "redirectUris": ["https://site.test/cb"],
    });
    let created = sdk.post("/clients", Some(new)).await["data"].clone();
    has(
        &created,
        &["id", "clientId", "clientName", "name", "clientType", "status", "grantTypes", "createdAt"],
    );
    assert_eq!(created["redirectUris"], json!(["https://site.test/cb"]));
    has(&created["secret"], &["id", "secret", "plaintext"]);
    let client = format!("/clients/{}", created["id"].as_str().unwrap());
    assert_eq!(sdk.post(&format!("{client}/revoke"), None).await, Value::Null);
    assert_eq!(sdk.post(&format!("{client}/restore"), None).await, Value::Null);
    assert_eq!(sdk.get(&client).await["data"]["status"], "active");
    let history = sdk.get(&format!("{client}/history")).await;
    has(&history["data"][0], &["eventType", "createdAt"]);
    let secrets = format!("{client}/secrets");
    let secret = sdk.post(&secrets, None).await["data"].clone();
    has(&secret, &["id", "secret"]);
    assert_eq!(sdk.delete(&format!("{secrets}/{}", secret["id"].as_str().unwrap())).await, Value::Null);
    assert_eq!(sdk.get(&secrets).await["data"][0]["status"], "revoked");
}

/// `roles.archive`, `permissions.archive`, `customClaims.create` and `archive`.
async fn rights(sdk: &mut Sdk) {
    let planner = format!("/applications/{}", sdk.id("/applications", "slug", "planner").await);
    for (kind, new, field) in [
        ("roles", json!({ "name": "Spare", "slug": "spare" }), "slug"),
        ("permissions", json!({ "name": "a:b:c" }), "slug"),
        ("claims", json!({ "name": "Shoe size", "slug": "shoe_size", "valueType": "number" }), "valueType"),
    ] {
        let list = format!("{planner}/{kind}");
        let before = sdk.get(&list).await;
        let made = sdk.post(&list, Some(new.clone())).await["data"].clone();
        has(&made, &["id", "name", "slug", "createdAt", field]);
        if new.get(field).is_some() {
            assert_eq!(made[field], new[field], "{kind}");
        }
        let path = format!("{list}/{}/archive", made["id"].as_str().unwrap());
        assert_eq!(sdk.post(&path, None).await, Value::Null);
        assert_eq!(sdk.get(&list).await, before, "{kind}");
    }
}

/// `userRoles.assign` and `remove`, `userClaims.list`, `set` and `remove`.
async fn rights_of_users(sdk: &mut Sdk) {
    let bob = sdk.id("/organizations/acme/users", "email", "bob@acme.test").await;
    let bob = format!("/organizations/acme/users/{bob}");
    let reader = sdk.id("/applications/planner/roles", "slug", "reader").await;
    let roles = format!("{bob}/roles");
    assert_eq!(sdk.post(&roles, Some(json!({ "roleId": reader }))).await, Value::Null);
    let row = sdk.get(&roles).await["data"][0].clone();
    has(&row, &["userId", "roleName", "roleSlug", "assignedAt"]);
    assert_eq!(row["roleId"], json!(reader));
    assert_eq!(sdk.delete(&format!("{roles}/{reader}")).await, Value::Null);
    assert_eq!(sdk.get(&roles).await["data"], json!([]));

    let code = sdk.id("/applications/planner/claims", "claimName", "terminal_code").await;
    let claims = format!("{bob}/claims");
    assert_eq!(sdk.get(&claims).await["data"], json!([]));
    let claim = format!("{claims}/{code}");
    assert_eq!(sdk.send(Method::PUT, &claim, Some(json!({ "value": "T9" }))).await, Value::Null);
    let row = sdk.get(&claims).await["data"][0].clone();
    has(&row, &["claimSlug", "updatedAt"]);
    assert_eq!(
        (&row["claimDefinitionId"], &row["claimName"], &row["value"]),
        (&json!(code), &json!("terminal_code"), &json!("T9"))
    );
    assert_eq!(sdk.delete(&claim).await, Value::Null);
    assert_eq!(sdk.get(&claims).await["data"], json!([]));
}

/// `lock` on both paths, `exportData`, `purge`.
async fn users(sdk: &mut Sdk) {
    let bob = sdk.id("/organizations/acme/users", "email", "bob@acme.test").await;
    for path in [format!("/organizations/acme/users/{bob}"), format!("/users/{bob}")] {
        assert_eq!(sdk.post(&format!("{path}/lock"), None).await, Value::Null);
        assert_eq!(sdk.get(&path).await["data"]["status"], "locked");
        assert_eq!(sdk.post(&format!("{path}/unlock"), None).await, Value::Null);
    }
    let path = format!("/organizations/acme/users/{bob}");
    let data = sdk.get(&format!("{path}/export")).await;
    assert_eq!(data["data"]["user"]["email"], "bob@acme.test");
    let confirmed = [(HeaderName::from_static("x-confirm-purge"), "true")];
    let purged = sdk.raw(Method::POST, &format!("{path}/purge"), Body::empty(), &confirmed).await;
    assert_eq!(purged.json()["data"]["userId"], json!(bob));
}

/// `branding.uploadAsset`, `exports.download`, `organizations.destroy`.
async fn organizations(sdk: &mut Sdk) {
    // Bytes have no type.
    let logo = "/organizations/acme/branding/logo";
    let asset = sdk.raw(Method::PUT, logo, Body::from(DRAWING), &[]).await;
    assert_eq!(asset.json()["data"]["contentType"], "image/svg+xml");
    let file = sdk.raw(Method::GET, "/export/users?organizationId=acme&format=csv", Body::empty(), &[]).await;
    assert!(file.body.contains("ana@acme.test"), "{}", file.body);

    let acme = "/organizations/acme";
    let preview = sdk.delete(&format!("{acme}?dryRun=true")).await;
    assert_eq!(preview["deleted"], false);
    has(&preview, &["counts", "organization"]);
    assert_eq!(sdk.get(acme).await["data"]["slug"], "acme");
    let done = sdk.delete(acme).await;
    assert_eq!((&done["deleted"], &done["counts"]), (&json!(true), &preview["counts"]));
}
