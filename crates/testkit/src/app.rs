//! The whole server in process: real stores, the real router, a manual clock.

mod doubles;
mod observe;
mod templates;

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use porta_admin::{AdminState, AdminStateParts};
use porta_core::mail::OutgoingEmail;
use porta_core::organization::Organization;
use porta_core::outbox::OutboxKind;
use porta_core::seal::{HmacKeys, Keyring};
use porta_core::secret::hex;
use porta_core::{Change, Clock, Entropy, ManualClock, SeededEntropy, Timestamp};
use porta_directory::provision::{Format, Mode, Options, read};
use porta_directory::{Actor, Directory, DirectoryDeps};
use porta_http::{AppState, AppStateParts};
use porta_kv::{Kv, MemoryKv, Notice, NoticeEvent, RedisKv, RedisOptions};
use porta_mail::{CaptureTransport, MailHandler, RenderError};
use porta_oidc::OpenIdProvider;
use porta_outbox::{Handler, OutboxDeps, Worker};
use porta_pages::Pages;
use porta_session::{Backend, ServiceKeys, SharedServices, Tenant, TenantLookup};
use porta_signin::{HashCost, LinkRequestHandler, PasswordHasher, SecondFactorKeys, SignIn, SignInCore};
use porta_store::Store;
use porta_store_sql::Operation;
use porta_web::client_address::{ForwardedHeader, TrustedProxies};
use porta_web::observe::Observability;
use secrecy::SecretString;
use tokio::sync::watch;

use self::doubles::{AnsweringRelay, FakeProbes, HasherAdapter, KvNotifier, MailRenderer, RecoveryCodes};
use self::templates::DatabaseContent;
use crate::browser::Browser;
use crate::constants::{ADMIN_ORIGIN, ISSUER_BASE};
use crate::database::TestDatabase;

/// Encryption key of instances that are given no other.
pub const ENCRYPTION_KEY: [u8; 32] = [7; 32];

/// A notice without effect; it shows how far an instance has processed its notices.
const SYNC_TOPIC: &str = "settle";

/// A server on one pair of stores. Several may share them, like instances behind a load balancer.
pub struct TestApp {
    pub clock: Arc<ManualClock>,
    pub store: Arc<dyn Store>,
    pub kv: Arc<dyn Kv>,
    pub shared: Arc<SharedServices>,
    pub provider: Arc<OpenIdProvider>,
    pub directory: Directory,
    pub probes: Arc<FakeProbes>,
    pub hasher: Arc<PasswordHasher>,
    pub router: Router,
    /// Seals pending items of the outbox.
    pub outbox_keys: Arc<Keyring>,
    mailbox: Arc<CaptureTransport>,
    outbox: Worker,
    /// Executes link requests only.
    link_requests: Worker,
    entropy: Arc<dyn Entropy>,
    /// This instance and the others on its stores.
    instances: Arc<ReceivedMarks>,
    short_lived: ShortLivedBackend,
    /// Dropped last, because it drops the database.
    database: Arc<TestDatabase>,
}

/// For each instance ever started on the same stores: the marks it received. Everything announced before a mark has
/// been applied. The number of instances seeds the next one's randomness.
type ReceivedMarks = Mutex<Vec<watch::Receiver<Vec<String>>>>;

/// Implementation of [`TestApp::kv`].
#[derive(Clone)]
pub(crate) enum ShortLivedBackend {
    Memory(Arc<MemoryKv>),
    /// Namespace of its keys.
    Redis(String),
}

/// Configuration of one instance. A test may wrap the stores or change settings.
pub struct InstanceConfig {
    pub store: Arc<dyn Store>,
    pub kv: Arc<dyn Kv>,
    pub cost: HashCost,
    /// Maximum number of passwords waiting to be hashed.
    pub hash_queue: usize,
    pub issuer_base: String,
    /// Pages and mails.
    pub pages: Arc<Pages>,
    pub trusted_proxies: TrustedProxies,
    /// Source address of connections.
    pub peer: SocketAddr,
    /// Keys of both encryption key lists, the newest first.
    pub encryption_keys: Vec<[u8; 32]>,
    /// Limit of the reads of one administrator.
    pub admin_reads_per_minute: Option<u64>,
    /// Seed of its randomness, combined with the process and the number of instances.
    seed: u64,
}

