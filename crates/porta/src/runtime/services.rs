//! Wiring: builds the services of a process from its configuration.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use porta_admin::{
    AdminState, AdminStateParts, MailRelay, MakeRecoveryCodes, NewRecoveryCodes, RenderFailed, RenderMail,
};
use porta_config::{
    Config, MetricsConfig, Pooler, PostgresConfig, Problem, ProxyHeader, RedisConfig, Storage, StorageConfig,
    TrustProxy,
};
use porta_core::mail::{MailBody, OutgoingEmail};
use porta_core::organization::Organization;
use porta_core::seal::{HmacKeys, Keyring};
use porta_core::user::{PasswordHash, User};
use porta_core::{Change, Clock, Entropy, OsEntropy, Password, SteadyClock, SystemClock, Timestamp};
use porta_directory::{Directory, DirectoryDeps, HashFailed, HashPassword, Notifier};
use porta_http::{AppState, AppStateParts};
use porta_kv::{Kv, MemoryKv, Notice, RedisKv, RedisOptions, Sentinels};
use porta_mail::Transport;
use porta_oidc::OpenIdProvider;
use porta_pages::{Pages, TemplateProblems};
use porta_session::{Backend, ServiceKeys, SharedServices};
use porta_signin::{HashCost, PasswordHasher, SecondFactorKeys, SignIn, SignInCore};
use porta_store::Store;
use porta_store_sql::{Database, DatabaseOptions, Target};
use porta_web::client_address::{ForwardedHeader, TrustedProxies};
use porta_web::observe::{MetricsExporter, Observability};
use secrecy::ExposeSecret as _;

use super::probes::ServiceProbes;
use super::telemetry::Telemetry;
use super::{background, configuration};

/// Passwords queued or being hashed at once, per hashing thread.
const HASH_QUEUE_PER_THREAD: usize = 48;

/// Which short-lived store is used.
pub(crate) enum ShortLivedBackend {
    Redis,
    Memory {
        kv: Arc<MemoryKv>,
        /// Directory of its snapshot.
        data_dir: PathBuf,
        /// Held until the process ends: a second server would have a separate short-lived store, and an authorization
        /// code could be used once in each.
        _lock: File,
    },
}

/// Locks the data directory, so that this process is its only server.
pub(crate) fn lock_data_dir(data_dir: &Path) -> anyhow::Result<File> {
    let path = data_dir.join("lock");
    let file = File::create(&path).with_context(|| format!("{} cannot be created", path.display()))?;
    file.try_lock().with_context(|| format!("another porta serves {}", data_dir.display()))?;
    Ok(file)
}

