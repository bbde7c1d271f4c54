//! Invitations: what they grant, who may send them, and what becomes of them.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::mail::{Mail, OutgoingEmail};
use porta_core::organization::OrganizationStatus;
use porta_core::user::UserStatus;
use porta_testkit::TestApp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::*;

porta_testkit::on_both_stores!(
    an_invitation_is_mailed_and_accepted,
    an_existing_user_is_invited_without_a_change,
    what_cannot_be_granted_is_named,
    what_is_no_invitation_is_refused,
    whoever_was_stopped_is_not_invited,
    nobody_grants_more_than_they_hold,
    a_preview_is_the_mail_and_stores_nothing,
    a_list_tells_what_became_of_each,
    an_invitation_is_sent_once_more,
    a_withdrawn_invitation_is_dead,
    invitations_of_another_organization_are_not_found,
    one_of_many_withdrawals_wins,
    only_who_may_invites,
);

const INVITE: &str = "/organizations/acme/users/invite";
const LIST: &str = "/organizations/acme/invitations";
const EVE: &str = "eve@acme.test";
const NEW: &str = "sextant-Marmalade-88";

/// Ids of an application, a role and a claim of acme.
struct Catalog {
    planner: String,
    role: String,
    terminal: String,
    badge: String,
}

async fn catalog(app: &TestApp) -> Catalog {
    let mut unit = app.directory.begin(Actor::System).await.unwrap();
    let acme = unit.organization("acme").await.unwrap();
    let planner = unit.applications().visible(&acme, "planner").await.unwrap().id.to_string();
    let role = unit.roles().visible(&acme, "planner", "planner").await.unwrap().id.to_string();
    let terminal = unit.claims().visible(&acme, "planner", "terminal_code").await.unwrap().id.to_string();
    let badge = unit.claims().visible(&acme, "planner", "badge").await.unwrap().id.to_string();
    Catalog { planner, role, terminal, badge }
}

async fn invitations(app: &TestApp) -> Vec<(OutgoingEmail, String)> {
    let mut found = Vec::new();
    for outgoing in app.emails().await {
        if let Mail::Invitation { url, .. } = &outgoing.mail {
            let url = url.clone();
            found.push((outgoing, url));
        }
    }
    found
}

async fn accept(app: &TestApp, link: &str) -> StatusCode {
    let mut browser = app.browser();
    let page = browser.get(link).await;
    if page.status != StatusCode::OK {
        return page.status;
    }
    let csrf = page.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("password", NEW), ("confirmPassword", NEW)];
    let answer = browser.post(link, &form).await;
    browser.follow_flash(answer).await.status
}

async fn invite(admin: &mut Admin, body: &Value, status: StatusCode) -> Value {
    expect(&admin.post(INVITE, body).await, status)["data"].clone()
}

