//! Roles, their permissions, and who has them.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use porta_directory::{Actor, NewUser};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::{Lesser, NOBODY, application, each, id_of, invalid};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_role_is_created_read_and_changed,
    roles_are_listed_by_name_whole_or_in_pages,
    what_breaks_a_rule_is_refused_and_nothing_is_stored,
    a_taken_slug_is_a_conflict,
    a_role_is_found_below_its_application_only,
    a_change_based_on_an_older_version_is_refused,
    permissions_are_added_and_removed,
    permissions_that_do_not_fit_are_refused,
    who_has_a_role_is_listed_for_all_organizations_or_one,
    who_has_a_role_is_listed_in_pages,
    who_may_not_read_users_sees_no_addresses,
    each_administrator_may_do_what_it_is_for,
);

const ROLES: &str = "/applications/planner/roles";

async fn a_role_is_created_read_and_changed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let planner = application(&admins, "planner").await;
    let new = json!({ "name": " Dock Master ", "description": "Berths\nand cranes" });
    let answer = root.post(ROLES, &new).await;
    let data = expect(&answer, StatusCode::CREATED)["data"].clone();
    let expected = json!({
        "id": data["id"], "applicationId": planner, "name": "Dock Master", "slug": "dock-master",
        "description": "Berths\nand cranes", "createdAt": data["createdAt"], "updatedAt": data["createdAt"],
    });
    assert_eq!(data, expected);
    let path = format!("{ROLES}/{}", data["id"].as_str().unwrap());
    let read = root.get(&path).await;
    assert_eq!(read.header("etag"), answer.header("etag"));
    assert_eq!(expect(&read, StatusCode::OK)["data"], data);
    let row = admins.newest("role.created").await;
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ROOT.0), Some("acme")));
    assert_eq!(
        row.metadata,
        json!({ "roleId": data["id"], "applicationId": planner, "slug": "dock-master" })
    );
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));

    admins.app.advance(Duration::from_secs(1));
    let answer = root.put(&path, &json!({ "slug": "master", "description": null })).await;
    let changed = expect(&answer, StatusCode::OK)["data"].clone();
    assert_eq!(
        (&changed["name"], &changed["slug"], &changed["description"]),
        (&json!("Dock Master"), &json!("master"), &Value::Null)
    );
    assert_eq!(changed["createdAt"], data["createdAt"]);
    assert_ne!(changed["updatedAt"], data["updatedAt"]);
    assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"], changed);
    let row = admins.newest("role.updated").await;
    assert_eq!(row.metadata["changes"], json!(["slug", "description"]));
    // The same change again is none.
    let again = root.put(&path, &json!({ "slug": "master" })).await;
    assert_eq!(again.header("etag"), answer.header("etag"));
    assert_eq!(admins.count("role.updated").await, 1);
}

async fn roles_are_listed_by_name_whole_or_in_pages(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (name, slug) in [("b", "x-1"), ("B", "x-2"), ("a", "x-3")] {
        let new = json!({ "name": name, "slug": slug });
        expect(&root.post(ROLES, &new).await, StatusCode::CREATED);
    }
    let whole = expect(&root.get(ROLES).await, StatusCode::OK);
    assert_eq!(each(&whole, "name"), ["B", "Planner", "Reader", "a", "b"]);
    assert_eq!(
        (&whole["total"], &whole["page"], &whole["pageSize"], &whole["totalPages"]),
        (&json!(5), &json!(1), &json!(5), &json!(1))
    );
    assert_eq!(whole.get("hasMore"), None);
    let planner = application(&admins, "planner").await;
    let by_id = expect(&root.get(&format!("/applications/{planner}/roles")).await, StatusCode::OK);
    assert_eq!(by_id, whole);
    let second = expect(&root.get(&format!("{ROLES}?page=2&pageSize=2")).await, StatusCode::OK);
    assert_eq!(each(&second, "name"), ["Reader", "a"]);
    assert_eq!((&second["total"], &second["totalPages"]), (&json!(5), &json!(3)));
    let none = expect(&root.get("/applications/partner/roles").await, StatusCode::OK);
    assert_eq!((&none["data"], &none["total"], &none["totalPages"]), (&json!([]), &json!(0), &json!(0)));
    for (field, query) in [("page", "page=0"), ("pageSize", "pageSize=101"), ("page", "page=1&page=2")] {
        invalid(&root.get(&format!("{ROLES}?{query}")).await, &json!([field]));
    }
}