/// Seed of the first instance on a store. Templates are filled with another seed: no random value may occur twice.
const FIRST_SEED: u64 = 1;
const TEMPLATE_SEED: u64 = 1 << 63;

/// Compiled once: templates never change, and compiling takes longer than most tests.
static PAGES: LazyLock<Arc<Pages>> = LazyLock::new(|| Arc::new(Pages::new()));

impl InstanceConfig {
    fn new(store: Arc<dyn Store>, kv: Arc<dyn Kv>) -> Self {
        Self {
            store,
            kv,
            cost: HashCost { memory_kib: 64, iterations: 1, parallelism: 1 },
            hash_queue: 256,
            issuer_base: ISSUER_BASE.to_owned(),
            pages: Arc::clone(&PAGES),
            trusted_proxies: TrustedProxies::Hops {
                hops: 1,
                networks: Vec::new(),
                header: ForwardedHeader::Either,
            },
            peer: ([127, 0, 0, 1], 4711).into(),
            encryption_keys: vec![ENCRYPTION_KEY],
            admin_reads_per_minute: Some(6_000),
            seed: FIRST_SEED,
        }
    }
}

impl TestApp {
    /// On SQLite and the in-process store.
    pub async fn embedded() -> Self {
        Self::on_sqlite(DatabaseContent::Nothing).await
    }

    /// Like [`TestApp::embedded`], with [`FIXTURE`](crate::FIXTURE) applied.
    pub async fn embedded_with_fixture() -> Self {
        Self::on_sqlite(DatabaseContent::Fixture).await
    }

    /// On PostgreSQL and Redis.
    ///
    /// # Panics
    /// When `TEST_DATABASE_URL` or `TEST_REDIS_URL` is missing: run through `scripts/with-services.sh`.
    pub async fn postgres_redis() -> Self {
        Self::on_postgres(DatabaseContent::Nothing).await
    }

    /// Like [`TestApp::postgres_redis`], with [`FIXTURE`](crate::FIXTURE) applied.
    pub async fn postgres_redis_with_fixture() -> Self {
        Self::on_postgres(DatabaseContent::Fixture).await
    }

    async fn on_sqlite(content: DatabaseContent) -> Self {
        let database = TestDatabase::sqlite_with(content).await;
        Self::in_memory(database, FIRST_SEED)
    }

    async fn on_postgres(content: DatabaseContent) -> Self {
        let database = TestDatabase::postgres_with(content).await;
        let entropy: &dyn Entropy = &porta_core::OsEntropy;
        let namespace = format!("test-{}", porta_core::secret::hex(&entropy.bytes::<8>()));
        let kv = connect_redis(&namespace).await;
        let clock = Arc::new(ManualClock::at(database.as_of));
        Self::first(clock, Arc::new(database), kv, ShortLivedBackend::Redis(namespace), FIRST_SEED)
    }

    /// For writing the contents of a template into `database`.
    pub(crate) fn for_template(database: TestDatabase) -> Self {
        Self::in_memory(database, TEMPLATE_SEED)
    }

    /// Takes the database of the only instance; closes all other connections to it.
    pub(crate) fn into_database(self) -> TestDatabase {
        let database = Arc::clone(&self.database);
        drop(self);
        Arc::into_inner(database).expect("there is no other instance")
    }

    fn in_memory(database: TestDatabase, seed: u64) -> Self {
        let clock = Arc::new(ManualClock::at(database.as_of));
        let kv = Arc::new(MemoryKv::new(clock.clone()));
        let short_lived = ShortLivedBackend::Memory(Arc::clone(&kv));
        Self::first(clock, Arc::new(database), kv, short_lived, seed)
    }