async fn an_invitation_is_mailed_and_accepted(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ids = catalog(&admins.app).await;
    let body = json!({
        "email": EVE, "givenName": "Eve", "familyName": "Moss", "personalMessage": "Welcome aboard",
        "locale": "nl",
        "roles": [{ "applicationId": ids.planner, "roleId": ids.role }],
        "claims": [
            { "applicationId": "planner", "claimDefinitionId": ids.terminal, "value": "T9" },
            { "applicationId": ids.planner, "claimDefinitionId": ids.badge, "value": 7 },
        ],
    });
    let sent = invite(&mut root, &body, StatusCode::CREATED).await;
    let eve = admins.user("acme", EVE).await;
    assert_eq!((&sent["userId"], &sent["email"]), (&json!(eve.id), &json!(EVE)));
    assert_eq!((&sent["created"], &sent["invitationSent"]), (&json!(true), &json!(true)));
    assert!(sent["expiresAt"].is_string() && sent["invitationId"].is_string());
    assert_eq!(eve.status, UserStatus::Inactive, "until it is accepted");
    let row = admins.newest("user.invited").await;
    assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(eve.id), Some(ROOT.0)));
    assert_eq!(row.organization_label.as_deref(), Some("acme"));
    for (field, value) in
        [("hasPersonalMessage", json!(true)), ("preAssignedRoles", json!(1)), ("preAssignedClaims", json!(2))]
    {
        assert_eq!(row.metadata[field], value, "{field}");
    }
    assert_eq!(admins.newest("user.created").await.user_id, Some(eve.id));
    let (outgoing, link) = invitations(&admins.app).await.remove(0);
    assert_eq!((outgoing.recipient.address.shown(), outgoing.recipient.locale.as_deref()), (EVE, Some("nl")));
    let Mail::Invitation { inviter, message, .. } = &outgoing.mail else { unreachable!() };
    // The administrator's name, not the address.
    assert_eq!((inviter.as_deref(), message.as_deref()), (Some("Rut"), Some("Welcome aboard")));
    assert!(link.starts_with("https://id.test/acme/auth/accept-invite/"), "{link}");
    assert_eq!(accept(&admins.app, &link).await, StatusCode::OK);
    let eve = admins.user("acme", EVE).await;
    assert_eq!((eve.status, eve.email_verified), (UserStatus::Active, true));
    let mut all = admins.app.store.repositories();
    let mut applications = all.applications(eve.organization_id);
    let roles = applications.roles_of(eve.id).await.unwrap();
    assert_eq!(roles.iter().map(|role| role.id.to_string()).collect::<Vec<_>>(), [ids.role]);
    let claims = applications.claims_of(eve.id).await.unwrap();
    let claims: Vec<_> = claims.into_iter().map(|claim| (claim.name, claim.value)).collect();
    assert_eq!(claims, [("badge".to_owned(), json!(7)), ("terminal_code".to_owned(), json!("T9"))]);
}

