//! Imports.

use axum::http::{HeaderName, Method, StatusCode};
use porta_core::audit::AuditEvent;
use porta_directory::Actor;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    a_preview_stores_nothing_and_tells_the_truth,
    overwriting_changes_what_the_manifest_names,
    what_is_refused_is_told_with_its_place,
    nothing_is_stored_if_one_is_refused_and_that_is_asked_for,
    items_may_belong_to_what_is_there_already,
    a_password_is_hashed_and_works,
    a_new_client_gets_its_secret_once,
    settings_are_typed_and_must_exist,
    who_may_import,
    what_is_no_import_is_refused,
    a_large_manifest_is_taken,
    an_import_sent_again_with_its_key_is_one,
    imports_at_once_make_everything_once,
);

async fn import(admin: &mut Admin, body: &Value) -> Value {
    expect(&admin.post("/import", body).await, StatusCode::OK)
}

fn gamma() -> Value {
    json!({
        "version": "1.0",
        "exportedAt": "2026-01-01T00:00:00.000Z",
        "something_of_a_later_version": [1, 2],
        "organizations": [{ "name": "Gamma", "slug": "gamma", "default_login_methods": ["password"],
            "two_factor_policy": "required_any", "branding_primary_color": "#112233", "unknown": true }],
        "applications": [{ "name": "Shop", "slug": "shop", "organization_slug": "gamma" }],
        "clients": [{ "client_name": "Shop Web", "application_slug": "shop", "organization_slug": "gamma",
            "client_type": "confidential", "redirect_uris": ["https://shop.test/cb"],
            "id_token_signed_response_alg": "ES256", "secret_label": "first" }],
        "roles": [{ "name": "Clerk", "slug": "clerk", "application_slug": "shop", "organization_slug": "gamma" }],
        "permissions": [{ "name": "Read", "slug": "dashboard.read", "application_slug": "shop",
            "organization_slug": "gamma" }],
        "claim_definitions": [{ "name": "Employee", "slug": "employee-id", "claim_type": "string",
            "application_slug": "shop", "organization_slug": "gamma" }],
        "role_permission_mappings": [{ "role_slug": "clerk", "permission_slugs": ["dashboard.read"],
            "application_slug": "shop", "organization_slug": "gamma" }],
        "application_modules": [{ "name": "Cart", "slug": "cart", "application_slug": "shop",
            "organization_slug": "gamma", "status": "inactive" }],
        "users": [{ "email": "Gus@gamma.test", "organization_slug": "gamma", "given_name": "Gus",
            "email_verified": true }],
        "user_role_assignments": [{ "email": "gus@GAMMA.test", "organization_slug": "gamma",
            "application_slug": "shop", "role_slug": "clerk" }],
        "user_claim_values": [{ "email": "gus@gamma.test", "organization_slug": "gamma",
            "application_slug": "shop", "claim_slug": "employee-id", "value": "E7" }],
        "config": { "access_token_ttl": "15m" },
    })
}

/// Types and slugs of a list of the answer.
fn items(report: &Value, list: &str) -> Vec<(String, String)> {
    let items = report[list].as_array().unwrap();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    items.iter().map(|item| (text(item, "type"), text(item, "slug"))).collect()
}

