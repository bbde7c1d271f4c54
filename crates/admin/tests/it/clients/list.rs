//! The list of clients.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use porta_directory::{Actor, NewSecret};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::id_of;
use crate::support::*;

porta_testkit::on_both_stores!(
    the_clients_of_all_organizations_are_listed,
    filters_find_what_they_are_for,
    pages_by_cursor_cross_organizations,
    a_list_is_sorted_as_asked,
    what_is_no_list_of_clients_is_refused,
    a_page_costs_three_round_trips,
);

const LIST: &str = "/clients";

/// OAuth client ids of a list.
fn ids(body: &Value) -> Vec<&str> {
    body["data"].as_array().unwrap().iter().map(|client| client["clientId"].as_str().unwrap()).collect()
}

async fn the_clients_of_all_organizations_are_listed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = expect(&root.get(LIST).await, StatusCode::OK);
    let numbers = [ids(&body).len(), 1, 20, 1].map(|n| json!(n));
    assert_eq!([&body["total"], &body["page"], &body["pageSize"], &body["totalPages"]], numbers.each_ref());
    assert_eq!(body.get("hasMore"), None);
    let found: BTreeSet<&str> = ids(&body).into_iter().collect();
    for id in ["web", "spa", "cli", "legacy", "billing", "partner", "wiki", admins.command_line.as_str()] {
        assert!(found.contains(id), "{id}");
    }
    // A row is what the client's own address shows.
    for row in body["data"].as_array().unwrap() {
        let path = format!("{LIST}/{}", row["id"].as_str().unwrap());
        assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"], *row);
    }
    let partner = body["data"].as_array().unwrap().iter().find(|row| row["clientId"] == "partner").unwrap();
    assert_eq!(
        (&partner["organizationName"], &partner["applicationName"]),
        (&json!("Beta"), &json!("Partner"))
    );
    assert_eq!(partner["allowedOrganizations"], json!([admins.organization("acme").await.id]));
    assert_eq!(partner["effectiveLoginMethods"], json!(["password"]));
}

async fn filters_find_what_they_are_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    for (name, days) in [("web", 10), ("partner", 100)] {
        let (organization, client) = unit.client(name).await.unwrap();
        let expires_at = Some(admins.app.now() + std::time::Duration::from_hours(24 * days));
        let new = NewSecret { expires_at, ..NewSecret::default() };
        unit.clients().create_secret(&organization, &client, new).await.unwrap();
    }
    unit.commit().await.unwrap();
    let after = |days: u64| (admins.app.now() + std::time::Duration::from_hours(24 * days)).rfc3339();
    expect(
        &root.post(&format!("{LIST}/{}/deactivate", id_of(&admins, "spa").await), &json!({})).await,
        StatusCode::NO_CONTENT,
    );
    let acme = admins.organization("acme").await.id;
    let (web, partner) = (id_of(&admins, "web").await, id_of(&admins, "partner").await);
    let billing = root.get(&format!("{LIST}/billing")).await.json()["data"]["applicationId"].clone();
    let billing = billing.as_str().unwrap();
    let unknown = "00000000-0000-0000-0000-000000000000";
    for (query, expected) in [
        ("organizationId=acme".to_owned(), vec!["billing", "cli", "legacy", "spa", "web"]),
        (format!("organizationId={acme}"), vec!["billing", "cli", "legacy", "spa", "web"]),
        ("organizationId=beta".to_owned(), vec!["partner"]),
        ("applicationId=billing".to_owned(), vec!["billing"]),
        (format!("applicationId={billing}"), vec!["billing"]),
        (format!("organizationId=acme&applicationId={billing}"), vec!["billing"]),
        ("status=inactive".to_owned(), vec!["spa"]),
        ("status=revoked".to_owned(), vec![]),
        ("organizationId=acme&clientType=public".to_owned(), vec!["cli", "spa"]),
        ("organizationId=acme&clientType=public&status=active".to_owned(), vec!["cli"]),
        (format!("secretExpiresBefore={}", after(9)), vec![]),
        (format!("secretExpiresBefore={}", after(11)), vec!["web"]),
        ("secretExpiresBefore=2099-01-31".to_owned(), vec!["partner", "web"]),
        ("secretExpiresBefore=2099-01-31&organizationId=beta".to_owned(), vec!["partner"]),
        (format!("ids={web},{unknown},{partner}"), vec!["partner", "web"]),
        (format!("ids={web},{partner}&organizationId=beta"), vec!["partner"]),
        (format!("ids={unknown}"), vec![]),
        ("search=PLANNER%20w".to_owned(), vec!["web"]),
        ("search=%25".to_owned(), vec![]),
    ] {
        let body = expect(&root.get(&format!("{LIST}?{query}")).await, StatusCode::OK);
        let mut found = ids(&body);
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
        assert_eq!(body["total"], expected.len(), "{query}");
    }
}

