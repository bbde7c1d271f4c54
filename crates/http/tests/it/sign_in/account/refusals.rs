//! Forged forms, and too many forms.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use porta_core::settings::RATE_LIMIT_ACCOUNT_MAX;
use porta_testkit::{TestApp, on_both_stores};

use super::*;

on_both_stores!(
    a_form_without_our_value_does_nothing,
    the_value_of_another_session_is_not_ours,
    a_form_of_another_site_does_nothing,
    malformed_forms_are_refused,
    changes_are_limited,
    what_a_page_says_is_not_in_anybodys_hand,
);

const FORMS: [(&str, &[(&str, &str)]); 9] = [
    (
        "/password",
        &[("currentPassword", ANA.1), ("password", "brisk-Walnut-1"), ("confirmPassword", "brisk-Walnut-1")],
    ),
    ("/two-factor", &[("action", "enable"), ("method", "email")]),
    ("/two-factor/setup", &[("code", "123456")]),
    ("/two-factor/resend", &[]),
    ("/two-factor/cancel", &[]),
    ("/two-factor/codes", &[]),
    ("/sessions", &[("session", "others")]),
    ("/applications", &[("application", "x")]),
    ("/data", &[]),
];

async fn a_form_without_our_value_does_nothing(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let csrf = account.csrf().await;
    let upper = csrf.to_uppercase();
    for (path, fields) in FORMS {
        for value in [None, Some(""), Some("x"), Some(&csrf[..csrf.len() - 1]), Some(upper.as_str())] {
            let mut fields = fields.to_vec();
            fields.extend(value.map(|value| ("_csrf", value)));
            let url = account.url(path);
            let answer = account.browser.post(&url, &fields).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path} {value:?}");
            let page = account.browser.follow(answer).await;
            let is_said = page.body.contains("out of date") || path.starts_with("/two-factor/");
            assert!(is_said, "{path} {value:?}: {}", page.body);
        }
    }
    let changes = ["user.password.changed", "user.sessions.revoked", "user.data.exported", "2fa.otp.sent"];
    for what in changes {
        assert_eq!(audited(&app, what).await, 0, "{what}");
    }
}

async fn the_value_of_another_session_is_not_ours(app: TestApp) {
    let foreign = [
        Account::open(&app, "acme", BOB).await.csrf().await,
        Account::open(&app, "beta", ANA_OF_BETA).await.csrf().await,
        Account::of_ana(&app).await.csrf().await,
    ];
    let mut account = Account::of_ana(&app).await;
    let url = account.url("/data");
    for csrf in foreign {
        let answer = account.browser.post(&url, &[("_csrf", &csrf)]).await;
        assert!(leads_to(&answer, "/data"), "no file");
    }
}

async fn a_form_of_another_site_does_nothing(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let csrf = account.csrf().await;
    for (path, fields) in FORMS {
        let mut fields = fields.to_vec();
        fields.push(("_csrf", &csrf));
        let url = account.url(path);
        assert!(asks_to_sign_in(&account.clone().browser.cross_site_post(&url, &fields).await), "{path}");
    }
}

async fn malformed_forms_are_refused(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let csrf = account.csrf().await;
    for (path, fields) in FORMS {
        let url = account.url(path);
        let mut twice = fields.to_vec();
        twice.extend([("_csrf", csrf.as_str()), ("_csrf", csrf.as_str())]);
        assert_eq!(account.browser.post(&url, &twice).await.status, StatusCode::BAD_REQUEST, "{path}: twice");
        let long = "x".repeat(60 * 1024);
        let fields = [("_csrf", csrf.as_str()), ("password", &long)];
        assert_eq!(account.browser.post(&url, &fields).await.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        for (media, body) in [
            ("application/json", &b"{}"[..]),
            ("application/x-www-form-urlencoded", b"_csrf=%00"),
            ("application/x-www-form-urlencoded", b"_csrf=%ff%fe"),
            ("application/x-www-form-urlencoded", b"_csrf=%zz"),
        ] {
            let headers = [(header::CONTENT_TYPE, media)];
            let answer = account.browser.send(Method::POST, &url, &headers, Body::from(body.to_vec())).await;
            assert!(
                answer.status.is_client_error() || answer.status == 303,
                "{path} {media}: {}",
                answer.status
            );
            assert!(!answer.body.contains("auditLog"));
        }
    }
    assert_eq!(account.get("").await.status, 200);
}

async fn changes_are_limited(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_ACCOUNT_MAX, 2).await;
    let mut account = Account::of_ana(&app).await;
    for _ in 0..2 {
        assert_eq!(account.post("/data", &[]).await.status, StatusCode::OK);
    }
    let limited = account.post("/data", &[]).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(limited.header("retry-after").is_some());
    let mut again = Account::of_ana(&app).await;
    assert_eq!(
        again.post("/data", &[]).await.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the person, not the session"
    );
    assert_eq!(account.get("/sessions").await.status, StatusCode::OK, "looking is not limited");
    let mut bob = Account::open(&app, "acme", BOB).await;
    assert_eq!(bob.post("/data", &[]).await.status, StatusCode::OK);
}

async fn what_a_page_says_is_not_in_anybodys_hand(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    account.browser.plant("_said", "password_changed", "/acme/account");
    assert!(!account.get("").await.body.contains("Your password is changed"), "unsigned");
    assert!(!account.get("?said=password_changed").await.body.contains("Your password is changed"));
}
