//! New databases with contents: a copy of a SQLite file, or a clone of a PostgreSQL template, that is migrated and filled
//! once.

use porta_core::{Timestamp, TokenDigest};
use porta_store_sql::testing::{Template, ThrowawayDatabase, copy_sqlite};
use porta_store_sql::{Target, migration_set};
use tokio::sync::OnceCell;

use super::TestApp;
use crate::constants::FIXTURE;
use crate::database::{TestDatabase, empty_file};

/// Contents of a new database besides its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseContent {
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
        let mut database = Self::on(target, Some(directory)).await;
        database.as_of = ready.as_of;
        database
    }

    pub(crate) async fn postgres_with(content: DatabaseContent) -> Self {
        static EMPTY: OnceCell<(String, Timestamp)> = OnceCell::const_new();
        static FIXED: OnceCell<(String, Timestamp)> = OnceCell::const_new();
        let cell = match content {
            DatabaseContent::Nothing => &EMPTY,
            DatabaseContent::Fixture => &FIXED,
        };
        let (template, as_of) = cell.get_or_init(|| template(content)).await;
        let mut database = Self::throwaway(ThrowawayDatabase::copy_of(template).await).await;
        database.as_of = *as_of;
        database
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
    let empty = TestDatabase::on(Target::Postgres(draft.url()), None).await;
    let as_of = empty.fill(content).await.as_of;
    draft.publish(as_of).await;
    (name, as_of)
}
