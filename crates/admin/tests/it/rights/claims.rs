//! Custom claims and their values.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::{Lesser, NOBODY, application, each, id_of, invalid};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_claim_is_defined_read_and_changed,
    a_claim_may_have_a_name_for_operators,
    claims_are_listed_by_name_whole_or_in_pages,
    what_breaks_a_rule_is_refused_and_nothing_is_stored,
    a_claim_is_found_below_its_application_only,
    a_change_based_on_an_older_version_is_refused,
    a_value_is_set_read_and_removed,
    values_have_the_type_of_their_claim,
    a_users_values_are_listed_by_application_and_together,
    the_command_line_sends_every_value_as_a_string,
    whose_organization_does_not_see_the_application_is_not_found,
    each_administrator_may_do_what_it_is_for,
);

const CLAIMS: &str = "/applications/planner/claims";

async fn a_claim_is_defined_read_and_changed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let planner = application(&admins, "planner").await;
    let new = json!({
        "claimName": "department", "claimType": "json", "description": "Where", "includeInIdToken": true,
        "includeInAccessToken": false, "isRequired": true, "defaultValue": "x", "validationRules": [1],
        "applicationId": NOBODY, "id": NOBODY,
    });
    let answer = root.post(CLAIMS, &new).await;
    let data = expect(&answer, StatusCode::CREATED)["data"].clone();
    let expected = json!({
        "id": data["id"], "applicationId": planner, "claimName": "department", "name": "department",
        "slug": "department", "claimType": "json", "valueType": "json", "description": "Where",
        "includeInIdToken": true, "includeInAccessToken": false, "includeInUserinfo": true,
        "isRequired": false, "defaultValue": null, "validationRules": null,
        "createdAt": data["createdAt"], "updatedAt": data["createdAt"],
    });
    assert_eq!(data, expected);
    let path = format!("{CLAIMS}/{}", data["id"].as_str().unwrap());
    let read = root.get(&path).await;
    assert_eq!(read.header("etag"), answer.header("etag"));
    assert_eq!(expect(&read, StatusCode::OK)["data"], data);
    let row = admins.newest("claim.defined").await;
    let metadata = (&row.metadata["definitionId"], &row.metadata["claimName"], &row.metadata["claimType"]);
    assert_eq!(metadata, (&data["id"], &json!("department"), &json!("json")));
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ROOT.0), Some("acme")));

    admins.app.advance(Duration::from_secs(1));
    let change = json!({
        "description": null, "includeInUserinfo": false, "claimName": "other", "claimType": "string",
    });
    let changed = expect(&root.put(&path, &change).await, StatusCode::OK)["data"].clone();
    assert_eq!((&changed["description"], &changed["includeInUserinfo"]), (&Value::Null, &json!(false)));
    assert_eq!((&changed["claimName"], &changed["claimType"]), (&json!("department"), &json!("json")));
    assert_eq!(changed["includeInIdToken"], true);
    assert_ne!(changed["updatedAt"], data["updatedAt"]);
    let row = admins.newest("claim.updated").await;
    assert_eq!(row.metadata["changes"], json!(["description", "include_in_userinfo"]));
    // Fields that are accepted and ignored change nothing, and are no mistake.
    for ignored in ["isRequired", "defaultValue", "validationRules", "applicationId"] {
        let answer = root.put(&path, &json!({ ignored: null })).await;
        assert_eq!(expect(&answer, StatusCode::OK)["data"], changed, "{ignored}");
    }
    for nothing in [json!({}), json!({ "claimName": "x" }), json!({ "unknown": 1 })] {
        refused(&root.put(&path, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
    assert_eq!(admins.count("claim.updated").await, 1);
}

/// What a client calls the fields decides what they mean.
async fn a_claim_may_have_a_name_for_operators(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (new, claim_name, name) in [
        (json!({ "name": "size", "valueType": "number" }), "size", "size"),
        (
            json!({ "name": "Shoe size", "slug": "shoe_size", "valueType": "number" }),
            "shoe_size",
            "Shoe size",
        ),
        (json!({ "name": "Hat", "claimName": "hat", "slug": "cap", "claimType": "number" }), "hat", "Hat"),
        (json!({ "slug": "cap", "claimType": "number", "valueType": "json" }), "cap", "cap"),
    ] {
        let data = expect(&root.post(CLAIMS, &new).await, StatusCode::CREATED)["data"].clone();
        assert_eq!((&data["claimName"], &data["slug"]), (&json!(claim_name), &json!(claim_name)), "{new}");
        assert_eq!((&data["name"], &data["claimType"]), (&json!(name), &json!("number")), "{new}");
    }
    let path = format!("{CLAIMS}/{}", id_of(&mut root, CLAIMS, "shoe_size").await);
    for (change, name) in [(json!("Size of shoes"), "Size of shoes"), (json!(null), "shoe_size")] {
        let data = expect(&root.put(&path, &json!({ "name": change })).await, StatusCode::OK);
        assert_eq!((&data["data"]["name"], &data["data"]["slug"]), (&json!(name), &json!("shoe_size")));
    }
}

async fn claims_are_listed_by_name_whole_or_in_pages(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let all = expect(&root.get(CLAIMS).await, StatusCode::OK);
    assert_eq!(each(&all, "claimName"), ["badge", "terminal_code"]);
    assert_eq!(
        (&all["total"], &all["page"], &all["pageSize"], &all["totalPages"]),
        (&json!(2), &json!(1), &json!(2), &json!(1))
    );
    let second = expect(&root.get(&format!("{CLAIMS}?page=2&pageSize=1")).await, StatusCode::OK);
    assert_eq!(
        (each(&second, "claimName"), &second["totalPages"]),
        (vec!["terminal_code".to_owned()], &json!(2))
    );
}

async fn what_breaks_a_rule_is_refused_and_nothing_is_stored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let long = "a".repeat(101);
    for name in ["", "A", "1a", "a-b", "é", "sub", "roles", "auth_time", long.as_str()] {
        let new = json!({ "claimName": name, "claimType": "string" });
        invalid(&root.post(CLAIMS, &new).await, &json!(["claimName"]));
    }
    for (field, new) in [
        ("claimName", json!({ "claimType": "string" })),
        ("claimType", json!({ "claimName": "x" })),
        ("claimType", json!({ "claimName": "x", "claimType": "text" })),
        ("claimType", json!({ "claimName": "x", "claimType": "String" })),
        ("name", json!({ "claimName": "x", "claimType": "string", "name": "" })),
        ("name", json!({ "claimName": "x", "claimType": "string", "name": "a\nb" })),
        ("includeInIdToken", json!({ "claimName": "x", "claimType": "string", "includeInIdToken": "yes" })),
        ("description", json!({ "claimName": "x", "claimType": "string", "description": "x".repeat(2001) })),
    ] {
        invalid(&root.post(CLAIMS, &new).await, &json!([field]));
    }
    let taken = json!({ "claimName": "badge", "claimType": "string" });
    refused(&root.post(CLAIMS, &taken).await, StatusCode::CONFLICT, "Claim `badge` is already taken");
    assert_eq!(expect(&root.get(CLAIMS).await, StatusCode::OK)["total"], 2);
}

async fn a_claim_is_found_below_its_application_only(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ana = admins.user("acme", "ana@acme.test").await.id;
    let badge = id_of(&mut root, CLAIMS, "badge").await;
    let badge = badge.as_str();
    for (application, id) in [("billing", badge), ("partner", badge), ("planner", NOBODY), ("planner", "x")] {
        let path = format!("/applications/{application}/claims/{id}");
        let text = format!("Custom claim not found: {id}");
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.put(&path, &json!({ "description": "X" })).await, StatusCode::NOT_FOUND, &text);
        refused(&root.delete(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.post(&format!("{path}/archive"), &json!({})).await, StatusCode::NOT_FOUND, &text);
        let value = format!("{path}/users/{ana}");
        refused(&root.get(&value).await, StatusCode::NOT_FOUND, &text);
        refused(&root.put(&value, &json!({ "value": 1 })).await, StatusCode::NOT_FOUND, &text);
        refused(&root.delete(&value).await, StatusCode::NOT_FOUND, &text);
    }
    let text = "Application not found: none";
    let new = json!({ "claimName": "x", "claimType": "string" });
    refused(&root.get("/applications/none/claims").await, StatusCode::NOT_FOUND, text);
    refused(&root.post("/applications/none/claims", &new).await, StatusCode::NOT_FOUND, text);
    let answer = root.get(&format!("/applications/none/claims/users/{ana}")).await;
    refused(&answer, StatusCode::NOT_FOUND, text);
    assert_eq!(expect(&root.get(CLAIMS).await, StatusCode::OK)["total"], 2, "nothing was deleted");
}

async fn a_change_based_on_an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("{CLAIMS}/{}", id_of(&mut root, CLAIMS, "badge").await);
    let first = root.get(&path).await.header("etag").unwrap().to_owned();
    let change = json!({ "description": "One" });
    let second = root.put(&path, &change).await.header("etag").unwrap().to_owned();
    for (method, place) in [(Method::PUT, ""), (Method::DELETE, ""), (Method::POST, "/archive")] {
        let stale = [(header::IF_MATCH, first.as_str())];
        let answer = root.send_with(method, &format!("{path}{place}"), Some(&change), &stale).await;
        assert_eq!(refused(&answer, StatusCode::CONFLICT, "Conflict")["currentETag"], json!(second));
    }
    let fresh = [(header::IF_MATCH, second.as_str())];
    expect(&root.send_with(Method::DELETE, &path, None, &fresh).await, StatusCode::NO_CONTENT);
}

