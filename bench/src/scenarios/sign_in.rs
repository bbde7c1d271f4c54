//! A complete password sign-in: authorize, login page, password, resume, code, tokens, UserInfo.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::Tokens;
use crate::client::{Connection, Jar, Response, RetryLater, Site, form, form_with, query_value};
use crate::drive::{Step, Worker};
use crate::world::fixtures::{ORGANIZATION, REDIRECT_URI, User, WEB};

/// One PKCE verifier for all sign-ins, to save load-generator CPU: the example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "state-of-the-load-generator";

/// Token request fields that redeem a code of [`Authorization`].
pub(super) fn redemption(code: &str) -> [(&'static str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ]
}

/// The authorization request that all sign-ins send.
pub(crate) struct Authorization {
    site: Site,
    path: String,
    /// The browser's address, as a proxy in front would forward it.
    from: Option<String>,
}

/// The login page before the form is filled in.
pub(crate) struct LoginForm {
    pub(crate) action: String,
    pub(crate) csrf: String,
}

impl Authorization {
    pub(crate) fn new(site: &Site, from: Option<String>) -> Self {
        let query = form(&[
            ("client_id", WEB.id),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid profile email"),
            ("state", STATE),
            ("nonce", "nonce-of-the-load-generator"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        Self { site: site.clone(), path: format!("/{ORGANIZATION}/auth?{query}"), from }
    }

    /// Sends the authorization request and returns the redirect target.
    async fn begin(&self, connection: &mut Connection, jar: &mut Jar) -> Result<String> {
        let response = connection.expect(303, &self.get(&self.path, jar)).await?;
        followed(&response, jar)
    }

    /// Returns the code at once: the jar holds a live session.
    pub(super) async fn silently(&self, connection: &mut Connection, jar: &mut Jar) -> Result<String> {
        code_of(&self.begin(connection, jar).await?)
    }

    /// Runs the flow up to the login page, for a browser without a session.
    pub(crate) async fn open(&self, connection: &mut Connection, jar: &mut Jar) -> Result<LoginForm> {
        let location = self.begin(connection, jar).await?;
        let page = connection.expect(200, &self.get(self.own_path(&location)?, jar)).await?;
        store_cookies(&page, jar)?;
        let Some(login) = form_with(page.text()?, "password") else {
            bail!("no login form on {}", page.describe())
        };
        Ok(LoginForm { action: self.own_path(login.action)?.to_owned(), csrf: login.csrf.to_owned() })
    }

    /// Runs the flow up to the code.
    async fn with_password(&self, connection: &mut Connection, jar: &mut Jar, user: &User) -> Result<String> {
        let LoginForm { action, csrf } = self.open(connection, jar).await?;
        let fields = [("_csrf", csrf.as_str()), ("email", &user.email), ("password", user.password)];
        let request = self.post(&action, jar, &fields);
        let resume = followed(&connection.expect(303, &request).await?, jar)?;
        let resume_path = self.own_path(&resume)?;
        let end = connection.expect(303, &self.get(resume_path, jar)).await?;
        code_of(&followed(&end, jar)?)
    }

    pub(crate) fn own_path<'u>(&self, url: &'u str) -> Result<&'u str> {
        self.site.path_of(url).with_context(|| format!("sent away to {url}"))
    }

    pub(crate) fn get(&self, path: &str, jar: &Jar) -> Vec<u8> {
        let cookies = jar.header(path);
        self.site.get(path, &self.headers(cookies.as_deref()))
    }

    /// The POST request that submits a form.
    pub(crate) fn post(&self, path: &str, jar: &Jar, fields: &[(&str, &str)]) -> Vec<u8> {
        let (cookies, origin) = (jar.header(path), self.site.origin());
        let mut headers = self.headers(cookies.as_deref());
        headers.push(("origin", &origin));
        self.site.post(path, &headers, fields)
    }

    fn headers<'h>(&'h self, cookies: Option<&'h str>) -> Vec<(&'h str, &'h str)> {
        let forwarded = self.from.as_deref().map(|address| ("x-forwarded-for", address));
        forwarded.into_iter().chain(cookies.map(|value| ("cookie", value))).collect()
    }
}

pub(crate) fn store_cookies(response: &Response<'_>, jar: &mut Jar) -> Result<()> {
    response.headers("set-cookie").try_for_each(|line| jar.store(line))
}

/// Stores the cookies of a redirect and returns its target.
pub(crate) fn followed(response: &Response<'_>, jar: &mut Jar) -> Result<String> {
    store_cookies(response, jar)?;
    Ok(response.header("location").context("a redirect without a location")?.to_owned())
}

fn code_of(location: &str) -> Result<String> {
    ensure!(location.starts_with(REDIRECT_URI), "expected to be back at the client, not at {location}");
    ensure!(query_value(location, "state").as_deref() == Some(STATE), "the state did not come back");
    query_value(location, "code").with_context(|| format!("no code in {location}"))
}

/// The result of a sign-in.
pub(crate) struct SignedIn {
    pub(crate) jar: Jar,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// Signs a user in with an empty cookie jar, redeems the code and calls UserInfo.
pub(crate) async fn sign_in(connection: &mut Connection, site: &Site, user: &User) -> Result<SignedIn> {
    let mut jar = Jar::default();
    let code = Authorization::new(site, None).with_password(connection, &mut jar, user).await?;
    let basic = WEB.basic();
    let request =
        site.post(&format!("/{ORGANIZATION}/token"), &[("authorization", &basic)], &redemption(&code));
    let response = connection.expect(200, &request).await?;
    let tokens = Tokens::read(&response.body)?;
    let signed_in = SignedIn {
        jar,
        access_token: tokens.access_token.to_owned(),
        refresh_token: tokens.refresh_token.context("no refresh token")?.to_owned(),
    };
    let bearer = format!("Bearer {}", signed_in.access_token);
    let request = site.get(&format!("/{ORGANIZATION}/me"), &[("authorization", &bearer)]);
    let claims = connection.expect(200, &request).await?;
    ensure!(claims.text()?.contains(&user.email), "UserInfo is about somebody else");
    Ok(signed_in)
}

/// What a browser does on a refusal with `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RetryPolicy {
    /// A refusal is an error that ends the run.
    None,
    /// Waits as long as `Retry-After` says.
    Obedient,
    /// Retries at once.
    Stubborn,
}

pub(crate) struct SignIn {
    connection: Connection,
    site: Site,
    people: Vec<User>,
    next: usize,
    patience: RetryPolicy,
}

impl SignIn {
    pub(super) fn new(connection: Connection, site: Site, people: Vec<User>, patience: RetryPolicy) -> Self {
        Self { connection, site, people, next: 0, patience }
    }

    fn retry_step(&self, error: anyhow::Error) -> Result<Step> {
        let Some(RetryLater { retry_after, .. }) = error.downcast_ref() else { return Err(error) };
        match self.patience {
            RetryPolicy::None => Err(error),
            RetryPolicy::Obedient => Ok(Step::RetryLater { wait: *retry_after }),
            RetryPolicy::Stubborn => Ok(Step::RetryLater { wait: Duration::ZERO }),
        }
    }
}

impl Worker for SignIn {
    async fn step(&mut self) -> Result<Step> {
        let user = &self.people[self.next % self.people.len()];
        self.next += 1;
        match sign_in(&mut self.connection, &self.site, user).await {
            Ok(_) => Ok(Step::Done),
            Err(error) => self.retry_step(error),
        }
    }
}
