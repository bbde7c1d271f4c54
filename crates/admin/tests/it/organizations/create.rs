//! Creating organizations.

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    an_organization_is_created_with_everything_that_was_sent,
    an_organization_needs_no_more_than_a_name,
    what_an_operation_does_not_offer_is_ignored,
    what_breaks_a_rule_is_refused_and_nothing_is_stored,
    a_taken_slug_is_a_conflict,
    a_slug_is_judged_before,
    a_slug_may_look_like_an_id,
    one_of_many_creations_of_one_slug_wins,
    each_role_may_do_what_it_is_for,
);

const LIST: &str = "/organizations";

async fn an_organization_is_created_with_everything_that_was_sent(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let new = json!({
        "name": " Harbor & Sons ", "slug": "harbor", "defaultLocale": "pt-BR",
        "defaultLoginMethods": ["magic_link", "password", "magic_link"],
        "branding": {
            "logoUrl": "https://cdn.test/logo.svg", "faviconUrl": "http://cdn.test/icon.ico",
            "primaryColor": "#0a7B3c", "companyName": "Harbor (חיפה)", "customCss": ".container { border: 0 }",
        },
    });
    let answer = orgs.post(LIST, &new).await;
    let data = expect(&answer, StatusCode::CREATED)["data"].clone();
    for (field, value) in [
        ("name", json!("Harbor & Sons")),
        ("slug", json!("harbor")),
        ("status", json!("active")),
        ("isSuperAdmin", json!(false)),
        ("brandingLogoUrl", json!("https://cdn.test/logo.svg")),
        ("brandingFaviconUrl", json!("http://cdn.test/icon.ico")),
        ("brandingPrimaryColor", json!("#0a7B3c")),
        ("brandingCompanyName", json!("Harbor (חיפה)")),
        ("brandingCustomCss", json!(".container { border: 0 }")),
        ("defaultLocale", json!("pt-BR")),
        ("twoFactorPolicy", json!("optional")),
        ("defaultLoginMethods", json!(["magic_link", "password"])),
    ] {
        assert_eq!(data[field], value, "{field}");
    }
    assert_eq!(data.as_object().unwrap().len(), 15);
    assert_eq!(data["createdAt"], data["updatedAt"]);
    assert!(data["createdAt"].as_str().unwrap().ends_with('Z'));

    // By id and by slug.
    for name in [data["id"].as_str().unwrap(), "harbor"] {
        let read = orgs.get(&format!("{LIST}/{name}")).await;
        assert_eq!(read.header("etag"), answer.header("etag"));
        assert_eq!(expect(&read, StatusCode::OK)["data"], data);
    }

    let row = admins.newest("org.created").await;
    assert_eq!(
        (row.actor_label.as_deref(), row.organization_label.as_deref()),
        (Some(ORGS.0), Some("harbor"))
    );
    assert_eq!((&row.metadata["slug"], &row.metadata["name"]), (&json!("harbor"), &json!("Harbor & Sons")));
    assert_eq!(row.metadata["defaultLoginMethods"], json!(["magic_link", "password"]));
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));
    assert_eq!(row.ip_address.as_deref(), Some("127.0.0.1"));

    // It is there for its people at once.
    admins.app.wait_for_notices().await;
    let mut browser = admins.app.browser();
    assert_eq!(browser.get("/harbor/.well-known/openid-configuration").await.status, StatusCode::OK);
    assert!(!browser.get("/harbor/jwks").await.json()["keys"].as_array().unwrap().is_empty());
}

async fn an_organization_needs_no_more_than_a_name(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let data = expect(&root.post(LIST, &json!({ "name": "Quay 9 – Ltd." })).await, StatusCode::CREATED);
    let data = &data["data"];
    assert_eq!((&data["slug"], &data["defaultLocale"]), (&json!("quay-9-ltd"), &json!("en")));
    assert_eq!(data["defaultLoginMethods"], json!(["password", "magic_link"]));
    assert_eq!((&data["brandingLogoUrl"], &data["brandingCustomCss"]), (&Value::Null, &Value::Null));
}

/// Mass assignment.
async fn what_an_operation_does_not_offer_is_ignored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = "00000000-0000-4000-8000-000000000001";
    let new = json!({
        "name": "Harbor", "id": id, "status": "archived", "isSuperAdmin": true,
        "twoFactorPolicy": "required_totp", "createdAt": "2000-01-01T00:00:00Z", "version": 9,
        "brandingLogoUrl": "https://cdn.test/", "branding": null,
    });
    let data = expect(&root.post(LIST, &new).await, StatusCode::CREATED)["data"].clone();
    assert_eq!((&data["status"], &data["isSuperAdmin"]), (&json!("active"), &json!(false)));
    assert_eq!((&data["twoFactorPolicy"], &data["brandingLogoUrl"]), (&json!("optional"), &Value::Null));
    assert_ne!(data["id"], id);
}

