//! A tenant with an outbox, a manual clock, and scripted transports.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::mail::{Mail, OutgoingEmail, Recipient, SecurityEvent};
use porta_core::organization::Organization;
use porta_core::outbox::{OutboxCounts, OutboxKind, OutboxRow, SEALING_PURPOSE};
use porta_core::seal::Keyring;
use porta_core::user::Email;
use porta_core::{Clock as _, ManualClock, OutboxId, SeededEntropy, Timestamp, UserId};
use porta_mail::{
    Credentials, MailHandler, Message, RenderError, Renderer, Security, SendError, SmtpOptions,
    SmtpTransport, Transport,
};
use porta_outbox::{Handler, OutboxDeps, Worker};
use porta_pages::Pages;
use porta_store::Store;
use porta_store::contract::fixture::{NOW, organization};
use porta_testkit::database::TestDatabase;
use porta_trust::Roots;
use secrecy::SecretString;
use tokio::sync::Semaphore;

pub(crate) const ADDRESS: &str = "ana@example.org";

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) organization: Organization,
    pub(crate) user: UserId,
    pub(crate) database: TestDatabase,
    entropy: SeededEntropy,
    workers: AtomicU64,
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        Self::on(TestDatabase::sqlite().await).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::on(TestDatabase::postgres().await).await
    }

    async fn on(database: TestDatabase) -> Self {
        let store: Arc<dyn Store> = database.database.clone();
        let entropy = SeededEntropy::new(7);
        let mut organization = organization("acme", &entropy);
        organization.branding.company_name = Some("Acme Ltd".to_owned());
        store.repositories().organizations().insert(&organization).await.unwrap();
        let user = UserId::new(NOW, &entropy);
        Self {
            store,
            clock: Arc::new(ManualClock::at(NOW)),
            organization,
            user,
            database,
            entropy,
            workers: AtomicU64::new(100),
        }
    }

    /// A worker that sends mail only.
    pub(crate) fn worker(&self, transport: Arc<dyn Transport>) -> Worker {
        Worker::new(self.deps(), [mail(MailHandler { renderer: Arc::new(renderer()), transport })])
    }

    pub(crate) fn deps(&self) -> OutboxDeps {
        OutboxDeps {
            store: Arc::clone(&self.store),
            keyring: Arc::new(keyring(1)),
            clock: self.clock.clone(),
            // A different seed per worker, so that ids are unique.
            entropy: Arc::new(SeededEntropy::new(self.workers.fetch_add(1, Ordering::SeqCst))),
        }
    }

    pub(crate) fn outgoing(&self, mail: Mail) -> OutgoingEmail {
        OutgoingEmail {
            organization_id: self.organization.id,
            recipient: Recipient {
                user_id: Some(self.user),
                address: Email::parse(ADDRESS).unwrap(),
                full_name: Some("Ana Li".to_owned()),
                locale: None,
            },
            mail,
        }
    }

    pub(crate) async fn enqueue(&self, event: &str, mail: Mail) -> OutboxId {
        self.enqueue_with(event, mail, &keyring(1)).await
    }

    pub(crate) async fn enqueue_with(&self, event: &str, mail: Mail, keyring: &Keyring) -> OutboxId {
        let item = self.outgoing(mail).into_item(event, keyring, self.clock.now(), &self.entropy);
        assert!(self.store.repositories().outbox().enqueue(&item).await.unwrap());
        item.id
    }

    pub(crate) async fn rows(&self) -> Vec<OutboxRow> {
        let mut all = self.store.repositories();
        all.outbox().page_for(self.organization.id, None, 1000).await.unwrap().items
    }

    pub(crate) async fn counts(&self) -> OutboxCounts {
        self.store.repositories().outbox().counts(None).await.unwrap()
    }

    /// Oldest first.
    pub(crate) async fn events(&self) -> Vec<AuditEvent> {
        let mut all = self.store.repositories();
        let mut events = all.audit().recent(Some(self.organization.id), 1000).await.unwrap();
        events.reverse();
        events
    }
}

pub(crate) fn mail(handler: MailHandler) -> (OutboxKind, Arc<dyn Handler>) {
    (OutboxKind::Mail, Arc::new(handler))
}

/// The product's own renderer.
pub(crate) fn renderer() -> impl Renderer {
    let pages = Pages::new();
    move |organization: &Organization, outgoing: &OutgoingEmail, now: Timestamp| {
        let issuer = format!("https://id.example.com/{}", organization.slug);
        pages.outgoing(organization, &issuer, outgoing, now).map_err(|error| RenderError(error.into()))
    }
}

