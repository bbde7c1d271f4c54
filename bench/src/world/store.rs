//! A temporary store: a directory, or a database and a Redis database of the test services.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use aws_lc_rs::rand::fill;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use tempfile::TempDir;
use url::Url;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreKind {
    Embedded,
    Postgres,
}

impl std::fmt::Display for StoreKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Postgres => "PostgreSQL + Redis",
        })
    }
}

/// Addresses of the services, from `scripts/with-services.sh`.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    pub(crate) database: Url,
    pub(crate) redis: Url,
}

impl Services {
    pub(crate) fn find() -> Result<Self> {
        let read = |name: &str| {
            let text =
                std::env::var(name).with_context(|| format!("{name} is not set: run scripts/bench.sh"))?;
            Url::parse(&text).with_context(|| format!("{name} is not a URL"))
        };
        Ok(Self { database: read("TEST_DATABASE_URL")?, redis: read("TEST_REDIS_URL")? })
    }
}

enum StoreLocation {
    Directory,
    Database { services: Services, name: String },
}

/// Removed at the end; a database that is left behind disappears with the services.
pub(crate) struct Store {
    /// Environment variables that make a server use this store.
    pub(crate) environment: Vec<(String, String)>,
    directory: TempDir,
    place: StoreLocation,
}

impl Store {
    pub(crate) async fn create(kind: StoreKind) -> Result<Self> {
        let root = PathBuf::from(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        let root = std::path::absolute(root.join("bench"))?;
        std::fs::create_dir_all(&root)?;
        let directory = tempfile::Builder::new().prefix("data-").tempdir_in(&root)?;
        let path = directory.path().display().to_string();
        let mut environment = vec![("PORTA_DATA_DIR".to_owned(), path)];
        let place = match kind {
            StoreKind::Embedded => StoreLocation::Directory,
            StoreKind::Postgres => {
                let (place, settings) = database().await?;
                environment.extend(settings);
                place
            }
        };
        Ok(Self { environment, directory, place })
    }

    /// A directory on the disk the store uses.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The database URL; `None` for embedded storage.
    pub(crate) fn database_url(&self) -> Option<&str> {
        self.setting("DATABASE_URL")
    }

    pub(crate) fn redis_url(&self) -> Option<&str> {
        self.setting("REDIS_URL")
    }

    /// Runs a statement while no server is running.
    pub(crate) async fn execute(&self, sql: String) -> Result<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        if let Some(url) = self.database_url() {
            let mut connection = PgConnection::connect(url).await?;
            sql.execute(&mut connection).await?;
            return Ok(connection.close().await?);
        }
        let options = SqliteConnectOptions::new().filename(self.directory().join("porta.sqlite"));
        let mut connection = options.connect().await?;
        sql.execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// Runs statements in one transaction while no server is running.
    pub(crate) async fn execute_all(&self, statements: impl Iterator<Item = String>) -> Result<()> {
        let (begin, commit) = (std::iter::once("BEGIN".to_owned()), std::iter::once("COMMIT".to_owned()));
        let all = begin.chain(statements).chain(commit);
        if let Some(url) = self.database_url() {
            let mut connection = PgConnection::connect(url).await?;
            for sql in all {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
            }
            return Ok(connection.close().await?);
        }
        let options = SqliteConnectOptions::new().filename(self.directory().join("porta.sqlite"));
        let mut connection = options.connect().await?;
        for sql in all {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) async fn drop(self) -> Result<()> {
        self.directory.close()?;
        if let StoreLocation::Database { services, name } = self.place {
            let mut admin = PgConnection::connect(services.database.as_str()).await?;
            let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
            admin.close().await?;
        }
        Ok(())
    }
}

async fn database() -> Result<(StoreLocation, Vec<(String, String)>)> {
    let services = Services::find()?;
    let name = format!("porta_bench_{}", random_hex(6)?);
    let mut admin =
        PgConnection::connect(services.database.as_str()).await.context("connecting to PostgreSQL")?;
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await?;
    admin.close().await?;
    let mut database = services.database.clone();
    database.set_path(&name);
    let client = redis::Client::open(services.redis.as_str())?;
    // No timeout: flushing up to a million tokens of an earlier run takes longer than the client's default.
    let patient = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let connecting = client.get_multiplexed_async_connection_with_config(&patient);
    let mut redis = connecting.await.context("connecting to Redis")?;
    redis::cmd("FLUSHALL").exec_async(&mut redis).await?;
    let settings = [
        ("DATABASE_URL", database.to_string()),
        ("REDIS_URL", services.redis.to_string()),
        ("COOKIE_KEYS", random_hex(32)?),
        ("SIGNING_KEY_ENCRYPTION_KEY", random_hex(32)?),
        ("TWO_FACTOR_ENCRYPTION_KEY", random_hex(32)?),
        ("SMTP_HOST", "smtp.porta.test".to_owned()),
        ("SMTP_FROM", "porta@porta.test".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Ok((StoreLocation::Database { services, name }, settings))
}

fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    fill(&mut buffer).ok().context("no randomness")?;
    let mut text = String::with_capacity(bytes * 2);
    for byte in buffer {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