async fn an_existing_user_is_invited_without_a_change(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let before = admins.user("acme", BOB.0).await;
    let body = json!({ "email": "BOB@acme.test", "givenName": "Robert", "locale": "de" });
    let sent = invite(&mut users, &body, StatusCode::OK).await;
    assert_eq!((&sent["created"], &sent["userId"]), (&json!(false), &json!(before.id)));
    assert_eq!(admins.user("acme", BOB.0).await, before);
    let (outgoing, first) = invitations(&admins.app).await.remove(0);
    assert_eq!(outgoing.recipient.locale.as_deref(), Some("de"), "the mail only");
    let Mail::Invitation { inviter, .. } = &outgoing.mail else { unreachable!() };
    assert_eq!(inviter.as_deref(), Some(USERS.0), "has no name");
    // A second invitation takes the place of the first.
    admins.app.advance(Duration::from_secs(1));
    invite(&mut users, &json!({ "email": BOB.0 }), StatusCode::OK).await;
    let second = invitations(&admins.app).await.remove(1).1;
    assert_eq!(admins.app.browser().get(&first).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(admins.app.browser().get(&second).await.status, StatusCode::OK);
}

async fn what_cannot_be_granted_is_named(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ids = catalog(&admins.app).await;
    let partner = {
        let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
        let beta = unit.organization("beta").await.unwrap();
        unit.applications().visible(&beta, "partner").await.unwrap().id.to_string()
    };
    let (planner, nobody) = (ids.planner.as_str(), "00000000-0000-0000-0000-000000000000");
    let role = |application: &str, role: &str| json!({ "applicationId": application, "roleId": role });
    let claim = |application: &str, claim: &str, value: Value| json!({ "applicationId": application, "claimDefinitionId": claim, "value": value });
    let terminal = ids.terminal.as_str();
    for (roles, claims, text) in [
        (
            json!([role(&partner, &ids.role)]),
            json!([]),
            format!("Application {partner} not found in this organization"),
        ),
        (
            json!([role(planner, nobody)]),
            json!([]),
            format!("Role {nobody} not found in application {planner}"),
        ),
        (
            json!([role("billing", &ids.role)]),
            json!([]),
            format!("Role {} not found in application billing", ids.role),
        ),
        (json!([role("x/y", "x")]), json!([]), "Application x/y not found in this organization".to_owned()),
        (
            json!([]),
            json!([claim("billing", terminal, json!("T9"))]),
            format!("Claim definition {terminal} not found in application billing"),
        ),
        (
            json!([]),
            json!([claim(planner, terminal, json!(9))]),
            "claim `terminal_code` takes a string".to_owned(),
        ),
        (
            json!([role(planner, "x"), role(planner, &ids.role)]),
            json!([claim(planner, &ids.badge, json!("7"))]),
            format!("Role x not found in application {planner}; claim `badge` takes a number"),
        ),
    ] {
        let answer = root.post(INVITE, &json!({ "email": EVE, "roles": roles, "claims": claims })).await;
        let text = format!("Pre-assignment validation failed: {text}");
        refused(&answer, StatusCode::BAD_REQUEST, &text);
    }
    assert!(invitations(&admins.app).await.is_empty());
    let rows = admins.audit().await;
    let is_left =
        |event: &str| rows.iter().any(|row| row.event_type == event && row.metadata["email"] == EVE);
    assert!(!is_left("user.created") && admins.count("user.invited").await == 0);
}

async fn what_is_no_invitation_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let with = |field: &str, value: Value| {
        let mut body = json!({ "email": EVE });
        body[field] = value;
        body
    };
    for (body, field) in [
        (json!({}), None),
        (json!({ "email": "no address" }), Some("email")),
        (json!({ "email": 1 }), None),
        (with("personalMessage", json!("m".repeat(501))), Some("personalMessage")),
        (with("personalMessage", json!("a\u{202e}b")), Some("personalMessage")),
        (with("locale", json!("a-locale-that-is-long")), Some("locale")),
        (with("givenName", json!("g".repeat(256))), Some("givenName")),
        (with("roles", json!([{ "applicationId": "planner" }])), None),
        (with("roles", json!("planner")), None),
        (with("claims", json!([{ "applicationId": "planner", "claimDefinitionId": "x" }])), None),
    ] {
        for path in [INVITE.to_owned(), format!("{INVITE}/preview")] {
            if path != INVITE && (body.get("roles").is_some() || body.get("claims").is_some()) {
                continue;
            }
            let answer = root.post(&path, &body).await;
            let told = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
            if let Some(field) = field {
                assert_eq!(told["details"][0]["path"], json!([field]), "{path} {body}");
            }
        }
    }
    for path in ["/organizations/none/users/invite", "/organizations/none/users/invite/preview"] {
        let answer = root.post(path, &json!({ "email": EVE })).await;
        refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
    }
    // Extra fields are ignored; nobody becomes active by one.
    let body = json!({ "email": EVE, "status": "active", "roles": null, "claims": null });
    invite(&mut root, &body, StatusCode::CREATED).await;
    assert_eq!(admins.user("acme", EVE).await.status, UserStatus::Inactive);
}

async fn whoever_was_stopped_is_not_invited(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", BOB.0).await.id;
    for (stop, start) in [("suspend", "unsuspend"), ("lock", "unlock"), ("deactivate", "reactivate")] {
        expect(&root.post(&format!("/users/{bob}/{stop}"), &json!({})).await, StatusCode::NO_CONTENT);
        let answer = root.post(INVITE, &json!({ "email": BOB.0 })).await;
        let told = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(told["details"][0]["path"], json!(["email"]), "{stop}");
        expect(&root.post(&format!("/users/{bob}/{start}"), &json!({})).await, StatusCode::NO_CONTENT);
    }
    // Whoever was invited and did not accept is inactive too, and may be invited again.
    invite(&mut root, &json!({ "email": EVE }), StatusCode::CREATED).await;
    let sent = invite(&mut root, &json!({ "email": EVE }), StatusCode::OK).await;
    let id = sent["invitationId"].as_str().unwrap();
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let acme = unit.organization("acme").await.unwrap();
    unit.organizations().set_status(&acme, OrganizationStatus::Suspended, None).await.unwrap();
    unit.commit().await.unwrap();
    for path in [INVITE.to_owned(), format!("{LIST}/{id}/resend")] {
        let answer = root.post(&path, &json!({ "email": BOB.0 })).await;
        let told = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(told["details"][0]["path"], json!(["organization"]), "{path}");
    }
}