async fn what_breaks_a_rule_is_refused_and_nothing_is_stored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let (long, wide) = ("x".repeat(101), "x".repeat(256));
    let unfit = [
        ("name", json!({ "name": "" })),
        ("name", json!({ "name": 1, "slug": "x" })),
        ("name", json!({ "name": "a\nb", "slug": "x" })),
        ("name", json!({ "name": "a\u{202e}b", "slug": "x" })),
        ("name", json!({ "name": wide, "slug": "x" })),
        ("slug", json!({ "name": "漢字" })),
        ("slug", json!({ "name": "X", "slug": "" })),
        ("slug", json!({ "name": "X", "slug": "A" })),
        ("slug", json!({ "name": "X", "slug": "-a" })),
        ("slug", json!({ "name": "X", "slug": "a_b" })),
        ("slug", json!({ "name": "X", "slug": long })),
        ("slug", json!({ "name": "Porta Super Admin" })),
        ("slug", json!({ "name": "X", "slug": "porta-super-admin" })),
        ("slug", json!({ "name": "X", "slug": "porta-x" })),
        ("description", json!({ "name": "X", "description": "x".repeat(2001) })),
        ("description", json!({ "name": "X", "description": "a\u{0}b" })),
    ];
    for (field, body) in unfit {
        let answer = root.post(ROLES, &body).await;
        let refusal = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        // An empty name has no slug either; all that is wrong need not be told.
        let fields = refusal["details"].as_array().unwrap();
        assert!(fields.iter().any(|d| d["path"] == json!([field]) || body["name"] == ""), "{body} {refusal}");
    }
    let missing = refused(&root.post(ROLES, &json!({})).await, StatusCode::BAD_REQUEST, "Validation failed");
    assert!(missing.to_string().contains("missing field `name`"), "{missing}");
    let path = format!("{ROLES}/{}", id_of(&mut root, ROLES, "reader").await);
    for nothing in [json!({}), json!({ "id": NOBODY, "applicationId": NOBODY, "name": null })] {
        refused(&root.put(&path, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
    for (field, body) in [
        ("name", json!({ "name": " " })),
        ("slug", json!({ "slug": "porta-auditor" })),
        ("slug", json!({ "slug": "A" })),
        ("description", json!({ "description": 1 })),
    ] {
        invalid(&root.put(&path, &body).await, &json!([field]));
    }
    assert_eq!(expect(&root.get(ROLES).await, StatusCode::OK)["total"], 2);
    assert_eq!(admins.count("role.updated").await, 0);
}

async fn a_taken_slug_is_a_conflict(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let text = "Role `reader` is already taken";
    let answer = root.post(ROLES, &json!({ "name": "Reader" })).await;
    refused(&answer, StatusCode::CONFLICT, text);
    let path = format!("{ROLES}/{}", id_of(&mut root, ROLES, "planner").await);
    refused(&root.put(&path, &json!({ "slug": "reader" })).await, StatusCode::CONFLICT, text);
    // Another application has slugs of its own.
    let answer = root.post("/applications/billing/roles", &json!({ "name": "Reader" })).await;
    expect(&answer, StatusCode::CREATED);
}

async fn a_role_is_found_below_its_application_only(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let reader = id_of(&mut root, ROLES, "reader").await;
    let ids = json!({ "permissionIds": [NOBODY] });
    let reader = reader.as_str();
    for (application, id) in [("billing", reader), ("partner", reader), ("planner", NOBODY), ("planner", "x")]
    {
        let path = format!("/applications/{application}/roles/{id}");
        let text = format!("Role not found: {id}");
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.put(&path, &json!({ "name": "X" })).await, StatusCode::NOT_FOUND, &text);
        refused(&root.delete(&format!("{path}?force=true")).await, StatusCode::NOT_FOUND, &text);
        refused(&root.post(&format!("{path}/archive"), &json!({})).await, StatusCode::NOT_FOUND, &text);
        refused(&root.get(&format!("{path}/permissions")).await, StatusCode::NOT_FOUND, &text);
        refused(&root.put(&format!("{path}/permissions"), &ids).await, StatusCode::NOT_FOUND, &text);
        let answer = root.send(Method::DELETE, &format!("{path}/permissions"), Some(&ids)).await;
        refused(&answer, StatusCode::NOT_FOUND, &text);
        refused(&root.get(&format!("{path}/users")).await, StatusCode::NOT_FOUND, &text);
    }
    for id in [NOBODY, "x"] {
        let text = format!("Role not found: {id}");
        refused(&root.get(&format!("/roles/{id}/users")).await, StatusCode::NOT_FOUND, &text);
    }
    for missing in ["none", NOBODY] {
        let text = format!("Application not found: {missing}");
        let path = format!("/applications/{missing}/roles");
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.post(&path, &json!({ "name": "X" })).await, StatusCode::NOT_FOUND, &text);
        refused(&root.get(&format!("{path}/{reader}")).await, StatusCode::NOT_FOUND, &text);
    }
    assert_eq!(expect(&root.get(ROLES).await, StatusCode::OK)["total"], 2, "nothing was deleted");
}