async fn a_value_is_set_read_and_removed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let badge = id_of(&mut root, CLAIMS, "badge").await;
    let path = format!("{CLAIMS}/{badge}/users/{bob}");
    refused(&root.get(&path).await, StatusCode::NOT_FOUND, "Claim value not found");
    let data = expect(&root.put(&path, &json!({ "value": 18.5 })).await, StatusCode::OK)["data"].clone();
    let expected = json!({
        "id": format!("{bob}.{badge}"), "userId": bob.to_string(), "claimId": badge, "value": 18.5,
        "createdAt": data["createdAt"], "updatedAt": data["createdAt"],
    });
    assert_eq!(data, expected);
    assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"], data);
    let row = admins.newest("claim.value.set").await;
    assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(bob), Some(ROOT.0)));
    assert_eq!(row.metadata["claimName"], "badge");
    assert!(!row.metadata.to_string().contains("18.5"), "values are personal data");

    admins.app.advance(Duration::from_secs(1));
    let rows = admins.count("claim.value.set").await;
    let again = expect(&root.put(&path, &json!({ "value": 18.5 })).await, StatusCode::OK);
    assert_eq!((&again["data"], admins.count("claim.value.set").await), (&data, rows), "nothing changed");
    let other = expect(&root.put(&path, &json!({ "value": 19 })).await, StatusCode::OK)["data"].clone();
    assert_eq!((&other["value"], &other["createdAt"]), (&json!(19), &data["createdAt"]));
    assert_ne!(other["updatedAt"], data["updatedAt"]);

    expect(&root.delete(&path).await, StatusCode::NO_CONTENT);
    let row = admins.newest("claim.value.deleted").await;
    assert_eq!((row.user_id, &row.metadata["definitionId"]), (Some(bob), &json!(badge)));
    let text = format!("Custom claim not found: value for user {bob}, claim {badge}");
    refused(&root.delete(&path).await, StatusCode::NOT_FOUND, &text);
    refused(&root.get(&path).await, StatusCode::NOT_FOUND, "Claim value not found");
}

