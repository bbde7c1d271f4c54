//! The PostgreSQL server named by `TEST_DATABASE_URL`, and databases on it that are dropped after use.

use std::sync::atomic::{AtomicU32, Ordering};

use porta_core::{Entropy, OsEntropy};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::administrator::administrator;

/// URL of the server on which tests may create databases.
fn server() -> String {
    std::env::var("TEST_DATABASE_URL").expect(
        "TEST_DATABASE_URL is not set. Tests with `postgres` in their name need a PostgreSQL server and the right to \
         create databases there, for instance TEST_DATABASE_URL=postgres://porta@127.0.0.1:5432/postgres; \
         leave them out with `cargo test -- --skip postgres`",
    )
}

pub(super) async fn administrate() -> PgConnection {
    let options: PgConnectOptions = server().parse().expect("TEST_DATABASE_URL is a PostgreSQL URL");
    options
        .disable_statement_logging()
        .connect()
        .await
        .expect("the server named by TEST_DATABASE_URL accepts connections")
}

/// URL of another database on the same server.
pub(super) fn url_of(name: &str) -> String {
    let server = server();
    let (base, query) = server.split_once('?').map_or((server.as_str(), None), |(base, q)| (base, Some(q)));
    let after_host = base.find("://").map_or(0, |at| at + 3);
    let end = base[after_host..].find('/').map_or(base.len(), |at| after_host + at);
    let query = query.map_or_else(String::new, |q| format!("?{q}"));
    format!("{}/{name}{query}", &base[..end])
}

/// A database that is dropped with this value.
pub struct ThrowawayDatabase {
    name: String,
    url: String,
}

impl ThrowawayDatabase {
    fn named() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let entropy: &dyn Entropy = &OsEntropy;
        let unique = u64::from_be_bytes(entropy.bytes::<8>());
        let name = format!("porta_test_{unique:016x}_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        Self { url: url_of(&name), name }
    }

    /// A copy of the database `template`, which must have no open connections.
    pub async fn copy_of(template: &str) -> Self {
        let copy = Self::named();
        // Copying the files takes half as long as writing each page to the WAL.
        administrator()
            .run(format!("CREATE DATABASE {} TEMPLATE {template} STRATEGY FILE_COPY", copy.name))
            .await;
        copy
    }

    /// An empty database, not migrated.
    pub async fn empty() -> Self {
        let empty = Self::named();
        administrator().run(format!("CREATE DATABASE {}", empty.name)).await;
        empty
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for ThrowawayDatabase {
    fn drop(&mut self) {
        administrator().run_later(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
