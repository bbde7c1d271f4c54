//! What searches stand on: the extension of PostgreSQL, and the row numbers of SQLite.

use porta_store::contract::fixture::{TwoTenants, user};
use porta_store::{ALL_ROWS, Store as _, StoreError, UserFilter};
use porta_store_sql::{DatabaseOptions, Target};
use porta_testkit::database::{self, TestDatabase};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

/// The tables of FTS5 name rows by their numbers, which neither a VACUUM nor a backup may change.
#[tokio::test]
async fn a_vacuum_and_a_copy_keep_what_is_found_on_sqlite() {
    let db = TestDatabase::sqlite().await;
    let w = TwoTenants::new(db.database.clone()).await;
    let owner = w.acme.organization.id;
    let mut all = db.database.repositories();
    for n in 0..50 {
        let one = user(owner, &format!("person{n}@harbor.example"), &w.entropy);
        all.users(owner).insert(&one).await.unwrap();
    }
    // Gaps in the row numbers.
    let Target::Sqlite(path) = &db.target else { unreachable!("made by TestDatabase::sqlite") };
    let mut own = SqliteConnectOptions::new().filename(path).foreign_keys(true).connect().await.unwrap();
    own.execute("DELETE FROM users WHERE rowid % 3 = 0 AND email LIKE 'person%'").await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users WHERE email LIKE 'person%'")
        .fetch_one(&mut own)
        .await
        .unwrap();
    assert!((20..50).contains(&left), "{left}");
    own.execute("VACUUM").await.unwrap();
    own.close().await.unwrap();
    let copy = path.with_file_name("copy.sqlite");
    db.database.copy_to(&copy).await.unwrap();
    let copied = database::connect(&DatabaseOptions::new(Target::Sqlite(copy))).await.unwrap();
    let filter = UserFilter { search: Some("person".to_owned()), ..UserFilter::default() };
    for database in [db.database.as_ref(), &copied] {
        let found = database.repositories().users(owner).count(&filter, ALL_ROWS).await.unwrap();
        assert_eq!(found, u64::try_from(left).unwrap());
    }
}

/// A role that may not create the extension is told what to do, and goes on once somebody else has created it.
#[tokio::test]
async fn a_role_that_may_create_no_extension_is_told_what_to_do_on_postgres() {
    let db = TestDatabase::empty_postgres().await;
    let Target::Postgres(url) = &db.target else { unreachable!("made by TestDatabase::empty_postgres") };
    let role = format!("porta_plain_{}", std::process::id());
    let mut owner = PgConnection::connect(url).await.unwrap();
    for sql in [
        format!("CREATE ROLE {role} LOGIN PASSWORD 'plain'"),
        format!("GRANT CREATE, USAGE ON SCHEMA public TO {role}"),
    ] {
        owner.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let mut plain = url::Url::parse(url).unwrap();
    plain.set_username(&role).unwrap();
    plain.set_password(Some("plain")).unwrap();
    let options = DatabaseOptions::new(Target::Postgres(plain.to_string()));
    let database = database::connect(&options).await.unwrap();
    match database.migrate_up().await {
        Err(StoreError::Failed(problem)) => {
            let problem = problem.to_string();
            assert!(problem.contains("CREATE EXTENSION pg_trgm"), "{problem}");
            assert!(
                problem.contains("postgresql-contrib") && problem.contains("permission denied"),
                "{problem}"
            );
        }
        other => panic!("{other:?}"),
    }
    owner.execute("CREATE EXTENSION pg_trgm").await.unwrap();
    let ran = database.migrate_up().await.unwrap();
    assert!(ran.iter().any(|name| name == "0032_search"), "{ran:?}");
    drop(database);
    for sql in [format!("DROP OWNED BY {role}"), format!("DROP ROLE {role}")] {
        owner.execute(AssertSqlSafe(sql)).await.unwrap();
    }
}
