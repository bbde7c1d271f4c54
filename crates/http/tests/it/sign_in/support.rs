//! Helpers of the sign-in tests: people, the login form as a value, and operator actions.

use porta_core::audit::AuditEvent;
use porta_core::client::ClientStatus;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::organization::OrganizationStatus;
use porta_core::settings::SettingDefinition;
use porta_core::user::{User, UserStatus};
use porta_core::{OneTimeTokenId, TokenDigest};
use porta_directory::Actor;
use porta_testkit::{Answer, Authorize, Browser, ISSUER_BASE, SECURE, TestApp};
use serde_json::Value;

/// Email address and password.
pub(super) type Person = (&'static str, &'static str);
/// Client id and secret.
pub(super) type Client = (&'static str, Option<&'static str>);

pub(super) const ANA: Person = ("ana@acme.test", "lantern-Quay-41");
pub(super) const BOB: Person = ("bob@acme.test", "lantern-Quay-42");
pub(super) const INACTIVE: Person = ("inactive@acme.test", "lantern-Quay-43");
/// The same email address in another organization.
pub(super) const ANA_OF_BETA: Person = ("ana@acme.test", "other-Harbor-77");
pub(super) const NOBODY: &str = "nobody@acme.test";
pub(super) const WRONG: &str = "not-the-password";

pub(super) const WEB: Client = ("web", Some("web-secret-0123456789abcdef"));
pub(super) const BILLING: Client = ("billing", Some("billing-secret-0123456789"));
pub(super) const PARTNER: Client = ("partner", Some("partner-secret-0123456789"));

pub(super) fn web() -> Authorize {
    Authorize::new("acme", "web", "https://web.test/cb")
}

pub(super) fn billing() -> Authorize {
    Authorize::new("acme", "billing", "https://billing.test/cb")
}

/// Beta's client at acme, where it is a third party.
pub(super) fn partner() -> Authorize {
    Authorize::new("acme", "partner", "https://partner.test/cb")
}

/// Beta's client at beta.
pub(super) fn beta() -> Authorize {
    Authorize::new("beta", "partner", "https://partner.test/cb")
}

/// A page of an interaction: its URL and the fields of its forms.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// Absolute, without a trailing action.
    pub(super) url: String,
    pub(super) csrf: String,
    pub(super) page: Answer,
    /// Query that makes a form different from others with the same content.
    pub(super) mark: String,
}

/// Opens the first page of an authorization request.
pub(super) async fn open(browser: &mut Browser, request: &Authorize) -> Form {
    let start = browser.get(&request.url()).await;
    Form::at(browser, start).await
}

impl Form {
    /// Follows an answer's redirect to a page.
    pub(super) async fn at(browser: &mut Browser, start: Answer) -> Self {
        assert_eq!(start.status, 303, "{}", start.body);
        let url = start.location().to_owned();
        let page = browser.get(&url).await;
        assert_eq!(page.status, 200, "{}", page.body);
        Self { url, csrf: page.field("_csrf"), page, mark: String::new() }
    }

    /// The same page with forms that differ from those sent before (decision 0044).
    pub(super) fn anew(&self, n: usize) -> Self {
        Self { mark: format!("?n={n}"), ..self.clone() }
    }

    pub(super) fn uid(&self) -> &str {
        self.url.rsplit('/').next().unwrap()
    }

    /// The URL at which the sign-in resumes.
    pub(super) fn resume_url(&self) -> String {
        self.url.replacen("/interaction/", "/auth/", 1) + &self.mark
    }

    pub(super) async fn login(&self, browser: &mut Browser, email: &str, password: &str) -> Answer {
        self.submit(browser, "login", &[("_csrf", &self.csrf), ("email", email), ("password", password)])
            .await
    }

    pub(super) async fn decide(&self, browser: &mut Browser, decision: &str) -> Answer {
        self.submit(browser, "confirm", &[("_csrf", &self.csrf), ("decision", decision)]).await
    }