async fn a_preview_stores_nothing_and_tells_the_truth(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let events = admins.audit().await;
    let mut previews = Vec::new();
    for body in [
        json!({ "manifest": gamma() }),
        json!({ "mode": "dry-run", "manifest": gamma() }),
        json!({ "dryRun": true, "manifest": gamma() }),
        json!({ "mode": "merge", "dryRun": true, "manifest": gamma() }),
    ] {
        let preview = import(&mut root, &body).await;
        assert_eq!((&preview["mode"], &preview["applied"]), (&json!("dry-run"), &json!(false)));
        assert_eq!(preview["errors"], json!([]));
        assert_eq!(
            preview["credentials"],
            json!([{ "clientName": "Shop Web", "clientId": "(would be generated)", "clientType": "confidential",
                "secretPlaintext": "(would be generated)", "secretLabel": "first" }])
        );
        previews.push(preview);
    }
    assert!(previews.iter().all(|preview| preview == &previews[0]));
    refused(&root.get("/organizations/gamma").await, StatusCode::NOT_FOUND, "Organization not found: gamma");
    assert_eq!(admins.audit().await, events, "a preview leaves no row");

    let report = import(&mut root, &json!({ "mode": "merge", "manifest": gamma() })).await;
    assert_eq!((&report["mode"], &report["applied"]), (&json!("merge"), &json!(true)));
    for list in ["created", "updated", "skipped", "errors"] {
        assert_eq!(report[list], previews[0][list], "{list}");
    }
    let expected = [
        ("organization", "gamma"),
        ("application", "shop"),
        ("client", "Shop Web"),
        ("role", "clerk"),
        ("permission", "dashboard.read"),
        ("claim_definition", "employee-id"),
        ("role_permission_mapping", "clerk→dashboard.read"),
        ("application_module", "cart"),
        ("user", "Gus@gamma.test"),
        ("user_role_assignment", "Gus@gamma.test→clerk"),
        ("user_claim_value", "Gus@gamma.test:employee-id"),
    ];
    let expected = expected.map(|(kind, slug)| (kind.to_owned(), slug.to_owned()));
    assert_eq!(items(&report, "created"), expected);
    assert_eq!(
        report["updated"],
        json!([{ "type": "config", "slug": "access_token_ttl", "name": "access_token_ttl", "changes": ["value → \"15m\""] }])
    );
    let row = admins.newest("admin.import").await;
    assert_eq!(
        row.metadata,
        json!({ "mode": "merge", "created": 11, "updated": 1, "skipped": 0, "errors": 0 })
    );
    assert_eq!(row.actor_label.as_deref(), Some(ROOT.0));
    // Each change has a row of its own, too.
    let row = admins.newest("user.created").await;
    assert_eq!(
        (row.actor_label.as_deref(), row.organization_label.as_deref()),
        (Some(ROOT.0), Some("gamma"))
    );

    let again = import(&mut root, &json!({ "mode": "merge", "manifest": gamma() })).await;
    assert_eq!(
        (&again["created"], &again["updated"], &again["errors"]),
        (&json!([]), &json!([]), &json!([]))
    );
    let organization = &again["skipped"][0];
    assert_eq!(
        organization,
        &json!({ "type": "organization", "slug": "gamma", "reason": "Already exists (merge mode)" })
    );
    assert_eq!(again["credentials"][0].get("secretPlaintext"), None);
}

async fn overwriting_changes_what_the_manifest_names(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    import(&mut root, &json!({ "mode": "merge", "manifest": gamma() })).await;
    let mut changed = gamma();
    changed["organizations"][0]["name"] = json!("Gamma & Sons");
    changed["organizations"][0]["branding_primary_color"] = json!(null);
    changed["users"][0].as_object_mut().unwrap().remove("given_name");
    changed["users"][0]["family_name"] = json!("Orr");
    changed["claim_definitions"][0]["name"] = json!("Employee number");
    let skipped = import(&mut root, &json!({ "mode": "merge", "manifest": changed })).await;
    assert_eq!(skipped["updated"], json!([]), "merging changes nothing that exists");
    let preview =
        import(&mut root, &json!({ "mode": "overwrite", "dryRun": true, "manifest": changed })).await;
    let expected = json!([
        { "type": "organization", "slug": "gamma", "name": "Gamma & Sons", "changes": ["name", "branding"] },
        { "type": "claim_definition", "slug": "employee-id", "name": "Employee number", "changes": ["display_name"] },
        { "type": "user", "slug": "Gus@gamma.test", "name": "Gus@gamma.test", "changes": ["family_name"] },
    ]);
    assert_eq!((&preview["mode"], &preview["updated"]), (&json!("dry-run"), &expected));
    assert_eq!(admins.organization("gamma").await.name, "Gamma");
    let report = import(&mut root, &json!({ "mode": "overwrite", "manifest": changed })).await;
    assert_eq!((&report["mode"], &report["updated"]), (&json!("overwrite"), &expected));
    let gamma = admins.organization("gamma").await;
    assert_eq!((gamma.name.as_str(), gamma.branding.primary_color), ("Gamma & Sons", None));
    let gus = admins.user("gamma", "gus@gamma.test").await.profile;
    assert_eq!(
        (gus.given_name.as_deref(), gus.family_name.as_deref()),
        (Some("Gus"), Some("Orr")),
        "what is left out stays"
    );
}

