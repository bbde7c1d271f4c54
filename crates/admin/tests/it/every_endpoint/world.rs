//! Two tenants that have everything that a path can name, and a way to make more of it.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use porta_core::audit::AuditEvent;
use porta_core::{AuditId, UserId};
use porta_testkit::{Answer, Authorize, TestApp};
use serde_json::{Value, json};

use super::colleague::{Colleague, OwnAccount, Prepared};
use super::row::{Row, Step};
use crate::support::*;

/// What can be made for one request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Organization,
    Application,
    Module,
    /// With a secret.
    Client,
    User,
    /// For the user of the path.
    SecondFactor,
    Role,
    Permission,
    Claim,
    Invitation,
    /// The mail of an invitation, given up.
    GivenUpMail,
    /// The signing key that the organization of the path uses.
    Key,
    /// A session of the tenant's own user, with a grant.
    SignIn,
}

/// A tenant of the fixture.
struct Tenant {
    organization: &'static str,
    application: &'static str,
    /// A confidential client.
    client: &'static str,
    person: Person,
    /// Client id, secret and redirect URI of the client at which the person signs in.
    sign_in: (&'static str, Option<&'static str>, &'static str),
}

const OWN: Tenant = Tenant {
    organization: "acme",
    application: "planner",
    client: "web",
    person: ("bob@acme.test", "lantern-Quay-42"),
    sign_in: ("spa", None, "https://spa.test/cb"),
};

const TWIN: Tenant = Tenant {
    organization: "beta",
    application: "partner",
    client: "partner",
    person: ("ana@acme.test", "other-Harbor-77"),
    sign_in: ("partner", Some("partner-secret-0123456789"), "https://partner.test/cb"),
};

/// What stands for the names in paths, queries and bodies.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    values: BTreeMap<String, String>,
    number: usize,
}

impl Run {
    pub(super) fn id(&self, name: &str) -> &str {
        self.values.get(name).unwrap_or_else(|| unreachable!("nothing is called {name}"))
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// The same with another value.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.set(name, value);
        other
    }

    /// A word that no other run makes.
    pub(super) fn unique(&self, word: &str) -> String {
        format!("{word}-{}", self.number)
    }

    /// A template with its names replaced.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (name, value) in &self.values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        assert!(!text.contains('{'), "{template} names what nobody knows: {text}");
        text
    }
}

pub(super) struct World {
    pub(super) admins: Admins,
    root: Admin,
    own: Run,
    twin: Run,
    number: usize,
}

impl World {
    pub(super) async fn of(app: TestApp) -> Self {
        let admins = Admins::of(app).await;
        let root = admins.sign_in(ROOT).await;
        let mut world = Self { admins, root, own: Run::default(), twin: Run::default(), number: 0 };
        world.own = world.tenant(&OWN).await;
        world.twin = world.tenant(&TWIN).await;
        world.rest();
        world
    }

    pub(super) async fn colleague(&self, person: Person) -> Colleague {
        Colleague::sign_in(&self.admins, person).await
    }

    /// Somebody with a role whom nobody has seen before.
    pub(super) async fn newcomer(
        &mut self,
        account: OwnAccount,
        run: &mut Run,
        role: &'static str,
    ) -> Colleague {
        Colleague::newcomer(account, (&self.admins, &mut self.root), run, role).await
    }

    /// Lets so much time pass that nobody changes too much in a minute.
    pub(super) fn rest(&self) {
        self.admins.app.advance(Duration::from_secs(3));
    }

    /// A run on what every test may see and none changes.
    pub(super) fn run(&mut self) -> Run {
        self.number += 1;
        Run { number: self.number, ..self.own.clone() }
    }

    /// What the other tenant has under this name.
    pub(super) fn twin(&self, name: &str) -> Option<&str> {
        self.twin.knows(name).then(|| self.twin.id(name))
    }

