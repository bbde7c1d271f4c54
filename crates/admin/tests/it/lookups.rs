//! Names for pickers.

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::services::{ROBOT, service};
use crate::support::*;

porta_testkit::on_both_stores!(
    every_administrator_sees_names,
    a_service_account_sees_people_only_with_the_permission,
    a_row_has_little_more_than_the_name,
    rows_are_found_by_text_and_by_id,
    a_list_ends_at_its_limit_and_is_sorted,
    a_list_is_of_one_organization_or_application,
    what_is_no_lookup_is_refused,
    a_lookup_costs_two_round_trips,
);

const KINDS: [&str; 5] = ["organizations", "applications", "clients", "roles", "users"];

async fn look_up(admin: &mut Admin, path: &str) -> Value {
    expect(&admin.get(&format!("/lookups/{path}")).await, StatusCode::OK)
}

/// The values of a field, in order.
fn each<'b>(body: &'b Value, field: &str) -> Vec<&'b str> {
    body["data"].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect()
}

async fn every_administrator_sees_names(app: TestApp) {
    let admins = Admins::of(app).await;
    for person in [ROOT, ORGS, USERS, APPS, AUDITOR] {
        let mut admin = admins.sign_in(person).await;
        for kind in KINDS {
            let body = look_up(&mut admin, kind).await;
            assert!(!body["data"].as_array().unwrap().is_empty(), "{} {kind}", person.0);
        }
    }
    for person in [HELPER, WIKI] {
        let mut admin = admins.sign_in(person).await;
        for kind in KINDS {
            let body =
                refused(&admin.get(&format!("/lookups/{kind}")).await, StatusCode::FORBIDDEN, "Forbidden");
            assert_eq!(body["message"], "Admin role required", "{} {kind}", person.0);
        }
    }
    for kind in KINDS {
        let answer = admins.bearer("none").get(&format!("/lookups/{kind}")).await;
        refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
    }
}

async fn a_service_account_sees_people_only_with_the_permission(app: TestApp) {
    let admins = Admins::of(app).await;
    for scope in ["admin:user:create", "reports:read"] {
        let mut robot = service(&admins, ROBOT, Some(scope)).await;
        for kind in KINDS {
            let answer = robot.get(&format!("/lookups/{kind}")).await;
            if kind == "users" {
                let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
                assert_eq!(body["message"], "Insufficient permissions. Required: admin:user:read");
            } else {
                expect(&answer, StatusCode::OK);
            }
        }
    }
    let mut reader = service(&admins, ROBOT, Some("admin:user:read")).await;
    assert_eq!(each(&look_up(&mut reader, "users?q=bob@").await, "email"), ["bob@acme.test"]);
}

async fn a_row_has_little_more_than_the_name(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let acme = admins.organization("acme").await.id;
    let body = look_up(&mut orgs, "organizations?q=acme").await;
    let row = json!({
        "id": acme, "name": "Acme", "slug": "acme", "status": "active", "isSuperAdmin": false,
    });
    assert_eq!(body, json!({ "data": [row], "hasMore": false }));
    let body = look_up(&mut orgs, "applications?q=billing").await;
    let billing = body["data"][0]["id"].clone();
    let row = json!({
        "id": billing, "name": "Billing", "slug": "billing", "status": "active", "organizationId": acme,
    });
    assert_eq!(body["data"], json!([row]));
    let body = look_up(&mut orgs, "clients?q=Billing%20web").await;
    let row = json!({
        "id": body["data"][0]["id"], "name": "Billing Web", "clientId": "billing", "status": "active",
        "organizationId": acme, "applicationId": billing,
    });
    assert_eq!(body["data"], json!([row]));
    let body = look_up(&mut orgs, "roles?q=accountant").await;
    let row = json!({
        "id": body["data"][0]["id"], "name": "Accountant", "slug": "accountant", "applicationId": billing,
        "applicationName": "Billing",
    });
    assert_eq!(body["data"], json!([row]));
    let ana = admins.user("acme", "ana@acme.test").await.id;
    let body = look_up(&mut orgs, &format!("users?ids={ana}")).await;
    let row = json!({
        "id": ana, "name": "Ana Li", "email": "ana@acme.test", "status": "active",
        "organizationId": acme, "organizationName": "Acme",
    });
    assert_eq!(body["data"], json!([row]));
}

async fn rows_are_found_by_text_and_by_id(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut admin = admins.sign_in(USERS).await;
    let (acme, beta) = (admins.organization("acme").await.id, admins.organization("beta").await.id);
    let unknown = "00000000-0000-4000-8000-000000000000";
    for (query, found) in [
        ("q=BET".to_owned(), vec!["beta"]),
        ("q=%20beta%20".to_owned(), vec!["beta"]),
        ("q=%25".to_owned(), vec![]),
        ("q=%00".to_owned(), vec![]),
        (format!("ids={beta},{unknown},{acme}"), vec!["acme", "beta"]),
        (format!("ids={beta},{acme}&q=ac"), vec!["acme"]),
        (format!("q={acme}"), vec!["acme"]),
        (format!("q={acme}&ids={acme},{beta}"), vec!["acme"]),
        (format!("q={acme}&ids={beta}"), vec![]),
        (format!("ids={unknown}"), vec![]),
    ] {
        let body = look_up(&mut admin, &format!("organizations?{query}")).await;
        assert_eq!(each(&body, "slug"), found, "{query}");
    }
    // A client by its OAuth client id, and by its id.
    let body = look_up(&mut admin, "clients?q=LEGAC").await;
    assert_eq!(each(&body, "clientId"), ["legacy"]);
    let id = body["data"][0]["id"].as_str().unwrap().to_owned();
    for query in [format!("q={id}"), format!("ids={id}"), format!("ids={id},{unknown}")] {
        assert_eq!(each(&look_up(&mut admin, &format!("clients?{query}")).await, "clientId"), ["legacy"]);
    }
    let both = look_up(&mut admin, "users?q=ANA@").await;
    assert_eq!(each(&both, "email"), ["ana@acme.test", "ana@acme.test"]);
    let mut organizations = each(&both, "organizationName");
    organizations.sort_unstable();
    assert_eq!(organizations, ["Acme", "Beta"]);
}

