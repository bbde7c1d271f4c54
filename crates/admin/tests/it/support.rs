//! Administrators, and requests in their name.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, Method, StatusCode, header};
use porta_core::ManualClock;
use porta_core::audit::AuditEvent;
use porta_core::mail::Mail;
use porta_core::organization::Organization;
use porta_core::outbox::OutboxKind;
use porta_core::user::{Profile, User};
use porta_directory::{Actor, NewConsole, NewInstallation};
use porta_testkit::{ADMIN_ORIGIN, Answer, Authorize, Browser, TestApp};
use serde_json::Value;

/// Email address and password.
pub(crate) type Person = (&'static str, &'static str);

pub(crate) const ROOT: Person = ("root@porta.test", "lantern-Quay-51");
pub(crate) const ORGS: Person = ("orgs@porta.test", "lantern-Quay-52");
pub(crate) const USERS: Person = ("users@porta.test", "lantern-Quay-53");
pub(crate) const APPS: Person = ("apps@porta.test", "lantern-Quay-54");
pub(crate) const AUDITOR: Person = ("auditor@porta.test", "lantern-Quay-55");
/// Has a role of the admin application that confers nothing.
pub(crate) const HELPER: Person = ("helper@porta.test", "lantern-Quay-56");
/// A member of the admin organization without a role.
pub(crate) const WIKI: Person = ("wiki@porta.test", "lantern-Quay-57");

pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// A server with administrators. Everything else is the fixture.
pub(crate) struct Admins {
    pub(crate) app: TestApp,
    /// Client id of the command line.
    pub(crate) command_line: String,
}

/// An administrator who is signed in.
pub(crate) struct Admin {
    browser: Browser,
    clock: Arc<ManualClock>,
    pub(crate) token: String,
}

impl Admins {
    pub(crate) async fn of(app: TestApp) -> Self {
        let mut unit = app.directory.begin(Actor::System).await.unwrap();
        let organization = unit.organization("porta-admin").await.unwrap();
        let root = Profile { given_name: Some("Rut".to_owned()), ..Profile::default() };
        let root =
            app.directory.new_administrator(&organization, ROOT.0, root, &ROOT.1.into()).await.unwrap();
        let new = NewInstallation {
            administrator: Some(root),
            console: NewConsole { url: ADMIN_ORIGIN.to_owned(), login_methods: None },
            is_repair: false,
        };
        let installed = unit.installation().install(new).await.unwrap();
        unit.commit().await.unwrap();
        app.provision(include_str!("administrators.yaml")).await;
        // What follows is newer than what was set up.
        app.advance(Duration::from_secs(1));
        let command_line = installed.command_line.client_id.to_string();
        Self { app, command_line }
    }

    /// Signs somebody in with the client of the command line.
    pub(crate) async fn sign_in(&self, person: (&str, &str)) -> Admin {
        self.sign_in_with(person, &self.command_line).await
    }

    pub(crate) async fn sign_in_with(&self, person: (&str, &str), client: &str) -> Admin {
        let token = token(&self.app, "porta-admin", person, (client, REDIRECT_URI)).await;
        Admin { browser: self.app.browser(), clock: Arc::clone(&self.app.clock), token }
    }

    /// The same for somebody whose second factor are mailed codes.
    pub(crate) async fn sign_in_with_code(&self, person: (&str, &str)) -> Admin {
        let mut browser = self.app.browser();
        let request = Authorize::new("porta-admin", &self.command_line, REDIRECT_URI);
        let asked = browser.submit_login(&request, person.0, person.1).await;
        let place = asked.location().to_owned();
        let page = browser.get(&place).await;
        let (csrf, code) = (page.field("_csrf"), mailed_code(&self.app, person.0).await);
        let form = [("_csrf", csrf.as_str()), ("code", code.as_str()), ("codeType", "otp")];
        let answer = browser.post(&place, &form).await;
        let answer = browser.follow(answer).await;
        let code = answer.query("code").unwrap();
        let client = (self.command_line.as_str(), None);
        let answer = browser.redeem("porta-admin", client, REDIRECT_URI, &code).await;
        self.bearer(answer.json()["access_token"].as_str().unwrap())
    }