async fn what_is_refused_is_told_with_its_place(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let manifest = json!({
        "version": "1.0",
        "organizations": [{ "name": "Admin", "slug": "admin" }, { "name": "Gamma", "slug": "gamma" }],
        "applications": [{ "name": "A", "slug": "system", "organization_slug": "gamma" },
            { "name": "Shop", "slug": "shop", "organization_slug": "gamma" }],
        "clients": [{ "client_name": "Web", "application_slug": "shop", "organization_slug": "gamma",
            "client_type": "confidential", "redirect_uris": ["javascript:alert(1)"],
            "secret_expires_at": "2001-01-01" }],
        "roles": [{ "name": "R", "slug": "porta-super-admin", "application_slug": "shop", "organization_slug": "gamma" }],
        "permissions": [{ "name": "P", "slug": "a:b:c", "application_slug": "none", "organization_slug": "gamma" }],
        "claim_definitions": [{ "name": "C", "slug": "email", "claim_type": "string", "application_slug": "shop",
            "organization_slug": "gamma" }],
        "role_permission_mappings": [{ "role_slug": "none", "permission_slugs": ["x", "y"],
            "application_slug": "shop", "organization_slug": "gamma" }],
        "users": [{ "email": "no address", "organization_slug": "gamma" },
            { "email": "x@admin.test", "organization_slug": "admin" },
            { "email": "good@gamma.test", "organization_slug": "gamma" },
            { "email": "weak@gamma.test", "organization_slug": "gamma", "password": "password" }],
        "user_role_assignments": [{ "email": "nobody@gamma.test", "organization_slug": "gamma",
            "application_slug": "shop", "role_slug": "none" }],
        "user_claim_values": [{ "email": "good@gamma.test", "organization_slug": "gamma",
            "application_slug": "nothing", "claim_slug": "x", "value": null }],
        "config": { "super_admin_user_id": "me", "access_token_ttl": true },
    });
    let report = import(&mut root, &json!({ "mode": "merge", "manifest": manifest })).await;
    let errors = report["errors"].as_array().unwrap();
    let told: Vec<(&str, &str)> = errors
        .iter()
        .map(|error| (error["path"].as_str().unwrap(), error["type"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("organizations[0].slug", "organization"),
            ("applications[0].slug", "application"),
            ("clients[0].redirect_uris", "client"),
            ("clients[0].secret_expires_at", "client"),
            ("roles[0].slug", "role"),
            ("permissions[0]", "permission"),
            ("claim_definitions[0].claim_name", "claim_definition"),
            ("role_permission_mappings[0].permission_slugs[0]", "role_permission_mapping"),
            ("role_permission_mappings[0].permission_slugs[1]", "role_permission_mapping"),
            ("users[1]", "user"),
            ("users[0].email", "user"),
            ("users[3].password", "user"),
            ("user_role_assignments[0]", "user_role_assignment"),
            ("user_claim_values[0]", "user_claim_value"),
            ("config.access_token_ttl", "config"),
            ("config.super_admin_user_id", "config"),
        ]
    );
    let text = |path: &str| {
        let error = errors.iter().find(|error| error["path"] == path).unwrap();
        error["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(text("permissions[0]"), "Parent application 'none' not found");
    assert_eq!(text("users[1]"), "Parent organization 'admin' not found");
    assert_eq!(text("role_permission_mappings[0].permission_slugs[0]"), "Role not found: none");
    assert_eq!(text("user_role_assignments[0]"), "User not found: nobody@gamma.test in org gamma");
    assert_eq!(text("user_claim_values[0]"), "Application not found: nothing");
    assert_eq!(
        text("config.super_admin_user_id"),
        "`super_admin_user_id` is set when Porta is installed and cannot be changed"
    );
    // The rest is stored (W-17: one error does not poison the others).
    assert_eq!(report["applied"], true);
    let created: Vec<String> = items(&report, "created").into_iter().map(|(_, slug)| slug).collect();
    assert_eq!(created, ["gamma", "shop", "good@gamma.test"]);
    admins.user("gamma", "good@gamma.test").await;
    assert_eq!(admins.newest("admin.import").await.metadata["errors"], 16);
}

async fn nothing_is_stored_if_one_is_refused_and_that_is_asked_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let events = admins.audit().await;
    let mut manifest = gamma();
    manifest["users"][0]["email"] = json!("no address");
    let body = json!({ "mode": "merge", "keepGoing": false, "manifest": manifest });
    let report = import(&mut root, &body).await;
    assert_eq!((&report["mode"], &report["applied"]), (&json!("merge"), &json!(false)));
    assert_eq!(report["errors"][0]["path"], "users[0].email");
    assert_eq!(report["credentials"][0]["secretPlaintext"], "(would be generated)");
    refused(&root.get("/organizations/gamma").await, StatusCode::NOT_FOUND, "Organization not found: gamma");
    assert_eq!(admins.audit().await, events);
}

async fn items_may_belong_to_what_is_there_already(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let within = json!({ "application_slug": "planner", "organization_slug": "acme" });
    let item = |mut fields: Value| {
        for (name, value) in within.as_object().unwrap() {
            fields[name] = value.clone();
        }
        fields
    };
    let manifest = json!({
        "version": "1.0",
        "roles": [item(json!({ "name": "Clerk", "slug": "clerk" }))],
        "role_permission_mappings": [item(json!({ "role_slug": "clerk", "permission_slugs": ["dock:berths:read"] })),
            item(json!({ "role_slug": "reader", "permission_slugs": ["dock:berths:write"] }))],
        "user_role_assignments": [item(json!({ "email": "BOB@acme.test", "role_slug": "clerk" }))],
        "user_claim_values": [item(json!({ "email": "bob@acme.test", "claim_slug": "badge", "value": 4 }))],
    });
    let report = import(&mut root, &json!({ "mode": "overwrite", "manifest": manifest })).await;
    assert_eq!(
        (&report["errors"], &report["updated"], &report["skipped"]),
        (&json!([]), &json!([]), &json!([]))
    );
    let expected = [
        ("role", "clerk"),
        ("role_permission_mapping", "clerk→dock:berths:read"),
        ("role_permission_mapping", "reader→dock:berths:write"),
        ("user_role_assignment", "BOB@acme.test→clerk"),
        ("user_claim_value", "BOB@acme.test:badge"),
    ];
    assert_eq!(items(&report, "created"), expected.map(|(kind, slug)| (kind.to_owned(), slug.to_owned())));
    assert_eq!(admins.user("acme", "bob@acme.test").await.email.shown(), "bob@acme.test");
}

async fn a_password_is_hashed_and_works(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let new = ("mia@acme.test", "harbour-Quay-5311");
    let user = |password: &str| {
        json!({ "mode": "overwrite", "manifest": { "version": "1.0",
            "users": [{ "email": new.0, "organization_slug": "acme", "password": password }] } })
    };
    let answer = root.post("/import", &user(new.1)).await;
    expect(&answer, StatusCode::OK);
    assert!(!answer.body.contains(new.1));
    assert!(admins.audit().await.iter().all(|row| !row.metadata.to_string().contains(new.1)));
    // Only a new user gets it.
    import(&mut root, &user("another-Quay-9921")).await;
    token(&admins.app, "acme", new, ("cli", "http://127.0.0.1/cb")).await;
    // It is temporary only if the manifest says so (W-26).
    let email = "noa@acme.test";
    let manifest = json!({ "version": "1.0", "users": [{ "email": email, "organization_slug": "acme",
        "password": new.1, "password_change_required": true }] });
    import(&mut root, &json!({ "mode": "merge", "manifest": manifest })).await;
    assert!(admins.user("acme", email).await.password_change_required);
    assert!(!admins.user("acme", new.0).await.password_change_required);
}

async fn a_new_client_gets_its_secret_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let report = import(&mut root, &json!({ "mode": "merge", "manifest": gamma() })).await;
    let credential = &report["credentials"][0];
    let secret = credential["secretPlaintext"].as_str().unwrap();
    assert_eq!(secret.len(), 64);
    assert!(credential["secretId"].is_string() && credential["secretLabel"] == "first");
    let id = credential["clientId"].as_str().unwrap();
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let (_, client) = unit.client(id).await.unwrap();
    drop(unit);
    assert_eq!((client.client_name.as_str(), client.require_pkce), ("Shop Web", true));
    let rows = admins.audit().await;
    assert!(rows.iter().all(|row| !row.metadata.to_string().contains(secret)));
}

async fn settings_are_typed_and_must_exist(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    // Each after the other; what is set already is not updated.
    for (value, updated, refused) in [
        (json!(1200), 1, 0),
        (json!("20m"), 0, 0),
        (json!("1200"), 0, 0),
        (json!("15m"), 1, 0),
        (json!("soon"), 0, 1),
        (json!(-1), 0, 1),
        (json!([1200]), 0, 1),
        (json!(null), 0, 1),
    ] {
        let config = json!({ "access_token_ttl": value });
        let body = json!({ "mode": "merge", "manifest": { "version": "1.0", "config": config } });
        let report = import(&mut root, &body).await;
        let number = |list: &str| report[list].as_array().unwrap().len();
        assert_eq!((number("updated"), number("errors")), (updated, refused), "{value}");
    }
}

async fn who_may_import(app: TestApp) {
    let admins = Admins::of(app).await;
    let body = json!({ "mode": "merge", "manifest": gamma() });
    for person in [ORGS, USERS, APPS, AUDITOR] {
        let mut admin = admins.sign_in(person).await;
        let answer = refused(&admin.post("/import", &body).await, StatusCode::FORBIDDEN, "Forbidden");
        assert_eq!(
            answer["message"], "Insufficient permissions. Required: admin:import:write",
            "{}",
            person.0
        );
    }
    let answer = admins.bearer("none").post("/import", &body).await;
    refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
    refused(
        &admins.sign_in(ROOT).await.get("/organizations/gamma").await,
        StatusCode::NOT_FOUND,
        "Organization not found: gamma",
    );
}

async fn what_is_no_import_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let manifest = |extra: Value| {
        let mut manifest = json!({ "version": "1.0" });
        for (name, value) in extra.as_object().unwrap() {
            manifest[name] = value.clone();
        }
        json!({ "mode": "merge", "manifest": manifest })
    };
    let user = |extra: Value| {
        let mut user = json!({ "email": "x@acme.test", "organization_slug": "acme" });
        for (name, value) in extra.as_object().unwrap() {
            user[name] = value.clone();
        }
        manifest(json!({ "users": [user] }))
    };
    for (body, text) in [
        (json!({ "manifest": {} }), "Invalid import manifest: missing field `version`"),
        (json!({ "manifest": { "version": "2.0" } }), "Unsupported manifest version: 2.0. Expected: 1.0"),
        (
            manifest(json!({ "organizations": [{ "slug": "x" }] })),
            "Invalid import manifest: organizations[0]: missing field `name`",
        ),
        (
            user(json!({ "profile_url": "javascript:alert(1)" })),
            "Invalid import manifest: users[0].profile_url: use an address that begins with https:// or http://",
        ),
        (
            user(json!({ "password": 12_345_678 })),
            "Invalid import manifest: users[0].password: a secret is a text: put it in quotes",
        ),
        (
            manifest(
                json!({ "organizations": [{ "name": "X", "slug": "xxx", "branding_custom_css": "@import 'x'" }] }),
            ),
            "Invalid import manifest: organizations[0].branding_custom_css: use at most 10,000 characters of a style sheet that neither loads nor runs anything",
        ),
    ] {
        refused(&root.post("/import", &body).await, StatusCode::BAD_REQUEST, text);
    }
    for (body, text) in [
        (user(json!({ "status": "locked" })), "users[0].status: unknown variant `locked`"),
        (user(json!({ "email": 1 })), "users[0].email: invalid type: integer `1`"),
        (
            manifest(json!({ "clients": [{ "client_name": "W", "application_slug": "planner",
                "organization_slug": "acme", "client_type": "secret" }] })),
            "clients[0].client_type: unknown variant `secret`",
        ),
    ] {
        let answer = expect(&root.post("/import", &body).await, StatusCode::BAD_REQUEST);
        let expected = format!("Invalid import manifest: {text}");
        assert!(answer["error"].as_str().unwrap().starts_with(&expected), "{answer}");
    }
    for (body, path) in [
        (json!({}), json!([])),
        (json!({ "mode": "merge" }), json!([])),
        (json!({ "mode": "replace", "manifest": { "version": "1.0" } }), json!(["mode"])),
        (json!({ "dryRun": "yes", "manifest": { "version": "1.0" } }), json!(["dryRun"])),
    ] {
        let answer =
            refused(&root.post("/import", &body).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], path, "{body}");
    }
    let large = json!({ "manifest": { "version": "1.0" }, "pad": "x".repeat(10 * 1024 * 1024) });
    refused(&root.post("/import", &large).await, StatusCode::PAYLOAD_TOO_LARGE, "request entity too large");
    let answer = root.send(Method::GET, "/import", None).await;
    refused(&answer, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    assert_eq!(imports_of_root(&admins).await, 0);
}

