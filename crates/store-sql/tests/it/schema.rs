//! The two schemas are equivalent: same tables, columns, nullability, keys, unique constraints, references and index
//! names, and types that map onto each other.

use std::collections::BTreeSet;

use porta_core::Slug;
use porta_core::client::ClientId;
use porta_store::Store as _;
use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

/// Tables of SQLite that PostgreSQL has, too. Those for searches are indexes there.
const IS_OF_ROWS: &str = "type = 'table' AND name NOT LIKE '%\\_search%' ESCAPE '\\'";

/// One line per schema fact, in a notation common to both databases.
type Facts = BTreeSet<String>;

fn sqlite_type(postgres: &str) -> &str {
    match postgres {
        "uuid" | "bytea" => "BLOB",
        "timestamp with time zone" | "bigint" | "boolean" => "INTEGER",
        "text" | "jsonb" => "TEXT",
        other => other,
    }
}

async fn postgres_facts(connection: &mut PgConnection) -> Facts {
    let mut facts = Facts::new();
    let columns = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'NO' \
         FROM information_schema.columns WHERE table_schema = 'public'";
    for row in sqlx::query(columns).fetch_all(&mut *connection).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let (kind, required): (String, bool) = (row.get(2), row.get(3));
        facts.insert(format!("{table}.{column} {} required={required}", sqlite_type(&kind)));
    }
    let indexes = "SELECT t.relname::text, i.relname::text, x.indisunique, x.indisprimary, x.indpred IS NOT NULL, \
         (SELECT string_agg(a.attname::text, ',' ORDER BY k.n) FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (at, n) \
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.at) \
         FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid \
         JOIN pg_namespace s ON s.oid = t.relnamespace WHERE s.nspname = 'public' AND i.relname::text NOT LIKE '%\\_search'";
    for row in sqlx::query(indexes).fetch_all(&mut *connection).await.unwrap() {
        let (table, name, columns): (String, String, String) = (row.get(0), row.get(1), row.get(5));
        let (unique, primary, partial): (bool, bool, bool) = (row.get(2), row.get(3), row.get(4));
        if primary {
            facts.insert(format!("key of {table}: {columns}"));
        } else {
            facts.insert(format!("index {name} on {table} ({columns}) unique={unique} partial={partial}"));
        }
    }
    let references = "SELECT t.relname::text, f.relname::text, c.confdeltype::text, \
         (SELECT string_agg(a.attname::text, ',' ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY AS k (at, n) \
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.at), \
         (SELECT string_agg(a.attname::text, ',' ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY AS k (at, n) \
          JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = k.at) \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid \
         WHERE c.contype = 'f'";
    for row in sqlx::query(references).fetch_all(&mut *connection).await.unwrap() {
        let texts: Vec<String> = (0..5).map(|n| row.get(n)).collect();
        let on_delete = match texts[2].as_str() {
            "c" => "CASCADE",
            "n" => "SET NULL",
            other => other,
        };
        facts.insert(format!("{} ({}) -> {} ({}) {on_delete}", texts[0], texts[3], texts[1], texts[4]));
    }
    facts
}

async fn names(connection: &mut SqliteConnection, sql: String) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await.unwrap()
}