/// Whether a server serves the data directory. Creates nothing.
pub(crate) fn is_served(data_dir: &Path) -> bool {
    File::open(data_dir.join("lock"))
        .is_ok_and(|file| matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

/// The parts of a server process.
pub(crate) struct Services {
    pub shared: Arc<SharedServices>,
    pub provider: Arc<OpenIdProvider>,
    pub kv: Arc<dyn Kv>,
    pub short_lived: ShortLivedBackend,
    pub directory: Directory,
    pub probes: Arc<ServiceProbes>,
    pub snapshot_keys: Keyring,
    /// Encrypts the contents of the outbox.
    pub outbox_keys: Arc<Keyring>,
    /// Pages and mails.
    pub pages: Arc<Pages>,
    pub metrics: Option<Arc<dyn MetricsExporter>>,
    pub app: AppState,
    pub admin: AdminState,
}

/// Path of the embedded database.
pub(crate) fn embedded_file(data_dir: &Path) -> PathBuf {
    data_dir.join("porta.sqlite")
}

/// Path of the snapshot that a graceful shutdown writes.
pub(crate) fn snapshot_file(data_dir: &Path) -> PathBuf {
    data_dir.join("short-lived.snapshot")
}

/// Opens the database of a storage configuration.
pub(crate) async fn open_database(
    storage: &StorageConfig,
    slow_statement: Duration,
) -> anyhow::Result<Database> {
    let acquire_timeout = Duration::from_secs(5);
    let options = match storage {
        StorageConfig::Embedded { data_dir } => DatabaseOptions {
            max_connections: 4,
            acquire_timeout,
            slow_statement,
            ..DatabaseOptions::new(Target::Sqlite(embedded_file(data_dir)))
        },
        StorageConfig::Postgres(PostgresConfig { url, pool_max, statement_timeout, pooler, roots }) => {
            DatabaseOptions {
                target: Target::Postgres(url.expose_secret().to_owned()),
                max_connections: *pool_max,
                statement_timeout: *statement_timeout,
                acquire_timeout,
                slow_statement,
                roots: roots.clone(),
                is_pooled: *pooler == Pooler::Transaction,
            }
        }
    };
    Database::connect(&options).await.context("the database cannot be reached")
}

/// Connection options for Redis.
pub(crate) fn redis_options(redis: &RedisConfig, instance: &str) -> RedisOptions {
    let sentinels = redis.sentinels.as_ref().map(|sentinels| Sentinels {
        addresses: sentinels.addresses.clone(),
        password: sentinels.password.clone(),
    });
    RedisOptions { roots: redis.roots.clone(), sentinels, ..RedisOptions::new(redis.url.clone(), instance) }
}

async fn open_short_lived(
    config: &Config,
    clock: &dyn Clock,
    keys: &Keyring,
) -> anyhow::Result<(Arc<dyn Kv>, ShortLivedBackend)> {
    match &config.storage {
        Storage::Production { redis, .. } => {
            let options = redis_options(redis, &config.instance);
            let kv = RedisKv::connect(options).await.context("Redis cannot be reached")?;
            Ok((Arc::new(kv), ShortLivedBackend::Redis))
        }
        Storage::Embedded { data_dir } => {
            let lock = lock_data_dir(data_dir)?;
            // A jump of the wall clock must not expire values that are valid again once the clock is corrected.
            let kv = Arc::new(MemoryKv::new(Arc::new(SteadyClock::start(clock.now()))));
            match kv.load_snapshot(&snapshot_file(data_dir), keys) {
                Ok(0) => {}
                Ok(entries) => tracing::info!(entries, "short-lived data of the last run was restored"),
                // Users must sign in again, which is better than not starting.
                Err(error) => tracing::warn!(%error, "short-lived data of the last run was not usable"),
            }
            Ok((kv.clone(), ShortLivedBackend::Memory { kv, data_dir: data_dir.clone(), _lock: lock }))
        }
    }
}

impl Services {
    /// Opens both stores concurrently and builds everything on them. `relay`: where mails go; `None`: nowhere.
    pub(crate) async fn open(
        config: &Config,
        telemetry: &Telemetry,
        relay: Option<Arc<dyn Transport>>,
    ) -> anyhow::Result<Self> {
        let pages = Arc::new(load_pages(config.template_dir.as_deref())?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let encryption_keys = config.secrets.signing_key_encryption_keys.expose();
        let snapshot_keys = Keyring::new(encryption_keys, "short-lived snapshot");
        let outbox_keys = Arc::new(Keyring::new(encryption_keys, porta_core::outbox::SEALING_PURPOSE));
        let relational = config.storage.relational();
        let (database, short_lived) = tokio::try_join!(
            open_database(&relational, config.slow_statement),
            open_short_lived(config, &*clock, &snapshot_keys)
        )?;
        if config.storage.is_embedded() {
            // One process, one file: no other process could migrate it.
            database.migrate_up().await.context("the embedded database cannot be migrated")?;
        }
        let (kv, short_lived) = short_lived;
        let store: Arc<dyn Store> = Arc::new(database);
        let keyring = Arc::new(Keyring::new(encryption_keys, porta_core::signing_key::SEALING_PURPOSE));
        let backend = Backend {
            store: Arc::clone(&store),
            kv: Arc::clone(&kv),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            issuer_base: config.server.issuer_base_url.as_str().to_owned(),
        };
        let keys = ServiceKeys {
            signing_keys: Arc::clone(&keyring),
            sealed_state: Keyring::new(encryption_keys, porta_session::sealed_state::SEALING_PURPOSE),
        };
        let shared = Arc::new(SharedServices::new(backend, keys, porta_pages::languages().collect()));
        let successor_keys = HmacKeys::new(encryption_keys, "refresh token successors");
        let provider = Arc::new(OpenIdProvider::new(&shared, successor_keys));
        // Before serving: a command that needs it may come right after the start.
        background::remember_issuer(&shared).await;
        let hasher = Arc::new(start_hasher(config, &entropy)?);
        let two_factor_keys = config.secrets.two_factor_encryption_keys.expose();
        let factors = SecondFactorKeys::new(two_factor_keys, Arc::clone(&outbox_keys));
        let production = config.environment.is_production();
        let directory = directory(&shared, keyring, &outbox_keys, &hasher, production);
        let sign_in = SignIn::new(SignInCore { shared: Arc::clone(&shared), hasher, factors });
        let probes = Arc::new(ServiceProbes::new(Arc::clone(&shared), Arc::clone(&kv)));
        let metrics = telemetry.metrics_exporter(&store, &short_lived);
        let observers = Observability {
            metrics: metrics.clone(),
            are_public: config.metrics == MetricsConfig::Public,
            traces: telemetry.traces(),
        };
        let admin = AdminState::new(AdminStateParts {
            directory: directory.clone(),
            shared: Arc::clone(&shared),
            account: Some(Arc::clone(&sign_in.account)),
            provider: Some(Arc::clone(&provider)),
            kv: Arc::clone(&kv),
            clock: Arc::clone(&clock),
            recovery_codes: Some(Arc::new(RecoveryCodes {
                factors: SecondFactorKeys::new(two_factor_keys, Arc::clone(&outbox_keys)),
                entropy: Arc::clone(&entropy),
            })),
            mails: Some(Arc::new(MailRenderer { pages: Arc::clone(&pages), shared: Arc::clone(&shared) })),
            pages: Some(Arc::clone(&pages)),
            relay: relay.map(|relay| Arc::new(Relay(relay)) as Arc<dyn MailRelay>),
            entropy: Arc::clone(&entropy),
            answers: Keyring::new(encryption_keys, porta_admin::SEALING_PURPOSE),
            trusted_proxies: trusted_proxies(&config.server.trust_proxy),
            issuer_base: config.server.issuer_base_url.as_str().to_owned(),
            cors_origins: config.server.admin_cors_origins.clone(),
            reads_per_minute: config.server.admin_reads_per_minute,
        });
        let app = AppState::new(AppStateParts {
            shared: Arc::clone(&shared),
            provider: Arc::clone(&provider),
            sign_in,
            pages: Arc::clone(&pages),
            probes: probes.clone(),
            clock,
            entropy,
            cookie_secrets: config
                .secrets
                .cookie_keys
                .iter()
                .map(|k| k.expose_secret().as_bytes().to_vec())
                .collect(),
            trusted_proxies: trusted_proxies(&config.server.trust_proxy),
            observers,
        });
        Ok(Self {
            shared,
            provider,
            kv,
            short_lived,
            directory,
            probes,
            snapshot_keys,
            outbox_keys,
            pages,
            metrics,
            app,
            admin,
        })
    }

    /// Every route of the server.
    pub(crate) fn router(&self) -> Router {
        porta_http::router(self.app.clone(), porta_admin::router(self.admin.clone()))
    }
}

/// The operations of operators, on the stores of the shared services.
fn directory(
    shared: &SharedServices,
    keyring: Arc<Keyring>,
    outbox: &Arc<Keyring>,
    hasher: &Arc<PasswordHasher>,
    production: bool,
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
        production,
    })
}

/// The built-in templates with the operator's overrides. Reports all problems at once.
fn load_pages(directory: Option<&Path>) -> anyhow::Result<Pages> {
    let Some(directory) = directory else { return Ok(Pages::new()) };
    Pages::with_overrides(directory).map_err(|TemplateProblems(problems)| {
        let remedy = "mend it, or take it out of the directory";
        let problems = problems.into_iter().map(|problem| Problem::new("TEMPLATE_DIR", problem, remedy));
        configuration::invalid(&problems.collect::<Vec<_>>())
    })
}

fn start_hasher(config: &Config, entropy: &Arc<dyn Entropy>) -> anyhow::Result<PasswordHasher> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cost = HashCost {
        memory_kib: config.password_hashing.memory_kib,
        iterations: config.password_hashing.iterations,
        parallelism: config.password_hashing.parallelism,
    };
    Ok(PasswordHasher::start(cost, threads, threads * HASH_QUEUE_PER_THREAD, Arc::clone(entropy))?)
}