async fn what_breaks_a_rule_is_refused_and_nothing_is_stored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let with = |field: &str, value: Value| {
        let mut body = json!({ "name": "Harbor", "slug": "harbor" });
        body[field] = value;
        body
    };
    let branded = |field: &str, value: Value| with("branding", json!({ field: value }));
    let long = |n: usize| json!("x".repeat(n));
    for (path, body) in [
        (json!(["name"]), with("name", json!(""))),
        (json!(["name"]), with("name", json!(" \n "))),
        (json!(["name"]), with("name", long(256))),
        (json!(["name"]), with("name", json!("Har\u{202e}bor"))),
        (json!(["name"]), with("name", json!("Har\u{0}bor"))),
        (json!(["name"]), with("name", json!(1))),
        (json!(["slug"]), with("slug", json!("ab"))),
        (json!(["slug"]), with("slug", long(101))),
        (json!(["slug"]), with("slug", json!("Harbor"))),
        (json!(["slug"]), with("slug", json!("-harbor"))),
        (json!(["slug"]), with("slug", json!("admin"))),
        (json!(["slug"]), with("slug", json!("validate-slug"))),
        (json!(["slug"]), json!({ "name": "東京" })),
        (json!(["defaultLocale"]), with("defaultLocale", json!("english"))),
        (json!(["defaultLoginMethods"]), with("defaultLoginMethods", json!([]))),
        (json!(["defaultLoginMethods", "1"]), with("defaultLoginMethods", json!(["password", "sms"]))),
        (json!(["branding", "logoUrl"]), branded("logoUrl", json!("javascript:alert(1)"))),
        (json!(["branding", "logoUrl"]), branded("logoUrl", json!("https://cdn.test/\u{0}"))),
        (json!(["branding", "faviconUrl"]), branded("faviconUrl", json!("data:image/png;base64,AA=="))),
        (json!(["branding", "primaryColor"]), branded("primaryColor", json!("red"))),
        (json!(["branding", "companyName"]), branded("companyName", json!("a\nb"))),
        (json!(["branding", "companyName"]), branded("companyName", long(256))),
        (json!(["branding", "customCss"]), branded("customCss", json!("@import url(https://x.test)"))),
        (
            json!(["branding", "customCss"]),
            branded("customCss", json!("a { background: url(https://x.test) }")),
        ),
        (json!(["branding", "customCss"]), branded("customCss", json!("</style><script>"))),
        (json!(["branding", "customCss"]), branded("customCss", long(10_001))),
    ] {
        let answer = refused(&root.post(LIST, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], path, "{body}: {answer}");
        assert!(!answer["details"][0]["message"].as_str().unwrap().is_empty());
    }
    let missing = refused(&root.post(LIST, &json!({})).await, StatusCode::BAD_REQUEST, "Validation failed");
    assert!(missing.to_string().contains("missing field `name`"), "{missing}");
    assert_eq!(expect(&root.get(LIST).await, StatusCode::OK)["total"], 3);
    assert!(admins.audit().await.iter().all(|row| row.metadata["slug"] != "harbor"));
}

async fn a_taken_slug_is_a_conflict(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for taken in ["acme", "porta-admin"] {
        let answer = root.post(LIST, &json!({ "name": "Other", "slug": taken })).await;
        refused(&answer, StatusCode::CONFLICT, &format!("Organization `{taken}` is already taken"));
    }
    let answer = root.post(LIST, &json!({ "name": "Acme" })).await;
    refused(&answer, StatusCode::CONFLICT, "Organization `acme` is already taken");
}

