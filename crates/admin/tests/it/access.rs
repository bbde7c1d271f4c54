//! Who gets in (RFC 6750), and who may do what.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use porta_core::application::Role;
use porta_core::client::ClientStatus;
use porta_core::organization::Organization;
use porta_core::user::UserStatus;
use porta_core::{RoleId, Slug, Version};
use porta_directory::Actor;
use porta_testkit::TestApp;
use serde_json::json;

use super::support::*;

porta_testkit::on_both_stores!(
    an_administrator_gets_in,
    without_a_valid_token_nobody_gets_in,
    only_the_admin_applications_clients_are_accepted,
    a_role_of_another_application_confers_nothing,
    each_role_may_do_what_it_is_for,
    whoever_loses_role_password_or_status_loses_the_api,
    a_token_ends_by_time_revocation_and_with_its_client,
    a_provisioning_run_ends_no_tokens,
    a_lesser_administrator_cannot_take_over_a_member_of_the_admin_organization,
    what_does_not_exist_is_not_found,
);

const LIST: &str = "/organizations/acme/users";

async fn an_administrator_gets_in(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let list = expect(&root.get(LIST).await, StatusCode::OK);
    assert_eq!((&list["total"], &list["page"], &list["totalPages"]), (&json!(3), &json!(1), &json!(1)));
}

