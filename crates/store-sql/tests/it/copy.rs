//! Everything moves from one database to the other: all of it, unchanged, or nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use porta_core::SeededEntropy;
use porta_store::contract::fixture::{event, organization};
use porta_store::{Store as _, StoreError};
use porta_store_sql::copy::{self, CopiedTable, CopyError, Progress, Side};
use porta_store_sql::{Database, Operation, Target};
use porta_testkit::database::TestDatabase;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

async fn sqlite_connection(db: &TestDatabase) -> SqliteConnection {
    let Target::Sqlite(path) = &db.target else { unreachable!("made by TestDatabase::sqlite") };
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

async fn postgres_connection(db: &TestDatabase) -> PgConnection {
    let Target::Postgres(url) = &db.target else { unreachable!("made by TestDatabase::postgres") };
    PgConnection::connect(url).await.unwrap()
}

/// Runs SQL that both databases understand.
async fn change(db: &TestDatabase, sql: &'static str) {
    match &db.target {
        Target::Sqlite(_) => {
            sqlx::raw_sql(sql).execute(&mut sqlite_connection(db).await).await.unwrap();
        }
        Target::Postgres(_) => {
            sqlx::raw_sql(sql).execute(&mut postgres_connection(db).await).await.unwrap();
        }
    }
}

/// A SQLite database with rows in every table: those of the first version, and those that came later.
async fn world() -> TestDatabase {
    let db = TestDatabase::empty_sqlite().await;
    change(&db, include_str!("data/first.sqlite.sql")).await;
    db.database.migrate_up().await.unwrap();
    change(&db, include_str!("data/rest.sqlite.sql")).await;
    db
}

/// The same rows in PostgreSQL.
async fn postgres_world() -> TestDatabase {
    in_postgres(&world().await).await
}

async fn in_postgres(from: &TestDatabase) -> TestDatabase {
    let to = TestDatabase::postgres().await;
    run(&from.database, &to.database).await.unwrap();
    to
}

async fn run(from: &Database, to: &Database) -> Result<Vec<CopiedTable>, CopyError> {
    copy::run(from, to, &|_| {}).await
}

fn rows(tables: &[CopiedTable], name: &str) -> u64 {
    tables.iter().find(|table| table.table == name).unwrap().rows
}

/// The target is as it was: a copy would still be taken.
async fn assert_untouched(from: &TestDatabase, to: &TestDatabase) {
    let again = copy::plan(&from.database, &*to.another().await).await;
    assert!(again.is_ok(), "{again:?}");
}

#[tokio::test]
async fn every_row_of_every_table_goes_to_postgres_and_back() {
    let first = world().await;
    let before = copy::digests(&first.database).await.unwrap();
    for table in &before {
        assert!(table.rows > 0, "{} has no row to copy", table.table);
    }
    let (second, third) = (TestDatabase::postgres().await, TestDatabase::sqlite().await);
    assert_eq!(run(&first.database, &second.database).await.unwrap(), before);
    assert_eq!(copy::digests(&second.database).await.unwrap(), before, "kept after the commit");
    assert_eq!(run(&second.database, &third.database).await.unwrap(), before);
    assert_eq!(copy::digests(&third.database).await.unwrap(), before);
    assert_eq!(copy::digests(&first.database).await.unwrap(), before, "the source stays");
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM users_search('\"ada\"')")
        .fetch_one(&mut sqlite_connection(&third).await)
        .await
        .unwrap();
    assert!(found > 0, "the copy is searched");
    let of_nobody = "SELECT count(*) FROM settings WHERE organization_id IS NULL";
    let found: i64 =
        sqlx::query_scalar(of_nobody).fetch_one(&mut sqlite_connection(&third).await).await.unwrap();
    assert_eq!(found, 2, "the settings of the platform, too");
}

/// Compared without the digests.
#[tokio::test]
async fn values_keep_their_bytes_on_postgres() {
    let from = world().await;
    let to = in_postgres(&from).await;
    let sealed = "SELECT hex(private_key) FROM signing_keys ORDER BY id";
    let one: Vec<String> =
        sqlx::query_scalar(sealed).fetch_all(&mut sqlite_connection(&from).await).await.unwrap();
    let sealed = "SELECT upper(encode(private_key, 'hex')) FROM signing_keys ORDER BY id";
    let other: Vec<String> =
        sqlx::query_scalar(sealed).fetch_all(&mut postgres_connection(&to).await).await.unwrap();
    assert!(!one.is_empty());
    assert_eq!(one, other);
    let name: String = sqlx::query_scalar(
        "SELECT DISTINCT given_name || '|' || family_name || '|' || middle_name FROM users",
    )
    .fetch_one(&mut postgres_connection(&to).await)
    .await
    .unwrap();
    assert_eq!(name, "Zoë 🦀||a\\b\"c'd");
    let time: i64 =
        sqlx::query_scalar("SELECT (extract(epoch FROM updated_at) * 1000000)::bigint FROM installation")
            .fetch_one(&mut postgres_connection(&to).await)
            .await
            .unwrap();
    assert_eq!(time, 1_750_000_000_000_001);
}

/// What is written while the copy runs is not in it, nor is a part of it.
async fn a_copy_is_of_one_moment(from: TestDatabase, to: TestDatabase) {
    let writer = from.another().await;
    let total = Mutex::new(0);
    let observer = |progress: Progress| {
        let mut total = total.lock().unwrap();
        if *total == 0 {
            *total = progress.of;
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    let entropy = SeededEntropy::new(7);
                    let late = organization("late", &entropy);
                    let mut all = writer.repositories();
                    all.organizations().insert(&late).await.unwrap();
                    all.audit().record(&event(&late, "user.login.password", &entropy)).await.unwrap();
                });
            });
        }
    };
    let copied = copy::run(&from.database, &to.database, &observer).await.unwrap();
    let sum: u64 = copied.iter().map(|table| table.rows).sum();
    assert_eq!(sum, *total.lock().unwrap(), "as many as were counted at the beginning");
    let now = copy::digests(&from.database).await.unwrap();
    assert_eq!(rows(&now, "organizations"), rows(&copied, "organizations") + 1, "it was written");
    assert_eq!(rows(&now, "audit_log"), rows(&copied, "audit_log") + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_to_postgres_is_of_one_moment() {
    a_copy_is_of_one_moment(world().await, TestDatabase::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_from_postgres_is_of_one_moment() {
    a_copy_is_of_one_moment(postgres_world().await, TestDatabase::sqlite().await).await;
}

async fn a_copy_that_fails_leaves_nothing(from: TestDatabase, to: TestDatabase) {
    for name in ["copy::write organizations", "copy::write audit_log", "copy::read installation"] {
        let broken = to.database.with_faults(Arc::new(move |op| op == Operation::StatementOfUnit(name)));
        let failed = run(&from.database, &broken).await.unwrap_err();
        assert!(matches!(failed, CopyError::Table { .. }), "{name}: {failed:?}");
        assert_untouched(&from, &to).await;
    }
    let cut = tokio::sync::Notify::new();
    let observer = |progress: Progress| {
        if progress.table == "audit_log" {
            cut.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = cut.notified() => {}
        done = copy::run(&from.database, &to.database, &observer) => unreachable!("it was not cut off: {done:?}"),
    }
    assert_untouched(&from, &to).await;
    run(&from.database, &to.database).await.unwrap();
    let again = run(&from.database, &to.database).await.unwrap_err();
    assert!(matches!(again, CopyError::NotEmpty(_)), "a second copy overwrites nothing: {again:?}");
}

#[tokio::test]
async fn a_copy_to_postgres_that_fails_leaves_nothing() {
    a_copy_that_fails_leaves_nothing(world().await, TestDatabase::postgres().await).await;
}

#[tokio::test]
async fn a_copy_from_postgres_that_fails_leaves_nothing() {
    a_copy_that_fails_leaves_nothing(postgres_world().await, TestDatabase::sqlite().await).await;
}

/// A target that changes what it is given is noticed before the commit.
#[tokio::test]
async fn a_copy_from_postgres_that_differs_is_not_kept() {
    let (from, to) = (postgres_world().await, TestDatabase::sqlite().await);
    change(
        &to,
        "CREATE TRIGGER meddler AFTER INSERT ON roles BEGIN UPDATE roles SET description = 'other' WHERE id = NEW.id; END",
    )
    .await;
    let differs = run(&from.database, &to.database).await.unwrap_err();
    assert!(matches!(differs, CopyError::Differs("roles")), "{differs:?}");
    assert_untouched(&from, &to).await;
}

async fn a_target_with_data_is_refused(from: TestDatabase, to: TestDatabase) {
    let found = async || match run(&from.database, &to.database).await {
        Err(CopyError::NotEmpty(found)) => found,
        other => unreachable!("{other:?}"),
    };
    change(&to, "INSERT INTO leases SELECT 'sweep', id, created_at FROM organizations").await;
    assert_untouched(&from, &to).await;
    change(&to, "UPDATE organizations SET name = 'Ours', version = 1").await;
    assert_eq!(found().await, [("organizations", 1)]);
    change(&to, "INSERT INTO settings SELECT NULL, 'id_token_ttl', '600', created_at, 0 FROM organizations")
        .await;
    assert_eq!(found().await, [("organizations", 1), ("settings", 1)]);
    let planned = copy::plan(&from.database, &to.database).await.unwrap_err();
    assert!(matches!(planned, CopyError::NotEmpty(_)), "{planned:?}");
    assert_eq!(rows(&copy::digests(&to.database).await.unwrap(), "settings"), 1, "it stays");
}

#[tokio::test]
async fn a_target_with_data_is_refused_on_postgres() {
    a_target_with_data_is_refused(world().await, TestDatabase::postgres().await).await;
}

#[tokio::test]
async fn a_target_with_data_is_refused_on_sqlite_from_postgres() {
    a_target_with_data_is_refused(postgres_world().await, TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn other_schemas_are_refused_on_postgres_and_sqlite() {
    let (from, to) = (TestDatabase::sqlite().await, TestDatabase::empty_postgres().await);
    let behind = run(&from.database, &to.database).await.unwrap_err();
    assert!(
        matches!(&behind, CopyError::Behind { side: Side::Target, pending } if pending.len() > 20),
        "{behind:?}"
    );
    let behind = run(&to.database, &from.database).await.unwrap_err();
    assert!(matches!(behind, CopyError::Behind { side: Side::Source, .. }), "{behind:?}");

    let to = TestDatabase::postgres().await;
    change(
        &to,
        "INSERT INTO porta_migrations SELECT 9999, '9999_later', checksum, applied_at FROM porta_migrations WHERE version = 1",
    )
    .await;
    for refused in [run(&from.database, &to.database).await, run(&to.database, &from.database).await] {
        let refused = refused.unwrap_err();
        assert!(
            matches!(&refused, CopyError::Newer { unknown, .. } if unknown == &["9999_later"]),
            "{refused:?}"
        );
    }
}

/// A server that writes to the target is waited for, and then refused.
#[tokio::test]
async fn a_target_that_others_write_to_is_refused_on_postgres() {
    let (from, to) = (world().await, TestDatabase::postgres().await);
    let mut other = postgres_connection(&to).await;
    sqlx::raw_sql("BEGIN; UPDATE organizations SET name = 'Ours'").execute(&mut other).await.unwrap();
    let refused = run(&from.database, &to.database).await.unwrap_err();
    assert!(matches!(refused, CopyError::InUse(StoreError::Unavailable(_))), "{refused:?}");
    other.close().await.unwrap();
    assert_untouched(&from, &to).await;
}

/// Columns by table, from a database: name and type.
type Columns = BTreeMap<String, BTreeMap<String, String>>;

fn without_others(mut columns: Columns) -> Columns {
    for table in copy::NOT_COPIED {
        assert!(columns.remove(*table).is_some(), "{table} is not there any more");
    }
    columns
}

/// Whoever adds a table or a column adds it to the list of the copy (crates/store-sql/src/copy/tables.rs).
#[tokio::test]
async fn the_list_of_the_copy_is_the_schema_on_postgres_and_sqlite() {
    let db = TestDatabase::postgres().await;
    let sql = "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = 'public'";
    let mut columns = Columns::new();
    let found: Vec<(String, String, String)> =
        sqlx::query_as(sql).fetch_all(&mut postgres_connection(&db).await).await.unwrap();
    for (table, column, kind) in found {
        columns.entry(table).or_default().insert(column, kind);
    }
    let listed: Columns = copy::columns().collect();
    assert_eq!(listed, without_others(columns));

    let db = TestDatabase::sqlite().await;
    let sql = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE '%\\_search%' ESCAPE '\\'";
    let mut columns = Columns::new();
    let found: Vec<(String, String)> =
        sqlx::query_as(sql).fetch_all(&mut sqlite_connection(&db).await).await.unwrap();
    for (table, column) in found {
        let kind = listed.get(&table).and_then(|columns| columns.get(&column)).cloned().unwrap_or_default();
        columns.entry(table).or_default().insert(column, kind);
    }
    assert_eq!(listed, without_others(columns));
}

#[tokio::test]
async fn tables_come_after_those_they_refer_to_on_postgres_and_have_their_keys() {
    let db = TestDatabase::postgres().await;
    let mut connection = postgres_connection(&db).await;
    let order: Vec<&str> = copy::keys().map(|(table, _)| table).collect();
    let place = |name: &str| order.iter().position(|table| *table == name).unwrap();
    let sql =
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'";
    let references: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    assert!(references.len() > 30, "{references:?}");
    for (table, referred) in references {
        assert!(place(&referred) < place(&table), "{table} refers to {referred}");
    }
    for (table, key) in copy::keys() {
        // A unique index over exactly these columns, in any order: a page begins after a row, not in the middle of equal ones.
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM pg_index x WHERE x.indrelid = '{table}'::regclass AND x.indisunique \
             AND x.indpred IS NULL AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_attribute a \
             WHERE a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)) = $1)"
        );
        let mut columns: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        columns.sort();
        let is_unique: bool =
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(columns).fetch_one(&mut connection).await.unwrap();
        assert!(is_unique, "{table} {key:?}");
    }
}

/// Many people: 2,000, or as many as `PORTA_COPY_USERS` says (scripts/drills.sh).
#[tokio::test]
async fn many_people_go_to_postgres_and_back() {
    let users = std::env::var("PORTA_COPY_USERS").map_or(2_000, |number| number.parse().unwrap());
    let first = world().await;
    let sql = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users}) \
         INSERT INTO users (id, organization_id, email, email_key, email_verified, password_hash, given_name, \
         phone_number_verified, status, login_count, failed_login_count, created_at, updated_at) \
         SELECT randomblob(16), (SELECT id FROM organizations WHERE slug = 'demo'), 'p' || i || '@many.example', \
         'p' || i || '@many.example', 1, '$argon2id$' || hex(randomblob(24)), 'Person ' || i, 0, 'active', 0, 0, i, i FROM n; \
         INSERT INTO user_roles (user_id, role_id, created_at) \
         SELECT u.id, (SELECT min(id) FROM roles), 1 FROM users u WHERE u.email LIKE '%@many.example'"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut sqlite_connection(&first).await).await.unwrap();
    let before = copy::digests(&first.database).await.unwrap();
    assert!(rows(&before, "users") > users && rows(&before, "user_roles") > users);
    let (second, third) = (TestDatabase::postgres().await, TestDatabase::sqlite().await);
    let started = std::time::Instant::now();
    assert_eq!(run(&first.database, &second.database).await.unwrap(), before);
    println!("{users} people to PostgreSQL: {:?}", started.elapsed());
    let started = std::time::Instant::now();
    assert_eq!(run(&second.database, &third.database).await.unwrap(), before);
    println!("and back: {:?}", started.elapsed());
}