    /// Another process on the same PostgreSQL and Redis, with its own connections. Embedded stores belong to one
    /// process, so there it is [`TestApp::sibling`].
    pub async fn another_process(&self) -> Self {
        let ShortLivedBackend::Redis(namespace) = &self.short_lived else { return self.sibling() };
        let (store, kv) = (self.database.another().await, connect_redis(namespace).await);
        self.sibling_with(|instance| {
            instance.store = store;
            instance.kv = kv;
        })
    }

    /// Another instance on the same stores, with its own caches.
    #[must_use]
    pub fn sibling(&self) -> Self {
        self.sibling_with(|_| {})
    }

    /// Like [`TestApp::sibling`], with a changed configuration.
    #[must_use]
    pub fn sibling_with(&self, change: impl FnOnce(&mut InstanceConfig)) -> Self {
        let mut instance = InstanceConfig::new(Arc::clone(&self.store), Arc::clone(&self.kv));
        change(&mut instance);
        let (clock, database) = (Arc::clone(&self.clock), Arc::clone(&self.database));
        Self::on(clock, database, instance, Arc::clone(&self.instances), self.short_lived.clone())
    }

    /// The database over the same connections, where operations fail if `fails` says so.
    pub fn store_with_faults(
        &self,
        fails: impl Fn(Operation) -> bool + Send + Sync + 'static,
    ) -> Arc<dyn Store> {
        Arc::new(self.database.database.with_faults(Arc::new(fails)))
    }

    fn first(
        clock: Arc<ManualClock>,
        database: Arc<TestDatabase>,
        kv: Arc<dyn Kv>,
        short_lived: ShortLivedBackend,
        seed: u64,
    ) -> Self {
        let instance = InstanceConfig { seed, ..InstanceConfig::new(database.database.clone(), kv) };
        Self::on(clock, database, instance, Arc::default(), short_lived)
    }

