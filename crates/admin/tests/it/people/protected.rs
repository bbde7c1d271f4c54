//! The super-admin user cannot be taken out of action, not even by itself or another super-admin.

use axum::http::StatusCode;
use porta_core::user::UserStatus;
use porta_testkit::TestApp;
use serde_json::json;

use super::*;

porta_testkit::on_both_stores!(
    nobody_takes_the_super_admin_user_out_of_action,
    whoever_has_a_shell_may,
    another_super_admin_is_not_protected,
);

/// Makes somebody of the admin organization a super-admin.
async fn promote(admins: &Admins, person: Person) {
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let organization = unit.organization("porta-admin").await.unwrap();
    let user = unit.user(&organization, person.0).await.unwrap();
    let role = unit.roles().visible(&organization, "porta-admin", "porta-super-admin").await.unwrap();
    assert!(unit.roles().assign(&organization, &user, &role).await.unwrap());
    unit.commit().await.unwrap();
}

async fn nobody_takes_the_super_admin_user_out_of_action(app: TestApp) {
    let admins = Admins::of(app).await;
    promote(&admins, USERS).await;
    let before = admins.user("porta-admin", ROOT.0).await;
    for person in [ROOT, USERS] {
        let mut admin = admins.sign_in(person).await;
        for base in
            [format!("/organizations/porta-admin/users/{}", before.id), format!("/users/{}", before.id)]
        {
            for verb in ["suspend", "lock", "deactivate"] {
                let answer = admin.post(&format!("{base}/{verb}"), &json!({ "reason": "x" })).await;
                let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
                assert_eq!(body["message"], format!("Cannot {verb} the super-admin user"), "{}", person.0);
            }
        }
        let factors = format!("/organizations/porta-admin/users/{}/two-factor", before.id);
        for action in ["disable", "reset", "recovery-codes/regenerate"] {
            let answer = admin.post(&format!("{factors}/{action}"), &json!({})).await;
            let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
            assert_eq!(body["message"], "Cannot manage-2fa the super-admin user", "{action}");
        }
    }
    let after = admins.user("porta-admin", ROOT.0).await;
    assert_eq!((after.status, after.version), (UserStatus::Active, before.version));
    for event in ["user.suspended", "user.locked", "user.deactivated", "user.2fa.reset", "user.2fa.disabled"]
    {
        assert_eq!(admins.count(event).await, 0, "{event}");
    }
    // A super-admin may change profile and password.
    let mut users = admins.sign_in(USERS).await;
    let path = format!("/users/{}", before.id);
    expect(&users.put(&path, &json!({ "nickname": "R" })).await, StatusCode::OK);
    let password = json!({ "password": "harbour-Quay-5311" });
    expect(&users.post(&format!("{path}/password"), &password).await, StatusCode::NO_CONTENT);
}

/// Somebody must be able to help a super-admin who lost the second factor.
async fn whoever_has_a_shell_may(app: TestApp) {
    let admins = Admins::of(app).await;
    let organization = admins.organization("porta-admin").await;
    let root = admins.user("porta-admin", ROOT.0).await;
    let mut all = admins.app.store.repositories();
    assert!(all.second_factors(organization.id).enrol_email(root.id, admins.app.now()).await.unwrap());
    drop(all);
    let root = admins.user("porta-admin", ROOT.0).await;
    let mut unit = admins.app.directory.begin(Actor::Cli { os_user: None }).await.unwrap();
    unit.users().second_factors().reset(&organization, &root).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(admins.user("porta-admin", ROOT.0).await.two_factor_method, None);
}

async fn another_super_admin_is_not_protected(app: TestApp) {
    let admins = Admins::of(app).await;
    promote(&admins, USERS).await;
    let mut root = admins.sign_in(ROOT).await;
    let users = admins.user("porta-admin", USERS.0).await.id;
    for action in ["suspend", "unsuspend", "lock", "unlock", "deactivate", "reactivate"] {
        let answer = root.post(&format!("/users/{users}/{action}"), &json!({})).await;
        expect(&answer, StatusCode::NO_CONTENT);
    }
}