async fn a_slug_is_judged_before(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    for (slug, problem) in [
        ("harbor", None),
        ("acme", Some("already in use")),
        ("ab", Some("3 to 100 characters")),
        ("Acme", Some("3 to 100 characters")),
        ("admin", Some("reserved")),
        // Otherwise its pages would be at the address of this API (W-06).
        ("api", Some("reserved")),
        ("%00%00%00", Some("3 to 100 characters")),
    ] {
        let body =
            expect(&auditor.get(&format!("/organizations/validate-slug?slug={slug}")).await, StatusCode::OK);
        let is_valid = json!(problem.is_none());
        assert_eq!((&body["isValid"], &body["available"]), (&is_valid, &is_valid), "{body}");
        assert_eq!(body.get("error").is_some(), problem.is_some(), "{body}");
        let error = body["error"].as_str().unwrap_or_default();
        assert!(error.contains(problem.unwrap_or_default()), "{body}");
        assert_eq!(body.get("data"), None, "there is no envelope");
    }
    let body = expect(&auditor.get("/organizations/validate-slug?slug=harbor").await, StatusCode::OK);
    assert_eq!(body, json!({ "isValid": true, "available": true, "slug": "harbor" }));
    for query in ["", "?slug=", "?slug=a&slug=b"] {
        let answer = auditor.get(&format!("/organizations/validate-slug{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!(["slug"]), "{query}");
    }
}

/// An id is meant first.
async fn a_slug_may_look_like_an_id(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let acme = admins.organization("acme").await.id.to_string();
    for (slug, found) in [("0197b1a0-0000-7000-8000-000000000001", "numbers"), (acme.as_str(), "Acme")] {
        let new = json!({ "name": "numbers", "slug": slug });
        expect(&root.post(LIST, &new).await, StatusCode::CREATED);
        let data = expect(&root.get(&format!("{LIST}/{slug}")).await, StatusCode::OK)["data"].clone();
        assert_eq!(data["name"], found, "{slug}");
        expect(&root.put(&format!("{LIST}/{slug}"), &json!({ "defaultLocale": "nl" })).await, StatusCode::OK);
        let read = expect(&root.get(&format!("{LIST}/{slug}")).await, StatusCode::OK);
        assert_eq!((&read["data"]["id"], &read["data"]["defaultLocale"]), (&data["id"], &json!("nl")));
    }
}

async fn one_of_many_creations_of_one_slug_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let create = |_| (Method::POST, LIST.to_owned(), json!({ "name": "Harbor" }), None);
    let statuses = at_once(&admins, 16, create).await;
    assert_eq!(count(&statuses, StatusCode::CREATED), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::CONFLICT), 15, "{statuses:?}");
    let rows = admins.audit().await;
    let created =
        rows.iter().filter(|row| row.event_type == "org.created" && row.metadata["slug"] == "harbor");
    assert_eq!(created.count(), 1);
}

async fn each_role_may_do_what_it_is_for(app: TestApp) {
    let admins = Admins::of(app).await;
    for (person, reads, writes) in
        [(USERS, false, false), (APPS, false, false), (AUDITOR, true, false), (ORGS, true, true)]
    {
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool, status| if may { status } else { StatusCode::FORBIDDEN };
        for path in ["", "/validate-slug?slug=harbor", "/acme", "/acme/branding", "/acme?x=1"] {
            expect(&admin.get(&format!("{LIST}{path}")).await, status(reads, StatusCode::OK));
        }
        let answer = admin.get("/organizations/acme/branding/logo").await;
        expect(&answer, status(reads, StatusCode::NOT_FOUND));
        let answer = admin.post(LIST, &json!({ "name": "Harbor" })).await;
        expect(&answer, status(writes, StatusCode::CREATED));
        let answer = admin.put("/organizations/acme", &json!({ "name": person.0 })).await;
        expect(&answer, status(writes, StatusCode::OK));
        let answer = admin.put("/organizations/acme/branding", &json!({ "companyName": person.0 })).await;
        expect(&answer, status(writes, StatusCode::OK));
        for action in ["suspend", "activate", "archive", "restore"] {
            let answer = admin.post(&format!("/organizations/beta/{action}"), &json!({})).await;
            expect(&answer, status(writes, StatusCode::NO_CONTENT));
        }
        let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>";
        let answer =
            admin.send_body(Method::PUT, "/organizations/beta/branding/logo", drawing.into(), &[]).await;
        expect(&answer, status(writes, StatusCode::OK));
        let answer = admin.delete("/organizations/beta/branding/logo").await;
        expect(&answer, status(writes, StatusCode::NO_CONTENT));
        for query in ["?dry-run=true", ""] {
            let answer = admin.delete(&format!("/organizations/beta{query}")).await;
            expect(&answer, status(writes, StatusCode::OK));
        }
    }
    let mut auditor = admins.sign_in(AUDITOR).await;
    for (answer, permission) in [
        (auditor.post(LIST, &json!({ "name": "X" })).await, "admin:org:create"),
        (auditor.post("/organizations/acme/suspend", &json!({})).await, "admin:org:suspend"),
        (auditor.delete("/organizations/acme").await, "admin:org:archive"),
        (auditor.put("/organizations/acme", &json!({})).await, "admin:org:update"),
    ] {
        let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
        assert_eq!(body["message"], format!("Insufficient permissions. Required: {permission}"));
    }
}
