//! The fixture's clients and people by name, and steps that most tests share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use porta_core::client::{Client as StoredClient, ClientStatus};
use porta_core::organization::OrganizationStatus;
use porta_core::settings::SettingDefinition;
use porta_core::user::UserStatus;
use porta_core::{BearerKind, TokenDigest};
use porta_directory::Actor;
use porta_jose::{KeySet, TokenKind};
use porta_testkit::{Answer, Authorize, Browser, Operation, TestApp};
use serde_json::{Map, Value};

/// Client id and secret.
pub(crate) type Client = (&'static str, Option<&'static str>);

pub(crate) const WEB: Client = ("web", Some("web-secret-0123456789abcdef"));
pub(crate) const LEGACY: Client = ("legacy", Some("legacy-secret-0123456789"));
pub(crate) const BILLING: Client = ("billing", Some("billing-secret-0123456789"));
pub(crate) const PARTNER: Client = ("partner", Some("partner-secret-0123456789"));
pub(crate) const SPA: Client = ("spa", None);
pub(crate) const CLI: Client = ("cli", None);

pub(crate) const WEB_URI: &str = "https://web.test/cb";
pub(crate) const SPA_URI: &str = "https://spa.test/cb";
pub(crate) const CLI_URI: &str = "http://127.0.0.1/cb";
pub(crate) const LEGACY_URI: &str = "https://legacy.test/cb";
pub(crate) const BILLING_URI: &str = "https://billing.test/cb";
pub(crate) const PARTNER_URI: &str = "https://partner.test/cb";

/// Email address and password.
pub(crate) type Person = (&'static str, &'static str);

pub(crate) const ANA: Person = ("ana@acme.test", "lantern-Quay-41");
pub(crate) const BOB: Person = ("bob@acme.test", "lantern-Quay-42");

pub(crate) fn web() -> Authorize {
    Authorize::new("acme", "web", WEB_URI)
}

pub(crate) fn spa() -> Authorize {
    Authorize::new("acme", "spa", SPA_URI)
}

pub(crate) fn native() -> Authorize {
    Authorize::new("acme", "cli", CLI_URI)
}

pub(crate) fn billing() -> Authorize {
    Authorize::new("acme", "billing", BILLING_URI)
}

/// The only client that is exempt from PKCE.
pub(crate) fn legacy() -> Authorize {
    Authorize::new("acme", "legacy", LEGACY_URI).without("code_challenge").without("code_challenge_method")
}

/// A client of another organization, used by acme's people.
pub(crate) fn partner() -> Authorize {
    Authorize::new("acme", "partner", PARTNER_URI)
}

/// A single-page application that asks for a refresh token.
pub(crate) fn spa_offline() -> Authorize {
    spa().with("scope", "openid profile email offline_access").with("prompt", "consent")
}

/// The content of a token response.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) id: Option<String>,
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let body = answer.json();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        Self { access: text("access_token").unwrap(), refresh: text("refresh_token"), id: text("id_token") }
    }

    pub(crate) fn refresh(&self) -> &str {
        self.refresh.as_deref().unwrap()
    }

    pub(crate) fn id(&self) -> &str {
        self.id.as_deref().unwrap()
    }
}

/// A browser in which Ana is signed in.
pub(crate) async fn ana_signed_in(app: &TestApp) -> Browser {
    signed_in(app, ANA).await
}

pub(crate) async fn signed_in(app: &TestApp, person: Person) -> Browser {
    let mut browser = app.browser();
    let answer = browser.sign_in(&web(), person.0, person.1).await;
    assert!(answer.location().starts_with(WEB_URI), "{}", answer.location());
    browser
}

/// Gets a code in a browser with a session; approves consent pages.
pub(crate) async fn code(browser: &mut Browser, request: &Authorize) -> String {
    let answer = browser.get(&request.url()).await;
    let answer = approve(browser, answer).await;
    answer.query("code").unwrap_or_else(|| missing_code(&answer))
}