async fn a_change_based_on_an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("{ROLES}/{}", id_of(&mut root, ROLES, "reader").await);
    let first = root.get(&path).await.header("etag").unwrap().to_owned();
    let second = root.put(&path, &json!({ "name": "One" })).await.header("etag").unwrap().to_owned();
    let stale = [(header::IF_MATCH, first.as_str())];
    let change = json!({ "name": "Two" });
    for (method, place) in [(Method::PUT, ""), (Method::DELETE, ""), (Method::POST, "/archive")] {
        let place = format!("{path}{place}");
        let answer = root.send_with(method, &place, Some(&change), &stale).await;
        let body = refused(&answer, StatusCode::CONFLICT, "Conflict");
        assert_eq!((&body["currentETag"], &body["currentEntity"]["name"]), (&json!(second), &json!("One")));
    }
    let fresh = [(header::IF_MATCH, second.as_str())];
    expect(&root.send_with(Method::PUT, &path, Some(&change), &fresh).await, StatusCode::OK);
}

async fn permissions_are_added_and_removed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let list = "/applications/planner/permissions";
    let (read, write) =
        (id_of(&mut root, list, "dock:berths:read").await, id_of(&mut root, list, "dock:berths:write").await);
    let reader = id_of(&mut root, ROLES, "reader").await;
    let path = format!("{ROLES}/{reader}/permissions");
    let before = expect(&root.get(&path).await, StatusCode::OK);
    assert_eq!(each(&before, "slug"), ["dock:berths:read"]);
    let rows = admins.count("role.permissions.assigned").await;

    let answer = root.put(&path, &json!({ "permissionIds": [write, read, write] })).await;
    let after = expect(&answer, StatusCode::OK);
    assert_eq!(each(&after, "slug"), ["dock:berths:read", "dock:berths:write"], "the resulting set");
    assert_eq!(after["total"], 2);
    let row = admins.newest("role.permissions.assigned").await;
    assert_eq!(row.metadata["permissionIds"], json!([write]), "only what is new");
    assert_eq!((&row.metadata["roleId"], row.actor_label.as_deref()), (&json!(reader), Some(ROOT.0)));
    expect(&root.put(&path, &json!({ "permissionIds": [write] })).await, StatusCode::OK);
    assert_eq!(admins.count("role.permissions.assigned").await, rows + 1, "nothing changed");

    let some = json!({ "permissionIds": [read, NOBODY] });
    for round in 0..2 {
        expect(&root.send(Method::DELETE, &path, Some(&some)).await, StatusCode::NO_CONTENT);
        assert_eq!(
            each(&expect(&root.get(&path).await, StatusCode::OK), "slug"),
            ["dock:berths:write"],
            "{round}"
        );
    }
    assert_eq!(admins.count("role.permissions.removed").await, 1);
    let row = admins.newest("role.permissions.removed").await;
    assert_eq!(row.metadata["permissionIds"], json!([read]));
}