async fn pages_by_cursor_cross_organizations(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for order in ["sortBy=created_at", "sort=clientName&order=asc", "sortBy=client_name&sortOrder=desc"] {
        let all = expect(&root.get(&format!("{LIST}?{order}")).await, StatusCode::OK);
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        for round in 0.. {
            assert!(round < 9, "{order}: the pages do not end");
            let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let body = expect(&root.get(&format!("{LIST}?limit=2&{order}{from}")).await, StatusCode::OK);
            assert_eq!((body.get("total"), &body["cursor"]), (None, &body["nextCursor"]));
            seen.extend(body["data"].as_array().unwrap().clone());
            cursor = body["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(json!(seen), all["data"], "{order}");
    }
}

async fn a_list_is_sorted_as_asked(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut names = async |order: &str| {
        let body = expect(&root.get(&format!("{LIST}?{order}")).await, StatusCode::OK);
        let rows = body["data"].as_array().unwrap();
        rows.iter().map(|row| row["clientName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ascending = names("sortBy=client_name&sortOrder=asc").await;
    let mut sorted = ascending.clone();
    sorted.sort();
    assert_eq!(ascending, sorted);
    let descending = names("sort=clientName").await;
    assert_eq!(descending, ascending.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!(names("").await, names("sortBy=createdAt&sortOrder=desc").await);
}

async fn what_is_no_list_of_clients_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let many = vec!["00000000-0000-0000-0000-000000000000"; 101].join(",");
    for (field, query) in [
        ("status", "status=".to_owned()),
        ("status", "status=Active".to_owned()),
        ("status", "status=locked".to_owned()),
        ("clientType", "clientType=secret".to_owned()),
        ("sortBy", "sortBy=status".to_owned()),
        ("secretExpiresBefore", "secretExpiresBefore=".to_owned()),
        ("secretExpiresBefore", "secretExpiresBefore=soon".to_owned()),
        ("secretExpiresBefore", "secretExpiresBefore=2030-02-30".to_owned()),
        ("ids", "ids=".to_owned()),
        ("ids", "ids=web".to_owned()),
        ("ids", format!("ids={},", id_of(&admins, "web").await)),
        ("ids", format!("ids={many}")),
        ("ids", "ids=x&ids=y".to_owned()),
        ("cursor", "cursor=x".to_owned()),
    ] {
        let answer = root.get(&format!("{LIST}?{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
    for (query, text) in [
        ("organizationId=none", "Organization not found: none"),
        ("organizationId=", "Organization not found: "),
        ("applicationId=none", "Application not found: none"),
        ("organizationId=beta&applicationId=planner", "Application not found: planner"),
    ] {
        refused(&root.get(&format!("{LIST}?{query}")).await, StatusCode::NOT_FOUND, text);
    }
}

/// The administrator, the page and, unless the page is the last one, the number of all; however many organizations there are.
async fn a_page_costs_three_round_trips(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (path, trips) in [(LIST, 2), ("/clients?pageSize=1", 3), ("/clients?limit=5", 2), ("/clients/web", 2)]
    {
        let before = admins.app.store.round_trips();
        expect(&root.get(path).await, StatusCode::OK);
        assert_eq!(admins.app.store.round_trips() - before, trips, "{path}");
    }
}