pub(crate) fn keyring(first: u8) -> Keyring {
    Keyring::new(&[[first; 32]], SEALING_PURPOSE)
}

pub(crate) fn magic_link(expires_at: Timestamp) -> Mail {
    Mail::MagicLink {
        url: "https://id.example.com/acme/auth/magic/secret-token".to_owned(),
        application: Some("Planner".to_owned()),
        code: Some("417023".to_owned()),
        expires_at,
    }
}

pub(crate) fn password_changed() -> Mail {
    Mail::PasswordChanged { event: security_event() }
}

pub(crate) fn security_event() -> SecurityEvent {
    let user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    SecurityEvent { at: NOW, address: Some("192.0.2.7".to_owned()), user_agent: Some(user_agent.to_owned()) }
}

/// Returns the scripted results in order, then accepts everything.
#[derive(Default)]
pub(crate) struct ScriptedTransport {
    answers: Mutex<VecDeque<SendError>>,
    sent: Mutex<Vec<Message>>,
    attempts: AtomicUsize,
}

impl ScriptedTransport {
    pub(crate) fn answering(answers: impl IntoIterator<Item = SendError>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() })
    }

    pub(crate) fn sent(&self) -> Vec<Message> {
        self.sent.lock().unwrap().clone()
    }

    pub(crate) fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        if let Some(error) = self.answers.lock().unwrap().pop_front() {
            return Err(error);
        }
        self.sent.lock().unwrap().push(message.clone());
        Ok(())
    }
}

pub(crate) fn failed() -> SendError {
    SendError::Failed("sending: the relay answered 451 4.3.0".to_owned())
}

pub(crate) fn refused() -> SendError {
    SendError::Refused("sending: the relay answered 550 5.1.1".to_owned())
}

/// Holds every message until a permit is available, and counts the held ones.
pub(crate) struct HeldTransport {
    pub(crate) permits: Semaphore,
    pub(crate) held: AtomicUsize,
    pub(crate) most_held: AtomicUsize,
    pub(crate) sent: Mutex<Vec<OutboxId>>,
}

impl HeldTransport {
    pub(crate) fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            permits: Semaphore::new(permits),
            held: AtomicUsize::new(0),
            most_held: AtomicUsize::new(0),
            sent: Mutex::default(),
        })
    }

    /// Waits until `count` messages are held.
    pub(crate) async fn until_held(&self, count: usize) {
        eventually(async || self.held.load(Ordering::SeqCst) >= count).await;
    }
}

#[async_trait]
impl Transport for HeldTransport {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let held = self.held.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_held.fetch_max(held, Ordering::SeqCst);
        self.permits.acquire().await.unwrap().forget();
        self.held.fetch_sub(1, Ordering::SeqCst);
        self.sent.lock().unwrap().push(message.id);
        Ok(())
    }
}

/// A relay that is unreachable for the first message; the first reachability check never answers.
#[derive(Default)]
pub(crate) struct RecoveringRelay {
    pub(crate) attempts: AtomicUsize,
    probes: AtomicUsize,
}

#[async_trait]
impl Transport for RecoveringRelay {
    async fn send(&self, _: &Message) -> Result<(), SendError> {
        match self.attempts.fetch_add(1, Ordering::SeqCst) {
            0 => Err(SendError::Unreachable("connecting: refused".to_owned())),
            _ => Ok(()),
        }
    }

    async fn is_reachable(&self) -> bool {
        if self.probes.fetch_add(1, Ordering::SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        true
    }
}

/// Polls until `is_so` returns true.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waiting).await.unwrap();
}

/// Options for a relay on this machine.
pub(crate) fn options(port: u16, security: Security) -> SmtpOptions {
    SmtpOptions {
        host: "localhost".to_owned(),
        port,
        security,
        credentials: None,
        from: "Porta <no-reply@mail.example.com>".to_owned(),
        hello: "id.example.com".to_owned(),
        timeout: Duration::from_secs(10),
        roots: Roots::system(),
    }
}

pub(crate) fn credentials(password: &str) -> Credentials {
    Credentials { user: "porta".to_owned(), password: SecretString::from(password.to_owned()) }
}

pub(crate) fn transport(options: SmtpOptions) -> Arc<SmtpTransport> {
    Arc::new(SmtpTransport::new(options).unwrap())
}
