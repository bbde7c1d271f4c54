//! Lists: pages by number and by cursor, order, search.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_directory::{Actor, NewUser};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    pages_by_number_follow_each_other,
    pages_by_cursor_follow_each_other_whatever_is_inserted,
    a_list_is_sorted_as_asked,
    a_search_takes_every_character_for_itself,
    a_filter_by_status,
    what_is_no_list_is_refused,
);

const LIST: &str = "/organizations/acme/users";

async fn with_people(app: TestApp, number: usize) -> Admins {
    let admins = Admins::of(app).await;
    add(&admins, (0..number).map(|n| format!("p{n:02}@acme.test"))).await;
    admins
}

async fn add(admins: &Admins, emails: impl Iterator<Item = String>) {
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let acme = unit.organization("acme").await.unwrap();
    for email in emails {
        unit.users().create(&acme, NewUser { email, ..NewUser::default() }).await.unwrap();
    }
    unit.commit().await.unwrap();
}

fn emails(body: &Value) -> Vec<String> {
    let items = body["data"].as_array().unwrap();
    items.iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
}

async fn pages_by_number_follow_each_other(app: TestApp) {
    let admins = with_people(app, 9).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut seen = Vec::new();
    for page in 1..=4 {
        let body = expect(&root.get(&format!("{LIST}?page={page}&pageSize=4")).await, StatusCode::OK);
        let expected = [12, page, 4, 3].map(|n| json!(n));
        assert_eq!(
            [&body["total"], &body["page"], &body["pageSize"], &body["totalPages"]],
            expected.each_ref()
        );
        assert_eq!(body.get("hasMore"), None);
        seen.extend(emails(&body));
    }
    assert_eq!(seen.len(), 12);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 12);
    let none = expect(&root.get(&format!("{LIST}?search=nobody-has-this")).await, StatusCode::OK);
    assert_eq!((&none["total"], &none["totalPages"], &none["data"]), (&json!(0), &json!(0), &json!([])));
}