async fn sqlite_facts(connection: &mut SqliteConnection) -> Facts {
    let mut facts = Facts::new();
    let tables = names(connection, format!("SELECT name FROM sqlite_master WHERE {IS_OF_ROWS}")).await;
    for table in tables {
        let mut key: Vec<(i64, String)> = Vec::new();
        let columns = format!("SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}')");
        for row in sqlx::query(AssertSqlSafe(columns)).fetch_all(&mut *connection).await.unwrap() {
            let (column, kind): (String, String) = (row.get(0), row.get(1));
            let (required, place): (bool, i64) = (row.get(2), row.get(3));
            facts.insert(format!("{table}.{column} {kind} required={required}"));
            if place > 0 {
                key.push((place, column));
            }
        }
        key.sort();
        if !key.is_empty() {
            let columns: Vec<String> = key.into_iter().map(|(_, column)| column).collect();
            facts.insert(format!("key of {table}: {}", columns.join(",")));
        }
        let indexes =
            format!("SELECT name, \"unique\", partial FROM pragma_index_list('{table}') WHERE origin = 'c'");
        for row in sqlx::query(AssertSqlSafe(indexes)).fetch_all(&mut *connection).await.unwrap() {
            let (name, unique, partial): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
            let columns = format!("SELECT name FROM pragma_index_info('{name}') ORDER BY seqno");
            let columns = names(connection, columns).await.join(",");
            facts.insert(format!("index {name} on {table} ({columns}) unique={unique} partial={partial}"));
        }
        let references = format!(
            "SELECT \"table\", on_delete, group_concat(\"from\", ',' ORDER BY seq), group_concat(\"to\", ',' ORDER BY seq) \
             FROM pragma_foreign_key_list('{table}') GROUP BY id"
        );
        for row in sqlx::query(AssertSqlSafe(references)).fetch_all(&mut *connection).await.unwrap() {
            let texts: Vec<String> = (0..4).map(|n| row.get(n)).collect();
            facts.insert(format!("{table} ({}) -> {} ({}) {}", texts[2], texts[0], texts[3], texts[1]));
        }
    }
    facts
}

