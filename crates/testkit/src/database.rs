//! A database per test: a SQLite file, or a clone of a PostgreSQL template that was migrated once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use porta_core::{Entropy, OsEntropy};
use porta_store_sql::{Database, DatabaseOptions, Target, migration_set};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

/// A migrated database that is gone when this is dropped.
pub struct TestDatabase {
    pub database: Arc<Database>,
    pub target: Target,
    _file: Option<tempfile::TempDir>,
    _clone: Option<Clone>,
}

impl TestDatabase {
    /// A file in a directory of its own.
    pub async fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let target = Target::Sqlite(directory.path().join("porta.db"));
        let database = open(&target).await;
        database.migrate_up().await.expect("migrations run on SQLite");
        Self { database, target, _file: Some(directory), _clone: None }
    }

    /// A clone of the template for this set of migrations, on the server that `TEST_DATABASE_URL` names.
    pub async fn postgres() -> Self {
        let clone = Clone::of_template().await;
        let target = Target::Postgres(clone.url.clone());
        Self { database: open(&target).await, target, _file: None, _clone: Some(clone) }
    }

    /// An empty database, not migrated.
    pub async fn empty_postgres() -> Self {
        let clone = Clone::empty().await;
        let target = Target::Postgres(clone.url.clone());
        Self { database: open(&target).await, target, _file: None, _clone: Some(clone) }
    }

    /// An empty file, not migrated.
    pub async fn empty_sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let target = Target::Sqlite(directory.path().join("porta.db"));
        Self { database: open(&target).await, target, _file: Some(directory), _clone: None }
    }

    /// Another process' view of the same database.
    pub async fn another(&self) -> Arc<Database> {
        open(&self.target).await
    }
}

async fn open(target: &Target) -> Arc<Database> {
    let options =
        DatabaseOptions { acquire_timeout: Duration::from_secs(20), ..DatabaseOptions::new(target.clone()) };
    Arc::new(Database::connect(&options).await.expect("the test database accepts connections"))
}

/// The URL of the server that tests may create databases on.
fn server() -> String {
    std::env::var("TEST_DATABASE_URL").expect(
        "TEST_DATABASE_URL is not set. Tests with `postgres` in their name need a PostgreSQL server and the right to \
         create databases there, for instance TEST_DATABASE_URL=postgres://porta@127.0.0.1:5432/postgres; \
         leave them out with `cargo test -- --skip postgres`",
    )
}

async fn administrate() -> PgConnection {
    let options: PgConnectOptions = server().parse().expect("TEST_DATABASE_URL is a PostgreSQL URL");
    options
        .disable_statement_logging()
        .connect()
        .await
        .expect("the server named by TEST_DATABASE_URL accepts connections")
}

/// The same server, another database.
fn url_of(name: &str) -> String {
    let server = server();
    let (base, query) = server.split_once('?').map_or((server.as_str(), None), |(base, q)| (base, Some(q)));
    let after_host = base.find("://").map_or(0, |at| at + 3);
    let end = base[after_host..].find('/').map_or(base.len(), |at| after_host + at);
    let query = query.map_or_else(String::new, |q| format!("?{q}"));
    format!("{}/{name}{query}", &base[..end])
}

/// A database that is dropped with this value.
struct Clone {
    name: String,
    url: String,
}

/// Guards the making of templates: test processes run side by side.
const TEMPLATE_LOCK: i64 = 0x70_6f_72_74_61_02;

impl Clone {
    fn named() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let entropy: &dyn Entropy = &OsEntropy;
        let unique = u64::from_be_bytes(entropy.bytes::<8>());
        let name = format!("porta_test_{unique:016x}_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        Self { url: url_of(&name), name }
    }

    async fn of_template() -> Self {
        let template = format!("porta_template_{}", migration_set());
        let mut connection = administrate().await;
        lock(&mut connection).await;
        let exists: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_database WHERE datname = $1")
            .bind(&template)
            .fetch_optional(&mut connection)
            .await
            .expect("the catalogue can be read");
        if exists.is_none() {
            // Under another name until it is complete: a crash leaves no half template.
            let draft = format!("{template}_draft");
            run(&mut connection, format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
            run(&mut connection, format!("CREATE DATABASE {draft}")).await;
            let database = open(&Target::Postgres(url_of(&draft))).await;
            database.migrate_up().await.expect("migrations run on PostgreSQL");
            drop(database);
            run(
                &mut connection,
                format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{draft}'"),
            )
            .await;
            rename(&mut connection, &draft, &template).await;
        }
        let clone = Self::named();
        run(&mut connection, format!("CREATE DATABASE {} TEMPLATE {template}", clone.name)).await;
        connection.close().await.ok();
        clone
    }

    async fn empty() -> Self {
        let clone = Self::named();
        let mut connection = administrate().await;
        run(&mut connection, format!("CREATE DATABASE {}", clone.name)).await;
        connection.close().await.ok();
        clone
    }
}

/// Polls, so that a waiting test process blocks nothing; closing the connection gives the lock back.
async fn lock(connection: &mut PgConnection) {
    loop {
        let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(TEMPLATE_LOCK)
            .fetch_one(&mut *connection)
            .await
            .expect("advisory locks work");
        if locked {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The connections that made the draft may take a moment to end.
async fn rename(connection: &mut PgConnection, from: &str, to: &str) {
    for _ in 0..100 {
        let sql = format!("ALTER DATABASE {from} RENAME TO {to}");
        if connection.execute(AssertSqlSafe(sql)).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the template database {to} could not be put in place");
}

/// Names are made above, from digits and letters.
async fn run(connection: &mut PgConnection, sql: String) {
    connection.execute(AssertSqlSafe(sql)).await.expect("the test server lets us manage databases");
}

impl Drop for Clone {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // Drop is not async, and the test's runtime may be ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(async {
                    let mut connection = administrate().await;
                    connection.execute(AssertSqlSafe(sql)).await.ok();
                    connection.close().await.ok();
                });
            }
        });
        dropping.join().ok();
    }
}