async fn values_have_the_type_of_their_claim(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    for (claim_type, fits, unfit) in [
        ("string", json!(["", "é", "a\u{1}b"]), json!([null, 1, true, [], {}, "a\u{0}b"])),
        ("number", json!([0, -1.5, 1e300, 9_007_199_254_740_993_u64]), json!([null, "1", true, [1], {}])),
        ("boolean", json!([true, false]), json!([null, 0, "true", [], {}])),
        (
            "json",
            json!([[], {}, [null], { "a": { "b": [1] } }]),
            json!([null, 1, "{}", true, ["\u{0}"], { "\u{0}": 1 }]),
        ),
    ] {
        let new = json!({ "claimName": format!("of_{claim_type}"), "claimType": claim_type });
        let claim = expect(&root.post(CLAIMS, &new).await, StatusCode::CREATED);
        let path = format!("{CLAIMS}/{}/users/{bob}", claim["data"]["id"].as_str().unwrap());
        for value in unfit.as_array().unwrap() {
            invalid(&root.put(&path, &json!({ "value": value })).await, &json!(["value"]));
        }
        invalid(&root.put(&path, &json!({})).await, &json!(["value"]));
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, "Claim value not found");
        for value in fits.as_array().unwrap() {
            expect(&root.put(&path, &json!({ "value": value })).await, StatusCode::OK);
            assert_eq!(&expect(&root.get(&path).await, StatusCode::OK)["data"]["value"], value);
        }
    }
}