async fn sqlite_connection(db: &TestDatabase) -> SqliteConnection {
    let Target::Sqlite(path) = &db.target else { unreachable!("made by TestDatabase::sqlite") };
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

#[tokio::test]
async fn both_schemas_are_equal_on_postgres_and_sqlite() {
    let (left, right) = (TestDatabase::postgres().await, TestDatabase::sqlite().await);
    let Target::Postgres(url) = &left.target else { unreachable!("made by TestDatabase::postgres") };
    let postgres = postgres_facts(&mut PgConnection::connect(url).await.unwrap()).await;
    let sqlite = sqlite_facts(&mut sqlite_connection(&right).await).await;
    let only_postgres: Vec<_> = postgres.difference(&sqlite).collect();
    let only_sqlite: Vec<_> = sqlite.difference(&postgres).collect();
    assert!(only_postgres.is_empty() && only_sqlite.is_empty(), "{only_postgres:#?}\n{only_sqlite:#?}");
    assert!(postgres.len() > 300, "the question was understood");
}

/// The program names SQLite conflicts from a list; it must contain every unique constraint.
#[tokio::test]
async fn every_unique_rule_has_its_name_on_sqlite() {
    let db = TestDatabase::sqlite().await;
    let mut connection = sqlite_connection(&db).await;
    let sql = "SELECT t.name, i.name, i.origin, (SELECT group_concat(t.name || '.' || c.name, ', ' ORDER BY c.seqno) \
         FROM pragma_index_info(i.name) c) FROM sqlite_master t, pragma_index_list(t.name) i \
         WHERE t.type = 'table' AND i.\"unique\" = 1 AND t.name <> 'porta_migrations' \
         AND t.name NOT LIKE '%\\_search%' ESCAPE '\\'";
    let mut rules = BTreeSet::new();
    for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
        let (table, name, origin, columns): (String, String, String, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        rules.insert((columns, if origin == "pk" { format!("{table}_pkey") } else { name }));
    }
    let known: BTreeSet<_> =
        porta_store_sql::unique_rules().map(|(c, n)| (c.to_owned(), n.to_owned())).collect();
    assert_eq!(rules, known);
}

/// Row counts by table.
type Counts = std::collections::BTreeMap<String, i64>;

async fn postgres_counts(connection: &mut PgConnection) -> Counts {
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'porta_migrations'";
    let mut counts = Counts::new();
    for table in sqlx::query_scalar::<_, String>(tables).fetch_all(&mut *connection).await.unwrap() {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM public.{table}"));
        counts.insert(table, sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap());
    }
    counts
}

async fn sqlite_counts(connection: &mut SqliteConnection) -> Counts {
    let tables = format!("SELECT name FROM sqlite_master WHERE {IS_OF_ROWS} AND name <> 'porta_migrations'");
    let mut counts = Counts::new();
    for table in names(connection, tables).await {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        counts.insert(table, sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap());
    }
    counts
}

/// Asserts that no row is lost and that new tables are empty.
fn assert_kept(before: &Counts, after: &Counts) {
    for (table, count) in after {
        assert_eq!(count, before.get(table).unwrap_or(&0), "{table}");
    }
    assert!(before.keys().all(|table| after.contains_key(table)), "{before:?} {after:?}");
}

/// Runs the migrations since the first version, and reads its rows with today's code.
async fn upgrade(db: &TestDatabase) {
    let pending = db.database.pending_migrations().await.unwrap();
    assert!(pending[0].starts_with("0012_"), "{pending:?}");
    assert_eq!(db.database.migrate_up().await.unwrap(), pending);
    assert_eq!(db.database.refused_statements().await.unwrap(), []);
    let mut all = db.database.repositories();
    let demo = Slug::parse("demo").unwrap();
    let demo = all.organizations().by_slug(&demo).await.unwrap().unwrap();
    let ada = all.users(demo.id).by_email("ada@demo.example").await.unwrap().unwrap();
    assert!(ada.password_hash.is_some() && ada.login_count > 0, "{ada:?}");
    assert!(all.signing_keys(demo.id).all().await.unwrap().len() >= 2);
    let client = ClientId::parse("e2e-es256").unwrap();
    assert!(all.clients(demo.id).by_client_id(&client).await.unwrap().is_some());
}

/// A database of the first version, with sessions and tokens, migrates to the newest schema.
#[tokio::test]
async fn the_first_schema_becomes_the_newest_on_postgres() {
    let (first, newest) = (TestDatabase::empty_postgres().await, TestDatabase::postgres().await);
    let connect = async |db: &TestDatabase| {
        let Target::Postgres(url) = &db.target else { unreachable!("made by TestDatabase::postgres") };
        PgConnection::connect(url).await.unwrap()
    };
    sqlx::raw_sql(include_str!("data/first.postgres.sql")).execute(&mut connect(&first).await).await.unwrap();
    let before = postgres_counts(&mut connect(&first).await).await;
    assert!(before["access_tokens"] > 0 && before["sessions"] > 0 && before["audit_log"] > 0, "{before:?}");
    upgrade(&first).await;
    assert_kept(&before, &postgres_counts(&mut connect(&first).await).await);
    let facts = postgres_facts(&mut connect(&first).await).await;
    assert_eq!(facts, postgres_facts(&mut connect(&newest).await).await);
}

#[tokio::test]
async fn the_first_schema_becomes_the_newest_on_sqlite() {
    let (first, newest) = (TestDatabase::empty_sqlite().await, TestDatabase::sqlite().await);
    let mut own = sqlite_connection(&first).await;
    sqlx::raw_sql(include_str!("data/first.sqlite.sql")).execute(&mut own).await.unwrap();
    let before = sqlite_counts(&mut own).await;
    assert!(before["access_tokens"] > 0 && before["sessions"] > 0 && before["audit_log"] > 0, "{before:?}");
    upgrade(&first).await;
    assert_kept(&before, &sqlite_counts(&mut own).await);
    assert_eq!(sqlite_facts(&mut own).await, sqlite_facts(&mut sqlite_connection(&newest).await).await);
}

/// The names of what makes searches fast: an index each on PostgreSQL, a table with three triggers each on SQLite.
#[tokio::test]
async fn what_is_searched_has_its_index_on_postgres_and_sqlite() {
    let expected = ["applications_search", "clients_search", "organizations_search", "users_search"];
    let (left, right) = (TestDatabase::postgres().await, TestDatabase::sqlite().await);
    let Target::Postgres(url) = &left.target else { unreachable!("made by TestDatabase::postgres") };
    let indexes = "SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid \
         WHERE i.relname::text LIKE '%\\_search' AND x.indisvalid ORDER BY 1";
    let mut connection = PgConnection::connect(url).await.unwrap();
    let found: Vec<String> = sqlx::query_scalar(indexes).fetch_all(&mut connection).await.unwrap();
    assert_eq!(found, expected);
    let mut connection = sqlite_connection(&right).await;
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%\\_search' ESCAPE '\\' ORDER BY 1";
    assert_eq!(names(&mut connection, tables.to_owned()).await, expected);
    for table in expected {
        let triggers =
            format!("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{table}%'");
        assert_eq!(names(&mut connection, triggers).await.len(), 3, "{table}");
    }
}