async fn pages_by_cursor_follow_each_other_whatever_is_inserted(app: TestApp) {
    let admins = with_people(app, 9).await;
    let mut root = admins.sign_in(ROOT).await;
    for order in [
        "sortBy=created_at&sortOrder=asc",
        "sortBy=given_name&sortOrder=desc",
        "sort=lastLoginAt&order=asc",
        "sortBy=email",
    ] {
        let before = expect(&root.get(&format!("{LIST}?pageSize=100")).await, StatusCode::OK);
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        for round in 0.. {
            assert!(round < 20, "{order}: the pages do not end");
            let from = cursor.as_deref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let body = expect(&root.get(&format!("{LIST}?limit=4&{order}{from}")).await, StatusCode::OK);
            assert_eq!(body.get("total"), None);
            assert_eq!(
                (&body["cursor"], &body["hasMore"]),
                (&body["nextCursor"], &json!(body["nextCursor"].is_string()))
            );
            seen.extend(emails(&body));
            add(
                &admins,
                std::iter::once(format!(
                    "q{}@acme.test",
                    admins.app.entropy().bytes::<4>().map(|b| b.to_string()).concat()
                )),
            )
            .await;
            cursor = body["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        let distinct: BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "{order}: a row came twice");
        for email in emails(&before) {
            assert!(seen.contains(&email), "{order}: {email} was lost");
        }
    }
}

async fn a_list_is_sorted_as_asked(app: TestApp) {
    let admins = with_people(app, 3).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut by_email =
        async |order: &str| emails(&expect(&root.get(&format!("{LIST}?{order}")).await, StatusCode::OK));
    let ascending = by_email("sortBy=email&sortOrder=asc").await;
    let mut sorted = ascending.clone();
    sorted.sort();
    assert_eq!(ascending, sorted);
    let descending = by_email("sortBy=email&sortOrder=desc").await;
    assert_eq!(descending, ascending.iter().rev().cloned().collect::<Vec<_>>());
    // The older spellings, and the default.
    assert_eq!(by_email("sort=email&order=asc").await, ascending);
    assert_eq!(by_email("").await, by_email("sortBy=createdAt&sortOrder=desc").await);
}

async fn a_search_takes_every_character_for_itself(app: TestApp) {
    let admins = with_people(app, 1).await;
    add(&admins, ["a_b@acme.test", "axb@acme.test", "a%b@acme.test"].map(str::to_owned).into_iter()).await;
    let mut root = admins.sign_in(ROOT).await;
    for (search, found) in [
        ("a_b", vec!["a_b@acme.test"]),
        ("A%25B", vec!["a%b@acme.test"]),
        ("ANA", vec!["ana@acme.test"]),
        ("li", vec!["ana@acme.test"]),
        ("nobody", vec![]),
        ("%00", vec![]),
    ] {
        let body = expect(&root.get(&format!("{LIST}?search={search}")).await, StatusCode::OK);
        assert_eq!(emails(&body), found, "{search}");
        assert_eq!(body["total"], found.len());
    }
}

async fn a_filter_by_status(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = expect(&root.get(&format!("{LIST}?status=inactive")).await, StatusCode::OK);
    assert_eq!((emails(&body), &body["total"]), (vec!["inactive@acme.test".to_owned()], &json!(1)));
}

async fn what_is_no_list_is_refused(app: TestApp) {
    let admins = with_people(app, 5).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = expect(&root.get(&format!("{LIST}?limit=2&sortBy=email")).await, StatusCode::OK);
    let cursor = body["nextCursor"].as_str().unwrap().to_owned();
    for (field, query) in [
        ("page", "page=0".to_owned()),
        ("page", "page=-1".to_owned()),
        ("page", "page=x".to_owned()),
        ("page", "page=".to_owned()),
        ("page", "page=99999999999999999999".to_owned()),
        ("pageSize", "pageSize=101".to_owned()),
        ("limit", "limit=0".to_owned()),
        ("limit", "limit=1.5".to_owned()),
        // They do not count beside `limit` and `cursor`, and are checked nevertheless.
        ("page", "limit=2&page=x".to_owned()),
        ("pageSize", "limit=2&pageSize=101".to_owned()),
        ("page", format!("cursor={cursor}&sortBy=email&page=0")),
        ("status", "status=".to_owned()),
        ("status", "status=Active".to_owned()),
        ("sortBy", "sortBy=passwordHash".to_owned()),
        ("sortOrder", "sortOrder=up".to_owned()),
        ("search", format!("search={}", "x".repeat(256))),
        ("page", "page=1&page=2".to_owned()),
        ("cursor", "cursor=".to_owned()),
        ("cursor", "cursor=x".to_owned()),
        ("cursor", format!("cursor={cursor}x&sortBy=email")),
        ("cursor", format!("cursor={cursor}")),
        ("cursor", format!("cursor={cursor}&sortBy=email&sortOrder=asc")),
    ] {
        let body = refused(
            &root.get(&format!("{LIST}?{query}")).await,
            StatusCode::BAD_REQUEST,
            "Validation failed",
        );
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
    // A forged cursor: the right order, another type of value.
    let id = "00000000-0000-4000-8000-000000000000";
    let forged = URL_SAFE_NO_PAD.encode(format!(r#"{{"o":"-created_at","s":{{"w":"a"}},"i":"{id}"}}"#));
    let body = root.get(&format!("{LIST}?cursor={forged}")).await;
    let body = refused(&body, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(body["details"][0]["path"], json!(["cursor"]));
    // Unknown parameters are ignored, and so is an organization besides that of the path.
    let body =
        expect(&root.get(&format!("{LIST}?color=red&organizationId=x&pageSize=1")).await, StatusCode::OK);
    assert_eq!(body["total"], 8);
}
