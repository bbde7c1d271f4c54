//! Tokens of administrators who lost a role, the password, the account, the client or the session. They do not lose the
//! organization: neither requests nor the database suspend it (`CHECK` of the table `organizations`).

use porta_testkit::TestApp;
use serde_json::json;

use super::Refusal::{Ended, Forbidden};
use super::*;

porta_testkit::on_both_stores!(
    a_token_from_before_a_demotion_is_of_no_use,
    a_token_from_before_another_password_is_of_no_use,
    a_token_of_a_suspended_administrator_is_of_no_use,
    a_token_of_a_revoked_client_is_of_no_use,
    a_token_from_before_the_end_of_all_sessions_is_of_no_use,
);

const INVALID: &str = "Token validation failed";

/// Somebody who is let in now.
async fn administrator(admins: &Admins, person: Person) -> Culprit {
    let mut administrator = Culprit::person(admins, person).await;
    expect(&administrator.admin.get(LIST).await, StatusCode::OK);
    administrator
}

/// A read and a change, both refused.
async fn is_out(admins: &Admins, culprit: &mut Culprit, refusal: Refusal) {
    let user = json!({ "email": "new@acme.test" });
    culprit
        .all_are_refused(admins, vec![get("a read", LIST, refusal), post("a change", LIST, user, refusal)])
        .await;
}

async fn a_token_from_before_a_demotion_is_of_no_use(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut users = administrator(&admins, USERS).await;
    let held = role(&mut root, "porta-admin", "porta-user-admin").await;
    let own = format!("/organizations/porta-admin/users/{}/roles", id(&admins, USERS).await);
    expect(&root.delete(&format!("{own}/{held}")).await, StatusCode::NO_CONTENT);
    let no = Forbidden("Admin role required");
    is_out(&admins, &mut users, no).await;
    users.is_refused(&admins, post("the role again", &own, json!({ "roleId": held }), no)).await;
}

async fn a_token_from_before_another_password_is_of_no_use(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut users = administrator(&admins, USERS).await;
    let password = format!("/users/{}/password", id(&admins, USERS).await);
    expect(&root.post(&password, &json!({ "password": PASSWORD })).await, StatusCode::NO_CONTENT);
    is_out(&admins, &mut users, Ended(INVALID)).await;
}

async fn a_token_of_a_suspended_administrator_is_of_no_use(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut users = administrator(&admins, USERS).await;
    let own = format!("/users/{}", id(&admins, USERS).await);
    expect(&root.post(&format!("{own}/suspend"), &json!({})).await, StatusCode::NO_CONTENT);
    is_out(&admins, &mut users, Ended("User not found or not active")).await;
    let no = Ended("User not found or not active");
    users.is_refused(&admins, post("the account again", &format!("{own}/unsuspend"), json!({}), no)).await;
    // Nor does it come back with the account.
    expect(&root.post(&format!("{own}/unsuspend"), &json!({})).await, StatusCode::NO_CONTENT);
    is_out(&admins, &mut users, Ended(INVALID)).await;
}

async fn a_token_of_a_revoked_client_is_of_no_use(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let client = format!("/clients/{}", admins.command_line);
    expect(&root.post(&format!("{client}/revoke"), &json!({})).await, StatusCode::NO_CONTENT);
    let mut culprit = Culprit { label: ROOT.0.to_owned(), admin: root };
    is_out(&admins, &mut culprit, Ended(INVALID)).await;
    let restore = format!("{client}/restore");
    culprit.is_refused(&admins, post("the client again", &restore, json!({}), Ended(INVALID))).await;
}

async fn a_token_from_before_the_end_of_all_sessions_is_of_no_use(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut users = administrator(&admins, USERS).await;
    let sessions = json!({ "organizationId": "porta-admin" });
    expect(&root.post("/sessions/revoke", &sessions).await, StatusCode::OK);
    is_out(&admins, &mut users, Ended(INVALID)).await;
}
