//! Administrators who are made for one request, because it changes the account of whoever sends it.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::UserId;
use serde_json::json;

use crate::support::*;

/// The password of every newcomer.
pub(crate) const PASSWORD: &str = "lantern-Quay-40";

const MEMBERS: &str = "/organizations/porta-admin/users";

pub(crate) struct Newcomer {
    pub(crate) id: UserId,
    pub(crate) email: String,
}

impl Newcomer {
    /// Makes somebody with a role of the admin application. `root` is a super-admin.
    pub(crate) async fn make(admins: &Admins, root: &mut Admin, email: &str, role: &str) -> Self {
        let body = json!({ "email": email, "password": PASSWORD, "temporary": false });
        let made = expect(&root.post(MEMBERS, &body).await, StatusCode::CREATED);
        let id = made["data"]["id"].as_str().unwrap();
        let roles = expect(&root.get("/applications/porta-admin/roles").await, StatusCode::OK);
        let mut roles = roles["data"].as_array().unwrap().iter();
        let held = roles.find(|known| known["slug"] == role).unwrap();
        let assigned = root.post(&format!("{MEMBERS}/{id}/roles"), &json!({ "roleId": held["id"] })).await;
        expect(&assigned, StatusCode::NO_CONTENT);
        // What follows is newer.
        admins.app.advance(Duration::from_secs(1));
        Self { id: UserId::parse(id).unwrap(), email: email.to_owned() }
    }

    pub(crate) async fn sign_in(&self, admins: &Admins) -> Admin {
        admins.sign_in((self.email.as_str(), PASSWORD)).await
    }

    /// Makes mailed codes the second factor, and signs in with one.
    pub(crate) async fn sign_in_with_code(&self, admins: &Admins) -> Admin {
        let organization = admins.organization("porta-admin").await.id;
        let mut repositories = admins.app.store.repositories();
        let mut factors = repositories.second_factors(organization);
        assert!(factors.enrol_email(self.id, admins.app.now()).await.unwrap());
        drop(factors);
        drop(repositories);
        admins.app.advance(Duration::from_secs(1));
        admins.sign_in_with_code((self.email.as_str(), PASSWORD)).await
    }
}