    pub(super) async fn abort(&self, browser: &mut Browser) -> Answer {
        self.submit(browser, "abort", &[("_csrf", &self.csrf)]).await
    }

    pub(super) async fn submit(
        &self,
        browser: &mut Browser,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let answer = browser.post(&format!("{}/{action}{}", self.url, self.mark), fields).await;
        browser.follow_flash(answer).await
    }

    /// The body without everything that may differ between two legitimate attempts.
    pub(super) fn redacted(&self, answer: &Answer, email: &str) -> String {
        let body = answer
            .body
            .replace(self.uid(), "UID")
            .replace(&self.csrf, "CSRF")
            .replace(&format!("value=\"{email}\""), "value=\"EMAIL\"");
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "content-length"].contains(&name.as_str()))
            // The same sign-in, sealed with a new nonce.
            .filter(|(_, value)| !value.as_bytes().starts_with(b"__Secure-_begun="))
            .map(|(name, value)| {
                let value = value.to_str().unwrap().replace(self.uid(), "UID");
                // A deleted cookie's expiry contains the current time.
                let value = value.split("Max-Age=0; Expires=").next().unwrap_or_default();
                format!("{name}: {value}")
            })
            .collect();
        headers.sort();
        format!("{}\n{}\n\n{body}", answer.status, headers.join("\n"))
    }
}

/// One wrong password, in a new browser.
pub(super) async fn guess(app: &TestApp, email: &str, password: &str) -> Answer {
    guess_from(app, "192.0.2.1", email, password).await
}

/// The same from this address.
pub(super) async fn guess_from(app: &TestApp, address: &str, email: &str, password: &str) -> Answer {
    let mut browser = app.browser().with("x-forwarded-for", address);
    browser.submit_login(&web(), email, password).await
}

/// Whether the answer is the page that says "does not match".
pub(super) fn is_refusal(answer: &Answer) -> bool {
    answer.status == 200 && answer.body.contains("That email address and password do not match")
}

/// Whether the answer sets a session cookie.
pub(super) fn is_signed_in(answer: &Answer) -> bool {
    answer.status == 303 && set_cookie(answer, "_session").is_some()
}

/// The `Set-Cookie` header for a name.
pub(super) fn set_cookie<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let prefix = format!("{name}=");
    answer
        .headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .map(|v| v.strip_prefix(SECURE).unwrap_or(v))
        .find(|v| v.starts_with(&prefix))
}

/// The code in a redirect to a client.
pub(super) fn code(answer: &Answer) -> String {
    assert!(!answer.location().starts_with(ISSUER_BASE), "not at the client: {}", answer.location());
    answer.query("code").unwrap_or_else(|| panic!("no code: {}", answer.location()))
}

/// Signs in, approves the consent page, and follows to the client.
pub(super) async fn approved(browser: &mut Browser, request: &Authorize, person: Person) -> Answer {
    let login = browser.submit_login(request, person.0, person.1).await;
    let resumed = browser.get(login.location()).await;
    if !resumed.location().starts_with(ISSUER_BASE) {
        return resumed;
    }
    let consent = Form::at(browser, resumed).await;
    let decided = consent.decide(browser, "approve").await;
    browser.follow(decided).await
}

/// Signs in, follows to the client and redeems the code.
pub(super) async fn tokens(
    browser: &mut Browser,
    request: &Authorize,
    person: Person,
    client: Client,
) -> Value {
    let back = approved(browser, request, person).await;
    redeemed(browser, request, client, &code(&back)).await
}

