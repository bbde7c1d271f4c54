//! Times one request of a new browser from a new address.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::accounts::WRONG_PASSWORD;
use crate::client::{Connection, Jar, Site, form_with};
use crate::process::thread_cpu_time;
use crate::scenarios::{Authorization, followed, store_cookies};
use crate::world::fixtures::ORGANIZATION;

/// The server counts as idle when it used no CPU time for this long.
const QUIET: Duration = Duration::from_millis(3);
/// Maximum number of checks for an idle server.
const LOOKS: u32 = 10_000;

/// The requests whose responses must not reveal whether an account exists (`docs/security.md`, W18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TimedRequest {
    SignIn,
    ForgottenPassword,
    MagicLink,
}

impl TimedRequest {
    pub(crate) const ALL: [Self; 3] = [Self::SignIn, Self::ForgottenPassword, Self::MagicLink];

    /// Text on the page that is the same for every account.
    fn proof(self) -> &'static str {
        match self {
            Self::SignIn => "do not match",
            Self::ForgottenPassword | Self::MagicLink => "Check your email",
        }
    }
}

impl std::fmt::Display for TimedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::SignIn => "sign-in with a wrong password",
            Self::ForgottenPassword => "forgotten password",
            Self::MagicLink => "magic link",
        })
    }
}

/// What a visitor observes after submitting a form: the redirect, and the page that it leads to.
pub(super) struct Answer {
    pub(super) time: Duration,
    /// Length of both responses in bytes, headers included.
    pub(super) length: usize,
}

/// A form that is ready to be submitted.
struct FilledForm {
    jar: Jar,
    request: Vec<u8>,
}

pub(super) struct Visitor {
    site: Site,
    server: u32,
    connection: Connection,
    visits: u32,
}

impl Visitor {
    pub(super) async fn new(site: &Site, server: u32) -> Result<Self> {
        let connection = Connection::open(site).await?;
        Ok(Self { site: site.clone(), server, connection, visits: 0 })
    }

    /// Opens the form, waits until the server is idle, submits the form, and times it until the next page is there.
    pub(super) async fn ask(&mut self, request: TimedRequest, email: &str) -> Result<Answer> {
        // Benchmarking networks (RFC 2544, appendix C.2.2): each address is used once, so no rate limit is reached.
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + self.visits);
        self.visits += 1;
        let browser = Authorization::new(&self.site, Some(address.to_string()));
        let FilledForm { mut jar, request: form } = match request {
            TimedRequest::ForgottenPassword => self.forgotten_password(&browser, email).await?,
            TimedRequest::SignIn | TimedRequest::MagicLink => self.login(request, &browser, email).await?,
        };
        self.idle().await?;
        let started = Instant::now();
        let redirect = self.connection.expect(303, &form).await?;
        let length = redirect.length();
        let target = followed(&redirect, &mut jar)?;
        let next = browser.get(browser.own_path(&target)?, &jar);
        let page = self.connection.expect(200, &next).await?;
        let time = started.elapsed();
        ensure!(page.text()?.contains(request.proof()), "no proof in {}", page.describe());
        Ok(Answer { time, length: length + page.length() })
    }

    async fn login(
        &mut self,
        request: TimedRequest,
        browser: &Authorization,
        email: &str,
    ) -> Result<FilledForm> {
        let mut jar = Jar::default();
        let page = browser.open(&mut self.connection, &mut jar).await?;
        if request == TimedRequest::SignIn {
            let fields = [("_csrf", page.csrf.as_str()), ("email", email), ("password", WRONG_PASSWORD)];
            let request = browser.post(&page.action, &jar, &fields);
            return Ok(FilledForm { jar, request });
        }
        let interaction = page.action.strip_suffix("/login").context("the login form leads elsewhere")?;
        let fields = [("_csrf", page.csrf.as_str()), ("email", email), ("password", "")];
        let request = browser.post(&format!("{interaction}/magic-link"), &jar, &fields);
        Ok(FilledForm { jar, request })
    }

    async fn forgotten_password(&mut self, browser: &Authorization, email: &str) -> Result<FilledForm> {
        let mut jar = Jar::default();
        let path = format!("/{ORGANIZATION}/auth/forgot-password");
        let page = self.connection.expect(200, &browser.get(&path, &jar)).await?;
        store_cookies(&page, &mut jar)?;
        let Some(form) = form_with(page.text()?, "email") else { bail!("no form on {}", page.describe()) };
        let request = browser.post(form.action, &jar, &[("_csrf", form.csrf), ("email", email)]);
        Ok(FilledForm { jar, request })
    }

    /// Waits until the server has finished deferred work of earlier requests, including mail.
    pub(super) async fn idle(&self) -> Result<()> {
        let mut used = thread_cpu_time(self.server, "")?;
        for _ in 0..LOOKS {
            sleep(QUIET).await;
            let now = thread_cpu_time(self.server, "")?;
            if now == used {
                return Ok(());
            }
            used = now;
        }
        bail!("the server does not come to rest")
    }
}
