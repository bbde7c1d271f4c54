//! How pages and mails look with a branding that is not saved.

use axum::http::{HeaderName, Method, StatusCode};
use porta_testkit::{ADMIN_ORIGIN, Answer, TestApp};
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    a_page_is_shown_with_what_is_not_saved,
    every_page_and_mail_can_be_shown,
    a_page_may_do_nothing_in_its_frame,
    a_repeated_answer_has_the_same_policy,
    what_could_not_be_saved_is_not_shown,
    previews_are_for_whoever_may_change_the_branding,
);

const PREVIEW: &str = "/organizations/acme/branding/preview";
const PAGES: [&str; 8] = [
    "login",
    "login_password",
    "login_magic_link",
    "consent",
    "error",
    "invitation_mail",
    "magic_link_mail",
    "password_reset_mail",
];

fn html(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    &answer.body
}

async fn a_page_is_shown_with_what_is_not_saved(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let saved = json!({ "companyName": "Saved Ltd", "primaryColor": "#445566" });
    expect(&orgs.put("/organizations/acme/branding", &saved).await, StatusCode::OK);
    let read = async |orgs: &mut Admin| {
        expect(&orgs.get("/organizations/acme/branding").await, StatusCode::OK)["data"].clone()
    };
    let (before, rows) = (read(&mut orgs).await, admins.audit().await);

    let answer = orgs.post(PREVIEW, &json!({ "page": "login" })).await;
    assert!(html(&answer).contains("Saved Ltd"));
    let branding = json!({ "companyName": "Draft Ltd", "logoUrl": "https://cdn.test/draft.svg" });
    let body = json!({ "page": "login", "branding": branding, "locale": "de" });
    let answer = orgs.post(PREVIEW, &body).await;
    let page = html(&answer);
    assert!(page.contains("Draft Ltd") && page.contains("https://cdn.test/draft.svg"), "{page}");
    assert!(!page.contains("Saved Ltd"), "{page}");
    assert_eq!(answer.header("content-language"), Some("de"));
    // `null` shows how it looks without.
    let body = json!({ "page": "login", "branding": { "companyName": null } });
    let answer = orgs.post(PREVIEW, &body).await;
    assert!(html(&answer).contains("Acme") && !answer.body.contains("Saved Ltd"));

    assert_eq!(read(&mut orgs).await, before, "nothing is saved");
    assert_eq!(admins.audit().await, rows, "and nothing is recorded");
}

async fn every_page_and_mail_can_be_shown(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let mut seen = std::collections::BTreeSet::new();
    for page in PAGES {
        for locale in ["en", "fr"] {
            let branding = json!({ "companyName": "Draft Ltd" });
            let body = json!({ "page": page, "branding": branding, "locale": locale });
            let answer = orgs.post(PREVIEW, &body).await;
            assert!(html(&answer).contains("Draft Ltd"), "{page}");
            assert!(seen.insert(answer.body.clone()), "{page} {locale} looks like another");
        }
    }
}

async fn a_page_may_do_nothing_in_its_frame(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let frames = format!("frame-ancestors 'self' {ADMIN_ORIGIN}");
    for page in PAGES {
        let answer = orgs.post(PREVIEW, &json!({ "page": page })).await;
        html(&answer);
        let policy = answer.header("content-security-policy").unwrap();
        let directives: Vec<&str> = policy.split("; ").collect();
        for directive in ["default-src 'none'", "sandbox", "base-uri 'none'", frames.as_str()] {
            assert!(directives.contains(&directive), "{page} {directive}: {policy}");
        }
        assert!(!policy.contains("script-src"), "{page}: {policy}");
        assert_eq!(policy.contains("unsafe-inline"), page.ends_with("_mail"), "{page}: {policy}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
}

async fn a_repeated_answer_has_the_same_policy(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let key = (HeaderName::from_static("idempotency-key"), "preview-1");
    let body = json!({ "page": "login" });
    let mut answers = Vec::new();
    for _ in 0..2 {
        answers.push(orgs.send_with(Method::POST, PREVIEW, Some(&body), std::slice::from_ref(&key)).await);
    }
    let policy = |answer: &Answer| answer.header("content-security-policy").map(str::to_owned);
    assert!(policy(&answers[0]).unwrap().contains("sandbox"));
    assert_eq!(policy(&answers[1]), policy(&answers[0]));
    assert_eq!(html(&answers[1]), html(&answers[0]));
}

async fn what_could_not_be_saved_is_not_shown(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    for (field, value) in [
        ("logoUrl", json!("javascript:alert(1)")),
        ("faviconUrl", json!("/icon.ico")),
        ("primaryColor", json!("red")),
        ("companyName", json!("x".repeat(256))),
        ("customCss", json!("@import url(https://evil.test)")),
    ] {
        let branding = json!({ field: value });
        let saved = orgs.put("/organizations/acme/branding", &branding).await;
        let saved = refused(&saved, StatusCode::BAD_REQUEST, "Validation failed");
        let answer = orgs.post(PREVIEW, &json!({ "page": "login", "branding": branding })).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!(["branding", field]), "{field}");
        assert_eq!(body["details"][0]["message"], saved["details"][0]["message"], "{field}");
    }
    for (field, body) in [
        ("page", json!({ "page": "account" })),
        ("page", json!({ "page": "" })),
        ("locale", json!({ "page": "login", "locale": "tlh" })),
        ("locale", json!({ "page": "login", "locale": "de-DE" })),
        ("page", json!({ "page": 7 })),
    ] {
        let body = refused(&orgs.post(PREVIEW, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{body}");
    }
    expect(&orgs.post(PREVIEW, &json!({})).await, StatusCode::BAD_REQUEST);
    let answer = orgs.post("/organizations/nowhere/branding/preview", &json!({ "page": "login" })).await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: nowhere");
}

async fn previews_are_for_whoever_may_change_the_branding(app: TestApp) {
    let admins = Admins::of(app).await;
    let body: Value = json!({ "page": "login" });
    for person in [ROOT, ORGS] {
        html(&admins.sign_in(person).await.post(PREVIEW, &body).await);
    }
    for person in [USERS, APPS, AUDITOR, HELPER, WIKI] {
        let answer = admins.sign_in(person).await.post(PREVIEW, &body).await;
        refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
    }
    let answer = admins.bearer("none").post(PREVIEW, &body).await;
    refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
}
