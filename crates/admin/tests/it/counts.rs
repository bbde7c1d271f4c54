//! How much belongs to each row of a list, and lists of some ids.

use axum::http::StatusCode;
use porta_directory::{Actor, NewSecret};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    rows_tell_how_much_belongs_to_them,
    the_secrets_of_a_client_are_counted_as_they_are_now,
    only_who_asks_gets_counts,
    the_rows_of_a_page_are_counted_at_once,
    lists_have_only_the_ids_that_are_asked_for,
    what_are_no_ids_is_refused,
);

const LISTS: [&str; 6] = [
    "/organizations",
    "/applications",
    "/clients",
    "/applications/planner/roles",
    "/applications/planner/permissions",
    "/applications/planner/claims",
];

/// The row of a list in which a field has a value.
async fn row(admin: &mut Admin, path: &str, (field, value): (&str, &str)) -> Value {
    let body = expect(&admin.get(path).await, StatusCode::OK);
    let rows = body["data"].as_array().unwrap();
    let row = rows.iter().find(|row| row[field] == value);
    row.unwrap_or_else(|| unreachable!("{value} is not in {body}")).clone()
}

async fn rows_tell_how_much_belongs_to_them(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let [organizations, applications, _, roles, permissions, claims] =
        LISTS.map(|list| format!("{list}?include=counts&pageSize=100"));
    for (list, key, counts) in [
        (&organizations, ("slug", "acme"), json!({ "users": 3, "clients": 5 })),
        (&organizations, ("slug", "beta"), json!({ "users": 1, "clients": 1 })),
        (&applications, ("slug", "planner"), json!({ "modules": 0, "clients": 4, "roles": 2 })),
        (&applications, ("slug", "billing"), json!({ "modules": 0, "clients": 1, "roles": 1 })),
        (&roles, ("slug", "planner"), json!({ "permissions": 2, "users": 1 })),
        (&roles, ("slug", "reader"), json!({ "permissions": 1, "users": 1 })),
        (&permissions, ("slug", "dock:berths:read"), json!({ "roles": 2 })),
        (&permissions, ("slug", "dock:berths:write"), json!({ "roles": 1 })),
        (&claims, ("slug", "badge"), json!({ "values": 1 })),
    ] {
        assert_eq!(row(&mut auditor, list, key).await["counts"], counts, "{list} {key:?}");
    }
    // Of a page by cursor as well.
    let body = expect(&auditor.get("/organizations?limit=1&include=counts").await, StatusCode::OK);
    assert!(body["data"][0]["counts"]["users"].is_u64(), "{body}");
}

async fn the_secrets_of_a_client_are_counted_as_they_are_now(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let list = "/clients?include=counts&pageSize=100";
    let none = json!({ "secrets": 0, "nextSecretExpiry": null, "secretLastUsedAt": null });
    assert_eq!(row(&mut root, list, ("clientId", "spa")).await["counts"], none);
    let one = json!({ "secrets": 1, "nextSecretExpiry": null, "secretLastUsedAt": null });
    assert_eq!(row(&mut root, list, ("clientId", "web")).await["counts"], one);
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let (organization, client) = unit.client("web").await.unwrap();
    let half_an_hour = std::time::Duration::from_mins(30);
    let new = NewSecret { expires_at: Some(admins.app.now() + half_an_hour), ..NewSecret::default() };
    unit.clients().create_secret(&organization, &client, new).await.unwrap();
    unit.commit().await.unwrap();
    let secrets = expect(&root.get("/clients/web/secrets").await, StatusCode::OK);
    let counts = row(&mut root, list, ("clientId", "web")).await["counts"].clone();
    assert_eq!(counts["secrets"], 2);
    assert_eq!(counts["nextSecretExpiry"], secrets["data"][0]["expiresAt"]);
    admins.app.advance(half_an_hour);
    assert_eq!(row(&mut root, list, ("clientId", "web")).await["counts"], one, "it has expired");
}

async fn only_who_asks_gets_counts(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for list in LISTS {
        let body = expect(&root.get(list).await, StatusCode::OK);
        assert!(body["data"].as_array().unwrap().iter().all(|row| row.get("counts").is_none()), "{list}");
        for unfit in ["include=", "include=users", "include=counts,users"] {
            let answer = root.get(&format!("{list}?{unfit}")).await;
            let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
            assert_eq!(body["details"][0]["path"], json!(["include"]), "{list} {unfit}");
        }
    }
    let mut apps = admins.sign_in(APPS).await;
    refused(&apps.get("/organizations?include=counts").await, StatusCode::FORBIDDEN, "Forbidden");
}

/// One statement more, however many rows there are.
async fn the_rows_of_a_page_are_counted_at_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for list in LISTS {
        for size in [1, 2, 100] {
            let mut trips = Vec::new();
            for include in ["", "&include=counts"] {
                let before = admins.app.store.round_trips();
                expect(&root.get(&format!("{list}?pageSize={size}{include}")).await, StatusCode::OK);
                trips.push(admins.app.store.round_trips() - before);
            }
            assert_eq!(trips[0] + 1, trips[1], "{list} {size}");
        }
        // Beyond the last page there is nothing to count.
        let mut trips = Vec::new();
        for include in ["", "&include=counts"] {
            let before = admins.app.store.round_trips();
            expect(&root.get(&format!("{list}?page=9&pageSize=100{include}")).await, StatusCode::OK);
            trips.push(admins.app.store.round_trips() - before);
        }
        assert_eq!(trips[0], trips[1], "{list}");
    }
}

async fn lists_have_only_the_ids_that_are_asked_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    expect(
        &root.post("/applications/planner/modules", &json!({ "name": "Berths", "slug": "berths" })).await,
        StatusCode::CREATED,
    );
    admins.sign_in(AUDITOR).await;
    let new = json!({ "email": "new@acme.test" });
    expect(&root.post("/organizations/acme/users/invite", &new).await, StatusCode::CREATED);
    let more =
        ["/applications/planner/modules", "/clients/web/secrets", "/keys", "/organizations/acme/invitations"];
    for list in LISTS.into_iter().chain(more).chain(["/sessions", "/users", "/organizations/acme/users"]) {
        let field = if list == "/sessions" { "sessionId" } else { "id" };
        let all = expect(&root.get(list).await, StatusCode::OK)["data"].clone();
        let id = all[0][field].as_str().unwrap().to_owned();
        let unknown = "00000000-0000-4000-8000-000000000000";
        let some = expect(&root.get(&format!("{list}?ids={unknown},{id}")).await, StatusCode::OK);
        assert_eq!(some["data"], json!([all[0]]), "{list}");
        if some.get("total").is_some() {
            assert_eq!(some["total"], 1, "{list}");
        }
        let none = expect(&root.get(&format!("{list}?ids={unknown}")).await, StatusCode::OK);
        assert_eq!(none["data"], json!([]), "{list}");
    }
}

async fn what_are_no_ids_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let many = vec!["00000000-0000-4000-8000-000000000000"; 101].join(",");
    let more =
        ["/applications/planner/modules", "/clients/web/secrets", "/keys", "/organizations/acme/invitations"];
    for list in LISTS.into_iter().chain(more).chain(["/sessions"]) {
        for unfit in ["", "x", many.as_str()] {
            let answer = root.get(&format!("{list}?ids={unfit}")).await;
            let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
            assert_eq!(body["details"][0]["path"], json!(["ids"]), "{list}");
        }
    }
}