/// Redeems a code at the organization of the request.
pub(super) async fn redeemed(
    browser: &mut Browser,
    request: &Authorize,
    client: Client,
    code: &str,
) -> Value {
    let answer = redeem(browser, request, client, code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

pub(super) async fn redeem(browser: &mut Browser, request: &Authorize, client: Client, code: &str) -> Answer {
    let pairs = request.pairs();
    let redirect_uri = pairs.iter().find(|(n, _)| *n == "redirect_uri").map(|(_, v)| *v).unwrap();
    browser.redeem(request.organization(), client, redirect_uri, code).await
}

/// Whether UserInfo accepts a token.
pub(super) async fn is_live(app: &TestApp, org: &str, tokens: &Value) -> bool {
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let answer = app.browser().with("authorization", &bearer).get(&format!("/{org}/me")).await;
    match answer.status.as_u16() {
        200 => true,
        401 => false,
        other => panic!("{other}: {}", answer.body),
    }
}

/// Sets a setting of an organization and waits until this instance knows.
pub(super) async fn set(app: &TestApp, org: &str, setting: &SettingDefinition, value: impl Into<Value>) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization(org).await.unwrap();
    work.settings().set(Some(&owner), setting.key, &value.into()).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
}

pub(super) async fn user(app: &TestApp, org: &str, email: &str) -> User {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization(org).await.unwrap();
    work.user(&owner, email).await.unwrap()
}

pub(super) async fn set_user_status(app: &TestApp, email: &str, status: UserStatus) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization("acme").await.unwrap();
    let user = work.user(&owner, email).await.unwrap();
    work.users().set_status(&owner, &user, status, Some("test")).await.unwrap();
    work.commit().await.unwrap();
}

/// Makes a person's password temporary, as if an administrator had set it.
pub(super) async fn make_temporary(app: &TestApp, email: &str) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization("acme").await.unwrap();
    let user = work.user(&owner, email).await.unwrap();
    let hash = user.password_hash.clone().unwrap();
    work.users().set_temporary_password(&owner, &user, &hash).await.unwrap();
    work.commit().await.unwrap();
}

pub(super) async fn set_organization_status(app: &TestApp, org: &str, status: OrganizationStatus) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization(org).await.unwrap();
    work.organizations().set_status(&owner, status, Some("test")).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
}

pub(super) async fn set_client_status(app: &TestApp, client_id: &str, status: ClientStatus) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let (owner, client) = work.client(client_id).await.unwrap();
    work.clients().set_status(&owner, &client, status).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
}

/// The newest audit rows of acme, newest first.
pub(super) async fn audit(app: &TestApp, limit: u32) -> Vec<AuditEvent> {
    let organization = app.tenant("acme").await.organization.id;
    app.store.repositories().audit().recent(Some(organization), limit).await.unwrap()
}

/// Number of audit rows of acme with this type.
pub(super) async fn audited(app: &TestApp, event_type: &str) -> usize {
    audit(app, 1_000).await.iter().filter(|e| e.event_type == event_type).count()
}

/// Issues a link as it would be mailed, valid for a day, and returns its value.
pub(super) async fn issue_link(
    app: &TestApp,
    to: &User,
    purpose: TokenPurpose,
    details: Option<Value>,
) -> String {
    let value = purpose.bearer().generate(app.entropy());
    let token = OneTimeToken {
        id: OneTimeTokenId::new(app.now(), app.entropy()),
        organization_id: to.organization_id,
        user_id: to.id,
        purpose,
        digest: TokenDigest::of(&value),
        interaction: None,
        details,
        invited_by: None,
        expires_at: app.now() + std::time::Duration::from_hours(24),
        used_at: None,
        created_at: app.now(),
    };
    let mut all = app.store.repositories();
    assert!(all.one_time_tokens(to.organization_id).issue(&token, &to.email).await.unwrap());
    value
}

/// Asserts that the sign-in is over for this browser, for whatever reason.
pub(super) fn assert_over(answer: &Answer) {
    let titles = [
        "This page has expired",
        "This sign-in was left open too long",
        "This sign-in is finished",
        "Your browser kept nothing of this sign-in",
        "Signing in began at another address",
    ];
    assert!(titles.iter().any(|title| answer.body.contains(title)), "{} {}", answer.status, answer.body);
    assert!(set_cookie(answer, "_session").is_none());
}

pub(super) async fn is_signed_in_still(browser: &mut Browser) -> bool {
    browser.get(&web().with("prompt", "none").url()).await.query("code").is_some()
}
