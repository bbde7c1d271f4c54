//! Lists of applications.

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    pages_have_the_applications_of_all_owners,
    pages_by_cursor_follow_each_other_whatever_is_inserted,
    filters_and_searches,
    what_is_no_list_is_refused,
    what_does_not_exist_is_not_found,
    a_read_costs_few_round_trips,
);

const LIST: &str = "/applications";

fn slugs(body: &Value) -> Vec<String> {
    let items = body["data"].as_array().unwrap();
    items.iter().map(|one| one["slug"].as_str().unwrap().to_owned()).collect()
}

async fn pages_have_the_applications_of_all_owners(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    expect(&root.post(LIST, &json!({ "name": "alpha" })).await, StatusCode::CREATED);
    let body = expect(&root.get(&format!("{LIST}?sortBy=name&sortOrder=asc")).await, StatusCode::OK);
    // By code point: capital letters first.
    assert_eq!(slugs(&body), ["billing", "partner", "planner", "porta-admin", "wiki", "alpha"]);
    assert_eq!(body["data"][5]["organizationId"], Value::Null);
    let second =
        expect(&root.get(&format!("{LIST}?sort=name&order=asc&page=2&pageSize=4")).await, StatusCode::OK);
    assert_eq!(slugs(&second), ["wiki", "alpha"]);
    let counts = [&second["total"], &second["page"], &second["pageSize"], &second["totalPages"]];
    assert_eq!(counts, [&json!(6), &json!(2), &json!(4), &json!(2)]);
    assert_eq!(second.get("hasMore"), None);
    let newest = expect(&root.get(LIST).await, StatusCode::OK);
    let oldest = expect(&root.get(&format!("{LIST}?sortBy=createdAt&sortOrder=asc")).await, StatusCode::OK);
    let mut reversed = slugs(&oldest);
    reversed.reverse();
    assert_eq!(slugs(&newest), reversed);
}

async fn pages_by_cursor_follow_each_other_whatever_is_inserted(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (n, order) in
        ["sortBy=name&sortOrder=asc", "sortBy=name", "sortOrder=asc", ""].into_iter().enumerate()
    {
        let before = slugs(&expect(&root.get(&format!("{LIST}?pageSize=100")).await, StatusCode::OK));
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        for round in 0.. {
            assert!(round < 20, "{order}: the pages do not end");
            let from = cursor.as_deref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let body = expect(&root.get(&format!("{LIST}?limit=2&{order}{from}")).await, StatusCode::OK);
            assert_eq!((body.get("total"), &body["cursor"]), (None, &body["nextCursor"]));
            seen.extend(slugs(&body));
            cursor = body["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
            if round < 2 {
                let new = json!({ "name": format!("Added {n}-{round}") });
                expect(&root.post(LIST, &new).await, StatusCode::CREATED);
            }
        }
        let mut distinct = seen.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), seen.len(), "{order}: a row came twice");
        assert!(before.iter().all(|slug| seen.contains(slug)), "{order}: a row was lost");
    }
}

async fn filters_and_searches(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let acme = admins.organization("acme").await.id;
    expect(&root.post("/applications/billing/deactivate", &json!({})).await, StatusCode::NO_CONTENT);
    let wiki = expect(&root.get("/applications/wiki").await, StatusCode::OK)["data"]["id"].clone();
    let wiki = wiki.as_str().unwrap();
    for (query, found) in [
        ("organizationId=acme".to_owned(), vec!["billing", "planner"]),
        (format!("organizationId={acme}"), vec!["billing", "planner"]),
        ("organizationId=acme&status=inactive".to_owned(), vec!["billing"]),
        ("organizationId=beta&status=inactive".to_owned(), vec![]),
        ("status=archived".to_owned(), vec![]),
        (format!("ids={wiki},{acme}"), vec!["wiki"]),
        (format!("ids={wiki}&status=inactive"), vec![]),
        ("search=PLAN".to_owned(), vec!["planner"]),
        ("search=porta-".to_owned(), vec!["porta-admin"]),
        ("search=%25".to_owned(), vec![]),
    ] {
        let body =
            expect(&root.get(&format!("{LIST}?sortBy=name&sortOrder=asc&{query}")).await, StatusCode::OK);
        assert_eq!(slugs(&body), found, "{query}");
        assert_eq!(body["total"], found.len(), "{query}");
    }
}

async fn what_is_no_list_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (field, query) in [
        ("status", "status=suspended"),
        ("ids", "ids=planner"),
        ("sortBy", "sortBy=slug"),
        ("sortOrder", "sortOrder=up"),
        ("limit", "limit=101"),
        ("cursor", "cursor=x"),
        ("organizationId", "organizationId=acme&organizationId=beta"),
    ] {
        let answer = root.get(&format!("{LIST}?{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
    let answer = root.get(&format!("{LIST}?organizationId=none")).await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
}

async fn what_does_not_exist_is_not_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let change = json!({ "name": "X" });
    let module = "00000000-0000-0000-0000-000000000000";
    for name in ["none", "x", "Planner", module] {
        let text = format!("Application not found: {name}");
        let path = format!("{LIST}/{name}");
        for answer in [
            root.get(&path).await,
            root.put(&path, &change).await,
            root.post(&format!("{path}/deactivate"), &json!({})).await,
            root.post(&format!("{path}/activate"), &json!({})).await,
            root.post(&format!("{path}/archive"), &json!({})).await,
            root.post(&format!("{path}/restore"), &json!({})).await,
            root.get(&format!("{path}/modules")).await,
            root.post(&format!("{path}/modules"), &change).await,
            root.put(&format!("{path}/modules/{module}"), &change).await,
            root.delete(&format!("{path}/modules/{module}")).await,
            root.post(&format!("{path}/modules/{module}/deactivate"), &json!({})).await,
        ] {
            refused(&answer, StatusCode::NOT_FOUND, &text);
        }
    }
}

async fn a_read_costs_few_round_trips(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (path, sql) in [
        ("/applications?limit=20", 2),
        ("/applications", 2),
        ("/applications?pageSize=1", 3),
        ("/applications/planner", 2),
        ("/applications/planner/modules", 3),
    ] {
        let before = (admins.app.store.round_trips(), admins.app.kv.commands());
        expect(&root.get(path).await, StatusCode::OK);
        let after = (admins.app.store.round_trips(), admins.app.kv.commands());
        assert_eq!((after.0 - before.0, after.1 - before.1), (sql, 0), "{path}");
    }
}