    /// A run on what every test may see and none changes; a newcomer with `role` sends the request if the row says so.
    pub(super) async fn unchanged(&mut self, row: &Row, role: &'static str) -> Prepared {
        let mut run = self.run();
        let newcomer = match row.own_account {
            Some(account) => Some(self.newcomer(account, &mut run, role).await),
            None => None,
        };
        Prepared { run, newcomer }
    }

    /// A run on what the row makes for itself; a newcomer with `role` sends the request if the row says so.
    pub(super) async fn prepared(&mut self, row: &Row, role: &'static str) -> Prepared {
        let Prepared { mut run, newcomer } = self.unchanged(row, role).await;
        for step in &row.steps {
            match step {
                Step::New(kind) => self.make(*kind, &mut run).await,
                Step::Send(method, path, body) => {
                    let (path, body) = (run.fill(path), body(&run));
                    let answer = self.root.send(method.clone(), &path, Some(&body)).await;
                    assert!(answer.status.is_success(), "{}: {path} {}", row.operation, answer.body);
                }
            }
        }
        Prepared { run, newcomer }
    }

    /// The audit rows of the request that got this answer.
    pub(super) async fn recorded(&self, answer: &Answer) -> Vec<AuditEvent> {
        let request = answer.header("x-request-id").unwrap();
        let mut repositories = self.admins.app.store.repositories();
        let newest = repositories.audit().recent(None, 20).await.unwrap();
        newest.into_iter().filter(|row| row.request_id.as_deref() == Some(request)).collect()
    }

    /// The newest audit row.
    pub(super) async fn newest_row(&self) -> AuditId {
        let mut repositories = self.admins.app.store.repositories();
        repositories.audit().recent(None, 1).await.unwrap()[0].id
    }

    async fn make(&mut self, kind: Kind, run: &mut Run) {
        self.number += 1;
        run.number = self.number;
        let (name, slug) = (run.unique("Made"), run.unique("made"));
        let named = json!({ "name": name, "slug": slug });
        let (parameter, path, body) = match kind {
            Kind::Organization => ("orgId", "/organizations", named),
            Kind::Application => {
                let body = json!({ "name": name, "slug": slug, "organizationId": run.id("orgId") });
                ("appId", "/applications", body)
            }
            Kind::Module => ("moduleId", "/applications/{appId}/modules", named),
            Kind::Client => return self.make_client(run).await,
            Kind::User => {
                ("userId", "/organizations/{orgId}/users", json!({ "email": format!("{slug}@acme.test") }))
            }
            Kind::SecondFactor => return self.enrol(run).await,
            Kind::Role => ("roleId", "/applications/{appId}/roles", named),
            Kind::Permission => {
                let body = json!({ "name": name, "slug": format!("dock:{slug}:read") });
                ("permId", "/applications/{appId}/permissions", body)
            }
            Kind::Claim => {
                let body = json!({ "claimName": slug.replace('-', "_"), "claimType": "string" });
                ("claimId", "/applications/{appId}/claims", body)
            }
            Kind::Invitation => return self.invite(run).await,
            Kind::GivenUpMail => {
                self.invite(run).await;
                return give_up(&self.admins.app, run.id("outboxId")).await;
            }
            Kind::Key => return self.find_key(run).await,
            Kind::SignIn => return self.sign_in(&OWN, run).await,
        };
        let made = expect(&self.root.post(&run.fill(path), &body).await, StatusCode::CREATED);
        run.set(parameter, text(&made["data"]["id"]));
    }

    async fn make_client(&mut self, run: &mut Run) {
        let body = json!({
            "organizationId": run.id("orgId"), "applicationId": run.id("appId"), "clientName": run.unique("Made"),
            "redirectUris": ["https://made.test/cb"], "idTokenSignedResponseAlg": "ES256",
        });
        let made = expect(&self.root.post("/clients", &body).await, StatusCode::CREATED);
        run.set("clientId", text(&made["data"]["id"]));
        run.set("secretId", text(&made["data"]["secret"]["id"]));
    }