async fn nobody_grants_more_than_they_hold(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let ids = catalog(&admins.app).await;
    let (application, role) = {
        let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
        let organization = unit.organization("porta-admin").await.unwrap();
        let role = unit.roles().visible(&organization, "porta-admin", "porta-super-admin").await.unwrap();
        (role.application_id, role.id)
    };
    let path = "/organizations/porta-admin/users/invite";
    let body = json!({
        "email": "mole@porta.test", "roles": [{ "applicationId": application, "roleId": role }],
    });
    let told = refused(&users.post(path, &body).await, StatusCode::FORBIDDEN, "Forbidden");
    let text = "Only a super-admin may assign or remove roles of the application `porta-admin`";
    assert_eq!(told["message"], text);
    // A user administrator assigns roles, but no claims.
    let body = json!({
        "email": EVE,
        "claims": [{ "applicationId": "planner", "claimDefinitionId": ids.terminal, "value": "T9" }],
    });
    let told = refused(&users.post(INVITE, &body).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(told["message"], "Insufficient permissions. Required: admin:claim:update");
    // Nor is another administrator invited, whose account might be taken over.
    let told =
        refused(&users.post(path, &json!({ "email": ORGS.0 })).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(told["message"], "Only a super-admin may change another member of the admin organization");
    assert_eq!(admins.count("user.invited").await, 0);
    let mut root = admins.sign_in(ROOT).await;
    let body = json!({
        "email": "deputy@porta.test", "roles": [{ "applicationId": "porta-admin", "roleId": role }],
    });
    let sent = expect(&root.post(path, &body).await, StatusCode::CREATED);
    let id = sent["data"]["invitationId"].as_str().unwrap();
    // What a super-admin granted, a lesser one neither prolongs nor takes away.
    let place = format!("/organizations/porta-admin/invitations/{id}");
    refused(&users.post(&format!("{place}/resend"), &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
    refused(&users.delete(&place).await, StatusCode::FORBIDDEN, "Forbidden");
}

async fn a_preview_is_the_mail_and_stores_nothing(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let rows = admins.audit().await.len();
    let body = json!({
        "email": EVE, "givenName": "Eve", "personalMessage": "See <you> soon", "locale": "nl",
        "roles": "whatever", "subject": "x",
    });
    let answer = users.post(&format!("{INVITE}/preview"), &body).await;
    let data = expect(&answer, StatusCode::OK)["data"].clone();
    let [subject, html, text] = ["subject", "html", "text"].map(|field| data[field].as_str().unwrap());
    assert!(html.contains("https://id.test/acme/auth/accept-invite/PREVIEW_TOKEN"), "{html}");
    assert!(text.contains("PREVIEW_TOKEN") && text.contains("See <you> soon"), "{text}");
    assert!(html.contains("See &lt;you&gt; soon"), "{html}");
    let english = json!({ "email": EVE, "locale": "en" });
    let english = expect(&users.post(&format!("{INVITE}/preview"), &english).await, StatusCode::OK);
    assert_ne!(english["data"]["subject"], subject, "in the language asked for");
    assert_eq!(admins.audit().await.len(), rows);
    assert!(invitations(&admins.app).await.is_empty());
    let mut all = admins.app.store.repositories();
    let organization = admins.organization("acme").await.id;
    assert_eq!(all.users(organization).by_email(EVE).await.unwrap(), None);
}

async fn a_list_tells_what_became_of_each(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ids = catalog(&admins.app).await;
    for (email, roles) in [
        ("one@acme.test", json!([{ "applicationId": ids.planner, "roleId": ids.role }])),
        ("two@acme.test", json!([])),
        ("three@acme.test", json!([])),
    ] {
        admins.app.advance(Duration::from_secs(1));
        let body = json!({ "email": email, "roles": roles, "personalMessage": "Hi" });
        invite(&mut root, &body, StatusCode::CREATED).await;
    }
    let link = invitations(&admins.app).await.remove(1).1;
    assert_eq!(accept(&admins.app, &link).await, StatusCode::OK);
    let list = async |admin: &mut Admin, query: &str| {
        let body = expect(&admin.get(&format!("{LIST}?{query}")).await, StatusCode::OK);
        let rows = body["data"].as_array().unwrap().clone();
        let states: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {}", row["email"].as_str().unwrap(), row["state"].as_str().unwrap()))
            .collect();
        (states, body)
    };
    let (states, body) = list(&mut root, "").await;
    assert_eq!(states, ["three@acme.test open", "two@acme.test used", "one@acme.test open"]);
    assert_eq!((&body["total"], &body["totalPages"]), (&json!(3), &json!(1)));
    let row = &body["data"][2];
    let root_id = admins.user("porta-admin", ROOT.0).await.id;
    let expected = json!({
        "id": row["id"], "organizationId": admins.organization("acme").await.id,
        "userId": admins.user("acme", "one@acme.test").await.id, "email": "one@acme.test", "state": "open",
        "inviter": "Rut", "inviterId": root_id, "inviterEmail": ROOT.0, "personalMessage": "Hi",
        "roles": [ids.role], "claims": [], "createdAt": row["createdAt"], "expiresAt": row["expiresAt"],
        "usedAt": null,
    });
    assert_eq!(row, &expected);
    assert!(!body.to_string().contains("accept-invite"), "no link");
    let (states, _) = list(&mut root, "state=used").await;
    assert_eq!(states, ["two@acme.test used"]);
    let (states, body) = list(&mut root, "state=open&search=ONE&sortBy=expiresAt&sortOrder=asc").await;
    assert_eq!((states, &body["total"]), (vec!["one@acme.test open".to_owned()], &json!(1)));
    let (states, body) = list(&mut root, "limit=2").await;
    assert_eq!((states.len(), &body["hasMore"]), (2, &json!(true)));
    for (field, query) in [("state", "state=accepted"), ("sortBy", "sortBy=email"), ("limit", "limit=0")] {
        let answer = root.get(&format!("{LIST}?{query}")).await;
        let told = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(told["details"][0]["path"], json!([field]), "{query}");
    }
    admins.app.advance(Duration::from_hours(24 * 8));
    let mut root = admins.sign_in(ROOT).await;
    let (states, _) = list(&mut root, "").await;
    assert_eq!(states, ["three@acme.test expired", "two@acme.test used", "one@acme.test expired"]);
}

async fn an_invitation_is_sent_once_more(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ids = catalog(&admins.app).await;
    let body = json!({
        "email": EVE, "personalMessage": "Hi", "roles": [{ "applicationId": ids.planner, "roleId": ids.role }],
    });
    let first = invite(&mut root, &body, StatusCode::CREATED).await;
    // Expired by now.
    admins.app.advance(Duration::from_hours(24 * 8));
    let mut users = admins.sign_in(USERS).await;
    let path = format!("{LIST}/{}/resend", first["invitationId"].as_str().unwrap());
    let again = expect(&users.post(&path, &json!({})).await, StatusCode::OK)["data"].clone();
    assert_eq!((&again["userId"], &again["created"]), (&first["userId"], &json!(false)));
    assert_ne!(again["invitationId"], first["invitationId"]);
    let row = admins.newest("user.invited").await;
    assert_eq!((row.actor_label.as_deref(), &row.metadata["resent"]), (Some(USERS.0), &json!(true)));
    let mails = invitations(&admins.app).await;
    let [(_, old), (outgoing, new)] = mails.as_slice() else { unreachable!("{}", mails.len()) };
    let Mail::Invitation { inviter, message, .. } = &outgoing.mail else { unreachable!() };
    assert_eq!((inviter.as_deref(), message.as_deref()), (Some("Rut"), Some("Hi")));
    assert_eq!(accept(&admins.app, old).await, StatusCode::BAD_REQUEST);
    assert_eq!(accept(&admins.app, new).await, StatusCode::OK);
    let eve = admins.user("acme", EVE).await;
    let mut all = admins.app.store.repositories();
    let roles = all.applications(eve.organization_id).roles_of(eve.id).await.unwrap();
    assert_eq!(roles.len(), 1, "what it grants stays");
    // The first id is gone, and the second was accepted.
    let id = first["invitationId"].as_str().unwrap();
    refused(
        &users.post(&path, &json!({})).await,
        StatusCode::NOT_FOUND,
        &format!("Invitation not found: {id}"),
    );
    let path = format!("{LIST}/{}/resend", again["invitationId"].as_str().unwrap());
    let text = "The invitation was accepted or withdrawn";
    refused(&users.post(&path, &json!({})).await, StatusCode::CONFLICT, text);
}

async fn a_withdrawn_invitation_is_dead(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let sent = invite(&mut users, &json!({ "email": EVE }), StatusCode::CREATED).await;
    let id = sent["invitationId"].as_str().unwrap();
    let path = format!("{LIST}/{id}");
    expect(&users.delete(&path).await, StatusCode::NO_CONTENT);
    let link = invitations(&admins.app).await.remove(0).1;
    assert_eq!(accept(&admins.app, &link).await, StatusCode::BAD_REQUEST);
    let eve = admins.user("acme", EVE).await;
    assert_eq!(eve.status, UserStatus::Inactive);
    let row = admins.newest("user.invite.withdrawn").await;
    assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(eve.id), Some(USERS.0)));
    assert_eq!(row.metadata["invitationId"], json!(id));
    let text = "The invitation was accepted or withdrawn";
    refused(&users.delete(&path).await, StatusCode::CONFLICT, text);
    assert_eq!(admins.count("user.invite.withdrawn").await, 1);
}

async fn invitations_of_another_organization_are_not_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let sent = invite(&mut root, &json!({ "email": EVE }), StatusCode::CREATED).await;
    let id = sent["invitationId"].as_str().unwrap().to_owned();
    for (organization, id, text) in [
        ("beta", id.clone(), format!("Invitation not found: {id}")),
        ("acme", "x".to_owned(), "Invitation not found: x".to_owned()),
        ("none", id.clone(), "Organization not found: none".to_owned()),
    ] {
        let path = format!("/organizations/{organization}/invitations/{id}");
        refused(&root.delete(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.post(&format!("{path}/resend"), &json!({})).await, StatusCode::NOT_FOUND, &text);
    }
    let beta = expect(&root.get("/organizations/beta/invitations").await, StatusCode::OK);
    assert_eq!(beta["total"], 0);
    let answer = root.get("/organizations/none/invitations").await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
    assert_eq!(expect(&root.get(LIST).await, StatusCode::OK)["data"][0]["state"], "open");
}

async fn one_of_many_withdrawals_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let sent = invite(&mut root, &json!({ "email": EVE }), StatusCode::CREATED).await;
    let path = format!("{LIST}/{}", sent["invitationId"].as_str().unwrap());
    let mut all = JoinSet::new();
    for _ in 0..12 {
        let (mut admin, path) = (admins.bearer(&root.token), path.clone());
        all.spawn(async move { admin.delete(&path).await.status });
    }
    let statuses = all.join_all().await;
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(StatusCode::NO_CONTENT), count(StatusCode::CONFLICT)), (1, 11), "{statuses:?}");
    assert_eq!(admins.count("user.invite.withdrawn").await, 1);
}

async fn only_who_may_invites(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (person, reads, invites) in
        [(ORGS, false, false), (APPS, false, false), (AUDITOR, true, false), (USERS, true, true)]
    {
        let sent = root.post(INVITE, &json!({ "email": EVE })).await.json()["data"].clone();
        let path = format!("{LIST}/{}", sent["invitationId"].as_str().unwrap());
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool, status| if may { status } else { StatusCode::FORBIDDEN };
        expect(&admin.get(LIST).await, status(reads, StatusCode::OK));
        let preview = admin.post(&format!("{INVITE}/preview"), &json!({ "email": EVE })).await;
        expect(&preview, status(invites, StatusCode::OK));
        expect(&admin.delete(&path).await, status(invites, StatusCode::NO_CONTENT));
        let body = json!({ "email": "frank@acme.test" });
        let answer = admin.post(INVITE, &body).await;
        let frank = expect(&answer, status(invites, StatusCode::CREATED));
        let id = frank["data"]["invitationId"].as_str().unwrap_or("x");
        let answer = admin.post(&format!("{LIST}/{id}/resend"), &json!({})).await;
        expect(&answer, status(invites, StatusCode::OK));
    }
}
