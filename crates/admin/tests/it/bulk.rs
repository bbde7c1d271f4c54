//! Changes of many entities at once.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::client::Client;
use porta_core::organization::OrganizationStatus;
use porta_core::user::UserStatus;
use porta_directory::Actor;
use porta_testkit::TestApp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::*;

porta_testkit::on_both_stores!(
    users_change_one_by_one_and_each_is_recorded,
    every_transition_of_a_user_that_exists_works_and_no_other,
    every_transition_of_an_organization_that_exists_works_and_no_other,
    users_of_another_organization_are_not_found,
    whoever_is_suspended_loses_tokens_and_the_api,
    what_is_protected_stays_as_it_is,
    what_is_no_bulk_change_is_refused,
    one_of_many_changes_of_one_user_wins,
    each_role_does_what_it_may_do_to_one,
    an_action_on_organizations_needs_its_own_permission,
);

const USERS_STATUS: &str = "/bulk/users/status";
const ORGANIZATIONS_STATUS: &str = "/bulk/organizations/status";
const NIL: &str = "00000000-0000-0000-0000-000000000000";

async fn id(admins: &Admins, organization: &str, email: &str) -> String {
    admins.user(organization, email).await.id.to_string()
}

async fn change(admin: &mut Admin, path: &str, body: &Value) -> Value {
    expect(&admin.post(path, body).await, StatusCode::OK)
}

async fn users_change_one_by_one_and_each_is_recorded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let (ana, bob) = (id(&admins, "acme", "ana@acme.test").await, id(&admins, "acme", "bob@acme.test").await);
    let inactive = id(&admins, "acme", "inactive@acme.test").await;
    let body = json!({
        "ids": [bob, NIL, inactive, ana, bob], "action": "lock", "reason": "audit", "organizationId": "acme",
    });
    let answer = root.post(USERS_STATUS, &body).await;
    let expected = json!({
        "total": 5, "succeeded": 2, "failed": 3,
        "results": [
            { "id": bob, "success": true, "previousStatus": "active", "newStatus": "locked" },
            { "id": NIL, "success": false, "error": "user not found" },
            { "id": inactive, "success": false, "error": "Cannot lock from status 'inactive'", "previousStatus": "inactive" },
            { "id": ana, "success": true, "previousStatus": "active", "newStatus": "locked" },
            { "id": bob, "success": false, "error": "Cannot lock from status 'locked'", "previousStatus": "locked" },
        ],
    });
    assert_eq!(expect(&answer, StatusCode::OK), expected);
    for email in ["ana@acme.test", "bob@acme.test"] {
        let user = admins.user("acme", email).await;
        assert_eq!((user.status, user.locked_reason.as_deref()), (UserStatus::Locked, Some("audit")));
        assert!(user.locked_at.is_some());
    }
    let rows: Vec<_> =
        admins.audit().await.into_iter().filter(|row| row.event_type == "user.locked").collect();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!((row.actor_label.as_deref(), &row.metadata["reason"]), (Some(ROOT.0), &json!("audit")));
        assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));
        assert!([&ana, &bob].contains(&&row.user_id.unwrap().to_string()));
    }
}

async fn every_transition_of_a_user_that_exists_works_and_no_other(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = id(&admins, "acme", "bob@acme.test").await;
    let body = |action: &str| json!({ "ids": [bob], "action": action, "organizationId": "acme" });
    // Status, how it is reached from `active`, and what leaves it.
    for (status, reach, leaves) in [
        ("active", None, &["deactivate", "suspend", "lock"][..]),
        ("inactive", Some("deactivate"), &["activate"][..]),
        ("suspended", Some("suspend"), &["activate"][..]),
        ("locked", Some("lock"), &["unlock"][..]),
    ] {
        if let Some(action) = reach {
            let done = change(&mut root, USERS_STATUS, &body(action)).await;
            assert_eq!(done["results"][0]["newStatus"], status, "{done}");
        }
        for action in ["activate", "deactivate", "suspend", "lock", "unlock"] {
            if leaves.contains(&action) {
                continue;
            }
            let done = change(&mut root, USERS_STATUS, &body(action)).await;
            let error = format!("Cannot {action} from status '{status}'");
            let expected = json!([{ "id": bob, "success": false, "error": error, "previousStatus": status }]);
            assert_eq!(done["results"], expected);
        }
        if reach.is_some() {
            let done = change(&mut root, USERS_STATUS, &body(leaves[0])).await;
            assert_eq!(done["results"][0]["newStatus"], "active", "{done}");
        }
    }
    for event in [
        "user.deactivated",
        "user.suspended",
        "user.locked",
        "user.reactivated",
        "user.activated",
        "user.unlocked",
    ] {
        assert_eq!(admins.count(event).await, 1, "{event}");
    }
}

