//! One database per test: a SQLite file, or a clone of a PostgreSQL template that is migrated once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use porta_core::{Clock as _, Entropy, OsEntropy, SystemClock, Timestamp, TokenDigest};
use porta_store_sql::{Database, DatabaseOptions, Target, migration_set};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tokio::sync::OnceCell;

use crate::administrator::administrator;
use crate::app::TestApp;
use crate::flow::FIXTURE;

/// A migrated database; dropped with this value.
pub struct TestDatabase {
    pub database: Arc<Database>,
    pub target: Target,
    /// When its contents were written: the start time of a test that uses it.
    pub as_of: Timestamp,
    _file: Option<tempfile::TempDir>,
    _clone: Option<Clone>,
}

/// Contents of a new database besides its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    Nothing,
    /// [`FIXTURE`].
    Fixture,
}

impl TestDatabase {
    /// A SQLite file in its own directory.
    pub async fn sqlite() -> Self {
        Self::sqlite_with(Content::Nothing).await
    }

    /// A clone of the template for this set of migrations, on the server named by `TEST_DATABASE_URL`.
    pub async fn postgres() -> Self {
        Self::postgres_with(Content::Nothing).await
    }

    pub(crate) async fn sqlite_with(content: Content) -> Self {
        let ready = ready_file(content).await;
        let (directory, target) = empty_file();
        let Target::Sqlite(path) = &target else { unreachable!("made by empty_file") };
        std::fs::write(path, &ready.bytes).expect("a temporary file can be written");
        Self {
            database: open(&target).await,
            target,
            as_of: ready.as_of,
            _file: Some(directory),
            _clone: None,
        }
    }

    pub(crate) async fn postgres_with(content: Content) -> Self {
        let (clone, as_of) = Clone::of_template(content).await;
        let target = Target::Postgres(clone.url.clone());
        Self { database: open(&target).await, target, as_of, _file: None, _clone: Some(clone) }
    }

    /// An empty database, not migrated.
    pub async fn empty_postgres() -> Self {
        let clone = Clone::empty().await;
        let target = Target::Postgres(clone.url.clone());
        Self {
            database: open(&target).await,
            target,
            as_of: SystemClock.now(),
            _file: None,
            _clone: Some(clone),
        }
    }

    /// An empty file, not migrated.
    pub async fn empty_sqlite() -> Self {
        let (directory, target) = empty_file();
        Self {
            database: open(&target).await,
            target,
            as_of: SystemClock.now(),
            _file: Some(directory),
            _clone: None,
        }
    }

    /// The same database as another process would open it.
    pub async fn another(&self) -> Arc<Database> {
        open(&self.target).await
    }

    /// Migrates the database and writes `content`.
    async fn fill(self, content: Content) -> Self {
        self.database.migrate_up().await.expect("migrations run");
        if content == Content::Nothing {
            return self;
        }
        let app = TestApp::for_template(self);
        app.provision(FIXTURE).await;
        app.into_database()
    }
}

fn empty_file() -> (tempfile::TempDir, Target) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let target = Target::Sqlite(directory.path().join("porta.db"));
    (directory, target)
}

/// A SQLite database as the bytes of its file.
struct ReadyFile {
    bytes: Vec<u8>,
    as_of: Timestamp,
}

/// Created once per process.
async fn ready_file(content: Content) -> &'static ReadyFile {
    static EMPTY: OnceCell<ReadyFile> = OnceCell::const_new();
    static FIXED: OnceCell<ReadyFile> = OnceCell::const_new();
    let cell = match content {
        Content::Nothing => &EMPTY,
        Content::Fixture => &FIXED,
    };
    cell.get_or_init(|| async move {
        let filled = TestDatabase::empty_sqlite().await.fill(content).await;
        let Target::Sqlite(path) = &filled.target else { unreachable!("made by empty_sqlite") };
        // Produces a single file without a log file, whatever connections are still open.
        let copy = path.with_file_name("ready.db");
        let mut connection =
            SqliteConnectOptions::new().filename(path).connect().await.expect("the file can be opened");
        let sql = format!("VACUUM INTO '{}'", copy.display());
        connection.execute(AssertSqlSafe(sql)).await.expect("the file can be copied");
        connection.close().await.ok();
        ReadyFile { bytes: std::fs::read(&copy).expect("the copy can be read"), as_of: filled.as_of }
    })
    .await
}

