//! A file is examined before it becomes the store of a server.

use std::path::{Path, PathBuf};

use porta_store::StoreError;
use porta_store_sql::{Examined, Target, examine};
use porta_testkit::database::TestDatabase;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _};

/// A store as one file, in a directory of its own.
async fn store() -> (tempfile::TempDir, PathBuf) {
    let (directory, db) = (tempfile::tempdir().unwrap(), TestDatabase::sqlite().await);
    let Target::Sqlite(path) = &db.target else { unreachable!("made by TestDatabase::sqlite") };
    let copy = directory.path().join("copy");
    porta_store_sql::testing::copy_sqlite(path, &copy).await;
    (directory, copy)
}

async fn open(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(false);
    options.journal_mode(SqliteJournalMode::Wal).connect().await.unwrap()
}

/// Examines a store after a change.
async fn changed(sql: &'static str) -> Result<Examined, StoreError> {
    let (_directory, path) = store().await;
    let mut connection = open(&path).await;
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    examine(&path).await
}

#[tokio::test]
async fn a_whole_store_is_found_whole() {
    let (_directory, path) = store().await;
    let Examined { damage, schema } = examine(&path).await.unwrap();
    assert!(damage.is_empty() && !schema.is_new, "{damage:?} {schema:?}");
    assert!(schema.pending.is_empty() && schema.unknown.is_empty(), "{schema:?}");
}

/// A store that was not closed has its last rows in a log beside it.
#[tokio::test]
async fn the_log_is_merged_into_the_file() {
    let (directory, path) = store().await;
    let mut connection = open(&path).await;
    sqlx::raw_sql("UPDATE organizations SET name = 'In the log'").execute(&mut connection).await.unwrap();
    let log = |of: &Path| PathBuf::from(format!("{}-wal", of.display()));
    let copy = directory.path().join("unclosed");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(log(&path), log(&copy)).unwrap();
    assert_eq!(examine(&copy).await.unwrap().damage, Vec::<String>::new());
    assert!(!log(&copy).exists(), "the file is all there is");
    let mut merged = SqliteConnectOptions::new().filename(&copy).connect().await.unwrap();
    let name: String =
        sqlx::query_scalar("SELECT name FROM organizations").fetch_one(&mut merged).await.unwrap();
    assert_eq!(name, "In the log");
}

#[tokio::test]
async fn stores_of_other_versions_are_told_apart() {
    let newer =
        "INSERT INTO porta_migrations SELECT 9999, '9999_later', checksum, 1 FROM porta_migrations LIMIT 1";
    assert_eq!(changed(newer).await.unwrap().schema.unknown, ["9999_later"]);
    let older = "DELETE FROM porta_migrations WHERE version = (SELECT max(version) FROM porta_migrations)";
    assert_eq!(changed(older).await.unwrap().schema.pending.len(), 1);
    let other = "DROP TABLE porta_migrations";
    assert!(changed(other).await.unwrap().schema.is_new);
    let edited = "UPDATE porta_migrations SET checksum = zeroblob(32) WHERE version = 1";
    assert!(matches!(changed(edited).await, Err(StoreError::Failed(_))));
}

#[tokio::test]
async fn damage_is_found() {
    let orphan = "INSERT INTO settings VALUES (zeroblob(16), 'id_token_ttl', '600', 1, 0)";
    assert_eq!(changed(orphan).await.unwrap().damage, ["rows of settings refer to missing ones"]);

    let (_directory, path) = store().await;
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let cut = examine(&path).await;
    assert!(!cut.as_ref().is_ok_and(|found| found.damage.is_empty()), "{cut:?}");

    std::fs::write(&path, vec![b'x'; 10_000]).unwrap();
    assert!(examine(&path).await.is_err(), "no database at all");
    std::fs::remove_file(&path).unwrap();
    assert!(examine(&path).await.is_err());
    assert!(!path.exists(), "and none is made");
}