fn missing_code(answer: &Answer) -> String {
    unreachable!("no code: {} {} {}", answer.status, answer.location(), answer.body)
}

/// Follows redirects and approves a consent page.
pub(crate) async fn approve(browser: &mut Browser, answer: Answer) -> Answer {
    let is_ours = answer.header("location").is_some_and(|l| l.contains("/interaction/"));
    if !is_ours {
        return browser.follow(answer).await;
    }
    let page_url = answer.location().to_owned();
    let page = browser.follow(answer).await;
    let csrf = page.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("decision", "approve")];
    let answer = browser.post(&format!("{page_url}/confirm"), &form).await;
    browser.follow(answer).await
}

/// Gets a code and redeems it.
pub(crate) async fn tokens(browser: &mut Browser, request: &Authorize, client: Client) -> Tokens {
    let code = code(browser, request).await;
    Tokens::of(&browser.redeem("acme", client, redirect_uri(request), &code).await)
}

pub(crate) fn redirect_uri(request: &Authorize) -> &str {
    request.pairs().into_iter().find(|(n, _)| *n == "redirect_uri").unwrap().1
}

/// Refreshes with no parameters besides the token.
pub(crate) async fn refresh(browser: &mut Browser, client: Client, token: &str) -> Answer {
    browser.token("acme", client, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

/// An instance on which loading a client takes this long.
pub(crate) fn with_slow_clients(app: &TestApp, time: Duration) -> TestApp {
    let clock = Arc::clone(&app.clock);
    let store = app.store_with_faults(move |operation| {
        if operation == Operation::Statement("porta_store_sql::clients::protocol::FOR_PROTOCOL") {
            clock.advance(time);
        }
        false
    });
    app.sibling_with(|instance| instance.store = store)
}

/// Introspects a token as acme's web client.
pub(crate) async fn introspect(app: &TestApp, token: &str) -> Value {
    introspect_as(app, "acme", WEB, token).await
}

pub(crate) async fn introspect_as(app: &TestApp, org: &str, client: Client, token: &str) -> Value {
    let path = format!("/{org}/token/introspection");
    let answer = app.browser().authenticated(&path, client, &[("token", token)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()
}

/// Whether a token of acme is active: access tokens by introspection as the web client; refresh tokens by storage,
/// since only their own client may introspect them.
pub(crate) async fn is_active(app: &TestApp, token: &str) -> bool {
    if !BearerKind::RefreshToken.matches(token) {
        return introspect(app, token).await["active"] == true;
    }
    let (organization, now) = (app.tenant("acme").await.organization.id, app.now());
    let mut repositories = app.store.repositories();
    let facts = repositories.tokens(organization).refresh_facts(&TokenDigest::of(token), now).await.unwrap();
    facts.is_some_and(|facts| {
        now < facts.token.expires_at && facts.token.rotated_at.is_none() && facts.validity.is_live(now)
    })
}

/// Number of audit rows of acme with this type.
pub(crate) async fn audited(app: &TestApp, event_type: &str) -> usize {
    let organization = app.tenant("acme").await.organization.id;
    let events = app.store.repositories().audit().recent(Some(organization), 10_000).await.unwrap();
    events.iter().filter(|e| e.event_type == event_type).count()
}

/// Asserts that access and refresh token are inactive.
pub(crate) async fn assert_dead(app: &TestApp, tokens: &Tokens) {
    assert!(!is_active(app, &tokens.access).await, "the access token lives");
    if let Some(refresh) = &tokens.refresh {
        assert!(!is_active(app, refresh).await, "the refresh token lives");
    }
}

pub(crate) async fn userinfo(app: &TestApp, org: &str, token: &str) -> Answer {
    app.browser().with("authorization", &format!("Bearer {token}")).get(&format!("/{org}/me")).await
}

/// Verifies a JWT with the organization's published keys and returns its claims.
pub(crate) async fn verified(app: &TestApp, org: &str, jwt: &str) -> Map<String, Value> {
    keys(app, org).await.verify(jwt, TokenKind::IdTokenHint).unwrap()
}

pub(crate) async fn keys(app: &TestApp, org: &str) -> KeySet {
    let document = app.browser().get(&format!("/{org}/jwks")).await.json();
    KeySet::from_jwks(document["keys"].as_array().unwrap()).unwrap()
}

/// The `error` of a JSON answer.
pub(crate) fn error(answer: &Answer) -> String {
    answer.json()["error"].as_str().unwrap_or_default().to_owned()
}

/// Status and `error` of a refused protocol request.
pub(crate) fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), error(answer))
}

pub(crate) fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

/// Asserts an error page without a redirect.
pub(crate) fn assert_page(answer: &Answer, code: &str) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{code}: {:?}", answer.header("location"));
    assert_eq!(answer.header("location"), None, "{code}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{code}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{code}");
    assert!(answer.body.contains(code), "{code} is not on the page: {}", answer.body);
}

