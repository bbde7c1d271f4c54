//! Secrets in the requests: made-up ones that all carry one mark, and real ones of a person who is signed in.

use porta_testkit::TestApp;

use super::super::support::*;

/// In every made-up secret, so that a piece of one is recognised too.
pub(super) const MARK: &str = "Zq7planted";

/// A made-up secret: long enough for any field, with the mark at both ends.
pub(super) fn secret(kind: &str) -> String {
    format!("{MARK}-{kind}-0123456789abcdefghijklmnopqrstuvwxyz-{MARK}")
}

/// Values of a sign-in that really happened, and of one that is going on.
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
}

impl Planted {
    pub(super) async fn gather(app: &TestApp) -> Self {
        let mut browser = app.browser();
        let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
        let back = browser.get(&web().url()).await;
        let xsrf = browser.get("/acme/session/end").await.field("xsrf");
        let form = open(&mut browser, &web().with("prompt", "login")).await;
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
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
        }
    }

    /// Values that open something by themselves.
    pub(super) fn bearers(&self) -> [&str; 9] {
        [
            &self.session,
            &self.binding,
            &self.uid,
            &self.csrf,
            &self.xsrf,
            &self.code,
            &self.access_token,
            &self.refresh_token,
            &self.id_token,
        ]
    }

    /// The first secret that a text contains.
    pub(super) fn found_in<'a>(&'a self, text: &str) -> Option<&'a str> {
        let fixed = [MARK, ANA.1, WEB.1.unwrap_or_default()];
        fixed.into_iter().chain(self.bearers()).find(|secret| text.contains(secret))
    }
}
