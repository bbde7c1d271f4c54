//! Lists of organizations.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use porta_directory::{Actor, NewOrganization};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    pages_by_number_are_sorted_and_counted,
    pages_by_cursor_follow_each_other_whatever_is_inserted,
    filters_and_searches,
    what_is_no_list_is_refused,
    what_does_not_exist_is_not_found,
    a_read_costs_few_round_trips,
);

const LIST: &str = "/organizations";

async fn add(admins: &Admins, names: &[&str]) {
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    for name in names {
        let new = NewOrganization { name: (*name).to_owned(), ..NewOrganization::default() };
        unit.organizations().create(new).await.unwrap();
    }
    unit.commit().await.unwrap();
}

fn slugs(body: &Value) -> Vec<&str> {
    body["data"].as_array().unwrap().iter().map(|one| one["slug"].as_str().unwrap()).collect()
}

async fn pages_by_number_are_sorted_and_counted(app: TestApp) {
    let admins = Admins::of(app).await;
    add(&admins, &["Zeta", "alpha", "Gamma"]).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = expect(&root.get(&format!("{LIST}?sortBy=name&sortOrder=asc")).await, StatusCode::OK);
    // By code point: capital letters first.
    assert_eq!(slugs(&body), ["acme", "beta", "gamma", "porta-admin", "zeta", "alpha"]);
    assert_eq!(body["data"][0].as_object().unwrap().len(), 15);
    let second =
        expect(&root.get(&format!("{LIST}?sort=name&order=asc&page=2&pageSize=4")).await, StatusCode::OK);
    assert_eq!(slugs(&second), ["zeta", "alpha"]);
    let counts = [&second["total"], &second["page"], &second["pageSize"], &second["totalPages"]];
    assert_eq!(counts, [&json!(6), &json!(2), &json!(4), &json!(2)]);
    assert_eq!(second.get("hasMore"), None);
    let newest = expect(&root.get(LIST).await, StatusCode::OK);
    let oldest = expect(&root.get(&format!("{LIST}?sortBy=createdAt&sortOrder=asc")).await, StatusCode::OK);
    let mut reversed = slugs(&oldest);
    reversed.reverse();
    assert_eq!((slugs(&newest), slugs(&oldest)[0]), (reversed, "porta-admin"));
}

