//! Audit rows of sign-ins: one row per outcome, with address and user agent.

use std::time::Duration;

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::settings::{MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_MAX};
use porta_core::user::UserStatus;
use porta_testkit::{TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    a_sign_in_leaves_one_row_with_address_and_agent,
    a_failure_names_the_person_only_when_there_is_one,
    a_refused_status_leaves_a_row_too,
    a_lock_leaves_a_row_of_its_own,
    a_lock_that_is_lifted_leaves_a_row_of_its_own,
    a_wrong_password_after_a_lock_lifts_it_with_a_row_too,
    a_wrong_password_tells_how_many_there_were,
    a_limit_leaves_one_row_per_address_and_window,
    a_refused_method_leaves_one_row_per_address_and_window,
    a_forged_forwarded_header_is_not_the_address,
    an_agent_is_cut_and_cleaned,
    no_row_carries_what_was_typed,
    consent_and_refusal_leave_rows,
    a_refusal_inside_a_session_names_the_person,
    a_cancelled_sign_in_is_no_refused_consent,
    a_sign_out_leaves_a_row,
);

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) Test/1.0";

async fn attempt(app: &TestApp, email: &str, password: &str) {
    // Rows with equal timestamps have no defined order.
    app.advance(Duration::from_millis(1));
    let mut browser =
        app.browser().with("x-forwarded-for", "203.0.113.9, 198.51.100.7").with("user-agent", AGENT);
    browser.submit_login(&web(), email, password).await;
}

async fn newest(app: &TestApp) -> AuditEvent {
    audit(app, 1).await.remove(0)
}

fn assert_origin(event: &AuditEvent) {
    assert_eq!(event.ip_address.as_deref(), Some("198.51.100.7"));
    assert_eq!(event.user_agent.as_deref(), Some(AGENT));
    assert_eq!(event.organization_label.as_deref(), Some("acme"));
}

async fn a_sign_in_leaves_one_row_with_address_and_agent(app: TestApp) {
    attempt(&app, ANA.0, ANA.1).await;
    let event = newest(&app).await;
    let ana = user(&app, "acme", ANA.0).await;
    assert_eq!(event.event_type, "user.login.password");
    assert_eq!(event.category, AuditCategory::Authentication);
    assert_eq!((event.user_id, event.actor_id), (Some(ana.id), Some(ana.id)));
    assert_eq!(event.created_at, app.now());
    assert_origin(&event);
    assert_eq!(audited(&app, "user.login.password").await, 1);
    assert_eq!((ana.login_count, ana.last_login_at), (1, Some(app.now())));
}

async fn a_failure_names_the_person_only_when_there_is_one(app: TestApp) {
    attempt(&app, ANA.0, WRONG).await;
    let event = newest(&app).await;
    assert_eq!(event.event_type, "user.login.password.failed");
    assert_eq!(event.category, AuditCategory::Security);
    assert_eq!(event.user_id, Some(user(&app, "acme", ANA.0).await.id));
    assert_eq!(event.actor_id, None, "who typed it is unknown");
    assert_origin(&event);
    attempt(&app, NOBODY, WRONG).await;
    let event = newest(&app).await;
    assert_eq!((event.event_type.as_str(), event.user_id), ("user.login.password.failed", None));
    assert_origin(&event);
    assert_eq!(audited(&app, "user.login.password.failed").await, 2);
}

async fn a_refused_status_leaves_a_row_too(app: TestApp) {
    attempt(&app, INACTIVE.0, INACTIVE.1).await;
    let event = newest(&app).await;
    assert_eq!(event.event_type, "user.login.password.failed");
    assert_eq!(event.user_id, Some(user(&app, "acme", INACTIVE.0).await.id));
    assert_origin(&event);
    assert_eq!(audited(&app, "user.login.password").await, 0);
}

async fn a_lock_leaves_a_row_of_its_own(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 1).await;
    attempt(&app, ANA.0, WRONG).await;
    let rows = audit(&app, 2).await;
    let mut names: Vec<&str> = rows.iter().map(|e| e.event_type.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["user.auto_locked", "user.login.password.failed"]);
    let ana = user(&app, "acme", ANA.0).await;
    assert_eq!(ana.status, UserStatus::Locked);
    for row in &rows {
        assert_eq!(row.user_id, Some(ana.id));
        assert_origin(row);
    }
}

