//! An administrator of users who wants the rights of others.

use porta_testkit::TestApp;
use serde_json::json;

use super::Refusal::{Elsewhere, Forbidden, Item, Lacks, Missing, Unfit, Unplaced};
use super::*;

porta_testkit::on_both_stores!(
    an_administrator_of_users_stays_one,
    roles_that_an_organization_does_not_see_stay_out_of_reach,
);

async fn an_administrator_of_users_stays_one(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut users = Culprit::person(&admins, USERS).await;
    let (highest, own) = (id(&admins, ROOT).await, id(&admins, USERS).await);
    let other = id(&admins, ORGS).await;
    let wanted = role(&mut root, "porta-admin", "porta-super-admin").await;
    let before = State::of(&admins, &mut root).await;
    users.all_are_refused(&admins, assignments(&own, &highest, &wanted)).await;
    users.all_are_refused(&admins, take_overs(&highest, &other)).await;
    users.all_are_refused(&admins, elsewhere()).await;
    assert_eq!(State::of(&admins, &mut root).await, before);
}

/// A role of administration, in every way that gives or takes one.
fn assignments(own: &str, highest: &str, wanted: &str) -> Vec<Attempt> {
    let no = Forbidden(ONLY_A_SUPER_ADMIN_ASSIGNS);
    let mine = format!("/organizations/porta-admin/users/{own}/roles");
    let theirs = format!("/organizations/porta-admin/users/{highest}/roles");
    let (one, many) = (json!({ "roleId": wanted }), json!({ "roleIds": [wanted] }));
    let lacks = Lacks("admin:import:write");
    let invite = "/organizations/porta-admin/users/invite";
    let pre_assigned = json!({
        "email": "mole@porta.test", "roles": [{ "applicationId": "porta-admin", "roleId": wanted }],
    });
    vec![
        post("self-assignment", &mine, one, no),
        put("self-assignment of many", &mine, many.clone(), no),
        delete("demotion of a higher one", &theirs, no).carrying(many),
        delete("demotion by path", &format!("{theirs}/{wanted}"), no),
        post("a role by invitation", invite, pre_assigned, no),
        post(
            "an invitation of an administrator",
            invite,
            json!({ "email": ORGS.0 }),
            Forbidden(OTHER_MEMBER),
        ),
        post("a role by import, dry", "/import", import("dry-run", super_admin_role()), lacks),
        post("a role by import, merged", "/import", import("merge", super_admin_role()), lacks),
        post("a role by import, overwriting", "/import", import("overwrite", super_admin_role()), lacks),
    ]
}

/// The account of somebody with more rights.
fn take_overs(highest: &str, other: &str) -> Vec<Attempt> {
    let (super_admin, colleague) = (format!("/users/{highest}"), format!("/users/{other}"));
    let factors = |user: &str| format!("/organizations/porta-admin/users/{user}/two-factor");
    let bulk = |user: &str| json!({ "ids": [user], "action": "lock", "organizationId": "porta-admin" });
    let password = json!({ "password": PASSWORD });
    vec![
        post(
            "the password of a super-admin",
            &format!("{super_admin}/password"),
            password.clone(),
            Forbidden(OTHER_MEMBER),
        ),
        post(
            "the password of a colleague",
            &format!("{colleague}/password"),
            password,
            Forbidden(OTHER_MEMBER),
        ),
        delete("no password for a super-admin", &format!("{super_admin}/password"), Forbidden(OTHER_MEMBER)),
        put(
            "the address of a super-admin",
            &super_admin,
            json!({ "email": "mine@porta.test" }),
            Forbidden(OTHER_MEMBER),
        ),
        post(
            "a verified address",
            &format!("{super_admin}/verify-email"),
            json!({}),
            Forbidden(OTHER_MEMBER),
        ),
        post(
            "the factors of a super-admin",
            &format!("{}/reset", factors(highest)),
            json!({}),
            Forbidden("Cannot manage-2fa the super-admin user"),
        ),
        post(
            "the factors of a colleague",
            &format!("{}/disable", factors(other)),
            json!({}),
            Forbidden(OTHER_MEMBER),
        ),
        post(
            "the recovery codes of a colleague",
            &format!("{}/recovery-codes/regenerate", factors(other)),
            json!({}),
            Forbidden(OTHER_MEMBER),
        ),
        post(
            "suspension of the super-admin",
            &format!("{super_admin}/suspend"),
            json!({}),
            Forbidden("Cannot suspend the super-admin user"),
        ),
        post("a lock in bulk", "/bulk/users/status", bulk(highest), Item("Cannot lock the super-admin user")),
        post("a lock of a colleague in bulk", "/bulk/users/status", bulk(other), Item(OTHER_MEMBER)),
    ]
}

/// What belongs to other roles.
fn elsewhere() -> Vec<Attempt> {
    vec![
        put("a setting", "/config/session_ttl", json!({ "value": "1" }), Lacks("admin:config:update")),
        get("a manifest", "/export/manifest?organizationId=acme", Lacks("admin:export:read")),
        post("a signing key", "/keys/rotate", json!({}), Lacks("admin:key:rotate")),
        post("the audit log", "/audit/cleanup", json!({}), Lacks("admin:config:update")),
        put("a client", "/clients/web", json!({ "scope": "openid" }), Lacks("admin:client:update")),
    ]
}

async fn roles_that_an_organization_does_not_see_stay_out_of_reach(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut users = Culprit::person(&admins, USERS).await;
    let wanted = role(&mut root, "porta-admin", "porta-super-admin").await;
    let guest = json!({ "name": "Guest" });
    let guest = expect(&root.post("/applications/partner/roles", &guest).await, StatusCode::CREATED);
    let guest = guest["data"]["id"].as_str().unwrap().to_owned();
    let bob = admins.user("acme", "bob@acme.test").await.id.to_string();
    let before = State::of(&admins, &mut root).await;
    users.all_are_refused(&admins, foreign_roles(&bob, &wanted, &guest)).await;
    assert_eq!(State::of(&admins, &mut root).await, before);
}

/// Attempts to give bob of acme such a role, and the same with an id of nothing.
fn foreign_roles(bob: &str, wanted: &str, guest: &str) -> Vec<Attempt> {
    let (list, missing) = (format!("{LIST}/{bob}/roles"), Elsewhere("Role not found"));
    let invite = "/organizations/acme/users/invite";
    let invitation = |role: &str| json!({ "email": "mole@acme.test", "roles": [{ "applicationId": "planner", "roleId": role }] });
    let unknown = "not found in application planner";
    vec![
        post("a role of administration for a tenant", &list, json!({ "roleId": wanted }), missing),
        post("a role of another tenant's application", &list, json!({ "roleId": guest }), missing),
        put("both", &list, json!({ "roleIds": [wanted, guest] }), missing),
        post("a role of administration by invitation", invite, invitation(wanted), Unplaced(unknown)),
        post("a role of another tenant by invitation", invite, invitation(guest), Unplaced(unknown)),
        post("no role", &list, json!({ "roleId": NOBODY }), Missing("Role not found")),
        post("no role by invitation", invite, invitation(NOBODY), Unfit(unknown)),
        get("nobody", &format!("{LIST}/{NOBODY}"), Missing("User not found")),
    ]
}
