//! Creating users.

use axum::http::StatusCode;
use porta_testkit::{Authorize, TestApp};
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    a_user_is_created_with_everything_that_was_sent,
    a_user_needs_no_more_than_an_address,
    what_an_operation_does_not_offer_is_ignored,
    what_breaks_a_rule_is_refused_and_nothing_is_stored,
    a_taken_address_is_a_conflict,
    whoever_was_created_can_sign_in,
    whoever_was_created_chooses_their_own_password,
);

const LIST: &str = "/organizations/acme/users";

async fn a_user_is_created_with_everything_that_was_sent(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let new = json!({
        "email": "Mia@Acme.test", "password": "harbour-Quay-5311", "givenName": "Mia", "familyName": "Ro",
        "middleName": "T", "nickname": "m", "preferredUsername": "mia", "profileUrl": "https://mia.test/",
        "pictureUrl": "https://mia.test/p.png", "websiteUrl": "http://mia.test", "gender": "x",
        "birthdate": "1990-02-28", "zoneinfo": "Europe/Amsterdam", "locale": "nl", "phoneNumber": "+31 6",
        "phoneNumberVerified": true,
        "address": { "street": "Quay 1\nDoor 2", "locality": "Rotterdam", "region": "ZH", "postalCode": "3011", "country": "NL" },
    });
    let answer = root.post(LIST, &new).await;
    let data = expect(&answer, StatusCode::CREATED)["data"].clone();
    for (field, value) in new.as_object().unwrap() {
        if !matches!(field.as_str(), "password" | "address") {
            assert_eq!(&data[field], value, "{field}");
        }
    }
    let address = [
        ("addressStreet", "Quay 1\nDoor 2"),
        ("addressLocality", "Rotterdam"),
        ("addressRegion", "ZH"),
        ("addressPostalCode", "3011"),
        ("addressCountry", "NL"),
    ];
    for (field, value) in address {
        assert_eq!(data[field], value);
    }
    assert_eq!(
        (&data["status"], &data["emailVerified"], &data["hasPassword"]),
        (&json!("active"), &json!(false), &json!(true))
    );
    assert_eq!(
        (&data["twoFactorEnabled"], &data["loginCount"], &data["lockedAt"]),
        (&json!(false), &json!(0), &Value::Null)
    );
    assert_eq!(data["passwordChangeRequired"], true);
    assert_eq!(data.as_object().unwrap().len(), 37);
    assert!(!answer.body.contains("argon2"), "{}", answer.body);

    let path = format!("{LIST}/{}", data["id"].as_str().unwrap());
    let read = root.get(&path).await;
    assert_eq!(read.header("etag"), answer.header("etag"));
    assert_eq!(expect(&read, StatusCode::OK)["data"], data);

    let row = admins.newest("user.created").await;
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ROOT.0), Some("acme")));
    assert_eq!(row.metadata["email"], "Mia@Acme.test");
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));
    assert_eq!(row.ip_address.as_deref(), Some("127.0.0.1"));
    assert_eq!(row.user_id.map(|id| id.to_string()).as_deref(), data["id"].as_str());
}

async fn a_user_needs_no_more_than_an_address(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let data = expect(&root.post(LIST, &json!({ "email": "x@acme.test" })).await, StatusCode::CREATED);
    assert_eq!((&data["data"]["hasPassword"], &data["data"]["givenName"]), (&json!(false), &Value::Null));
    assert_eq!(data["data"]["passwordChangeRequired"], false, "there is none");
}

/// Mass assignment.
async fn what_an_operation_does_not_offer_is_ignored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = "00000000-0000-4000-8000-000000000001";
    let new = json!({
        "email": "x@acme.test", "id": id, "organizationId": id, "status": "locked", "emailVerified": true,
        "passwordHash": "$argon2id$", "isSuperAdmin": true, "createdAt": "2000-01-01T00:00:00Z", "version": 9,
        "roles": ["porta-super-admin"],
    });
    let data = expect(&root.post(LIST, &new).await, StatusCode::CREATED)["data"].clone();
    let acme = admins.organization("acme").await.id.to_string();
    assert_eq!((data["organizationId"].as_str(), &data["status"]), (Some(acme.as_str()), &json!("active")));
    assert_eq!((&data["emailVerified"], &data["hasPassword"]), (&json!(false), &json!(false)));
    assert_ne!(data["id"], id);
}

