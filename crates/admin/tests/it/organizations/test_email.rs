//! Test mails.

use axum::http::StatusCode;
use porta_core::mail::{Mail, OutgoingEmail};
use porta_testkit::TestApp;
use serde_json::json;

use crate::services::{ROBOT, change, service};
use crate::support::*;

porta_testkit::on_both_stores!(
    an_administrator_writes_to_themselves,
    mail_to_others_needs_a_permission_of_its_own,
    a_program_names_an_address,
    test_mails_are_limited,
    what_cannot_be_sent_is_refused,
);

const PATH: &str = "/organizations/acme/test-email";

async fn tests(admins: &Admins) -> Vec<OutgoingEmail> {
    let emails = admins.app.emails().await.into_iter();
    emails.filter(|outgoing| outgoing.mail == Mail::Test).collect()
}

async fn an_administrator_writes_to_themselves(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    for body in [json!({}), json!({ "to": ORGS.0 }), json!({ "to": ORGS.0.to_uppercase() })] {
        let answer = orgs.post(PATH, &body).await;
        assert_eq!(expect(&answer, StatusCode::ACCEPTED), json!({ "data": { "to": ORGS.0 } }));
        let row = admins.newest("org.test_email.queued").await;
        assert_eq!(
            (row.organization_label.as_deref(), row.actor_label.as_deref()),
            (Some("acme"), Some(ORGS.0))
        );
        assert_eq!(row.metadata, json!({ "toOwnAddress": true }));
    }
    let acme = admins.organization("acme").await.id;
    for outgoing in tests(&admins).await {
        assert_eq!((outgoing.organization_id, outgoing.recipient.address.shown()), (acme, ORGS.0));
    }
    assert_eq!(admins.count("org.test_email.queued").await, 3);
    admins.app.advance(std::time::Duration::from_mins(10));
    let sent = admins.app.mail().await;
    let test = sent.iter().find(|message| message.body.subject.contains("Test mail")).unwrap();
    assert!(test.from_name == "Acme" && test.body.text.contains("Acme"), "{:?}", test.body.text);
    assert_eq!(admins.count("email.send.test").await, 3);
}

async fn mail_to_others_needs_a_permission_of_its_own(app: TestApp) {
    let admins = Admins::of(app).await;
    let body = json!({ "to": "somebody@elsewhere.test" });
    let answer = admins.sign_in(ORGS).await.post(PATH, &body).await;
    let refusal = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(refusal["message"], "Test mails to other addresses need the permission admin:user:invite");
    for person in [USERS, APPS, AUDITOR, HELPER] {
        refused(
            &admins.sign_in(person).await.post(PATH, &json!({})).await,
            StatusCode::FORBIDDEN,
            "Forbidden",
        );
    }
    refused(&admins.bearer("none").post(PATH, &json!({})).await, StatusCode::UNAUTHORIZED, "Invalid token");
    assert!(tests(&admins).await.is_empty());
    let answer = admins.sign_in(ROOT).await.post(PATH, &body).await;
    assert_eq!(expect(&answer, StatusCode::ACCEPTED)["data"], body);
    let row = admins.newest("org.test_email.queued").await;
    assert_eq!((row.user_id, row.metadata), (None, json!({ "toOwnAddress": false })));
}

async fn a_program_names_an_address(app: TestApp) {
    let admins = Admins::of(app).await;
    change(&admins, |client| "admin:org:update admin:user:invite".clone_into(&mut client.scope)).await;
    admins.app.wait_for_notices().await;
    let mut robot = service(&admins, ROBOT, None).await;
    let refusal = refused(&robot.post(PATH, &json!({})).await, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(refusal["details"][0]["path"], json!(["to"]));
    expect(&robot.post(PATH, &json!({ "to": "ops@acme.test" })).await, StatusCode::ACCEPTED);
    let mut weak = service(&admins, ROBOT, Some("admin:org:update")).await;
    let answer = weak.post(PATH, &json!({ "to": "ops@acme.test" })).await;
    refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(tests(&admins).await.len(), 1);
}

async fn test_mails_are_limited(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for _ in 0..10 {
        expect(&root.post(PATH, &json!({})).await, StatusCode::ACCEPTED);
    }
    let answer = root.post(PATH, &json!({})).await;
    refused(&answer, StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(tests(&admins).await.len(), 10);
}

async fn what_cannot_be_sent_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for unfit in ["", "nobody", "a@b\r\nBcc: c@d.test", "@acme.test"] {
        let answer = root.post(PATH, &json!({ "to": unfit })).await;
        let refusal = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(refusal["details"][0]["path"], json!(["to"]), "{unfit}");
    }
    let answer = root.post("/organizations/nothing/test-email", &json!({})).await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: nothing");
    expect(&root.post("/organizations/acme/suspend", &json!({})).await, StatusCode::NO_CONTENT);
    let refusal = refused(&root.post(PATH, &json!({})).await, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(refusal["details"][0]["path"], json!(["organization"]));
    assert!(tests(&admins).await.is_empty());
}