async fn a_users_values_are_listed_by_application_and_together(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ana = admins.user("acme", "ana@acme.test").await.id;
    let new = json!({ "claimName": "cost_center", "claimType": "string" });
    let cost = expect(&root.post("/applications/billing/claims", &new).await, StatusCode::CREATED);
    let cost = cost["data"]["id"].as_str().unwrap();
    let path = format!("/applications/billing/claims/{cost}/users/{ana}");
    expect(&root.put(&path, &json!({ "value": "C1" })).await, StatusCode::OK);

    let of_planner = expect(&root.get(&format!("{CLAIMS}/users/{ana}")).await, StatusCode::OK);
    let rows = of_planner["data"].as_array().unwrap();
    let found: Vec<_> =
        rows.iter().map(|row| (&row["definition"]["claimName"], &row["value"]["value"])).collect();
    assert_eq!(found, [(&json!("badge"), &json!(17)), (&json!("terminal_code"), &json!("T4"))]);
    assert_eq!(rows[0]["definition"]["id"], rows[0]["value"]["claimId"]);
    assert_eq!(of_planner["total"], 2);
    let of_billing =
        expect(&root.get(&format!("/applications/billing/claims/users/{ana}")).await, StatusCode::OK);
    assert_eq!(of_billing["data"][0]["value"]["value"], "C1");
    assert_eq!(of_billing["total"], 1, "of this application only");

    let together =
        expect(&root.get(&format!("/organizations/acme/users/{ana}/claims")).await, StatusCode::OK);
    assert_eq!(each(&together, "claimName"), ["badge", "cost_center", "terminal_code"]);
    let first = together["data"][0].clone();
    let badge = id_of(&mut root, CLAIMS, "badge").await;
    let expected = json!({
        "claimDefinitionId": badge, "applicationId": application(&admins, "planner").await,
        "claimName": "badge", "claimSlug": "badge", "value": 17, "updatedAt": first["updatedAt"],
    });
    assert_eq!(first, expected);
}

async fn the_command_line_sends_every_value_as_a_string(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let list = format!("/organizations/acme/users/{bob}/claims");
    let (badge, code) =
        (id_of(&mut root, CLAIMS, "badge").await, id_of(&mut root, CLAIMS, "terminal_code").await);
    for (claim, given, stored) in
        [(&badge, json!("17"), json!(17)), (&badge, json!(18), json!(18)), (&code, json!("17"), json!("17"))]
    {
        let path = format!("{list}/{claim}");
        expect(&root.put(&path, &json!({ "value": given })).await, StatusCode::NO_CONTENT);
        let rows = expect(&root.get(&list).await, StatusCode::OK)["data"].clone();
        let row = rows.as_array().unwrap().iter().find(|row| row["claimDefinitionId"] == **claim).unwrap();
        assert_eq!(row["value"], stored, "{given}");
    }
    for unfit in [json!("x"), json!("true"), json!(null), json!([1])] {
        invalid(&root.put(&format!("{list}/{badge}"), &json!({ "value": unfit })).await, &json!(["value"]));
    }
    // Only there: elsewhere a string is a string.
    let path = format!("{CLAIMS}/{badge}/users/{bob}");
    invalid(&root.put(&path, &json!({ "value": "17" })).await, &json!(["value"]));
    expect(&root.delete(&format!("{list}/{badge}")).await, StatusCode::NO_CONTENT);
    let text = format!("Custom claim not found: value for user {bob}, claim {badge}");
    refused(&root.delete(&format!("{list}/{badge}")).await, StatusCode::NOT_FOUND, &text);
    assert_eq!(admins.newest("claim.value.deleted").await.user_id, Some(bob));
}

