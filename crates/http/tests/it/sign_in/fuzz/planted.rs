//! Secrets in the requests: made-up ones that all contain one mark, and real ones of a signed-in person.

use porta_core::one_time::TokenPurpose;
use porta_testkit::TestApp;

use super::super::support::*;

/// Contained in every made-up secret, so that fragments are recognised too.
pub(super) const MARK: &str = "Zq7planted";

/// A made-up secret: long enough for any field, with the mark at both ends.
pub(super) fn secret(kind: &str) -> String {
    format!("{MARK}-{kind}-0123456789abcdefghijklmnopqrstuvwxyz-{MARK}")
}

/// Values of a completed sign-in, and of one in progress.
pub(super) struct Planted {
    pub(super) session: String,
    pub(super) binding: String,
    pub(super) uid: String,
    pub(super) csrf: String,
    pub(super) xsrf: String,
    pub(super) code: String,
    pub(super) access_token: String,
    pub(super) refresh_token: String,
    pub(super) id_token: String,
    /// Cookie and CSRF value of forms outside interactions.
    pub(super) forms: String,
    pub(super) desk_csrf: String,
    /// Values of mailed links: sign-in, reset, invitation, confirmation.
    pub(super) links: [String; 4],
}

impl Planted {
    pub(super) async fn gather(app: &TestApp) -> Self {
        let mut browser = app.browser();
        let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
        let back = browser.get(&web().url()).await;
        let xsrf = browser.get("/acme/session/end").await.field("xsrf");
        let form = open(&mut browser, &web().with("prompt", "login")).await;
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let bob = user(app, "acme", BOB.0).await;
        let mut links = Vec::new();
        for purpose in [
            TokenPurpose::MagicLink,
            TokenPurpose::PasswordReset,
            TokenPurpose::Invitation,
            TokenPurpose::EmailVerification,
        ] {
            links.push(issue_link(app, &bob, purpose, None).await);
        }
        let desk_csrf = browser.get("/acme/auth/forgot-password").await.field("_csrf");
        Self {
            session: browser.cookie("_session").unwrap().to_owned(),
            binding: browser.cookie("_interaction").unwrap().to_owned(),
            uid: form.uid().to_owned(),
            csrf: form.csrf.clone(),
            xsrf,
            code: code(&back),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
            id_token: text("id_token"),
            forms: browser.cookie("_forms").unwrap().to_owned(),
            desk_csrf,
            links: links.try_into().unwrap(),
        }
    }

    /// Bearer values.
    pub(super) fn bearers(&self) -> Vec<&str> {
        let mut bearers: Vec<&str> = vec![
            &self.session,
            &self.binding,
            &self.uid,
            &self.csrf,
            &self.xsrf,
            &self.code,
            &self.access_token,
            &self.refresh_token,
            &self.id_token,
            &self.forms,
            &self.desk_csrf,
        ];
        bearers.extend(self.links.iter().map(String::as_str));
        bearers
    }

    /// The first secret found in a text.
    pub(super) fn found_in<'a>(&'a self, text: &str) -> Option<&'a str> {
        let fixed = [MARK, ANA.1, WEB.1.unwrap_or_default()];
        fixed.into_iter().chain(self.bearers()).find(|secret| text.contains(secret))
    }
}