    /// Somebody who sends `token`, whatever it is.
    pub(crate) fn bearer(&self, token: &str) -> Admin {
        Admin { browser: self.app.browser(), clock: Arc::clone(&self.app.clock), token: token.to_owned() }
    }

    pub(crate) async fn organization(&self, slug: &str) -> Organization {
        self.app.directory.queries().organization(slug).await.unwrap()
    }

    pub(crate) async fn user(&self, organization: &str, email: &str) -> User {
        let mut unit = self.app.directory.begin(Actor::System).await.unwrap();
        let organization = unit.organization(organization).await.unwrap();
        unit.user(&organization, email).await.unwrap()
    }

    /// The newest audit rows, newest first.
    pub(crate) async fn audit(&self) -> Vec<AuditEvent> {
        self.app.store.repositories().audit().recent(None, 200).await.unwrap()
    }

    pub(crate) async fn newest(&self, event: &str) -> AuditEvent {
        self.audit().await.into_iter().find(|row| row.event_type == event).unwrap()
    }

    pub(crate) async fn count(&self, event: &str) -> usize {
        self.audit().await.iter().filter(|row| row.event_type == event).count()
    }
}

/// An access token of somebody for a native client.
pub(crate) async fn token(
    app: &TestApp,
    organization: &str,
    person: (&str, &str),
    client: (&str, &str),
) -> String {
    let mut browser = app.browser();
    let request = Authorize::new(organization, client.0, client.1);
    let answer = browser.sign_in(&request, person.0, person.1).await;
    let code = answer.query("code").unwrap_or_else(|| unreachable!("{} {}", answer.location(), answer.body));
    let answer = browser.redeem(organization, (client.0, None), client.1, &code).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// The code that was mailed last to an address.
pub(crate) async fn mailed_code(app: &TestApp, email: &str) -> String {
    let emails = app.emails().await.into_iter().rev();
    let mut codes =
        emails.filter(|outgoing| outgoing.recipient.address.shown() == email).filter_map(|outgoing| {
            match outgoing.mail {
                Mail::EmailCode { code, .. } => Some(code),
                _ => None,
            }
        });
    codes.next().unwrap()
}

impl Admin {
    /// Sends a request with a JSON body.
    pub(crate) async fn send(&mut self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.send_with(method, path, body, &[]).await
    }

    pub(crate) async fn send_with(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        more: &[(HeaderName, &str)],
    ) -> Answer {
        let mut headers: Vec<_> = body.iter().map(|_| (header::CONTENT_TYPE, "application/json")).collect();
        headers.extend(more.iter().cloned());
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send_body(method, path, body, &headers).await
    }

    /// Sends a request with any body.
    pub(crate) async fn send_body(
        &mut self,
        method: Method,
        path: &str,
        body: Body,
        more: &[(HeaderName, &str)],
    ) -> Answer {
        // No two requests are at the same time, so that the newest row is that of the last one.
        self.clock.advance(Duration::from_millis(1));
        let authorization = format!("Bearer {}", self.token);
        let mut headers = vec![(header::AUTHORIZATION, authorization.as_str())];
        headers.extend(more.iter().cloned());
        self.browser.send(method, &format!("/api/admin{path}"), &headers, body).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }
}

/// Gives up a mail that waits, as the worker does after a refusal. It can be sent again for three days.
pub(crate) async fn give_up(app: &TestApp, id: &str) {
    let now = app.now();
    let mut repositories = app.store.repositories();
    let mut outbox = repositories.outbox();
    let claims = outbox.claim(OutboxKind::ALL, now, now, 1_000).await.unwrap();
    let claim = claims.iter().find(|claim| claim.id.to_string() == id).unwrap();
    let until = Some(now + Duration::from_hours(72));
    assert!(outbox.give_up(claim, "sending: the relay answered 550 5.1.1", until, now).await.unwrap());
}

/// Expects an answer with a status and returns its body.
pub(crate) fn expect(answer: &Answer, status: StatusCode) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// Expects an error with a status and a text.
pub(crate) fn refused(answer: &Answer, status: StatusCode, error: &str) -> Value {
    let body = expect(answer, status);
    assert_eq!(body["error"], error, "{body}");
    body
}
