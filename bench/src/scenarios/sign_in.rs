//! A whole password sign-in: authorize, login page, password, resume, code, tokens, UserInfo.

use anyhow::{Context as _, Result, bail, ensure};

use super::Tokens;
use crate::client::{Connection, Jar, Response, Site, form, login_form, query_value};
use crate::drive::{Step, Worker};
use crate::world::fixtures::{ORGANIZATION, REDIRECT_URI, User, WEB};

/// One verifier for all: the server cannot tell, and the load generator saves its time. Example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "state-of-the-load-generator";

/// The fields that redeem a code of [`Authorization`].
pub(super) fn redemption(code: &str) -> [(&'static str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ]
}

/// The authorization request all sign-ins send.
pub(super) struct Authorization {
    site: Site,
    path: String,
}

impl Authorization {
    pub(super) fn new(site: &Site) -> Self {
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
        Self { site: site.clone(), path: format!("/{ORGANIZATION}/auth?{query}") }
    }

    /// Sends it and returns where the browser is sent.
    async fn begin(&self, connection: &mut Connection, jar: &mut Jar) -> Result<String> {
        let response = connection.expect(303, &self.get(&self.path, jar)).await?;
        followed(&response, jar)
    }

    /// With a live session there is a code at once.
    pub(super) async fn silently(&self, connection: &mut Connection, jar: &mut Jar) -> Result<String> {
        code_of(&self.begin(connection, jar).await?)
    }

    /// Everything up to the code, for a browser that nobody is signed in with.
    async fn with_password(&self, connection: &mut Connection, jar: &mut Jar, user: &User) -> Result<String> {
        let location = self.begin(connection, jar).await?;
        let page_path = self.own_path(&location)?;
        let page = connection.expect(200, &self.get(page_path, jar)).await?;
        store_cookies(&page, jar)?;
        let html = page.text()?;
        let Some(login) = login_form(html) else { bail!("no login form on {}", page.describe()) };
        let action = self.own_path(login.action)?;
        let fields = [("_csrf", login.csrf), ("email", &user.email), ("password", user.password)];
        let cookies = jar.header(action);
        let headers = [("origin", self.site.origin())];
        let mut headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        headers.extend(cookies.as_deref().map(|value| ("cookie", value)));
        let request = self.site.post(action, &headers, &fields);
        let resume = followed(&connection.expect(303, &request).await?, jar)?;
        let resume_path = self.own_path(&resume)?;
        let end = connection.expect(303, &self.get(resume_path, jar)).await?;
        code_of(&followed(&end, jar)?)
    }

    fn own_path<'u>(&self, url: &'u str) -> Result<&'u str> {
        self.site.path_of(url).with_context(|| format!("sent away to {url}"))
    }

    fn get(&self, path: &str, jar: &Jar) -> Vec<u8> {
        let cookies = jar.header(path);
        let cookies: Vec<_> = cookies.iter().map(|value| ("cookie", value.as_str())).collect();
        self.site.get(path, &cookies)
    }
}

fn store_cookies(response: &Response<'_>, jar: &mut Jar) -> Result<()> {
    response.headers("set-cookie").try_for_each(|line| jar.store(line))
}

/// Where a redirect leads, its cookies taken.
fn followed(response: &Response<'_>, jar: &mut Jar) -> Result<String> {
    store_cookies(response, jar)?;
    Ok(response.header("location").context("a redirect without a location")?.to_owned())
}

fn code_of(location: &str) -> Result<String> {
    ensure!(location.starts_with(REDIRECT_URI), "expected to be back at the client, not at {location}");
    ensure!(query_value(location, "state").as_deref() == Some(STATE), "the state did not come back");
    query_value(location, "code").with_context(|| format!("no code in {location}"))
}

/// What a sign-in leaves behind.
pub(crate) struct SignedIn {
    pub(crate) jar: Jar,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// Signs a person in with a new browser and asks who they are.
pub(crate) async fn sign_in(connection: &mut Connection, site: &Site, user: &User) -> Result<SignedIn> {
    let mut jar = Jar::default();
    let code = Authorization::new(site).with_password(connection, &mut jar, user).await?;
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

pub(crate) struct SignIn {
    connection: Connection,
    site: Site,
    people: Vec<User>,
    next: usize,
}

impl SignIn {
    pub(super) fn new(connection: Connection, site: Site, people: Vec<User>) -> Self {
        Self { connection, site, people, next: 0 }
    }
}

impl Worker for SignIn {
    async fn step(&mut self) -> Result<Step> {
        let user = &self.people[self.next % self.people.len()];
        self.next += 1;
        sign_in(&mut self.connection, &self.site, user).await?;
        Ok(Step::Done)
    }
}