async fn permissions_that_do_not_fit_are_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let new = json!({ "name": "Pay", "slug": "bill:invoice:pay" });
    let foreign = expect(&root.post("/applications/billing/permissions", &new).await, StatusCode::CREATED);
    let foreign = foreign["data"]["id"].as_str().unwrap().to_owned();
    let write = id_of(&mut root, "/applications/planner/permissions", "dock:berths:write").await;
    let path = format!("{ROLES}/{}/permissions", id_of(&mut root, ROLES, "reader").await);
    for unknown in [foreign.as_str(), NOBODY] {
        let answer = root.put(&path, &json!({ "permissionIds": [write, unknown] })).await;
        refused(&answer, StatusCode::NOT_FOUND, &format!("Permission not found: {unknown}"));
    }
    for unfit in [json!([]), json!(["x"]), json!("x"), json!(null), json!(vec![NOBODY; 501])] {
        let body = json!({ "permissionIds": unfit });
        for method in [Method::PUT, Method::DELETE] {
            let answer = root.send(method, &path, Some(&body)).await;
            let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
            assert_eq!(body["details"][0]["path"][0], "permissionIds", "{body}");
        }
    }
    let answer = root.send(Method::DELETE, &path, None).await;
    refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
    let after = expect(&root.get(&path).await, StatusCode::OK);
    assert_eq!(each(&after, "slug"), ["dock:berths:read"], "all or nothing");
}

/// A shared application with a role that people of two organizations have; returns the id of the role.
async fn shared_role(admins: &Admins, root: &mut Admin) -> String {
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let organization = unit.organization("porta-admin").await.unwrap();
    let new = porta_directory::NewApplication {
        name: "Library".to_owned(),
        is_shared: true,
        ..porta_directory::NewApplication::default()
    };
    unit.applications().create(&organization, new).await.unwrap();
    unit.commit().await.unwrap();
    let role = root.post("/applications/library/roles", &json!({ "name": "Borrower" })).await;
    expect(&role, StatusCode::CREATED)["data"]["id"].as_str().unwrap().to_owned()
}

async fn who_has_a_role_is_listed_for_all_organizations_or_one(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let role = shared_role(&admins, &mut root).await;
    let people = [("acme", "ana@acme.test"), ("acme", "bob@acme.test"), ("beta", "ana@acme.test")];
    let mut ids = Vec::new();
    for (organization, email) in people {
        admins.app.advance(Duration::from_secs(1));
        let user = admins.user(organization, email).await;
        let path = format!("/organizations/{organization}/users/{}/roles", user.id);
        expect(&root.post(&path, &json!({ "roleId": role })).await, StatusCode::NO_CONTENT);
        ids.push(user.id.to_string());
    }
    let path = format!("/applications/library/roles/{role}/users");
    let all = expect(&root.get(&path).await, StatusCode::OK);
    assert_eq!(
        each(&all, "userId"),
        [ids[2].as_str(), ids[1].as_str(), ids[0].as_str()],
        "newest assignment first"
    );
    assert_eq!(each(&all, "organizationName"), ["Beta", "Acme", "Acme"]);
    assert_eq!((&all["total"], &all["page"], &all["pageSize"]), (&json!(3), &json!(1), &json!(20)));
    let first = all["data"][2].clone();
    let root_id = admins.user("porta-admin", ROOT.0).await.id.to_string();
    let expected = json!({
        "userId": ids[0], "roleId": role, "assignedBy": root_id, "createdAt": first["createdAt"],
        "assignedAt": first["createdAt"], "email": "ana@acme.test", "name": "Ana Li",
        "organizationId": admins.organization("acme").await.id.to_string(), "organizationName": "Acme",
    });
    assert_eq!(first, expected);
    assert_eq!(all["data"][1]["name"], Value::Null);
    let by_id = expect(&root.get(&format!("/roles/{role}/users")).await, StatusCode::OK);
    assert_eq!(by_id, all, "without the application");
    let acme = admins.organization("acme").await.id.to_string();
    for organization in ["acme", acme.as_str()] {
        for parameter in ["orgId", "organizationId"] {
            for path in [path.clone(), format!("/roles/{role}/users")] {
                let of_one = root.get(&format!("{path}?{parameter}={organization}")).await;
                let of_one = expect(&of_one, StatusCode::OK);
                assert_eq!(
                    (each(&of_one, "userId"), &of_one["total"]),
                    (vec![ids[1].clone(), ids[0].clone()], &json!(2))
                );
            }
        }
    }
    let answer = root.get(&format!("{path}?orgId=none")).await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
}