/// Asserts an error redirect to the client, in the query of its redirect URI, with state and issuer.
pub(crate) fn assert_refused_to(answer: &Answer, redirect_uri: &str, code: &str) {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{code}: {}", answer.body);
    assert!(answer.location().starts_with(&format!("{redirect_uri}?")), "{code}: {}", answer.location());
    assert_eq!(answer.query("error").as_deref(), Some(code), "{}", answer.location());
    assert!(answer.query("error_description").is_some_and(|d| !d.is_empty()), "{code}");
    assert_eq!(answer.query("iss").as_deref(), Some("https://id.test/acme"), "{code}");
    assert_eq!(answer.query("code"), None, "{code}");
}

/// A parameter in the fragment of a redirect to the web client.
pub(crate) fn fragment(answer: &Answer, name: &str) -> Option<String> {
    let (before, fragment) = answer.location().split_once('#').unwrap();
    assert_eq!(before, WEB_URI);
    url::form_urlencoded::parse(fragment.as_bytes()).find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

/// Whether the answer redirects to one of our pages.
pub(crate) fn leads_to_interaction(answer: &Answer) -> bool {
    answer.header("location").is_some_and(|l| l.starts_with("https://id.test/acme/interaction/"))
}

/// How long a change may take in a test: normally a second, more on a busy machine.
const SOON: Duration = Duration::from_secs(10);

/// Polls until the answer is `true`.
pub(crate) async fn soon(mut ask: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !ask().await {
        assert!(started.elapsed() < SOON, "the change does not arrive");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn set_organization(app: &TestApp, slug: &str, to: OrganizationStatus) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let organization = work.organization(slug).await.unwrap();
    work.organizations().set_status(&organization, to, None).await.unwrap();
    work.commit().await.unwrap();
}

pub(crate) async fn set_user(app: &TestApp, email: &str, to: UserStatus) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let organization = work.organization("acme").await.unwrap();
    let user = work.user(&organization, email).await.unwrap();
    work.users().set_status(&organization, &user, to, Some("test")).await.unwrap();
    work.commit().await.unwrap();
}

pub(crate) async fn set_client(app: &TestApp, client_id: &str, to: ClientStatus) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let (organization, client) = work.client(client_id).await.unwrap();
    work.clients().set_status(&organization, &client, to).await.unwrap();
    work.commit().await.unwrap();
}

/// Changes a client and waits until this instance has the change.
pub(crate) async fn change_client(app: &TestApp, client_id: &str, change: impl FnOnce(&mut StoredClient)) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let (organization, before) = work.client(client_id).await.unwrap();
    let mut after = before.clone();
    change(&mut after);
    work.clients().update(&organization, &before, after).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
}

/// Sets a setting of acme by key and waits until this instance has it.
pub(crate) async fn set_setting(app: &TestApp, key: &str, value: i64) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let organization = work.organization("acme").await.unwrap();
    work.settings().set(Some(&organization), key, &Value::from(value)).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
}

/// Sets a setting of acme and waits until this instance has it.
pub(crate) async fn set(app: &TestApp, setting: &SettingDefinition, value: i64) {
    set_setting(app, setting.key, value).await;
}
