//! Users of all organizations, and more filters.

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    users_of_all_organizations_are_listed,
    users_are_filtered_by_what_they_have,
    what_is_no_filter_is_refused,
    only_who_may_lists_users,
);

async fn list(admin: &mut Admin, path: &str) -> Value {
    expect(&admin.get(path).await, StatusCode::OK)
}

fn emails(body: &Value) -> Vec<String> {
    let rows = body["data"].as_array().unwrap();
    let mut emails: Vec<_> = rows.iter().map(|row| row["email"].as_str().unwrap().to_owned()).collect();
    emails.sort();
    emails
}

async fn users_of_all_organizations_are_listed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let acme = list(&mut root, "/users?organizationId=acme").await;
    assert_eq!(emails(&acme), ["ana@acme.test", "bob@acme.test", "inactive@acme.test"]);
    assert_eq!((&acme["total"], &acme["totalPages"]), (&json!(3), &json!(1)));
    // One row is that of the user, and the name of the organization.
    let row = &acme["data"][0];
    let id = row["id"].as_str().unwrap();
    let mut one = list(&mut root, &format!("/users/{id}")).await["data"].clone();
    one["organizationName"] = json!("Acme");
    assert_eq!(row, &one);
    let same = list(&mut root, "/users?search=ana@&sortBy=created_at").await;
    assert_eq!(emails(&same), ["ana@acme.test", "ana@acme.test"], "of two organizations");
    let mut names: Vec<_> =
        same["data"].as_array().unwrap().iter().map(|row| &row["organizationName"]).collect();
    names.sort_by_key(std::string::ToString::to_string);
    assert_eq!(names, [&json!("Acme"), &json!("Beta")]);
    // Page by page.
    let total = list(&mut root, "/users").await["total"].as_u64().unwrap();
    assert!(total > 10, "{total}");
    let (mut seen, mut cursor) = (0, String::new());
    loop {
        let body = list(&mut root, &format!("/users?limit=4&sortBy=email{cursor}")).await;
        seen += u64::try_from(body["data"].as_array().unwrap().len()).unwrap();
        let Some(next) = body["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, total);
}

async fn users_are_filtered_by_what_they_have(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let (ana, bob) = (admins.user("acme", "ana@acme.test").await, admins.user("acme", "bob@acme.test").await);
    token(&admins.app, "acme", ("bob@acme.test", "lantern-Quay-42"), ("cli", "http://127.0.0.1/cb")).await;
    let mut all = admins.app.store.repositories();
    assert!(all.second_factors(ana.organization_id).enrol_email(ana.id, admins.app.now()).await.unwrap());
    drop(all);
    let other = admins.user("beta", "ana@acme.test").await.id;
    for base in ["/organizations/acme/users?", "/users?organizationId=acme&"] {
        for (query, found) in [
            ("twoFactor=true".to_owned(), vec!["ana@acme.test"]),
            ("twoFactor=false".to_owned(), vec!["bob@acme.test", "inactive@acme.test"]),
            ("neverSignedIn=true".to_owned(), vec!["ana@acme.test", "inactive@acme.test"]),
            ("neverSignedIn=false".to_owned(), vec!["bob@acme.test"]),
            ("neverSignedIn=true&twoFactor=false".to_owned(), vec!["inactive@acme.test"]),
            ("status=active&neverSignedIn=true".to_owned(), vec!["ana@acme.test"]),
            (format!("ids={}", bob.id), vec!["bob@acme.test"]),
            (format!("ids={},{},{other}", ana.id, bob.id), vec!["ana@acme.test", "bob@acme.test"]),
            (format!("ids={other}"), vec![]),
            (format!("ids={}&search=ana", bob.id), vec![]),
        ] {
            let body = list(&mut root, &format!("{base}{query}")).await;
            assert_eq!(emails(&body), found, "{base}{query}");
            assert_eq!(body["total"], found.len(), "{base}{query}");
        }
    }
    let body = list(&mut root, &format!("/users?ids={},{other}", bob.id)).await;
    assert_eq!(emails(&body), ["ana@acme.test", "bob@acme.test"]);
}

async fn what_is_no_filter_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let many = vec!["00000000-0000-0000-0000-000000000000"; 101].join(",");
    for path in ["/users", "/organizations/acme/users"] {
        for (field, query) in [
            ("twoFactor", "twoFactor=1".to_owned()),
            ("twoFactor", "twoFactor=".to_owned()),
            ("neverSignedIn", "neverSignedIn=yes".to_owned()),
            ("ids", "ids=".to_owned()),
            ("ids", "ids=x".to_owned()),
            ("ids", format!("ids={many}")),
            ("status", "status=gone".to_owned()),
            ("cursor", "cursor=x".to_owned()),
        ] {
            let answer = root.get(&format!("{path}?{query}")).await;
            let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
            assert_eq!(body["details"][0]["path"], json!([field]), "{path} {query}");
        }
    }
    let answer = root.get("/users?organizationId=none").await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
}

async fn only_who_may_lists_users(app: TestApp) {
    let admins = Admins::of(app).await;
    for (person, status) in [
        (ORGS, StatusCode::FORBIDDEN),
        (APPS, StatusCode::FORBIDDEN),
        (AUDITOR, StatusCode::OK),
        (USERS, StatusCode::OK),
    ] {
        expect(&admins.sign_in(person).await.get("/users").await, status);
    }
    refused(&admins.bearer("none").get("/users").await, StatusCode::UNAUTHORIZED, "Invalid token");
}