    fn on(
        clock: Arc<ManualClock>,
        database: Arc<TestDatabase>,
        instance: InstanceConfig,
        instances: Arc<ReceivedMarks>,
        short_lived: ShortLivedBackend,
    ) -> Self {
        let InstanceConfig {
            store,
            kv,
            cost,
            hash_queue,
            issuer_base,
            pages,
            trusted_proxies,
            peer,
            encryption_keys,
            admin_reads_per_minute,
            seed,
        } = instance;
        let mut all = instances.lock().expect("nobody panicked");
        let seed = seed + all.len() as u64;
        let entropy: Arc<dyn Entropy> =
            Arc::new(SeededEntropy::new(seed ^ (u64::from(std::process::id()) << 16)));
        let keyring = Arc::new(Keyring::new(&encryption_keys, porta_core::signing_key::SEALING_PURPOSE));
        let backend = Backend {
            store: Arc::clone(&store),
            kv: Arc::clone(&kv),
            clock: clock.clone(),
            entropy: Arc::clone(&entropy),
            issuer_base,
        };
        let shared = shared_services(backend, Arc::clone(&keyring), &encryption_keys);
        let successor_keys = HmacKeys::new(&encryption_keys, "refresh token successors");
        let provider = Arc::new(OpenIdProvider::new(&shared, successor_keys));
        let hasher = PasswordHasher::start(cost, 2, hash_queue, Arc::clone(&entropy));
        let hasher = Arc::new(hasher.expect("the parameters are valid"));
        let outbox_keys = Arc::new(Keyring::new(&encryption_keys, porta_core::outbox::SEALING_PURPOSE));
        let factors = SecondFactorKeys::new(&encryption_keys, Arc::clone(&outbox_keys));
        let directory = directory(&shared, keyring, &outbox_keys, &hasher);
        let sign_in =
            SignIn::new(SignInCore { shared: Arc::clone(&shared), hasher: Arc::clone(&hasher), factors });
        let account = Arc::clone(&sign_in.account);
        let probes = Arc::new(FakeProbes::default());
        let app = AppState::new(AppStateParts {
            observers: Observability::default(),
            shared: Arc::clone(&shared),
            provider: Arc::clone(&provider),
            sign_in,
            pages: Arc::clone(&pages),
            probes: probes.clone(),
            clock: clock.clone(),
            entropy: Arc::clone(&entropy),
            cookie_secrets: vec![b"a test cookie secret of more than 32 bytes".to_vec()],
            trusted_proxies: trusted_proxies.clone(),
        });
        let recovery_codes = recovery_codes(&encryption_keys, &outbox_keys, &entropy);
        let admin = AdminState::new(AdminStateParts {
            directory: directory.clone(),
            shared: Arc::clone(&shared),
            account: Some(account),
            provider: Some(Arc::clone(&provider)),
            kv: Arc::clone(&kv),
            clock: clock.clone(),
            recovery_codes: Some(Arc::new(recovery_codes)),
            mails: Some(Arc::new(MailRenderer { pages: Arc::clone(&pages), shared: Arc::clone(&shared) })),
            pages: Some(Arc::clone(&pages)),
            relay: Some(Arc::new(AnsweringRelay)),
            entropy: Arc::clone(&entropy),
            answers: Keyring::new(&encryption_keys, porta_admin::SEALING_PURPOSE),
            trusted_proxies,
            issuer_base: shared.issuer_base().to_owned(),
            cors_origins: vec![ADMIN_ORIGIN.to_owned()],
            reads_per_minute: admin_reads_per_minute,
        });
        let peer = axum::Extension(ConnectInfo(peer));
        let router = porta_http::router(app, porta_admin::router(admin)).layer(peer);
        all.push(listen(&shared, &kv));
        drop(all);
        let mailbox = Arc::new(CaptureTransport::new(1000));
        let outbox = OutboxDeps {
            store: Arc::clone(&store),
            keyring: Arc::clone(&outbox_keys),
            clock: clock.clone(),
            entropy: Arc::clone(&entropy),
        };
        let mail = mail_handler(Arc::clone(&shared), pages, mailbox.clone());
        let (outbox, link_requests) = workers(outbox, mail);
        Self {
            clock,
            store,
            kv,
            shared,
            provider,
            directory,
            probes,
            hasher,
            router,
            outbox_keys,
            mailbox,
            outbox,
            link_requests,
            entropy,
            instances,
            short_lived,
            database,
        }
    }

    /// Applies a provisioning document in merge mode: existing entities stay unchanged.
    pub async fn provision(&self, yaml: &str) {
        self.apply(yaml, Mode::Merge).await;
    }

    /// Applies a provisioning document in overwrite mode.
    pub async fn provision_overwriting(&self, yaml: &str) {
        self.apply(yaml, Mode::Overwrite).await;
    }

