//! A directory on a real store, with a manual clock and a recorder of its announcements.

pub(crate) mod administrators;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use porta_core::application::Application;
use porta_core::audit::AuditEvent;
use porta_core::client::{Client, ClientType};
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::organization::Organization;
use porta_core::seal::Keyring;
use porta_core::session::{AccessToken, Grant, SessionRecord, TokenFamily};
use porta_core::signing_key::SigningAlgorithm;
use porta_core::user::{Email, PasswordHash, User};
use porta_core::{
    AuditId, BearerKind, Change, Entropy, GrantId, ManualClock, OneTimeTokenId, OrganizationId, Password,
    SeededEntropy, SessionKey, Timestamp, TokenDigest, TokenFamilyId,
};
use porta_directory::{
    Actor, Directory, DirectoryDeps, DirectoryError, HashFailed, HashPassword, NewApplication, NewClient,
    NewOrganization, NewUser, Notifier, Transaction,
};
use porta_store::Store;

pub(crate) const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

#[derive(Default)]
struct RecordingNotifier(Mutex<Vec<Change>>);

#[async_trait]
impl Notifier for RecordingNotifier {
    async fn announce(&self, changes: &[Change]) {
        self.0.lock().unwrap().extend_from_slice(changes);
    }
}

/// A fake password hash: recognisable and fast.
struct PlainHash;

#[async_trait]
impl HashPassword for PlainHash {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashFailed> {
        Ok(PasswordHash::trusted(format!("$argon2id$test${}", password.expose_secret())))
    }
}

pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    entropy: Arc<dyn Entropy>,
    heard: Arc<RecordingNotifier>,
}

pub(crate) fn actor() -> Actor {
    Actor::Cli { os_user: Some("tester".to_owned()) }
}

pub(crate) fn outbox_keys() -> Keyring {
    Keyring::new(&[[9; 32]], porta_core::outbox::SEALING_PURPOSE)
}