async fn what_breaks_a_rule_is_refused_and_nothing_is_stored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let email = "x@acme.test";
    let long = |n: usize| "x".repeat(n);
    for (path, body) in [
        (json!([]), json!([])),
        (json!(["email"]), json!({ "email": 1 })),
        (json!(["email"]), json!({ "email": "" })),
        (json!(["email"]), json!({ "email": "x" })),
        (json!(["email"]), json!({ "email": "x@ac\u{202e}me.test" })),
        (json!(["email"]), json!({ "email": format!("{}@acme.test", long(300)) })),
        (json!(["password"]), json!({ "email": email, "password": "short" })),
        (json!(["password"]), json!({ "email": email, "password": "password123" })),
        (json!(["password"]), json!({ "email": email, "password": long(129) })),
        (json!(["password"]), json!({ "email": email, "password": "x@acme.test1" })),
        (json!(["temporary"]), json!({ "email": email, "temporary": true })),
        (json!(["givenName"]), json!({ "email": email, "givenName": long(256) })),
        (json!(["givenName"]), json!({ "email": email, "givenName": "a\u{202e}b" })),
        (json!(["givenName"]), json!({ "email": email, "givenName": "a\u{0}b" })),
        (json!(["birthdate"]), json!({ "email": email, "birthdate": "1990-02-30" })),
        (json!(["profileUrl"]), json!({ "email": email, "profileUrl": "javascript:alert(1)" })),
        (json!(["websiteUrl"]), json!({ "email": email, "websiteUrl": "data:text/html,x" })),
        (json!(["address", "country"]), json!({ "email": email, "address": { "country": "NLD" } })),
    ] {
        let answer = refused(&root.post(LIST, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
        if !body.is_array() && body["email"] != 1 {
            assert_eq!(answer["details"][0]["path"], path, "{body}: {answer}");
        }
        assert!(!answer["details"][0]["message"].as_str().unwrap().is_empty());
    }
    let missing = refused(&root.post(LIST, &json!({})).await, StatusCode::BAD_REQUEST, "Validation failed");
    assert!(missing.to_string().contains("missing field `email`"), "{missing}");
    refused(
        &root.post("/organizations/none/users", &json!({ "email": email })).await,
        StatusCode::NOT_FOUND,
        "Organization not found: none",
    );
    assert_eq!(expect(&root.get(LIST).await, StatusCode::OK)["total"], 3);
    assert_eq!(admins.audit().await.iter().filter(|row| row.metadata["email"] == email).count(), 0);
}

async fn a_taken_address_is_a_conflict(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for taken in ["bob@acme.test", "BOB@ACME.TEST"] {
        let answer = root.post(LIST, &json!({ "email": taken })).await;
        refused(&answer, StatusCode::CONFLICT, &format!("User `{taken}` is already taken"));
    }
    // The same address in another organization is another person.
    expect(
        &root.post("/organizations/beta/users", &json!({ "email": "bob@acme.test" })).await,
        StatusCode::CREATED,
    );
}

async fn whoever_was_created_can_sign_in(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let new = ("mia@acme.test", "harbour-Quay-5311");
    let body = json!({ "email": new.0, "password": new.1, "temporary": false });
    let data = expect(&root.post(LIST, &body).await, StatusCode::CREATED)["data"].clone();
    assert_eq!(data["passwordChangeRequired"], false);
    token(&admins.app, "acme", new, ("cli", "http://127.0.0.1/cb")).await;
}

/// W-26.
async fn whoever_was_created_chooses_their_own_password(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let (email, password) = ("mia@acme.test", "harbour-Quay-5311");
    expect(&root.post(LIST, &json!({ "email": email, "password": password })).await, StatusCode::CREATED);
    let mut browser = admins.app.browser();
    let request = Authorize::new("acme", "cli", "http://127.0.0.1/cb");
    let asked = browser.submit_login(&request, email, password).await;
    assert!(asked.location().ends_with("/new-password"), "{} {}", asked.status, asked.body);
}