async fn open(target: &Target) -> Arc<Database> {
    let options =
        DatabaseOptions { acquire_timeout: Duration::from_secs(20), ..DatabaseOptions::new(target.clone()) };
    Arc::new(Database::connect(&options).await.expect("the test database accepts connections"))
}

/// URL of the server on which tests may create databases.
fn server() -> String {
    std::env::var("TEST_DATABASE_URL").expect(
        "TEST_DATABASE_URL is not set. Tests with `postgres` in their name need a PostgreSQL server and the right to \
         create databases there, for instance TEST_DATABASE_URL=postgres://porta@127.0.0.1:5432/postgres; \
         leave them out with `cargo test -- --skip postgres`",
    )
}

pub(crate) async fn administrate() -> PgConnection {
    let options: PgConnectOptions = server().parse().expect("TEST_DATABASE_URL is a PostgreSQL URL");
    options
        .disable_statement_logging()
        .connect()
        .await
        .expect("the server named by TEST_DATABASE_URL accepts connections")
}

/// URL of another database on the same server.
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

/// Advisory lock for creating templates: test processes run in parallel.
const TEMPLATE_LOCK: i64 = 0x70_6f_72_74_61_02;

impl Clone {
    fn named() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let entropy: &dyn Entropy = &OsEntropy;
        let unique = u64::from_be_bytes(entropy.bytes::<8>());
        let name = format!("porta_test_{unique:016x}_{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        Self { url: url_of(&name), name }
    }

    async fn of_template(content: Content) -> (Self, Timestamp) {
        static EMPTY: OnceCell<(String, Timestamp)> = OnceCell::const_new();
        static FIXED: OnceCell<(String, Timestamp)> = OnceCell::const_new();
        let cell = match content {
            Content::Nothing => &EMPTY,
            Content::Fixture => &FIXED,
        };
        let (template, as_of) = cell.get_or_init(|| template(content)).await;
        let clone = Self::named();
        // Copying the files takes half as long as writing each page to the WAL.
        administrator()
            .run(format!("CREATE DATABASE {} TEMPLATE {template} STRATEGY FILE_COPY", clone.name))
            .await;
        (clone, *as_of)
    }

    async fn empty() -> Self {
        let clone = Self::named();
        administrator().run(format!("CREATE DATABASE {}", clone.name)).await;
        clone
    }
}

/// Name of the template and when its contents were written. The first test process creates it.
async fn template(content: Content) -> (String, Timestamp) {
    let name = match content {
        Content::Nothing => format!("porta_ready_{}", migration_set()),
        Content::Fixture => {
            format!("porta_ready_{}_{}", migration_set(), &TokenDigest::of(FIXTURE).hex()[..16])
        }
    };
    let mut connection = administrate().await;
    lock(&mut connection).await;
    let made_at: Option<String> = sqlx::query_scalar(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1",
    )
    .bind(&name)
    .fetch_optional(&mut connection)
    .await
    .expect("the catalogue can be read");
    if let Some(micros) = made_at {
        let micros = micros.parse().expect("a template says when it was made");
        return (name, Timestamp::from_micros(micros));
    }
    // Created under another name and renamed when complete, so that a crash leaves no partial template.
    let draft = format!("{name}_draft");
    run(&mut connection, format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
    run(&mut connection, format!("CREATE DATABASE {draft}")).await;
    let target = Target::Postgres(url_of(&draft));
    let empty = TestDatabase {
        database: open(&target).await,
        target,
        as_of: SystemClock.now(),
        _file: None,
        _clone: None,
    };
    let as_of = empty.fill(content).await.as_of;
    run(&mut connection, format!("COMMENT ON DATABASE {draft} IS '{}'", as_of.micros())).await;
    run(
        &mut connection,
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{draft}'"),
    )
    .await;
    rename(&mut connection, &draft, &name).await;
    connection.close().await.ok();
    (name, as_of)
}

/// Polls instead of blocking; closing the connection releases the lock.
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

/// Retries, because connections that wrote the draft may take a moment to close.
async fn rename(connection: &mut PgConnection, from: &str, to: &str) {
    let sql = format!("ALTER DATABASE {from} RENAME TO {to}");
    for _ in 0..100 {
        if connection.execute(AssertSqlSafe(sql.clone())).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    run(connection, sql).await;
}

/// Runs a statement; names in it are built above from digits and letters.
async fn run(connection: &mut PgConnection, sql: String) {
    connection.execute(AssertSqlSafe(sql)).await.expect("the test server lets us manage databases");
}

impl Drop for Clone {
    fn drop(&mut self) {
        administrator().run_later(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