async fn pages_by_cursor_follow_each_other_whatever_is_inserted(app: TestApp) {
    let admins = Admins::of(app).await;
    add(&admins, &["One", "Two", "Three", "Four"]).await;
    let mut root = admins.sign_in(ROOT).await;
    for (n, order) in
        ["sortBy=name&sortOrder=asc", "sortBy=name", "sortOrder=asc", ""].into_iter().enumerate()
    {
        let before = expect(&root.get(&format!("{LIST}?pageSize=100")).await, StatusCode::OK);
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        for round in 0.. {
            assert!(round < 20, "{order}: the pages do not end");
            let from = cursor.as_deref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let body = expect(&root.get(&format!("{LIST}?limit=3&{order}{from}")).await, StatusCode::OK);
            assert_eq!((body.get("total"), &body["cursor"]), (None, &body["nextCursor"]));
            assert_eq!(body["hasMore"], json!(body["nextCursor"].is_string()));
            seen.extend(slugs(&body).into_iter().map(str::to_owned));
            cursor = body["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
            if round < 2 {
                add(&admins, &[format!("Added {n}-{round}").as_str()]).await;
            }
        }
        let distinct: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
        assert_eq!(distinct.len(), seen.len(), "{order}: a row came twice");
        for slug in slugs(&before) {
            assert!(distinct.contains(slug), "{order}: {slug} was lost");
        }
    }
}

async fn filters_and_searches(app: TestApp) {
    let admins = Admins::of(app).await;
    add(&admins, &["Harbor & Sons", "100% Quay"]).await;
    let mut root = admins.sign_in(ROOT).await;
    expect(&root.post("/organizations/beta/suspend", &json!({})).await, StatusCode::NO_CONTENT);
    let id = async |slug: &str| admins.organization(slug).await.id;
    let both = format!("ids={},{}", id("acme").await, id("beta").await);
    let suspended = format!("{both}&status=suspended");
    for (query, found) in [
        (both.as_str(), vec!["acme", "beta"]),
        (suspended.as_str(), vec!["beta"]),
        ("ids=00000000-0000-0000-0000-000000000000", vec![]),
        ("status=suspended", vec!["beta"]),
        ("status=archived", vec![]),
        ("search=HARBOR", vec!["harbor-sons"]),
        ("search=-sons", vec!["harbor-sons"]),
        ("search=00%25", vec!["100-quay"]),
        // Fewer than three characters: the beginning of name or slug.
        ("search=10", vec!["100-quay"]),
        ("search=0%25", vec![]),
        ("search=%25", vec![]),
        ("search=_", vec![]),
        ("search=%00", vec![]),
        ("search=beta&status=suspended", vec!["beta"]),
        ("search=beta&status=active", vec![]),
    ] {
        let query = format!("sortBy=name&sortOrder=asc&{query}");
        let body = expect(&root.get(&format!("{LIST}?{query}")).await, StatusCode::OK);
        assert_eq!(slugs(&body), found, "{query}");
        assert_eq!(body["total"], found.len(), "{query}");
    }
}

async fn what_is_no_list_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = expect(&root.get(&format!("{LIST}?limit=1&sortBy=name")).await, StatusCode::OK);
    let cursor = body["nextCursor"].as_str().unwrap().to_owned();
    for (field, query) in [
        ("status", "status=deleted".to_owned()),
        ("status", "status=".to_owned()),
        ("ids", "ids=acme".to_owned()),
        ("ids", "ids=".to_owned()),
        ("sortBy", "sortBy=slug".to_owned()),
        ("page", "page=0".to_owned()),
        ("pageSize", "pageSize=101".to_owned()),
        ("cursor", "cursor=x".to_owned()),
        ("cursor", format!("cursor={cursor}")),
    ] {
        let answer = root.get(&format!("{LIST}?{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
}

async fn what_does_not_exist_is_not_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let change = json!({ "name": "X", "logoUrl": null });
    for name in ["none", "x", "Acme", "00000000-0000-0000-0000-000000000000", "acme%20"] {
        let text = format!("Organization not found: {}", name.replace("%20", " "));
        let path = format!("{LIST}/{name}");
        for answer in [
            root.get(&path).await,
            root.put(&path, &change).await,
            root.delete(&path).await,
            root.delete(&format!("{path}?dryRun=true")).await,
            root.get(&format!("{path}/branding")).await,
            root.put(&format!("{path}/branding"), &change).await,
            root.get(&format!("{path}/branding/logo")).await,
            root.delete(&format!("{path}/branding/logo")).await,
            root.post(&format!("{path}/suspend"), &json!({})).await,
            root.post(&format!("{path}/activate"), &json!({})).await,
            root.post(&format!("{path}/archive"), &json!({})).await,
            root.post(&format!("{path}/restore"), &json!({})).await,
        ] {
            refused(&answer, StatusCode::NOT_FOUND, &text);
        }
    }
    // What is no text names nothing.
    refused(&root.get("/organizations/%ff").await, StatusCode::NOT_FOUND, "Not found");
}

async fn a_read_costs_few_round_trips(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (path, sql) in [
        ("/organizations?limit=20", 2),
        // A page that is the last one shows how many rows there are.
        ("/organizations", 2),
        ("/organizations?pageSize=1", 3),
        ("/organizations?pageSize=1&page=1000", 3),
        ("/organizations?search=acme&limit=20", 2),
        ("/organizations/acme", 2),
        ("/organizations/acme/branding", 3),
        ("/organizations/validate-slug?slug=harbor", 2),
    ] {
        let before = (admins.app.store.round_trips(), admins.app.kv.commands());
        expect(&root.get(path).await, StatusCode::OK);
        let after = (admins.app.store.round_trips(), admins.app.kv.commands());
        assert_eq!((after.0 - before.0, after.1 - before.1), (sql, 0), "{path}");
    }
}