async fn whose_organization_does_not_see_the_application_is_not_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let badge = id_of(&mut root, CLAIMS, "badge").await;
    let (ana, eve) =
        (admins.user("acme", "ana@acme.test").await.id, admins.user("beta", "ana@acme.test").await.id);
    for user in [eve.to_string(), NOBODY.to_owned(), "x".to_owned()] {
        let text = format!("User not found: {user}");
        let path = format!("{CLAIMS}/{badge}/users/{user}");
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.put(&path, &json!({ "value": 1 })).await, StatusCode::NOT_FOUND, &text);
        refused(&root.delete(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.get(&format!("{CLAIMS}/users/{user}")).await, StatusCode::NOT_FOUND, &text);
    }
    // Below an organization both must be its own.
    let list = format!("/organizations/beta/users/{ana}/claims");
    let text = format!("User not found: {ana}");
    refused(&root.get(&list).await, StatusCode::NOT_FOUND, &text);
    refused(
        &root.put(&format!("{list}/{badge}"), &json!({ "value": 1 })).await,
        StatusCode::NOT_FOUND,
        &text,
    );
    refused(&root.delete(&format!("{list}/{badge}")).await, StatusCode::NOT_FOUND, &text);
    let list = format!("/organizations/beta/users/{eve}/claims");
    for claim in [badge.as_str(), NOBODY, "x"] {
        let (path, text) = (format!("{list}/{claim}"), format!("Custom claim not found: {claim}"));
        refused(&root.put(&path, &json!({ "value": 1 })).await, StatusCode::NOT_FOUND, &text);
        refused(&root.delete(&path).await, StatusCode::NOT_FOUND, &text);
    }
    let kept = expect(&root.get(&format!("{CLAIMS}/{badge}/users/{ana}")).await, StatusCode::OK);
    assert_eq!(kept["data"]["value"], 17);
}

async fn each_administrator_may_do_what_it_is_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut lesser = Lesser::of(&admins).await;
    let ana = admins.user("acme", "ana@acme.test").await.id;
    let badge = id_of(&mut root, CLAIMS, "badge").await;
    let path = format!("{CLAIMS}/{badge}");
    let (value, own) = (format!("{path}/users/{ana}"), format!("/organizations/acme/users/{ana}/claims"));
    let set = json!({ "value": 1 });
    for place in
        [CLAIMS.to_owned(), path.clone(), value.clone(), format!("{CLAIMS}/users/{ana}"), own.clone()]
    {
        lesser.only(&[USERS, APPS, AUDITOR], "admin:claim:read", (Method::GET, &place, json!({}))).await;
    }
    let new = json!({ "claimName": "x", "claimType": "string" });
    lesser.only(&[APPS], "admin:claim:create", (Method::POST, CLAIMS, new)).await;
    lesser.only(&[APPS], "admin:claim:update", (Method::PUT, &path, json!({ "description": "x" }))).await;
    for place in [value, format!("{own}/{badge}")] {
        for method in [Method::PUT, Method::DELETE] {
            lesser.only(&[APPS], "admin:claim:update", (method, &place, set.clone())).await;
        }
    }
    let archive = format!("{path}/archive");
    lesser.only(&[APPS], "admin:claim:archive", (Method::POST, &archive, json!({}))).await;
    lesser.only(&[APPS], "admin:claim:archive", (Method::DELETE, &path, json!({}))).await;
}