async fn a_list_ends_at_its_limit_and_is_sorted(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut admin = admins.sign_in(AUDITOR).await;
    for kind in ["organizations", "applications", "clients", "roles"] {
        let all = look_up(&mut admin, &format!("{kind}?limit=100")).await;
        let names = each(&all, "name");
        assert!(names.is_sorted() && names.len() > 2 && all["hasMore"] == json!(false), "{kind}: {names:?}");
        let two = look_up(&mut admin, &format!("{kind}?limit=2")).await;
        assert_eq!((each(&two, "name"), &two["hasMore"]), (names[..2].to_vec(), &json!(true)), "{kind}");
    }
    // As many ids as may be named come back without a limit.
    let all = look_up(&mut admin, "clients?limit=100").await;
    let ids = each(&all, "id").join(",");
    let named = look_up(&mut admin, &format!("clients?ids={ids}")).await;
    assert_eq!(named["data"].as_array().unwrap().len(), all["data"].as_array().unwrap().len());
}

async fn a_list_is_of_one_organization_or_application(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut admin = admins.sign_in(AUDITOR).await;
    let (acme, beta) = (admins.organization("acme").await.id, admins.organization("beta").await.id);
    for kind in ["applications", "clients", "users"] {
        for (slug, id) in [("acme", acme), ("beta", beta)] {
            let body = look_up(&mut admin, &format!("{kind}?organizationId={slug}&limit=100")).await;
            let owners = each(&body, "organizationId");
            assert!(
                !owners.is_empty() && owners.iter().all(|owner| **owner == id.to_string()),
                "{kind} {slug}"
            );
            let same = look_up(&mut admin, &format!("{kind}?organizationId={id}&limit=100")).await;
            assert_eq!(same, body, "{kind} {slug}");
        }
    }
    let both = look_up(&mut admin, "users?q=ana@&organizationId=beta").await;
    assert_eq!(each(&both, "organizationName"), ["Beta"]);
    let body = look_up(&mut admin, "applications?q=billing").await;
    let billing = body["data"][0]["id"].as_str().unwrap().to_owned();
    for kind in ["clients", "roles"] {
        let body = look_up(&mut admin, &format!("{kind}?applicationId=billing&limit=100")).await;
        let applications = each(&body, "applicationId");
        assert!(!applications.is_empty() && applications.iter().all(|id| **id == billing), "{kind}");
    }
    // A client that is named by its id is found where it belongs.
    let body = look_up(&mut admin, "clients?q=Billing%20web").await;
    let client = body["data"][0]["id"].as_str().unwrap().to_owned();
    for (within, is_found) in [
        ("organizationId=acme", true),
        ("organizationId=beta", false),
        ("applicationId=billing", true),
        ("applicationId=planner", false),
        ("organizationId=acme&applicationId=planner", false),
    ] {
        let body = look_up(&mut admin, &format!("clients?ids={client}&{within}")).await;
        assert_eq!(each(&body, "id") == [client.as_str()], is_found, "{within}");
    }
    for (path, error) in [
        ("applications?organizationId=nowhere", "Organization not found: nowhere"),
        ("clients?applicationId=nothing", "Application not found: nothing"),
        ("roles?applicationId=nothing", "Application not found: nothing"),
        (
            "users?organizationId=00000000-0000-4000-8000-000000000000",
            "Organization not found: 00000000-0000-4000-8000-000000000000",
        ),
    ] {
        refused(&admin.get(&format!("/lookups/{path}")).await, StatusCode::NOT_FOUND, error);
    }
}

async fn what_is_no_lookup_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut admin = admins.sign_in(APPS).await;
    let many = vec!["00000000-0000-4000-8000-000000000000"; 101].join(",");
    for kind in KINDS {
        for (field, query) in [
            ("limit", "limit=0".to_owned()),
            ("limit", "limit=101".to_owned()),
            ("limit", "limit=x".to_owned()),
            ("ids", "ids=".to_owned()),
            ("ids", "ids=acme".to_owned()),
            ("ids", format!("ids={many}")),
            ("q", format!("q={}", "x".repeat(256))),
            ("q", "q=a&q=b".to_owned()),
        ] {
            let answer = admin.get(&format!("/lookups/{kind}?{query}")).await;
            let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
            assert_eq!(body["details"][0]["path"], json!([field]), "{kind} {query}");
        }
    }
    refused(&admin.get("/lookups/sessions").await, StatusCode::NOT_FOUND, "Not found");
    let answer = admin.post("/lookups/users", &json!({})).await;
    refused(&answer, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
}

/// The administrator and the rows.
async fn a_lookup_costs_two_round_trips(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut admin = admins.sign_in(USERS).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    for kind in KINDS {
        for query in [String::new(), "q=planner".to_owned(), format!("q={bob}"), format!("ids={bob}")] {
            let before = admins.app.store.round_trips();
            look_up(&mut admin, &format!("{kind}?{query}")).await;
            assert_eq!(admins.app.store.round_trips() - before, 2, "{kind} {query}");
        }
    }
}