    async fn enrol(&self, run: &Run) {
        let organization = self.admins.organization(run.id("orgId")).await.id;
        let user = UserId::parse(run.id("userId")).unwrap();
        let mut repositories = self.admins.app.store.repositories();
        let mut factors = repositories.second_factors(organization);
        assert!(factors.enrol_email(user, self.admins.app.now()).await.unwrap());
    }

    async fn invite(&mut self, run: &mut Run) {
        let body = json!({ "email": format!("{}@acme.test", run.unique("invited")) });
        let path = run.fill("/organizations/{orgId}/users/invite");
        let sent = expect(&self.root.post(&path, &body).await, StatusCode::CREATED);
        run.set("invitationId", text(&sent["data"]["invitationId"]));
        let newest = self.read(&run.fill("/outbox?limit=1&organizationId={orgId}")).await;
        run.set("outboxId", text(&newest["data"][0]["id"]));
    }

    async fn find_key(&mut self, run: &mut Run) {
        let keys = self.read(&run.fill("/keys?organizationId={orgId}")).await;
        let mut keys = keys["data"].as_array().unwrap().iter();
        let active = keys.find(|key| key["status"] == "active" && key["algorithm"] == "ES256").unwrap();
        run.set("keyId", text(&active["id"]));
    }

    async fn sign_in(&mut self, of: &Tenant, run: &mut Run) {
        self.admins.app.advance(Duration::from_secs(1));
        let (client, secret, redirect_uri) = of.sign_in;
        let request = Authorize::new(of.organization, client, redirect_uri);
        let mut browser = self.admins.app.browser();
        let answer = browser.sign_in(&request, of.person.0, of.person.1).await;
        let code = answer.query("code").unwrap();
        let tokens = browser.redeem(of.organization, (client, secret), redirect_uri, &code).await;
        expect(&tokens, StatusCode::OK);
        let sessions = self.read(&run.fill("/sessions?sortBy=created_at&userId={userId}")).await;
        run.set("sessionId", text(&sessions["data"][0]["sessionId"]));
        let grants = self.read(&run.fill("/users/{userId}/grants")).await;
        run.set("grantId", text(&grants["data"][0]["id"]));
    }

    async fn read(&mut self, path: &str) -> Value {
        expect(&self.root.get(path).await, StatusCode::OK)
    }

    /// Everything of a tenant that a path can name.
    async fn tenant(&mut self, of: &Tenant) -> Run {
        let mut run = self.run();
        run.set("key", "session_ttl");
        run.set("type", "logo");
        run.set("code", "000000");
        run.set("orgId", &self.admins.organization(of.organization).await.id.to_string());
        run.set("userId", &self.admins.user(of.organization, of.person.0).await.id.to_string());
        let application = self.read(&format!("/applications/{}", of.application)).await;
        run.set("appId", text(&application["data"]["id"]));
        let client = self.read(&format!("/clients/{}", of.client)).await;
        run.set("clientId", text(&client["data"]["id"]));
        let secrets = self.read(&run.fill("/clients/{clientId}/secrets")).await;
        run.set("secretId", text(&secrets["data"][0]["id"]));
        for kind in [Kind::Module, Kind::Role, Kind::Permission, Kind::Claim, Kind::Invitation, Kind::Key] {
            self.make(kind, &mut run).await;
        }
        self.sign_in(of, &mut run).await;
        let audit = self.read("/audit?limit=1").await;
        run.set("auditId", text(&audit["data"][0]["id"]));
        for (path, body) in [
            ("/organizations/{orgId}/branding/logo", super::rows::picture()),
            ("/applications/{appId}/claims/{claimId}/users/{userId}", json!({ "value": "A" })),
        ] {
            expect(&self.root.put(&run.fill(path), &body).await, StatusCode::OK);
        }
        run
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| unreachable!("no text: {value}"))
}