/// The proxies that the configuration trusts.
pub(crate) fn trusted_proxies(trust: &TrustProxy) -> TrustedProxies {
    match trust {
        TrustProxy::Never => TrustedProxies::Never,
        TrustProxy::From { hops, networks, header } => TrustedProxies::Hops {
            hops: usize::from(*hops),
            networks: networks.clone(),
            header: match header {
                None => ForwardedHeader::Either,
                Some(ProxyHeader::XForwardedFor) => ForwardedHeader::XForwardedFor,
                Some(ProxyHeader::Forwarded) => ForwardedHeader::Forwarded,
            },
        },
    }
}

/// Adapts the Argon2id threads to the directory.
pub(crate) struct HasherAdapter(pub Arc<PasswordHasher>);

#[async_trait]
impl HashPassword for HasherAdapter {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashFailed> {
        self.0.hash(password.clone()).await.map_err(|e| HashFailed(e.into()))
    }
}

/// Adapts the keys of second factors to the Admin API.
pub(crate) struct RecoveryCodes {
    pub(crate) factors: SecondFactorKeys,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl MakeRecoveryCodes for RecoveryCodes {
    fn make(&self, user: &User, now: Timestamp) -> NewRecoveryCodes {
        let (shown, stored) = self.factors.new_recovery_codes(user, now, &*self.entropy);
        NewRecoveryCodes { shown, stored }
    }
}

/// Renders mails as they are sent.
struct MailRenderer {
    pages: Arc<Pages>,
    shared: Arc<SharedServices>,
}

impl RenderMail for MailRenderer {
    fn render(
        &self,
        organization: &Organization,
        outgoing: &OutgoingEmail,
        now: Timestamp,
    ) -> Result<MailBody, RenderFailed> {
        let issuer = self.shared.issuer(&organization.slug);
        self.pages.outgoing(organization, &issuer, outgoing, now).map_err(|e| RenderFailed(e.into()))
    }
}

/// Adapts the mail transport to the Admin API.
struct Relay(Arc<dyn Transport>);

#[async_trait]
impl MailRelay for Relay {
    async fn is_reachable(&self) -> bool {
        self.0.is_reachable().await
    }
}

/// Publishes change notices through the short-lived store.
pub(crate) struct KvNotifier(pub Arc<dyn Kv>);

#[async_trait]
impl Notifier for KvNotifier {
    async fn announce(&self, changes: &[Change]) {
        for change in changes {
            let (topic, key) = change.to_topic_and_key();
            if let Err(error) = self.0.publish(&Notice { topic: topic.to_owned(), key }).await {
                tracing::warn!(%error, topic, "change notice was not sent");
            }
        }
    }
}
