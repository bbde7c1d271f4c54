//! Configuration: reads the environment and `.env` into one checked value. Start-up reports every problem at once, with
//! the variable and the remedy; after that nothing reads the environment.
//!
//! Hand-written instead of using figment: each variable is declared once in [`variable`] and read by that declaration,
//! secrets may come from files, and no message may quote a secret. Generic deserialisation would report one problem at
//! a time and name its own types.

mod dotenv;
mod generated;
mod hashing;
mod issuer;
mod keys;
mod problem;
mod reader;
mod safety;
mod secrets;
mod sentinels;
mod server;
mod smtp;
mod source;
mod start;
mod storage;
mod telemetry;
mod trust;
mod variable;

pub use hashing::Argon2Params;
pub use issuer::IssuerBase;
pub use keys::{EncryptionKeys, MOST_ENCRYPTION_KEYS};
pub use problem::Problem;
pub use safety::SafetyReport;
pub use secrets::{SealingSecrets, Secrets};
pub use sentinels::SentinelConfig;
pub use server::{Environment, ProxyHeader, ServerConfig, TrustProxy};
pub use smtp::{SmtpConfig, SmtpCredentials, SmtpTls};
pub use source::Source;
pub use start::{Service, StartConfig};
pub use storage::{Pooler, PostgresConfig, RedisConfig, Storage, StorageConfig};
pub use telemetry::{LogConfig, LogFormat, LogLevel, MetricsConfig, TracesConfig};
pub use variable::{Kind, Required, VariableDoc};

use std::path::PathBuf;
use std::time::Duration;

use porta_core::Entropy;
use porta_trust::Roots;

use crate::keys::PartialSecrets;
use crate::reader::Reader;
use crate::safety::SafetyInput;
use crate::variable::{
    DB_SLOW_STATEMENT_MS, PORTA_ADMIN_PUBLIC_URL, PORTA_INSTANCE, PORTA_SKIP_PROD_SAFETY, TEMPLATE_DIR,
};

/// Configuration of `porta serve`. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    pub environment: Environment,
    /// Namespace of this installation in the short-lived store.
    pub instance: String,
    pub server: ServerConfig,
    pub storage: Storage,
    /// Trusted roots of every outgoing TLS connection.
    pub roots: Roots,
    /// Statements that run longer are logged.
    pub slow_statement: Duration,
    pub secrets: Secrets,
    /// `None`: no mail is sent; only with embedded storage.
    pub smtp: Option<SmtpConfig>,
    /// Directory of the operator's templates; `None`: only the built-in ones.
    pub template_dir: Option<PathBuf>,
    pub log: LogConfig,
    pub password_hashing: Argon2Params,
    pub metrics: MetricsConfig,
    /// `None`: no traces are sent.
    pub traces: Option<TracesConfig>,
    pub safety: SafetyReport,
}

impl Config {
    /// Reads and checks everything. With embedded storage the first call creates the data directory and generates
    /// missing secrets in it, but only if there is no problem.
    pub fn load(source: &Source<'_>, entropy: &dyn Entropy) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let environment = Environment::read(&mut reader);
        let storage = Storage::read(&mut reader);
        let roots = reader.roots();
        let slow_statement = Duration::from_millis(reader.number_or_default(DB_SLOW_STATEMENT_MS));
        let is_embedded = storage.is_embedded();
        let instance = read_instance(&mut reader);
        let server = ServerConfig::read(&mut reader, environment, is_embedded);
        let partial = PartialSecrets::read(&mut reader, &storage);
        let smtp = SmtpConfig::read(&mut reader, environment, !is_embedded);
        let template_dir = reader.text(TEMPLATE_DIR).map(|dir| source.directory().join(dir));
        let log = LogConfig::read(&mut reader, environment);
        let password_hashing = Argon2Params::read(&mut reader);
        let metrics = MetricsConfig::read(&mut reader);
        let traces = TracesConfig::read(&mut reader);
        let is_skipped = reader.boolean(PORTA_SKIP_PROD_SAFETY).unwrap_or(false);

        let mut safety = SafetyReport::default();
        if environment.is_production() {
            let checked = SafetyInput {
                server: server.as_ref(),
                storage: &storage,
                secrets: &partial,
                smtp: smtp.as_ref(),
                log,
            };
            let violations = safety::violations(&checked);
            if is_skipped {
                safety = SafetyReport { is_skipped, violations };
            } else {
                reader.note_all(violations);
            }
        }
        reader.check()?;

        let server = server.ok_or_else(no_issuer)?;
        let secrets = partial.complete(&storage, entropy).map_err(|problem| vec![problem])?;
        Ok(Self {
            environment,
            instance,
            server,
            storage,
            roots,
            slow_statement,
            secrets,
            smtp,
            template_dir,
            log,
            password_hashing,
            metrics,
            traces,
            safety,
        })
    }

    /// The namespace in the short-lived store alone, for commands that use that store without running the server.
    pub fn load_instance(source: &Source<'_>) -> Result<String, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let instance = read_instance(&mut reader);
        reader.finish(instance)
    }

    /// The trusted roots alone, for commands that query a server.
    pub fn load_roots(source: &Source<'_>) -> Result<Roots, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let roots = reader.roots();
        reader.finish(roots)
    }

    /// The public origin alone, for commands that write links.
    pub fn load_issuer(source: &Source<'_>) -> Result<IssuerBase, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let environment = Environment::read(&mut reader);
        let is_embedded = Storage::read(&mut reader).is_embedded();
        let server = ServerConfig::read(&mut reader, environment, is_embedded);
        reader.check()?;
        server.map(|server| server.issuer_base_url).ok_or_else(no_issuer)
    }

    /// The public origin of the admin console alone, for commands that register its client.
    pub fn load_console_url(source: &Source<'_>) -> Result<String, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let given = reader.text(PORTA_ADMIN_PUBLIC_URL);
        let text = given.as_deref().or(PORTA_ADMIN_PUBLIC_URL.default).unwrap_or_default();
        // The rules are those of the issuers' origin.
        let url = IssuerBase::parse(text).map(|origin| origin.as_str().to_owned());
        let url = url.unwrap_or_else(|message| {
            reader.note(PORTA_ADMIN_PUBLIC_URL, message, "use an origin such as https://admin.example.com");
            String::new()
        });
        reader.finish(url)
    }

    /// Every variable that is read, for the documentation.
    pub fn reference() -> Vec<&'static VariableDoc> {
        variable::ALL.to_vec()
    }
}

/// Only if not even `http://localhost:{port}` can be built.
fn no_issuer() -> Vec<Problem> {
    vec![Problem::new("ISSUER_BASE_URL", "it cannot be derived", "set it")]
}

fn read_instance(reader: &mut Reader<'_>) -> String {
    let name = reader.text(PORTA_INSTANCE);
    let name = name.as_deref().or(PORTA_INSTANCE.default).unwrap_or("porta");
    let is_name = name.len() <= 32
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    if !is_name {
        reader.note(
            PORTA_INSTANCE,
            "it is not a short name",
            "use up to 32 of a-z, 0-9, hyphen and underscore",
        );
    }
    name.to_owned()
}

#[cfg(test)]
mod tests;