async fn a_large_manifest_is_taken(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let pad = "x".repeat(5 * 1024 * 1024);
    let body = json!({ "mode": "merge", "manifest": { "version": "1.0", "pad": pad } });
    let report = import(&mut root, &body).await;
    assert_eq!((&report["created"], &report["applied"]), (&json!([]), &json!(true)));
    // The middleware for repeated requests takes as much.
    let key = (HeaderName::from_static("idempotency-key"), "large");
    expect(&root.send_with(Method::POST, "/import", Some(&body), &[key]).await, StatusCode::OK);
}

async fn an_import_sent_again_with_its_key_is_one(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let key = (HeaderName::from_static("idempotency-key"), "once");
    let body = json!({ "mode": "merge", "manifest": gamma() });
    let first = root.send_with(Method::POST, "/import", Some(&body), std::slice::from_ref(&key)).await;
    expect(&first, StatusCode::OK);
    let again = root.send_with(Method::POST, "/import", Some(&body), &[key]).await;
    assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body), "with the secret");
    assert_eq!(imports_of_root(&admins).await, 1);

    // An answer that is too large to be kept reaches the client all the same.
    let long = "x".repeat(200);
    let users: Vec<Value> = (0..200)
        .map(|n| json!({ "email": format!("{long}-{n}@gamma.test"), "organization_slug": "gamma" }))
        .collect();
    let body = json!({ "mode": "dry-run", "manifest": { "version": "1.0", "users": users } });
    for _ in 0..2 {
        let key = (HeaderName::from_static("idempotency-key"), "wide");
        let answer = root.send_with(Method::POST, "/import", Some(&body), &[key]).await;
        let report = expect(&answer, StatusCode::OK);
        assert!(answer.body.len() > 64 * 1024);
        assert_eq!(report["created"].as_array().unwrap().len(), 200);
    }
}

/// The fixture was imported by others.
async fn imports_of_root(admins: &Admins) -> usize {
    let rows = admins.audit().await;
    let is_one =
        |row: &&AuditEvent| row.event_type == "admin.import" && row.actor_label.as_deref() == Some(ROOT.0);
    rows.iter().filter(is_one).count()
}

/// Client names are not unique in the database, so runs wait for each other.
async fn imports_at_once_make_everything_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let token = admins.sign_in(ROOT).await.token;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let mut root = admins.bearer(&token);
        tasks.spawn(async move { import(&mut root, &json!({ "mode": "merge", "manifest": gamma() })).await });
    }
    let reports = tasks.join_all().await;
    let made: Vec<usize> = reports.iter().map(|report| report["created"].as_array().unwrap().len()).collect();
    assert_eq!(made.iter().sum::<usize>(), 11, "{made:?}");
    assert!(reports.iter().all(|report| report["errors"] == json!([]) && report["applied"] == true));
    let secrets = reports.iter().filter(|report| report["credentials"][0].get("secretPlaintext").is_some());
    assert_eq!(secrets.count(), 1);
}
