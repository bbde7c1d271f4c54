//! What ends on one instance ends on every other within a second.

use std::time::{Duration, Instant};

use porta_core::client::ClientStatus;
use porta_core::organization::OrganizationStatus;
use porta_core::user::UserStatus;
use porta_directory::Actor;
use porta_testkit::{TestApp, on_both_stores};
use serde_json::Value;

use super::*;

/// A second, and more on a busy machine.
const SOON: Duration = Duration::from_secs(10);

on_both_stores!(
    a_suspended_person_is_out,
    a_password_changed_by_its_person_ends_the_rest,
    a_password_set_by_an_operator_ends_everything,
    a_reset_of_second_factors_ends_everything,
    a_revoked_client_is_out,
    a_suspended_organization_is_out,
    ended_sessions_and_withdrawn_access_are_gone,
);

/// Ana signed in at another instance: with tokens, and with everything cached there.
struct OtherInstance {
    app: TestApp,
    account: Account,
    tokens: Value,
}

impl OtherInstance {
    async fn of(app: &TestApp) -> Self {
        let there = app.another_process().await;
        let mut browser = there.browser();
        let request = web().with("scope", "openid offline_access").with("prompt", "consent");
        let tokens = tokens(&mut browser, &request, ANA, WEB).await;
        let account = Account { browser, org: "acme" };
        let there = Self { app: there, account, tokens };
        assert!(there.is_active().await && there.has_session().await);
        there
    }

    async fn is_active(&self) -> bool {
        let token = self.tokens["access_token"].as_str().unwrap();
        let path = "/acme/token/introspection";
        // Introspect as a client other than the one that may be gone.
        let answer = self.app.browser().authenticated(path, BILLING, &[("token", token)]).await;
        answer.status == 200 && answer.json()["active"] == true
    }

    async fn refreshes(&self) -> bool {
        let Some(token) = self.tokens["refresh_token"].as_str() else { panic!("{}", self.tokens) };
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.app.browser().token("acme", WEB, &form).await.status == 200
    }

    async fn has_session(&self) -> bool {
        let silent = self.account.clone().browser.get(&billing().with("prompt", "none").url()).await;
        let is_known = silent.status == 303 && silent.query("code").is_some();
        let is_shown = self.account.clone().get("").await.status == 200;
        is_known && is_shown
    }

    /// Asserts that session and tokens end within [`SOON`].
    async fn ends(&self) {
        let since = Instant::now();
        while self.is_active().await || self.has_session().await {
            assert!(since.elapsed() < SOON, "still alive");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.stays_ended().await;
    }

    async fn stays_ended(&self) {
        assert!(!self.is_active().await, "introspection says active");
        assert!(!self.refreshes().await, "refreshed");
        assert!(!self.has_session().await, "the session goes on");
    }
}

async fn a_suspended_person_is_out(app: TestApp) {
    let there = OtherInstance::of(&app).await;
    set_user_status(&app, ANA.0, UserStatus::Suspended).await;
    there.ends().await;
    set_user_status(&app, ANA.0, UserStatus::Active).await;
    there.stays_ended().await;
}

async fn a_password_changed_by_its_person_ends_the_rest(app: TestApp) {
    let there = OtherInstance::of(&app).await;
    let mut here = Account::of_ana(&app).await;
    let new = "brisk-Walnut-Harbor-9";
    let form = [("currentPassword", ANA.1), ("password", new), ("confirmPassword", new)];
    here.done("/password", &form).await;
    there.ends().await;
    let elsewhere = Account { browser: here.browser.clone().through(there.app.router.clone()), org: "acme" };
    assert_eq!(elsewhere.clone().get("").await.status, 200, "this browser stays, on any instance");
}

async fn a_password_set_by_an_operator_ends_everything(app: TestApp) {
    let there = OtherInstance::of(&app).await;
    let ana = user(&app, "acme", ANA.0).await;
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization("acme").await.unwrap();
    work.users().set_password(&owner, &ana, None).await.unwrap();
    work.commit().await.unwrap();
    there.ends().await;
}

async fn a_reset_of_second_factors_ends_everything(app: TestApp) {
    let there = OtherInstance::of(&app).await;
    let organization = app.tenant("acme").await.organization.id;
    let ana = user(&app, "acme", ANA.0).await;
    let mut repositories = app.store.repositories();
    assert!(repositories.second_factors(organization).enrol_email(ana.id, app.now()).await.unwrap());
    drop(repositories);
    let ana = user(&app, "acme", ANA.0).await;
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization("acme").await.unwrap();
    work.users().second_factors().reset(&owner, &ana).await.unwrap();
    work.commit().await.unwrap();
    there.ends().await;
}

async fn a_revoked_client_is_out(app: TestApp) {
    let there = OtherInstance::of(&app).await;
    // Does not wait until this instance has the change.
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let (owner, client) = work.client(WEB.0).await.unwrap();
    work.clients().set_status(&owner, &client, ClientStatus::Revoked).await.unwrap();
    work.commit().await.unwrap();
    let authorizes = async || {
        let request = there.account.clone().browser.get(&web().with("prompt", "none").url()).await;
        request.status != 400
    };
    let since = Instant::now();
    while there.is_active().await || there.refreshes().await || authorizes().await {
        assert!(since.elapsed() < SOON, "still alive");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(there.has_session().await, "the person stays signed in");
}

async fn a_suspended_organization_is_out(app: TestApp) {
    let there = OtherInstance::of(&app).await;
    set_organization_status(&app, "acme", OrganizationStatus::Suspended).await;
    there.ends().await;
}

async fn ended_sessions_and_withdrawn_access_are_gone(app: TestApp) {
    let there = OtherInstance::of(&app).await;
    let mut here = Account::of_ana(&app).await;
    here.done("/sessions", &[("session", "others")]).await;
    there.ends().await;
    app.advance(Duration::from_secs(1));
    let there = OtherInstance::of(&app).await;
    let page = here.get("/applications").await;
    for id in page.body.split("name=\"application\" value=\"").skip(1) {
        here.done("/applications", &[("application", id.split('"').next().unwrap())]).await;
    }
    assert!(!there.is_active().await && !there.refreshes().await);
    assert!(there.has_session().await, "the session was not asked to end");
}