async fn every_transition_of_an_organization_that_exists_works_and_no_other(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let beta = admins.organization("beta").await.id;
    let body = |action: &str| json!({ "ids": [beta], "action": action, "reason": "unpaid" });
    for (status, reach, leaves) in [
        ("active", None, &["suspend", "archive"][..]),
        ("suspended", Some("suspend"), &["activate", "archive"][..]),
        ("archived", Some("archive"), &[][..]),
    ] {
        if let Some(action) = reach {
            let done = change(&mut root, ORGANIZATIONS_STATUS, &body(action)).await;
            assert_eq!(done["results"][0]["newStatus"], status, "{done}");
        }
        for action in ["activate", "suspend", "archive"] {
            if leaves.contains(&action) {
                continue;
            }
            let done = change(&mut root, ORGANIZATIONS_STATUS, &body(action)).await;
            let error = format!("Cannot {action} from status '{status}'");
            let expected =
                json!([{ "id": beta, "success": false, "error": error, "previousStatus": status }]);
            assert_eq!(done["results"], expected);
        }
    }
    assert_eq!(admins.organization("beta").await.status, OrganizationStatus::Archived);
    let row = admins.newest("org.suspended").await;
    assert_eq!((row.actor_label.as_deref(), &row.metadata["reason"]), (Some(ROOT.0), &json!("unpaid")));
    assert_eq!(admins.count("org.archived").await, 1);
    let none = change(&mut root, ORGANIZATIONS_STATUS, &json!({ "ids": [NIL], "action": "suspend" })).await;
    assert_eq!(none["results"], json!([{ "id": NIL, "success": false, "error": "organization not found" }]));
}

async fn users_of_another_organization_are_not_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = id(&admins, "acme", "bob@acme.test").await;
    let body = json!({ "ids": [bob, NIL], "action": "suspend", "organizationId": "beta" });
    let done = change(&mut root, USERS_STATUS, &body).await;
    for result in done["results"].as_array().unwrap() {
        assert_eq!((&result["success"], &result["error"]), (&json!(false), &json!("user not found")));
    }
    assert_eq!(admins.user("acme", "bob@acme.test").await.status, UserStatus::Active);
    // By id as well as by slug.
    let acme = admins.organization("acme").await.id;
    let body = json!({ "ids": [bob], "action": "suspend", "organizationId": acme });
    assert_eq!(change(&mut root, USERS_STATUS, &body).await["succeeded"], 1);
}

/// Effects of the change, and what waits for it elsewhere.
async fn whoever_is_suspended_loses_tokens_and_the_api(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    expect(&auditor.get("/audit").await, StatusCode::OK);
    let person = id(&admins, "porta-admin", AUDITOR.0).await;
    let body = json!({ "ids": [person], "action": "suspend", "organizationId": "porta-admin" });
    assert_eq!(change(&mut root, USERS_STATUS, &body).await["succeeded"], 1);
    refused(&auditor.get("/audit").await, StatusCode::UNAUTHORIZED, "Invalid token");

    let other = admins.app.another_process().await;
    assert_eq!(other.browser().get("/acme/.well-known/openid-configuration").await.status, StatusCode::OK);
    let acme = admins.organization("acme").await.id;
    let body = json!({ "ids": [acme], "action": "suspend" });
    assert_eq!(change(&mut root, ORGANIZATIONS_STATUS, &body).await["succeeded"], 1);
    admins.app.wait_for_notices().await;
    let answer = other.browser().get("/acme/.well-known/openid-configuration").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
}

async fn what_is_protected_stays_as_it_is(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let own = admins.organization("porta-admin").await.id;
    for (action, done) in [("suspend", "suspended"), ("archive", "archived")] {
        let body = json!({ "ids": [own], "action": action });
        let result = change(&mut root, ORGANIZATIONS_STATUS, &body).await["results"][0].clone();
        assert_eq!(result["error"], format!("Super-admin organization cannot be {done}"));
    }
    assert_eq!(admins.organization("porta-admin").await.status, OrganizationStatus::Active);
    // A lesser administrator cannot stop a higher one.
    let mut users = admins.sign_in(USERS).await;
    let person = id(&admins, "porta-admin", ROOT.0).await;
    for action in ["deactivate", "suspend", "lock"] {
        let body = json!({ "ids": [person], "action": action, "organizationId": "porta-admin" });
        let result = change(&mut users, USERS_STATUS, &body).await["results"][0].clone();
        assert_eq!((&result["success"], &result["previousStatus"]), (&json!(false), &json!("active")));
        assert!(result["error"].is_string(), "{result}");
    }
    assert_eq!(admins.user("porta-admin", ROOT.0).await.status, UserStatus::Active);
}

