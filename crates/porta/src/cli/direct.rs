//! What `--direct` commands open: the database, the signing-key encryption keys, and the notifier of running servers.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use porta_config::{Argon2Params, Config, EncryptionKeys, Environment, IssuerBase, Secrets, Source, Storage};
use porta_core::line::is_line_breaking;
use porta_core::seal::Keyring;
use porta_core::user::PasswordHash;
use porta_core::{Entropy, OsEntropy, Password, SystemClock, outbox, signing_key};
use porta_directory::{Actor, Directory, DirectoryDeps, HashFailed, HashPassword, Notifier, Transaction};
use porta_signin::{HashCost, PasswordHasher};
use porta_store::Store;
use tracing_subscriber::EnvFilter;

use super::notify::{FileNotifier, RedisNotifier};
use super::storage;
use crate::failure::Failure;
use crate::output;
use crate::runtime::services::redis_options;

/// The opened [`Directory`].
pub(crate) struct Direct {
    pub(crate) directory: Directory,
    pub(super) store: Arc<dyn Store>,
    /// Signing-key encryption keys.
    pub(super) keys: EncryptionKeys,
}

impl Direct {
    /// Opens what the environment configures. Migrates an embedded database; refuses a PostgreSQL database with pending
    /// migrations, because migrating it is the operator's decision.
    pub(crate) async fn open() -> Result<Self, Failure> {
        let source = Source::process();
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let place = Storage::load(&source)?;
        let keys = Secrets::load_signing_keys(&source, &*entropy)?;
        let environment = Environment::load(&source)?;
        let argon2 = Argon2Params::load(&source)?;
        let store: Arc<dyn Store> = storage::open_current(&place.relational()).await?;
        let notify = notifier(&source, &place)?;
        let deps = DirectoryDeps {
            store: Arc::clone(&store),
            notify,
            clock: Arc::new(SystemClock),
            entropy,
            keyring: Arc::new(signing_keyring(&keys)),
            outbox: Arc::new(Keyring::new(keys.expose(), outbox::SEALING_PURPOSE)),
            passwords: Arc::new(hasher(argon2)),
            production: environment.is_production(),
        };
        Ok(Self { directory: Directory::new(deps), store, keys })
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, Failure> {
        Ok(self.directory.begin(actor()).await?)
    }

    /// For commands that mail links: fails unless the issuer is the address that the servers of this database use. A
    /// shell may lack the server's environment and would otherwise write wrong links.
    pub(crate) async fn require_served(&self, issuer: &IssuerBase) -> Result<(), Failure> {
        let served = self.directory.issuer_base().await?;
        let Some(served) = served.filter(|served| served != issuer.as_str()) else { return Ok(()) };
        Err(Failure::General(vec![
            format!("links would lead to {issuer}, and this installation is served at {served}"),
            format!(
                "run the command with ISSUER_BASE_URL={served}; if the address is another one now, start the server with it first"
            ),
        ]))
    }

    /// The base URL that links must lead to.
    pub(crate) async fn served_issuer(&self) -> Result<String, Failure> {
        let issuer = Config::load_issuer(&Source::process())?;
        self.require_served(&issuer).await?;
        Ok(issuer.as_str().to_owned())
    }

    /// The base URL of the servers of this database. Before one ran, what the environment says, if it says anything.
    pub(crate) async fn known_issuer(&self) -> Result<String, Failure> {
        if let Some(served) = self.directory.issuer_base().await? {
            return Ok(served);
        }
        let configured = Config::load_issuer(&Source::process());
        Ok(configured.map(|issuer| issuer.as_str().to_owned()).unwrap_or_default())
    }
}

/// The operator of this shell.
pub(crate) fn actor() -> Actor {
    Actor::Cli { os_user: os_user() }
}

/// The name comes from the environment, so it is good for the audit log only.
pub(super) fn os_user() -> Option<String> {
    let os_user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let is_printable =
        |name: &String| !name.is_empty() && name.len() <= 64 && !name.contains(is_line_breaking);
    os_user.filter(is_printable)
}

/// Encryption keys of private signing keys.
pub(crate) fn signing_keyring(keys: &EncryptionKeys) -> Keyring {
    Keyring::new(keys.expose(), signing_key::SEALING_PURPOSE)
}

/// Hashes passwords of files and of `--direct` commands.
pub(super) fn hasher(argon2: Argon2Params) -> impl HashPassword {
    LazyHasher::new(argon2, Arc::new(OsEntropy))
}

fn notifier(source: &Source<'_>, place: &Storage) -> Result<Arc<dyn Notifier>, Failure> {
    Ok(match place {
        Storage::Embedded { data_dir } => Arc::new(FileNotifier::new(data_dir)),
        Storage::Production { redis, .. } => {
            let options = redis_options(redis, &Config::load_instance(source)?);
            Arc::new(RedisNotifier { options })
        }
    })
}

/// Starts its thread and allocates its memory at the first password.
struct LazyHasher {
    cost: HashCost,
    entropy: Arc<dyn Entropy>,
    started: OnceLock<PasswordHasher>,
}

impl LazyHasher {
    fn new(argon2: Argon2Params, entropy: Arc<dyn Entropy>) -> Self {
        let Argon2Params { memory_kib, iterations, parallelism } = argon2;
        Self { cost: HashCost { memory_kib, iterations, parallelism }, entropy, started: OnceLock::new() }
    }
}

#[async_trait]
impl HashPassword for LazyHasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashFailed> {
        let failed = |e: porta_signin::HashError| HashFailed(Box::new(e));
        if self.started.get().is_none() {
            let hasher =
                PasswordHasher::start(self.cost, 1, 16, Arc::clone(&self.entropy)).map_err(failed)?;
            // If another task was faster, its hasher is used.
            drop(self.started.set(hasher));
        }
        let Some(hasher) = self.started.get() else {
            return Err(failed(porta_signin::HashError::Busy));
        };
        hasher.hash(password.clone()).await.map_err(failed)
    }
}

/// Commands log nothing unless `--verbose`; they print their own messages.
pub(crate) fn logs(is_verbose: bool) {
    let filter = EnvFilter::new(if is_verbose { "debug" } else { "off" });
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(output::is_coloured(&std::io::stderr()))
        .with_writer(std::io::stderr);
    // Fails only when a subscriber is already set, as in tests.
    drop(subscriber.try_init());
}