async fn who_has_a_role_is_listed_in_pages(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let reader = id_of(&mut root, ROLES, "reader").await;
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let acme = unit.organization("acme").await.unwrap();
    let role = unit.roles().visible(&acme, "planner", "reader").await.unwrap();
    // All at the same time, so that the id decides.
    for n in 0..6 {
        let new = NewUser { email: format!("p{n}@acme.test"), ..NewUser::default() };
        let user = unit.users().create(&acme, new).await.unwrap();
        unit.roles().assign(&acme, &user, &role).await.unwrap();
    }
    unit.commit().await.unwrap();
    let path = format!("{ROLES}/{reader}/users");
    let whole = expect(&root.get(&path).await, StatusCode::OK);
    assert_eq!(whole["total"], 7);
    let whole = each(&whole, "userId");
    let mut paged = Vec::new();
    for page in 1..=3 {
        let body = expect(&root.get(&format!("{path}?page={page}&pageSize=3")).await, StatusCode::OK);
        assert_eq!((&body["total"], &body["totalPages"]), (&json!(7), &json!(3)));
        paged.extend(each(&body, "userId"));
    }
    assert_eq!(paged, whole);
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    for round in 0.. {
        assert!(round < 9, "the pages do not end");
        let from = cursor.as_deref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let body = expect(&root.get(&format!("{path}?limit=2&sortOrder=asc{from}")).await, StatusCode::OK);
        assert_eq!(body.get("total"), None);
        seen.extend(each(&body, "userId"));
        cursor = body["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    seen.reverse();
    assert_eq!(seen, whole);
    for (field, query) in
        [("page", "page=0"), ("limit", "limit=101"), ("cursor", "cursor=x"), ("sortBy", "sortBy=email")]
    {
        invalid(&root.get(&format!("{path}?{query}")).await, &json!([field]));
    }
}

/// `role:read` tells who has a role, `user:read` who they are.
async fn who_may_not_read_users_sees_no_addresses(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let reader = id_of(&mut root, ROLES, "reader").await;
    for (person, sees) in [(APPS, false), (AUDITOR, true), (USERS, true)] {
        let mut admin = admins.sign_in(person).await;
        for path in [format!("{ROLES}/{reader}/users"), format!("/roles/{reader}/users")] {
            let body = expect(&admin.get(&path).await, StatusCode::OK);
            assert_eq!(body["data"][0]["email"].is_string(), sees, "{} {body}", person.0);
            assert_eq!(body["data"][0]["name"].is_string(), sees);
            assert_eq!(body["total"], 1);
        }
    }
}

async fn each_administrator_may_do_what_it_is_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let reader = id_of(&mut root, ROLES, "reader").await;
    let mut lesser = Lesser::of(&admins).await;
    let path = format!("{ROLES}/{reader}");
    let permissions = format!("{path}/permissions");
    let ids = json!({ "permissionIds": [NOBODY] });
    for place in [
        ROLES.to_owned(),
        path.clone(),
        permissions.clone(),
        format!("{path}/users"),
        format!("/roles/{reader}/users"),
    ] {
        lesser.only(&[USERS, APPS, AUDITOR], "admin:role:read", (Method::GET, &place, json!({}))).await;
    }
    let new = json!({ "name": "X" });
    lesser.only(&[APPS], "admin:role:create", (Method::POST, ROLES, new.clone())).await;
    lesser.only(&[APPS], "admin:role:update", (Method::PUT, &path, new)).await;
    for method in [Method::PUT, Method::DELETE] {
        lesser.only(&[APPS], "admin:role:update", (method, &permissions, ids.clone())).await;
    }
    let archive = format!("{path}/archive");
    lesser.only(&[APPS], "admin:role:archive", (Method::POST, &archive, json!({}))).await;
    let delete = format!("{path}?force=true");
    lesser.only(&[APPS], "admin:role:archive", (Method::DELETE, &delete, json!({}))).await;
}