async fn what_is_no_bulk_change_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = id(&admins, "acme", "bob@acme.test").await;
    let many = vec![NIL; 101];
    for (path, field) in [
        (json!({ "ids": [], "action": "suspend", "organizationId": "acme" }), json!(["ids"])),
        (json!({ "ids": many, "action": "suspend", "organizationId": "acme" }), json!(["ids"])),
        (json!({ "ids": [bob, "x"], "action": "suspend", "organizationId": "acme" }), json!(["ids", "1"])),
        (json!({ "ids": bob, "action": "suspend", "organizationId": "acme" }), json!(["ids"])),
        (json!({ "ids": [bob], "action": "delete", "organizationId": "acme" }), json!(["action"])),
        (json!({ "ids": [bob], "action": 1, "organizationId": "acme" }), json!(["action"])),
        (
            json!({ "ids": [bob], "action": "suspend", "organizationId": "acme", "reason": "x".repeat(501) }),
            json!(["reason"]),
        ),
        (
            json!({ "ids": [bob], "action": "suspend", "organizationId": "acme", "reason": "a\u{202e}b" }),
            json!(["reason"]),
        ),
    ] {
        for place in [USERS_STATUS, ORGANIZATIONS_STATUS] {
            let answer = root.post(place, &path).await;
            let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
            assert_eq!(body["details"][0]["path"], field, "{place} {path}");
        }
    }
    for body in [json!({}), json!({ "ids": [bob] }), json!({ "ids": [bob], "action": "suspend" })] {
        refused(&root.post(USERS_STATUS, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
    }
    let body = json!({ "ids": [bob], "action": "suspend", "organizationId": "none" });
    refused(&root.post(USERS_STATUS, &body).await, StatusCode::NOT_FOUND, "Organization not found: none");
    // What users can become, organizations cannot.
    let body = json!({ "ids": [bob], "action": "lock" });
    refused(&root.post(ORGANIZATIONS_STATUS, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(admins.user("acme", "bob@acme.test").await.status, UserStatus::Active);
    assert_eq!(admins.count("user.suspended").await, 0);
}

async fn one_of_many_changes_of_one_user_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let token = admins.sign_in(ROOT).await.token;
    let bob = id(&admins, "acme", "bob@acme.test").await;
    admins.app.advance(Duration::from_secs(1));
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let mut admin = admins.bearer(&token);
        let body = json!({ "ids": [bob], "action": "suspend", "organizationId": "acme" });
        all.spawn(async move {
            expect(&admin.post(USERS_STATUS, &body).await, StatusCode::OK)["succeeded"].clone()
        });
    }
    let done = all.join_all().await;
    assert_eq!(done.iter().filter(|succeeded| **succeeded == 1).count(), 1, "{done:?}");
    assert_eq!(admins.count("user.suspended").await, 1);
}

async fn each_role_does_what_it_may_do_to_one(app: TestApp) {
    let admins = Admins::of(app).await;
    let users = json!({ "ids": [NIL], "action": "suspend", "organizationId": "acme" });
    for (person, of_users, of_organizations) in
        [(ORGS, false, true), (USERS, true, false), (APPS, false, false), (AUDITOR, false, false)]
    {
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool| if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(admin.post(USERS_STATUS, &users).await.status, status(of_users), "{}", person.0);
        for action in ["activate", "suspend", "archive"] {
            let body = json!({ "ids": [NIL], "action": action });
            let answer = admin.post(ORGANIZATIONS_STATUS, &body).await;
            assert_eq!(answer.status, status(of_organizations), "{} {action}", person.0);
        }
    }
    let mut nobody = admins.bearer("x");
    for path in [USERS_STATUS, ORGANIZATIONS_STATUS] {
        refused(&nobody.post(path, &users).await, StatusCode::UNAUTHORIZED, "Invalid token");
    }
}

/// The built-in roles that may change organizations may also suspend and archive them; a service account need not.
async fn an_action_on_organizations_needs_its_own_permission(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let (organization, before) = unit.client("robot").await.unwrap();
    let scope = "admin:org:update admin:org:suspend admin:org:archive".to_owned();
    let after = Client { scope, ..before.clone() };
    unit.clients().update(&organization, &before, after).await.unwrap();
    unit.commit().await.unwrap();
    admins.app.wait_for_notices().await;
    for (scope, may) in [
        ("admin:org:update", [false, false, false]),
        ("admin:org:update admin:org:suspend", [true, true, false]),
        ("admin:org:update admin:org:archive", [false, false, true]),
        ("admin:org:suspend admin:org:archive", [false, false, false]),
    ] {
        let client = ("robot", Some("robot-secret-0123456789abcdef"));
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        let answer = admins.app.browser().token("porta-admin", client, &form).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let mut robot = admins.bearer(answer.json()["access_token"].as_str().unwrap());
        for (action, may) in ["activate", "suspend", "archive"].into_iter().zip(may) {
            let body = json!({ "ids": [NIL], "action": action });
            let status = if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(robot.post(ORGANIZATIONS_STATUS, &body).await.status, status, "{scope} {action}");
        }
    }
}
