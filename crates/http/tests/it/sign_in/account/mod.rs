//! The account pages (`/{org}/account`).

use std::time::Duration;

use porta_core::mail::Mail;
use porta_core::settings::STEP_UP_MAX_AGE;
use porta_testkit::{Answer, Browser, ISSUER_BASE, TestApp};

use super::support::*;

mod access;
mod assurance;
mod data;
mod entering;
mod factors;
mod outages;
mod password;
mod refusals;
mod revocation;
mod sessions;
mod step_up;

/// A browser on the account pages.
#[derive(Clone)]
struct Account {
    browser: Browser,
    org: &'static str,
}

impl Account {
    /// Signs Ana of acme in to her account pages.
    async fn of_ana(app: &TestApp) -> Self {
        Self::open(app, "acme", ANA).await
    }

    async fn open(app: &TestApp, org: &'static str, person: Person) -> Self {
        // Mails with equal timestamps have no defined order.
        app.advance(Duration::from_secs(1));
        let mut account = Self { browser: app.browser(), org };
        let start = account.get("").await;
        let answer = account.sign_in(start, person).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        account
    }

    /// Fills in the login page that an answer leads to, and follows all redirects.
    async fn sign_in(&mut self, start: Answer, person: Person) -> Answer {
        let form = Form::at(&mut self.browser, start).await;
        let answer = form.login(&mut self.browser, person.0, person.1).await;
        self.browser.follow(answer).await
    }

    fn url(&self, path: &str) -> String {
        format!("{ISSUER_BASE}/{}/account{path}", self.org)
    }

    async fn get(&mut self, path: &str) -> Answer {
        let url = self.url(path);
        self.browser.get(&url).await
    }

    /// The CSRF value, the same in every form; this page never asks for a new sign-in.
    async fn csrf(&mut self) -> String {
        self.get("/data").await.field("_csrf")
    }

    /// Posts with the right CSRF value.
    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf().await;
        let mut fields = fields.to_vec();
        fields.push(("_csrf", &csrf));
        let url = self.url(path);
        self.browser.post(&url, &fields).await
    }

    /// Posts like `post`; the form is refused, and the page it redirects to shows why.
    async fn refused(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, &*self.url(path)), "{}", answer.body);
        let page = self.browser.follow(answer).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("role=\"alert\""), "{}", page.body);
        assert!(!self.get(path).await.body.contains("role=\"alert\""), "a reload shows it no more");
        page
    }

    /// Posts like `post`, and follows to the result page.
    async fn done(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        self.browser.follow(answer).await
    }
}

/// Whether the answer redirects to a sign-in.
fn asks_to_sign_in(answer: &Answer) -> bool {
    answer.status == 303 && answer.location().contains("/interaction/")
}

fn leads_to(answer: &Answer, path: &str) -> bool {
    answer.status == 303 && answer.location() == format!("{ISSUER_BASE}/acme/account{path}")
}

/// Advances the clock until a sign-in no longer counts as recent.
fn grow_old(app: &TestApp) {
    app.advance(Duration::from_secs(u64::try_from(STEP_UP_MAX_AGE.default).unwrap()));
}

async fn emails(app: &TestApp, what: fn(&Mail) -> bool) -> usize {
    app.emails().await.iter().filter(|outgoing| what(&outgoing.mail)).count()
}