    async fn apply(&self, yaml: &str, mode: Mode) {
        let document = read(yaml, Format::Yaml, &|_| None).expect("the fixture is well formed");
        let options = Options { mode, ..Options::default() };
        let applied = self.directory.provision(Actor::System, &document, options).await;
        let report = applied.expect("the fixture applies");
        assert!(report.errors.is_empty(), "{:?}", report.errors);
        self.wait_for_notices().await;
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Waits until every instance has processed all change notices.
    pub async fn wait_for_notices(&self) {
        let key = hex(&self.entropy().bytes::<8>());
        let notice = Notice { topic: SYNC_TOPIC.to_owned(), key: key.clone() };
        if self.kv.publish(&notice).await.is_err() {
            return;
        }
        let instances = self.instances.lock().expect("nobody panicked").clone();
        for mut settled in instances {
            let heard = settled.wait_for(|keys| keys.contains(&key));
            // An error means that the instance is gone.
            let _ = tokio::time::timeout(Duration::from_secs(10), heard).await.expect("notices arrive");
        }
    }

    /// An active tenant.
    pub async fn tenant(&self, slug: &str) -> Arc<Tenant> {
        match self.shared.tenants.find(slug).await.expect("the stores answer") {
            TenantLookup::Active(tenant) => tenant,
            other => panic!("{slug} is not active: {other:?}"),
        }
    }
}

async fn connect_redis(namespace: &str) -> Arc<dyn Kv> {
    let options = RedisOptions::new(SecretString::from(redis_url()), namespace.to_owned());
    Arc::new(RedisKv::connect(options).await.expect("Redis answers"))
}

fn redis_url() -> String {
    std::env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL is not set: run through scripts/with-services.sh")
}

fn shared_services(
    backend: Backend,
    signing_keys: Arc<Keyring>,
    encryption_keys: &[[u8; 32]],
) -> Arc<SharedServices> {
    let sealed_state = Keyring::new(encryption_keys, porta_session::sealed_state::SEALING_PURPOSE);
    let keys = ServiceKeys { signing_keys, sealed_state };
    Arc::new(SharedServices::new(backend, keys, porta_pages::languages().collect()))
}

fn recovery_codes(
    encryption_keys: &[[u8; 32]],
    outbox: &Arc<Keyring>,
    entropy: &Arc<dyn Entropy>,
) -> RecoveryCodes {
    let factors = SecondFactorKeys::new(encryption_keys, Arc::clone(outbox));
    RecoveryCodes { factors, entropy: Arc::clone(entropy) }
}

fn directory(
    shared: &SharedServices,
    keyring: Arc<Keyring>,
    outbox: &Arc<Keyring>,
    hasher: &Arc<PasswordHasher>,
) -> Directory {
    let Backend { store, kv, clock, entropy, .. } = &*shared.backend;
    Directory::new(DirectoryDeps {
        store: Arc::clone(store),
        notify: Arc::new(KvNotifier(Arc::clone(kv))),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        keyring,
        outbox: Arc::clone(outbox),
        passwords: Arc::new(HasherAdapter(Arc::clone(hasher))),
        production: true,
    })
}

/// A worker of all items, and one of link requests only.
fn workers(outbox: OutboxDeps, mail: MailHandler) -> (Worker, Worker) {
    let links: Arc<dyn Handler> = Arc::new(LinkRequestHandler);
    let mail: Arc<dyn Handler> = Arc::new(mail);
    let link_requests = Worker::new(outbox.clone(), [(OutboxKind::LinkRequest, Arc::clone(&links))]);
    (Worker::new(outbox, [(OutboxKind::Mail, mail), (OutboxKind::LinkRequest, links)]), link_requests)
}

fn mail_handler(
    shared: Arc<SharedServices>,
    pages: Arc<Pages>,
    transport: Arc<CaptureTransport>,
) -> MailHandler {
    let render = move |organization: &Organization, outgoing: &OutgoingEmail, now: Timestamp| {
        let issuer = shared.issuer(&organization.slug);
        pages.outgoing(organization, &issuer, outgoing, now).map_err(|error| RenderError(error.into()))
    };
    MailHandler { renderer: Arc::new(render), transport }
}

/// Handles change notices like the server process.
fn listen(shared: &Arc<SharedServices>, kv: &Arc<dyn Kv>) -> watch::Receiver<Vec<String>> {
    let shared = Arc::downgrade(shared);
    let mut notices = kv.subscribe();
    let (marks, settled) = watch::channel(Vec::new());
    tokio::spawn(async move {
        while let Some(heard) = porta_kv::next_notice(&mut notices).await {
            let Some(shared) = shared.upgrade() else { return };
            match heard {
                NoticeEvent::Notice(notice) if notice.topic == SYNC_TOPIC => {
                    marks.send_modify(|keys| keys.push(notice.key));
                }
                NoticeEvent::Notice(notice) => match Change::from_topic_and_key(&notice.topic, &notice.key) {
                    Some(change) => shared.caches.apply_change(&change),
                    None => shared.caches.clear(),
                },
                NoticeEvent::Gap => shared.caches.clear(),
            }
        }
    });
    settled
}