async fn a_lock_that_is_lifted_leaves_a_row_of_its_own(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 1).await;
    attempt(&app, ANA.0, WRONG).await;
    app.advance(Duration::from_mins(15));
    attempt(&app, ANA.0, ANA.1).await;
    let rows = audit(&app, 2).await;
    let mut names: Vec<&str> = rows.iter().map(|e| e.event_type.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["user.auto_unlocked", "user.login.password"]);
    for row in &rows {
        assert_eq!(row.user_id, Some(user(&app, "acme", ANA.0).await.id));
        assert_origin(row);
    }
    attempt(&app, ANA.0, ANA.1).await;
    assert_eq!(audited(&app, "user.auto_unlocked").await, 1);
}

async fn a_wrong_password_after_a_lock_lifts_it_with_a_row_too(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 2).await;
    attempt(&app, ANA.0, WRONG).await;
    attempt(&app, ANA.0, WRONG).await;
    assert_eq!(audited(&app, "user.auto_unlocked").await, 0);
    app.advance(Duration::from_mins(15));
    attempt(&app, ANA.0, WRONG).await;
    let ana = user(&app, "acme", ANA.0).await;
    assert_eq!(ana.status, UserStatus::Active);
    let rows = audit(&app, 2).await;
    for event_type in ["user.auto_unlocked", "user.login.password.failed"] {
        let row = rows.iter().find(|e| e.event_type == event_type).unwrap();
        assert_eq!((row.category, row.user_id), (AuditCategory::Security, Some(ana.id)));
        assert_origin(row);
    }
    attempt(&app, ANA.0, ANA.1).await;
    assert_eq!(audited(&app, "user.auto_unlocked").await, 1);
}

async fn a_wrong_password_tells_how_many_there_were(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 2).await;
    for (failed_count, auto_locked) in [(1, false), (2, true), (3, false)] {
        attempt(&app, ANA.0, WRONG).await;
        let rows = audit(&app, 2).await;
        let row = rows.iter().find(|e| e.event_type == "user.login.password.failed").unwrap();
        let expected = serde_json::json!({ "failedCount": failed_count, "autoLocked": auto_locked });
        assert_eq!(row.metadata, expected);
    }
    let rows = audit(&app, 1_000).await;
    let locked = rows.iter().find(|e| e.event_type == "user.auto_locked").unwrap();
    assert_eq!(locked.metadata, serde_json::json!({ "failedCount": 2, "threshold": 2 }));
    attempt(&app, NOBODY, WRONG).await;
    assert_eq!(newest(&app).await.metadata, serde_json::json!({}), "nobody has no count");
}

async fn a_limit_leaves_one_row_per_address_and_window(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 1).await;
    attempt(&app, ANA.0, WRONG).await;
    for email in [ANA.0, ANA.0, BOB.0, BOB.0, NOBODY, NOBODY] {
        attempt(&app, email, WRONG).await;
    }
    let rows = audit(&app, 1_000).await;
    let limited: Vec<_> = rows.iter().filter(|e| e.event_type == "rate_limit.login").collect();
    assert_eq!(limited.len(), 1, "whoever floods the sign-in does not flood the log");
    assert_eq!((limited[0].category, limited[0].user_id), (AuditCategory::Security, None));
    assert_origin(limited[0]);
    for _ in 0..2 {
        guess_from(&app, "203.0.113.1", ANA.0, WRONG).await;
    }
    assert_eq!(audited(&app, "rate_limit.login").await, 2, "another address, another row");
}

async fn a_refused_method_leaves_one_row_per_address_and_window(app: TestApp) {
    let mut browser = app.browser().with("x-forwarded-for", "198.51.100.7").with("user-agent", AGENT);
    let form = open(&mut browser, &web()).await;
    // The login method is switched to links after the page was shown.
    app.provision_overwriting(
        "version: \"1.0\"\norganizations:\n  - name: Acme\n    slug: acme\n    default_login_methods: [magic_link]\n",
    )
    .await;
    app.wait_for_notices().await;
    for password in [ANA.1, WRONG, ANA.1] {
        let answer = form.login(&mut browser, ANA.0, password).await;
        assert!(answer.body.contains("This way of signing in is not available here"), "{}", answer.body);
    }
    let rows = audit(&app, 1_000).await;
    let refused: Vec<_> = rows.iter().filter(|e| e.event_type == "security.login_method_disabled").collect();
    assert_eq!(refused.len(), 1);
    assert_origin(refused[0]);
    let metadata = serde_json::json!({
        "clientId": "web", "attemptedMethod": "password", "effectiveMethods": ["magic_link"],
    });
    assert_eq!(refused[0].metadata, metadata);
}

