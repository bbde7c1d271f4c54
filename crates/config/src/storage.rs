//! Where data is stored: in a directory and this process's memory, or in PostgreSQL and Redis.

use std::path::PathBuf;
use std::time::Duration;

use porta_core::string_enum;
use porta_trust::Roots;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Problem;
use crate::reader::{Reader, SecretInput};
use crate::sentinels::SentinelConfig;
use crate::source::Source;
use crate::variable::{
    DATABASE_URL, DB_POOL_MAX, DB_POOLER, DB_STATEMENT_TIMEOUT_MS, PORTA_DATA_DIR, REDIS_URL, VariableDoc,
};

/// Everything the server stores, long-lived and short-lived.
#[derive(Debug, Clone)]
pub enum Storage {
    /// SQLite below `data_dir`; short-lived data in this process.
    Embedded {
        data_dir: PathBuf,
    },
    Production {
        postgres: PostgresConfig,
        redis: RedisConfig,
    },
}

string_enum! {
    /// Connection pooler between this process and PostgreSQL.
    pub enum Pooler {
        None = "none",
        /// Transaction pooling: after each transaction the connection may be served by another session.
        Transaction = "transaction",
    }
}

#[derive(Debug, Clone)]
pub struct PostgresConfig {
    pub url: SecretString,
    pub pool_max: u32,
    pub statement_timeout: Duration,
    pub pooler: Pooler,
    pub roots: Roots,
}

#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// With sentinels, its host is the name by which they know the primary.
    pub url: SecretString,
    pub sentinels: Option<SentinelConfig>,
    pub roots: Roots,
}

impl Storage {
    pub fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded { .. })
    }

    /// The relational store alone.
    pub fn relational(&self) -> StorageConfig {
        match self {
            Self::Embedded { data_dir } => StorageConfig::Embedded { data_dir: data_dir.clone() },
            Self::Production { postgres, .. } => StorageConfig::Postgres(postgres.clone()),
        }
    }

    /// For commands that use both stores without running the server; those that change data notify running servers.
    pub fn load(source: &Source<'_>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let storage = Self::read(&mut reader);
        reader.finish(storage)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        const REMEDY: &str = "set both, or neither for embedded storage";
        let redis = reader.secret(REDIS_URL);
        if let SecretInput::Value(url) = &redis {
            check_url(reader, REDIS_URL, url, &["redis", "rediss"]);
        }
        let sentinels = SentinelConfig::read(reader);
        match StorageConfig::read(reader) {
            StorageConfig::Embedded { data_dir } => {
                if !redis.is_absent() {
                    reader.note(DATABASE_URL, "it is not set, but REDIS_URL is", REMEDY);
                }
                Self::Embedded { data_dir }
            }
            StorageConfig::Postgres(postgres) => {
                let url = match redis {
                    SecretInput::Value(url) => trimmed(&url),
                    SecretInput::Refused => SecretString::default(),
                    SecretInput::Absent => {
                        reader.note(REDIS_URL, "it is not set, but DATABASE_URL is", REMEDY);
                        SecretString::default()
                    }
                };
                Self::Production { postgres, redis: RedisConfig { url, sentinels, roots: reader.roots() } }
            }
        }
    }
}

/// The relational store alone, which is all that `migrate` needs.
#[derive(Debug, Clone)]
pub enum StorageConfig {
    Embedded { data_dir: PathBuf },
    Postgres(PostgresConfig),
}

impl StorageConfig {
    pub fn load(source: &Source<'_>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let storage = Self::read(&mut reader);
        reader.finish(storage)
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        let connections = Connections::read(reader);
        let data_dir = reader.text(PORTA_DATA_DIR);
        let data_dir = data_dir.as_deref().or(PORTA_DATA_DIR.default).unwrap_or(".porta");
        let data_dir = reader.source().directory().join(data_dir);
        let url = match reader.secret(DATABASE_URL) {
            SecretInput::Absent => return Self::Embedded { data_dir },
            SecretInput::Refused => SecretString::default(),
            SecretInput::Value(url) => {
                check_url(reader, DATABASE_URL, &url, &["postgres", "postgresql"]);
                trimmed(&url)
            }
        };
        Self::Postgres(connections.to(url, reader.roots()))
    }
}

impl PostgresConfig {
    /// A database that a command names, with the settings of connections to any.
    pub fn at(source: &Source<'_>, url: SecretString) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let connections = Connections::read(&mut reader);
        let postgres = connections.to(url, reader.roots());
        reader.finish(postgres)
    }
}

/// What all connections have in common.
struct Connections {
    pool_max: u32,
    statement_timeout: Duration,
    pooler: Pooler,
}

impl Connections {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            pool_max: u32::try_from(reader.number_or_default(DB_POOL_MAX)).unwrap_or(10),
            statement_timeout: Duration::from_millis(reader.number_or_default(DB_STATEMENT_TIMEOUT_MS)),
            pooler: reader.word(DB_POOLER).and_then(Pooler::parse).unwrap_or(Pooler::None),
        }
    }

    fn to(self, url: SecretString, roots: Roots) -> PostgresConfig {
        let Self { pool_max, statement_timeout, pooler } = self;
        PostgresConfig { url, pool_max, statement_timeout, pooler, roots }
    }
}

fn trimmed(secret: &SecretString) -> SecretString {
    SecretString::from(secret.expose_secret().trim())
}

fn check_url(reader: &mut Reader<'_>, variable: &VariableDoc, url: &SecretString, schemes: &[&str]) {
    let remedy =
        format!("use {}://user:password@host/…, with special characters percent-encoded", schemes[0]);
    match Url::parse(url.expose_secret().trim()) {
        Ok(url) if schemes.contains(&url.scheme()) && !url.cannot_be_a_base() => {
            // A PostgreSQL URL without a host names a local socket; Redis has no such form.
            if variable == REDIS_URL && url.host_str().is_none_or(str::is_empty) {
                reader.note(variable, "it names no host", remedy);
            }
        }
        Ok(url) if schemes.contains(&url.scheme()) => {
            reader.note(variable, "two slashes are missing after its scheme", remedy);
        }
        Ok(_) => reader.note(variable, format!("its scheme is not {}", schemes.join(" or ")), remedy),
        Err(_) => reader.note(variable, "it is not a URL", remedy),
    }
}
