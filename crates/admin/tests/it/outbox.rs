//! The outbox as operators see it.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::organization::OrganizationStatus;
use porta_core::outbox::OutboxKind;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::services::{ROBOT, change, service};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_mail_that_waits_is_shown,
    what_a_mail_says_is_shown_nowhere,
    addresses_are_for_whoever_may_read_users,
    mails_are_found_by_state_kind_and_organization,
    pages_go_on_where_they_ended,
    a_given_up_mail_is_sent_again,
    what_cannot_be_sent_again_says_why,
    a_mail_is_withdrawn,
    many_administrators_send_a_mail_again_at_once,
    a_worker_and_an_administrator_send_a_mail_once,
    the_state_of_the_installation_counts_them,
    changes_are_for_whoever_may_change_settings,
);

const INVITE: &str = "/organizations/acme/users/invite";
const THREE_DAYS: Duration = Duration::from_hours(72);

/// Invites somebody to acme; returns the id of the mail.
async fn invite(root: &mut Admin, email: &str) -> String {
    let body = json!({ "email": email, "personalMessage": "A secret greeting" });
    expect(&root.post(INVITE, &body).await, StatusCode::CREATED);
    let newest = expect(&root.get("/outbox?limit=1").await, StatusCode::OK);
    newest["data"][0]["id"].as_str().unwrap().to_owned()
}

async fn shown(admin: &mut Admin, id: &str) -> Value {
    expect(&admin.get(&format!("/outbox/{id}")).await, StatusCode::OK)["data"].clone()
}