async fn a_forged_forwarded_header_is_not_the_address(app: TestApp) {
    app.advance(Duration::from_millis(1));
    let direct = app.sibling_with(|i| i.trusted_proxies = porta_web::client_address::TrustedProxies::Never);
    let mut browser = direct.browser().with("x-forwarded-for", "203.0.113.9").with("user-agent", AGENT);
    browser.submit_login(&web(), ANA.0, WRONG).await;
    assert_eq!(newest(&app).await.ip_address.as_deref(), Some("127.0.0.1"));
}

async fn an_agent_is_cut_and_cleaned(app: TestApp) {
    app.advance(Duration::from_millis(1));
    let long = format!("agent\t{}", "x".repeat(5_000));
    let mut browser = app.browser().with("user-agent", &long);
    browser.submit_login(&web(), ANA.0, WRONG).await;
    let agent = newest(&app).await.user_agent.unwrap();
    assert_eq!(agent.chars().count(), 512);
    assert!(agent.starts_with("agentxxx"), "no control characters: {agent}");
}

async fn no_row_carries_what_was_typed(app: TestApp) {
    attempt(&app, "secret-typed-here@acme.test", "hush-hush-1234").await;
    attempt(&app, ANA.0, "hush-hush-1234").await;
    for row in audit(&app, 1_000).await {
        let text = format!("{row:?}");
        assert!(!text.contains("hush-hush") && !text.contains("secret-typed-here"), "{text}");
    }
}

async fn consent_and_refusal_leave_rows(app: TestApp) {
    let ana = user(&app, "acme", ANA.0).await.id;
    for (decision, event_type) in [("deny", "user.consent.denied"), ("approve", "user.consent.granted")] {
        let mut browser = app.browser().with("x-forwarded-for", "198.51.100.7").with("user-agent", AGENT);
        let login = browser.submit_login(&partner(), ANA.0, ANA.1).await;
        let resumed = browser.get(login.location()).await;
        let form = Form::at(&mut browser, resumed).await;
        app.advance(Duration::from_millis(1));
        let decided = form.decide(&mut browser, decision).await;
        browser.follow(decided).await;
        let event = newest(&app).await;
        assert_eq!(event.event_type, event_type);
        assert_eq!(event.user_id, Some(ana));
        assert_eq!(event.metadata["clientId"], "partner");
        assert_origin(&event);
    }
}

async fn a_refusal_inside_a_session_names_the_person(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let form = open(&mut browser, &partner()).await;
    app.advance(Duration::from_millis(1));
    let aborted = form.abort(&mut browser).await;
    browser.follow(aborted).await;
    let event = newest(&app).await;
    let ana = user(&app, "acme", ANA.0).await.id;
    assert_eq!((event.event_type.as_str(), event.user_id), ("user.consent.denied", Some(ana)));
}

/// Cancelling before the sign-in is not audited as refused consent: nobody was asked for consent.
async fn a_cancelled_sign_in_is_no_refused_consent(app: TestApp) {
    // One row per network and window.
    for (signed_in, address) in [(true, "198.51.100.8"), (false, "198.51.100.7")] {
        let mut browser = app.browser().with("x-forwarded-for", address).with("user-agent", AGENT);
        if signed_in {
            browser.sign_in(&web(), ANA.0, ANA.1).await;
        }
        let form = open(&mut browser, &partner().with("prompt", "login")).await;
        app.advance(Duration::from_millis(1));
        let aborted = form.abort(&mut browser).await;
        browser.follow(aborted).await;
        let event = newest(&app).await;
        assert_eq!(event.event_type, "auth.login.cancelled");
        assert_eq!((event.category, event.user_id), (AuditCategory::Authentication, None));
        assert_eq!(event.metadata["clientId"], "partner");
        assert_eq!((event.ip_address.as_deref(), event.user_agent.as_deref()), (Some(address), Some(AGENT)));
    }
    assert_eq!(audited(&app, "user.consent.denied").await, 0);
}

async fn a_sign_out_leaves_a_row(app: TestApp) {
    let mut browser = app.browser().with("x-forwarded-for", "198.51.100.7").with("user-agent", AGENT);
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    app.advance(Duration::from_millis(1));
    let page = browser.get("/acme/session/end").await;
    let xsrf = page.field("xsrf");
    browser.post("/acme/session/end/confirm", &[("xsrf", &xsrf), ("logout", "yes")]).await;
    let event = newest(&app).await;
    assert_eq!(event.event_type, "user.logout");
    assert_eq!(event.user_id, Some(user(&app, "acme", ANA.0).await.id));
    assert_origin(&event);
}
