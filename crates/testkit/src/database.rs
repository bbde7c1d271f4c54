//! One database per test: a SQLite file, or a clone of a PostgreSQL template that is migrated once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use porta_core::{Clock as _, SystemClock, Timestamp, TokenDigest};
use porta_store::StoreError;
use porta_store_sql::testing::{Template, ThrowawayDatabase, copy_sqlite};
use porta_store_sql::{Database, DatabaseOptions, Target, migration_set};
use tokio::sync::OnceCell;

use crate::app::TestApp;
use crate::flow::FIXTURE;

/// A migrated database; dropped with this value.
pub struct TestDatabase {
    pub database: Arc<Database>,
    pub target: Target,
    /// When its contents were written: the start time of a test that uses it.
    pub as_of: Timestamp,
    _file: Option<tempfile::TempDir>,
    _throwaway: Option<ThrowawayDatabase>,
}

/// Contents of a new database besides its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseContent {
    Nothing,
    /// [`FIXTURE`].
    Fixture,
}

impl TestDatabase {
    /// A SQLite file in its own directory.
    pub async fn sqlite() -> Self {
        Self::sqlite_with(DatabaseContent::Nothing).await
    }

    /// A clone of the template for this set of migrations, on the server named by `TEST_DATABASE_URL`.
    pub async fn postgres() -> Self {
        Self::postgres_with(DatabaseContent::Nothing).await
    }

    pub(crate) async fn sqlite_with(content: DatabaseContent) -> Self {
        let ready = ready_file(content).await;
        let (directory, target) = empty_file();
        let Target::Sqlite(path) = &target else { unreachable!("made by empty_file") };
        std::fs::write(path, &ready.bytes).expect("a temporary file can be written");
        Self {
            database: open(&target).await,
            target,
            as_of: ready.as_of,
            _file: Some(directory),
            _throwaway: None,
        }
    }

    pub(crate) async fn postgres_with(content: DatabaseContent) -> Self {
        static EMPTY: OnceCell<(String, Timestamp)> = OnceCell::const_new();
        static FIXED: OnceCell<(String, Timestamp)> = OnceCell::const_new();
        let cell = match content {
            DatabaseContent::Nothing => &EMPTY,
            DatabaseContent::Fixture => &FIXED,
        };
        let (template, as_of) = cell.get_or_init(|| template(content)).await;
        Self { as_of: *as_of, ..Self::throwaway(ThrowawayDatabase::copy_of(template).await).await }
    }

    /// An empty database, not migrated.
    pub async fn empty_postgres() -> Self {
        Self::throwaway(ThrowawayDatabase::empty().await).await
    }

    async fn throwaway(throwaway: ThrowawayDatabase) -> Self {
        let target = Target::Postgres(throwaway.url().to_owned());
        Self {
            database: open(&target).await,
            target,
            as_of: SystemClock.now(),
            _file: None,
            _throwaway: Some(throwaway),
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
            _throwaway: None,
        }
    }

    /// The same database as another process would open it.
    pub async fn another(&self) -> Arc<Database> {
        open(&self.target).await
    }

    /// Migrates the database and writes `content`.
    async fn fill(self, content: DatabaseContent) -> Self {
        self.database.migrate_up().await.expect("migrations run");
        if content == DatabaseContent::Nothing {
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
async fn ready_file(content: DatabaseContent) -> &'static ReadyFile {
    static EMPTY: OnceCell<ReadyFile> = OnceCell::const_new();
    static FIXED: OnceCell<ReadyFile> = OnceCell::const_new();
    let cell = match content {
        DatabaseContent::Nothing => &EMPTY,
        DatabaseContent::Fixture => &FIXED,
    };
    cell.get_or_init(|| async move {
        let filled = TestDatabase::empty_sqlite().await.fill(content).await;
        let Target::Sqlite(path) = &filled.target else { unreachable!("made by empty_sqlite") };
        let copy = path.with_file_name("ready.db");
        copy_sqlite(path, &copy).await;
        ReadyFile { bytes: std::fs::read(&copy).expect("the copy can be read"), as_of: filled.as_of }
    })
    .await
}

async fn open(target: &Target) -> Arc<Database> {
    let options =
        DatabaseOptions { acquire_timeout: Duration::from_secs(20), ..DatabaseOptions::new(target.clone()) };
    Arc::new(connect(&options).await.expect("the test database accepts connections"))
}

/// Connects as the product does, but tries again for 20 s: on a busy machine a single attempt may take longer than the
/// product waits for one.
pub async fn connect(options: &DatabaseOptions) -> Result<Database, StoreError> {
    let give_up_at = Instant::now() + Duration::from_secs(20);
    loop {
        match Database::connect(options).await {
            Err(StoreError::Unavailable(_)) if Instant::now() < give_up_at => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            result => return result,
        }
    }
}

/// Name of the PostgreSQL template and when its contents were written.
async fn template(content: DatabaseContent) -> (String, Timestamp) {
    let name = match content {
        DatabaseContent::Nothing => format!("porta_ready_{}", migration_set()),
        DatabaseContent::Fixture => {
            format!("porta_ready_{}_{}", migration_set(), &TokenDigest::of(FIXTURE).hex()[..16])
        }
    };
    let draft = match Template::find(&name).await {
        Template::Ready(as_of) => return (name, as_of),
        Template::Missing(draft) => draft,
    };
    let target = Target::Postgres(draft.url());
    let empty = TestDatabase {
        database: open(&target).await,
        target,
        as_of: SystemClock.now(),
        _file: None,
        _throwaway: None,
    };
    let as_of = empty.fill(content).await.as_of;
    draft.publish(as_of).await;
    (name, as_of)
}