/// The ids on the pages of a list.
async fn listed(admin: &mut Admin, query: &str) -> Vec<String> {
    let body = expect(&admin.get(&format!("/outbox?{query}")).await, StatusCode::OK);
    let rows = body["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

async fn a_mail_that_waits_is_shown(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = invite(&mut root, "lou@acme.test").await;
    let (acme, lou) = (admins.organization("acme").await.id, admins.user("acme", "lou@acme.test").await.id);
    let row = shown(&mut root, &id).await;
    let written = row["createdAt"].clone();
    let expected = json!({
        "id": id, "kind": "mail", "status": "pending", "template": "invitation", "organizationId": acme,
        "organizationName": "Acme", "userId": lou, "userEmail": "lou@acme.test", "attempts": 0,
        "nextAttemptAt": written, "lastError": null, "retryableUntil": null, "createdAt": written,
        "updatedAt": written,
    });
    assert_eq!(row, expected);
    let list = expect(&root.get(&format!("/outbox?ids={id}")).await, StatusCode::OK);
    assert_eq!((&list["data"], &list["total"]), (&json!([expected]), &json!(1)));
    for missing in ["00000000-0000-4000-8000-000000000000", "nothing"] {
        let answer = root.get(&format!("/outbox/{missing}")).await;
        refused(&answer, StatusCode::NOT_FOUND, &format!("Outbox item not found: {missing}"));
    }
}

async fn what_a_mail_says_is_shown_nowhere(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = invite(&mut root, "lou@acme.test").await;
    // The address of somebody who is no user, in a mail and nowhere else.
    let body = json!({ "to": "stranger@elsewhere.test" });
    expect(&root.post("/organizations/acme/test-email", &body).await, StatusCode::ACCEPTED);
    let mut texts = vec![root.get("/outbox").await.body, root.get(&format!("/outbox/{id}")).await.body];
    give_up(&admins.app, &id).await;
    texts.push(root.post(&format!("/outbox/{id}/retry"), &json!({})).await.body);
    texts.push(format!("{:?}", admins.newest("email.send.requeued").await));
    for text in texts {
        for secret in ["secret greeting", "stranger@", "sealed", "/invite", "porta_"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

async fn addresses_are_for_whoever_may_read_users(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = invite(&mut root, "lou@acme.test").await;
    change(&admins, |client| "admin:config:read admin:user:read".clone_into(&mut client.scope)).await;
    admins.app.wait_for_notices().await;
    for (scope, address) in
        [("admin:config:read", Value::Null), ("admin:config:read admin:user:read", json!("lou@acme.test"))]
    {
        let mut caller = service(&admins, ROBOT, Some(scope)).await;
        let row = shown(&mut caller, &id).await;
        assert_eq!(row["userEmail"], address, "{scope}");
        assert!(row["userId"].is_string(), "{scope}");
        let list = expect(&caller.get(&format!("/outbox?ids={id}")).await, StatusCode::OK);
        assert_eq!(list["data"][0], row, "{scope}");
    }
}

async fn mails_are_found_by_state_kind_and_organization(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let lost = invite(&mut root, "lou@acme.test").await;
    let waiting = invite(&mut root, "mia@acme.test").await;
    give_up(&admins.app, &lost).await;
    let both = format!("ids={lost},{waiting}");
    for (query, expected) in [
        ("status=pending", vec![waiting.clone()]),
        ("status=given_up", vec![lost.clone()]),
        ("status=delivered", vec![]),
        ("kind=mail", vec![waiting.clone(), lost.clone()]),
        ("kind=link_request", vec![]),
        ("organizationId=acme", vec![waiting.clone(), lost.clone()]),
        ("organizationId=beta", vec![]),
        ("sortOrder=asc", vec![lost.clone(), waiting.clone()]),
    ] {
        assert_eq!(listed(&mut root, &format!("{both}&{query}")).await, expected, "{query}");
    }
    for (query, field) in [
        ("status=waiting", "status"),
        ("kind=sms", "kind"),
        ("sortBy=address", "sortBy"),
        ("ids=x", "ids"),
        ("cursor=x", "cursor"),
        ("status=pending&status=given_up", "status"),
    ] {
        let body = expect(&root.get(&format!("/outbox?{query}")).await, StatusCode::BAD_REQUEST);
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
    let answer = root.get("/outbox?organizationId=nowhere").await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: nowhere");
}

async fn pages_go_on_where_they_ended(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut expected = Vec::new();
    for n in 0..5 {
        expected.push(invite(&mut root, &format!("p{n}@acme.test")).await);
    }
    expected.reverse();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for page in 0..3 {
        let path = format!("/outbox?status=pending&organizationId=acme&limit=2{cursor}");
        let body = expect(&root.get(&path).await, StatusCode::OK);
        let rows = body["data"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        // What is written meanwhile is on no later page.
        invite(&mut root, &format!("later{page}@acme.test")).await;
        let Some(next) = body["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen[..5], expected);
}

async fn a_given_up_mail_is_sent_again(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = invite(&mut root, "lou@acme.test").await;
    give_up(&admins.app, &id).await;
    let before = shown(&mut root, &id).await;
    assert_eq!((&before["status"], &before["attempts"]), (&json!("given_up"), &json!(1)));
    assert_eq!(before["lastError"], "sending: the relay answered 550 5.1.1");
    assert!(before["retryableUntil"].is_string() && before["nextAttemptAt"].is_null(), "{before}");
    assert!(
        !admins.app.mail().await.iter().any(|mail| mail.to.shown() == "lou@acme.test"),
        "it waits no more"
    );

    let answer = root.post(&format!("/outbox/{id}/retry"), &json!({})).await;
    let after = expect(&answer, StatusCode::OK)["data"].clone();
    let mut expected = before.clone();
    for (field, value) in [
        ("status", json!("pending")),
        ("retryableUntil", Value::Null),
        ("updatedAt", after["updatedAt"].clone()),
        ("nextAttemptAt", after["updatedAt"].clone()),
    ] {
        expected[field] = value;
    }
    assert_eq!(after, expected);
    assert_ne!(after["updatedAt"], before["updatedAt"]);
    let row = admins.newest("email.send.requeued").await;
    let (acme, lou) = (admins.organization("acme").await, admins.user("acme", "lou@acme.test").await);
    assert_eq!((row.organization_id, row.user_id), (Some(acme.id), Some(lou.id)));
    assert_eq!(row.actor_label.as_deref(), Some(ROOT.0));
    assert_eq!(row.metadata, json!({ "outboxId": id, "kind": "mail", "template": "invitation" }));

    let sent = admins.app.mail().await;
    assert_eq!(sent.iter().filter(|mail| mail.to.shown() == "lou@acme.test").count(), 1);
    let delivered = shown(&mut root, &id).await;
    assert_eq!((&delivered["status"], &delivered["attempts"]), (&json!("delivered"), &json!(2)));
    assert_eq!((&delivered["lastError"], &delivered["nextAttemptAt"]), (&Value::Null, &Value::Null));
}

async fn what_cannot_be_sent_again_says_why(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = invite(&mut root, "lou@acme.test").await;
    let retry = format!("/outbox/{id}/retry");
    refused(
        &root.post(&retry, &json!({})).await,
        StatusCode::BAD_REQUEST,
        "The message is waiting to be sent",
    );
    give_up(&admins.app, &id).await;

    set_status(&admins, OrganizationStatus::Active, OrganizationStatus::Suspended).await;
    let text = "No mail is sent for an organization that is not active";
    refused(&root.post(&retry, &json!({})).await, StatusCode::BAD_REQUEST, text);
    set_status(&admins, OrganizationStatus::Suspended, OrganizationStatus::Active).await;

    admins.app.advance(THREE_DAYS);
    let mut root = admins.sign_in(ROOT).await;
    assert_eq!(shown(&mut root, &id).await["retryableUntil"], Value::Null);
    let text = "The message cannot be sent any more, because what it said is deleted";
    refused(&root.post(&retry, &json!({})).await, StatusCode::BAD_REQUEST, text);

    let id = invite(&mut root, "mia@acme.test").await;
    admins.app.mail().await;
    let retry = format!("/outbox/{id}/retry");
    refused(&root.post(&retry, &json!({})).await, StatusCode::BAD_REQUEST, "The message was delivered");
    for missing in ["00000000-0000-4000-8000-000000000000", "nothing"] {
        let answer = root.post(&format!("/outbox/{missing}/retry"), &json!({})).await;
        refused(&answer, StatusCode::NOT_FOUND, &format!("Outbox item not found: {missing}"));
    }
    assert_eq!(admins.count("email.send.requeued").await, 0);
}

async fn set_status(admins: &Admins, from: OrganizationStatus, to: OrganizationStatus) {
    let acme = admins.organization("acme").await.id;
    let mut repositories = admins.app.store.repositories();
    assert!(repositories.organizations().set_status(acme, from, to, admins.app.now()).await.unwrap());
}

async fn a_mail_is_withdrawn(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let waiting = invite(&mut root, "lou@acme.test").await;
    let lost = invite(&mut root, "mia@acme.test").await;
    give_up(&admins.app, &lost).await;
    for (id, error, was_waiting) in [
        (&waiting, "withdrawn by an administrator", true),
        (&lost, "sending: the relay answered 550 5.1.1", false),
    ] {
        let path = format!("/outbox/{id}");
        assert_eq!(expect(&root.delete(&path).await, StatusCode::NO_CONTENT), Value::Null);
        let row = admins.newest("email.send.withdrawn").await;
        assert_eq!(row.actor_label.as_deref(), Some(ROOT.0));
        assert_eq!(
            (&row.metadata["outboxId"], &row.metadata["wasWaiting"]),
            (&json!(id), &json!(was_waiting))
        );
        let after = shown(&mut root, id).await;
        assert_eq!((&after["status"], &after["lastError"]), (&json!("given_up"), &json!(error)));
        assert_eq!(after["retryableUntil"], Value::Null);
        let text = "The message cannot be sent any more, because what it said is deleted";
        refused(&root.delete(&path).await, StatusCode::BAD_REQUEST, text);
        refused(&root.post(&format!("{path}/retry"), &json!({})).await, StatusCode::BAD_REQUEST, text);
    }
    assert!(admins.app.mail().await.iter().all(|mail| !mail.to.shown().ends_with("@acme.test")));
    assert_eq!(admins.count("email.send.withdrawn").await, 2);
    let sent = invite(&mut root, "kim@acme.test").await;
    admins.app.mail().await;
    refused(
        &root.delete(&format!("/outbox/{sent}")).await,
        StatusCode::BAD_REQUEST,
        "The message was delivered",
    );
    let answer = root.delete("/outbox/nothing").await;
    refused(&answer, StatusCode::NOT_FOUND, "Outbox item not found: nothing");
}

async fn many_administrators_send_a_mail_again_at_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = invite(&mut root, "lou@acme.test").await;
    give_up(&admins.app, &id).await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut racer = admins.bearer(&root.token);
        let path = format!("/outbox/{id}/retry");
        racers.spawn(async move { racer.post(&path, &json!({})).await });
    }
    let mut won = 0;
    for answer in racers.join_all().await {
        if answer.status == StatusCode::OK {
            won += 1;
        } else {
            refused(&answer, StatusCode::BAD_REQUEST, "The message is waiting to be sent");
        }
    }
    assert_eq!((won, admins.count("email.send.requeued").await), (1, 1));
}

/// The worker has claimed the item again when a second administrator asks for it.
async fn a_worker_and_an_administrator_send_a_mail_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = invite(&mut root, "lou@acme.test").await;
    give_up(&admins.app, &id).await;
    let retry = format!("/outbox/{id}/retry");
    expect(&root.post(&retry, &json!({})).await, StatusCode::OK);
    let (now, mut repositories) = (admins.app.now(), admins.app.store.repositories());
    let mut outbox = repositories.outbox();
    let claims = outbox.claim(OutboxKind::ALL, now, now + THREE_DAYS, 1_000).await.unwrap();
    assert!(claims.iter().any(|claim| claim.id.to_string() == id));
    refused(
        &root.post(&retry, &json!({})).await,
        StatusCode::BAD_REQUEST,
        "The message is waiting to be sent",
    );
    assert!(outbox.claim(OutboxKind::ALL, now, now, 1_000).await.unwrap().is_empty(), "one worker has it");
}

async fn the_state_of_the_installation_counts_them(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let before = mail_of(&mut root).await;
    let lost = invite(&mut root, "lou@acme.test").await;
    invite(&mut root, "mia@acme.test").await;
    give_up(&admins.app, &lost).await;
    let after = mail_of(&mut root).await;
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1));
}

/// How many mails wait, and how many were given up.
async fn mail_of(admin: &mut Admin) -> (u64, u64) {
    let mail = expect(&admin.get("/system/info").await, StatusCode::OK)["data"]["mail"].clone();
    (mail["waiting"].as_u64().unwrap(), mail["givenUp"].as_u64().unwrap())
}

async fn changes_are_for_whoever_may_change_settings(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = invite(&mut root, "lou@acme.test").await;
    give_up(&admins.app, &id).await;
    let before = shown(&mut root, &id).await;
    for person in [ORGS, USERS, APPS, AUDITOR, HELPER, WIKI] {
        let mut admin = admins.sign_in(person).await;
        let may_read = person == AUDITOR;
        let status = if may_read { StatusCode::OK } else { StatusCode::FORBIDDEN };
        expect(&admin.get(&format!("/outbox/{id}")).await, status);
        expect(&admin.get("/outbox").await, status);
        let answer = admin.post(&format!("/outbox/{id}/retry"), &json!({})).await;
        refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
        refused(&admin.delete(&format!("/outbox/{id}")).await, StatusCode::FORBIDDEN, "Forbidden");
    }
    assert_eq!(shown(&mut root, &id).await, before);
}