impl World {
    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        let heard = Arc::new(RecordingNotifier::default());
        let deps = DirectoryDeps {
            store: Arc::clone(&store),
            notify: Arc::clone(&heard) as Arc<dyn Notifier>,
            clock: Arc::clone(&clock) as _,
            entropy: Arc::clone(&entropy),
            keyring: Arc::new(Keyring::new(&[[9; 32]], "signing-keys")),
            outbox: Arc::new(outbox_keys()),
            passwords: Arc::new(PlainHash),
            production: true,
        };
        Self { directory: Directory::new(deps), store, clock, entropy, heard }
    }

    pub(crate) async fn work(&self) -> Transaction {
        self.directory.begin(actor()).await.unwrap()
    }

    /// Opens connections, so that tasks started together also reach the database together.
    pub(crate) async fn warm(&self) {
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let directory = self.directory.clone();
                tokio::spawn(async move {
                    drop(directory.begin(actor()).await.unwrap().organizations().all().await);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }

    /// The changes announced since the last call.
    pub(crate) fn heard(&self) -> Vec<Change> {
        std::mem::take(&mut self.heard.0.lock().unwrap())
    }

    pub(crate) async fn audit(&self) -> Vec<AuditEvent> {
        let mut events = self.store.repositories().audit().recent(None, 10_000).await.unwrap();
        events.reverse();
        events
    }

    pub(crate) async fn audit_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.audit().await.into_iter().map(|e| e.event_type).collect();
        names.sort();
        names
    }

    pub(crate) async fn organization(&self, slug: &str) -> Organization {
        let mut work = self.work().await;
        let new = NewOrganization { name: slug.to_owned(), ..NewOrganization::default() };
        let organization = work.organizations().create(new).await.unwrap();
        work.commit().await.unwrap();
        organization
    }

    pub(crate) async fn application(&self, organization: &Organization, slug: &str) -> Application {
        let mut work = self.work().await;
        let new = NewApplication { name: slug.to_owned(), ..NewApplication::default() };
        let application = work.applications().create(organization, new).await.unwrap();
        work.commit().await.unwrap();
        application
    }

    pub(crate) async fn client(
        &self,
        organization: &Organization,
        application: &Application,
        client_id: &str,
        guests: &[&Organization],
    ) -> Client {
        let mut work = self.work().await;
        let new = NewClient {
            client_id: Some(client_id.to_owned()),
            client_name: client_id.to_owned(),
            client_type: Some(ClientType::Public),
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            allowed_organizations: guests.iter().map(|o| o.id).collect(),
            id_token_signed_response_alg: Some(SigningAlgorithm::Es256),
            ..NewClient::default()
        };
        let (client, _) = work.clients().create(organization, application, new).await.unwrap();
        work.commit().await.unwrap();
        client
    }

    pub(crate) async fn user(&self, organization: &Organization, email: &str) -> User {
        let mut work = self.work().await;
        let new = NewUser { email: email.to_owned(), ..NewUser::default() };
        let user = work.users().create(organization, new).await.unwrap();
        work.commit().await.unwrap();
        user
    }

    /// A user stored by an earlier version, whose address key was plain lower-case text.
    pub(crate) async fn stored_before(&self, organization: &Organization, email: &str) -> User {
        let plain = self.user(organization, "stored-before@harbor.test").await;
        let email = Email::trusted(email.to_owned(), email.to_lowercase());
        let mut all = self.store.repositories();
        let mut users = all.users(organization.id);
        assert!(users.update(&User { email, ..plain.clone() }).await.unwrap());
        users.by_id(plain.id).await.unwrap().unwrap()
    }

    /// Issues a password-reset link for a user.
    pub(crate) async fn link(&self, user: &User) -> OneTimeToken {
        let link = OneTimeToken {
            id: OneTimeTokenId::new(START, &*self.entropy),
            organization_id: user.organization_id,
            user_id: user.id,
            purpose: TokenPurpose::PasswordReset,
            digest: TokenDigest::of(&BearerKind::PasswordReset.generate(&*self.entropy)),
            interaction: None,
            details: None,
            invited_by: None,
            expires_at: START + Duration::from_hours(1),
            used_at: None,
            created_at: START,
        };
        let mut all = self.store.repositories();
        assert!(all.one_time_tokens(user.organization_id).issue(&link, &user.email).await.unwrap());
        link
    }

    /// Signs a user in and issues an access token to the client.
    pub(crate) async fn token(
        &self,
        organization: &Organization,
        user: &User,
        client: &Client,
    ) -> TokenDigest {
        let now = START;
        let later = now + Duration::from_hours(1);
        let session = SessionRecord {
            id: SessionKey::new(now, &*self.entropy),
            organization_id: organization.id,
            user_id: user.id,
            ip_address: None,
            user_agent: None,
            created_at: now,
            last_activity_at: now,
            expires_at: later,
            revoked_at: None,
        };
        let grant = Grant {
            id: GrantId::new(now, &*self.entropy),
            organization_id: organization.id,
            user_id: user.id,
            client: client.id,
            scopes: vec!["openid".to_owned()],
            created_at: now,
            expires_at: later,
        };
        let event = self.event(organization.id);
        let mut repositories = self.store.repositories();
        let signed_in = repositories
            .users(organization.id)
            .record_sign_in(user, Duration::from_secs(1), &session, &event)
            .await
            .unwrap();
        assert!(signed_in);
        let grant = repositories.sessions(organization.id).extend_grant(None, &grant, None).await.unwrap();
        let family = TokenFamily {
            id: TokenFamilyId::new(now, &*self.entropy),
            organization_id: organization.id,
            client: client.id,
            user_id: user.id,
            grant_id: grant.id,
            session: session.id,
            is_offline: false,
            scope: "openid".to_owned(),
            nonce: None,
            auth_time: now,
            acr: "urn:porta:acr:password".to_owned(),
            amr: vec!["pwd".to_owned()],
            claims: None,
            expires_at: later,
            created_at: now,
        };
        let digest = TokenDigest::of(&BearerKind::AccessToken.generate(&*self.entropy));
        let access = AccessToken {
            digest,
            family: family.id,
            scope: "openid".to_owned(),
            expires_at: later,
            created_at: now,
        };
        assert!(repositories.tokens(organization.id).issue(&family, &access, None).await.unwrap());
        digest
    }

    /// Whether the *family* of a token was revoked, or the token is gone. Other reasons that end a token do not count.
    pub(crate) async fn is_revoked(&self, organization: &Organization, token: &TokenDigest) -> bool {
        let facts =
            self.store.repositories().tokens(organization.id).access_facts(token, START).await.unwrap();
        facts.is_none_or(|facts| facts.validity.family_revoked)
    }

    fn event(&self, organization: OrganizationId) -> AuditEvent {
        AuditEvent {
            id: AuditId::new(START, &*self.entropy),
            organization_id: Some(organization),
            organization_label: None,
            user_id: None,
            actor_id: None,
            actor_label: None,
            event_type: "user.login.password".to_owned(),
            category: porta_core::audit::AuditCategory::Authentication,
            description: None,
            metadata: serde_json::json!({}),
            ip_address: None,
            user_agent: None,
            created_at: START,
            request_id: None,
            entity_type: None,
            entity_id: None,
        }
    }
}

/// The problems of a rejection, as an operator reads them.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, DirectoryError>) -> String {
    let error = outcome.expect_err("must be refused");
    assert!(error.is_about_the_request(), "{error:?}");
    error.to_string()
}

/// Runs each test on SQLite and on PostgreSQL (skip the latter with `--skip postgres`).
#[macro_export]
macro_rules! both_stores {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let test = porta_testkit::database::TestDatabase::sqlite().await;
                super::$name($crate::support::World::over(test.database.clone())).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let test = porta_testkit::database::TestDatabase::postgres().await;
                super::$name($crate::support::World::over(test.database.clone())).await;
            })+
        }
    };
}