async fn without_a_valid_token_nobody_gets_in(app: TestApp) {
    let admins = Admins::of(app).await;
    let good = admins.sign_in(ROOT).await.token;
    let mut browser = admins.app.browser();
    let tampered = format!("{}x", &good[..good.len() - 1]);
    let missing = "Missing or invalid Authorization header";
    let invalid = "Token validation failed";
    for (authorization, error, message) in [
        (None, "Authentication required", missing),
        (Some(String::new()), "Authentication required", missing),
        (Some("Bearer ".to_owned()), "Authentication required", missing),
        (Some(format!("bearer {good}")), "Authentication required", missing),
        (Some(format!("Basic {good}")), "Authentication required", missing),
        (Some("Bearer x".to_owned()), "Invalid token", invalid),
        (Some(format!("Bearer {tampered}")), "Invalid token", invalid),
        (Some(format!("Bearer {good} ")), "Invalid token", invalid),
        (Some("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.".to_owned()), "Invalid token", invalid),
    ] {
        let headers: Vec<_> =
            authorization.iter().map(|value| (header::AUTHORIZATION, value.as_str())).collect();
        let answer =
            browser.send(Method::GET, "/api/admin/organizations/acme/users", &headers, "".into()).await;
        let body = refused(&answer, StatusCode::UNAUTHORIZED, error);
        assert_eq!(body["message"], message, "{authorization:?}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

/// RFC 9068 has audiences for this; until resources exist, the client decides.
async fn only_the_admin_applications_clients_are_accepted(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut by_wiki = admins.sign_in_with(ROOT, "wiki").await;
    let body = refused(&by_wiki.get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Admin access requires a client of the admin application");
    let ana = ("ana@acme.test", "lantern-Quay-41");
    let tenant = token(&admins.app, "acme", ana, ("cli", "http://127.0.0.1/cb")).await;
    let body = refused(&admins.bearer(&tenant).get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Admin access requires membership in the admin organization");
}

async fn a_role_of_another_application_confers_nothing(app: TestApp) {
    let admins = Admins::of(app).await;
    // Operators cannot make such a role any more; an earlier version may have.
    let organization = admins.organization("porta-admin").await.id;
    let wiki = admins.user("porta-admin", WIKI.0).await.id;
    let mut repositories = admins.app.store.repositories();
    let mut applications = repositories.applications(organization);
    let application = applications.by_slug(&Slug::parse("wiki").unwrap()).await.unwrap().unwrap().id;
    let role = Role {
        id: RoleId::new(admins.app.now(), admins.app.entropy()),
        application_id: application,
        name: "Super Admin".to_owned(),
        slug: Slug::for_role("porta-super-admin").unwrap(),
        description: None,
        created_at: admins.app.now(),
        updated_at: admins.app.now(),
        version: Version::FIRST,
    };
    applications.insert_role(&role).await.unwrap();
    assert!(applications.assign_role(wiki, role.id, None, admins.app.now()).await.unwrap());
    drop(applications);
    drop(repositories);
    for person in [WIKI, HELPER] {
        let mut admin = admins.sign_in(person).await;
        let body = refused(&admin.get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");
        assert_eq!(body["message"], "Admin role required", "{}", person.0);
    }
}

async fn each_role_may_do_what_it_is_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let new = json!({ "email": "new@acme.test" });
    for (person, reads, writes) in
        [(ORGS, false, false), (APPS, false, false), (AUDITOR, true, false), (USERS, true, true)]
    {
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool, status| if may { status } else { StatusCode::FORBIDDEN };
        for path in [LIST.to_owned(), format!("{LIST}/{bob}"), format!("/users/{bob}")] {
            expect(&admin.get(&path).await, status(reads, StatusCode::OK));
        }
        expect(&admin.post(LIST, &new).await, status(writes, StatusCode::CREATED));
        expect(
            &admin.put(&format!("{LIST}/{bob}"), &json!({ "nickname": person.0 })).await,
            status(writes, StatusCode::OK),
        );
        for action in ["suspend", "unsuspend", "lock", "unlock", "deactivate", "reactivate"] {
            let answer = admin.post(&format!("{LIST}/{bob}/{action}"), &json!({})).await;
            expect(&answer, status(writes, StatusCode::NO_CONTENT));
        }
        let answer = admin.post(&format!("{LIST}/{bob}/verify-email"), &json!({})).await;
        expect(&answer, status(writes, StatusCode::NO_CONTENT));
        let answer = admin.delete(&format!("{LIST}/{bob}/password")).await;
        expect(&answer, status(writes, StatusCode::NO_CONTENT));
    }
    let mut auditor = admins.sign_in(AUDITOR).await;
    let body = refused(&auditor.post(LIST, &new).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Insufficient permissions. Required: admin:user:create");
}

/// Nothing of an administrator is cached.
async fn whoever_loses_role_password_or_status_loses_the_api(app: TestApp) {
    let admins = Admins::of(app).await;
    let organization = admins.organization("porta-admin").await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let mut users = admins.sign_in(USERS).await;
    let mut root = admins.sign_in(ROOT).await;
    expect(&auditor.get(LIST).await, StatusCode::OK);
    expect(&users.get(LIST).await, StatusCode::OK);

    let person = admins.user("porta-admin", AUDITOR.0).await;
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let role = unit.roles().visible(&organization, "porta-admin", "porta-auditor").await.unwrap();
    unit.roles().unassign(&organization, &person, &role).await.unwrap();
    unit.commit().await.unwrap();
    refused(&auditor.get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");

    let person = admins.user("porta-admin", USERS.0).await.id;
    let password = json!({ "password": "harbour-Quay-5311" });
    let answer = root.post(&format!("/users/{person}/password"), &password).await;
    expect(&answer, StatusCode::NO_CONTENT);
    refused(&users.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");

    let mut orgs = admins.sign_in(ORGS).await;
    refused(&orgs.get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");
    let person = admins.user("porta-admin", ORGS.0).await.id;
    expect(&root.post(&format!("/users/{person}/suspend"), &json!({})).await, StatusCode::NO_CONTENT);
    let body = refused(&orgs.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");
    assert_eq!(body["message"], "User not found or not active");
}

async fn a_token_ends_by_time_revocation_and_with_its_client(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let token = root.token.clone();
    let mut browser = admins.app.browser();
    let answer = browser
        .post(
            "/porta-admin/token/revocation",
            &[("token", token.as_str()), ("client_id", admins.command_line.as_str())],
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    refused(&root.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");

    let mut root = admins.sign_in(ROOT).await;
    admins.app.advance(Duration::from_mins(61));
    refused(&root.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");

    let mut root = admins.sign_in(ROOT).await;
    expect(&root.get(LIST).await, StatusCode::OK);
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let (organization, client) = unit.client(&admins.command_line).await.unwrap();
    unit.clients().set_status(&organization, &client, ClientStatus::Inactive).await.unwrap();
    unit.commit().await.unwrap();
    refused(&root.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");
}

/// A run locks the super-admin organization by setting the status that it has.
async fn a_provisioning_run_ends_no_tokens(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    admins.app.advance(Duration::from_secs(1));
    let organization = admins.organization("porta-admin").await;
    let renamed = Organization { name: "Administration".to_owned(), ..organization.clone() };
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    unit.organizations().update(&organization, renamed).await.unwrap();
    unit.commit().await.unwrap();
    admins.app.advance(Duration::from_secs(1));
    admins.app.provision(porta_testkit::FIXTURE).await;
    expect(&root.get(LIST).await, StatusCode::OK);
}

async fn a_lesser_administrator_cannot_take_over_a_member_of_the_admin_organization(app: TestApp) {
    let admins = Admins::of(app).await;
    let root = admins.user("porta-admin", ROOT.0).await;
    let mut users = admins.sign_in(USERS).await;
    let path = format!("/organizations/porta-admin/users/{}", root.id);
    let other = "Only a super-admin may change another member of the admin organization";
    for (method, place, body, text) in [
        (Method::POST, "/password", json!({ "password": "harbour-Quay-5311" }), other),
        (Method::DELETE, "/password", json!({}), other),
        (Method::POST, "/verify-email", json!({}), other),
        (Method::PUT, "", json!({ "email": "mine@porta.test" }), other),
        (Method::POST, "/suspend", json!({}), "Cannot suspend the super-admin user"),
        (Method::POST, "/lock", json!({}), "Cannot lock the super-admin user"),
        (Method::POST, "/deactivate", json!({}), "Cannot deactivate the super-admin user"),
    ] {
        let answer = users.send(method.clone(), &format!("{path}{place}"), Some(&body)).await;
        let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
        assert_eq!(body["message"], text, "{method} {place}");
    }
    // Another administrator is no protected user, and still no lesser one's business.
    let orgs = admins.user("porta-admin", ORGS.0).await.id;
    for action in ["suspend", "lock", "deactivate"] {
        let answer = users.post(&format!("/users/{orgs}/{action}"), &json!({})).await;
        assert_eq!(refused(&answer, StatusCode::FORBIDDEN, "Forbidden")["message"], other, "{action}");
    }
    let after = admins.user("porta-admin", ROOT.0).await;
    assert_eq!(
        (after.status, after.version, after.password_hash),
        (UserStatus::Active, root.version, root.password_hash)
    );
    // Everybody may change the own profile.
    let own = admins.user("porta-admin", USERS.0).await.id;
    expect(&users.put(&format!("/users/{own}"), &json!({ "nickname": "U" })).await, StatusCode::OK);
}

async fn what_does_not_exist_is_not_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    for path in ["/nothing", "/organizations/acme/nothing", "/", ""] {
        refused(&root.get(path).await, StatusCode::NOT_FOUND, "Not found");
    }
    refused(
        &root.get("/organizations/none/users").await,
        StatusCode::NOT_FOUND,
        "Organization not found: none",
    );
    let with_slash = root.get("/organizations/acme/users/?pageSize=1").await;
    assert_eq!(with_slash.body, root.get("/organizations/acme/users?pageSize=1").await.body);
    let elsewhere = format!("/organizations/beta/users/{bob}");
    refused(&root.get(&elsewhere).await, StatusCode::NOT_FOUND, &format!("User not found: {bob}"));
    for id in ["x", "bob@acme.test", "00000000-0000-0000-0000-000000000000"] {
        let text = format!("User not found: {id}");
        refused(&root.get(&format!("/organizations/acme/users/{id}")).await, StatusCode::NOT_FOUND, &text);
        refused(&root.get(&format!("/users/{id}")).await, StatusCode::NOT_FOUND, &text);
        refused(&root.post(&format!("/users/{id}/suspend"), &json!({})).await, StatusCode::NOT_FOUND, &text);
    }
    let answer = root.send(Method::PATCH, "/users/x", None).await;
    refused(&answer, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
}
