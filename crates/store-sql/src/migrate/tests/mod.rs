mod effects;
mod running;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rstest::rstest;

use self::effects::{Effect, effects};
use super::MIGRATIONS;

/// Migrations up to this one predate the first release: they made the first schema, on databases without rows.
const BEFORE_THE_FIRST_RELEASE: i64 = 13;

/// The effects of every migration on existing tables, and the reasons to refuse it.
fn all() -> (String, Vec<String>) {
    let mut file = String::from(
        "# What each migration does to tables that are in use, as PostgreSQL sees it; made by a test of store-sql.\n\
         # migration, table, lock, how long (moment: requests may wait for an instant; beside: long, but nobody waits;\n\
         # table: writers wait while the table is read), action\n",
    );
    let (mut refused, mut known) = (Vec::new(), BTreeSet::new());
    for migration in MIGRATIONS {
        let found = effects(migration.postgres).unwrap_or_else(|e| panic!("{}: {e}", migration.name));
        for Effect { table, lock, duration, action, refusal } in &found.effects {
            if !known.contains(table) {
                continue;
            }
            let _ = writeln!(file, "{}\t{table}\t{lock}\t{duration}\t{action}", migration.name);
            if let Some(reason) = refusal
                && migration.version > BEFORE_THE_FIRST_RELEASE
            {
                refused.push(format!("{}: {action} on {table}: {reason}", migration.name));
            }
        }
        known.extend(found.created);
    }
    (file, refused)
}

/// Decision D15.
#[test]
fn no_migration_makes_requests_wait_for_longer_than_a_moment_or_breaks_the_version_before() {
    let (_, refused) = all();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn the_file_of_locks_says_what_the_migrations_do() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/locks.txt");
    let (expected, _) = all();
    if std::env::var_os("PORTA_WRITE_REFERENCE").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!(written, expected, "run this test again with PORTA_WRITE_REFERENCE=1");
}

#[rstest]
#[case("CREATE INDEX i ON users (email)")]
#[case("CREATE UNIQUE INDEX CONCURRENTLY i ON users (email)")] // without the first line that runs it alone
#[case("ALTER TABLE users ADD COLUMN x text NOT NULL")]
#[case("ALTER TABLE users ADD COLUMN x timestamptz DEFAULT clock_timestamp()")]
#[case("ALTER TABLE users ADD COLUMN x text CHECK (x <> '')")]
#[case("ALTER TABLE users ADD COLUMN x uuid UNIQUE")]
#[case("ALTER TABLE users ADD CONSTRAINT c CHECK (email <> '')")]
#[case("ALTER TABLE users ADD CONSTRAINT c FOREIGN KEY (organization_id) REFERENCES organizations (id)")]
#[case("ALTER TABLE users ADD CONSTRAINT c UNIQUE (email)")]
#[case("ALTER TABLE users ALTER COLUMN email TYPE varchar(10)")]
#[case("ALTER TABLE users ALTER COLUMN email SET NOT NULL")]
#[case("ALTER TABLE users RENAME COLUMN email TO mail")]
#[case("ALTER TABLE users RENAME TO people")]
#[case("ALTER TABLE users DROP COLUMN email")]
#[case("ALTER TABLE users DROP CONSTRAINT c")]
#[case("DROP TABLE users")]
#[case("DROP INDEX users_email")]
#[case("-- each statement by itself\nDROP INDEX users_email")]
#[case("UPDATE users SET email = ''")]
#[case("DELETE FROM users")]
#[case("TRUNCATE users")]
#[case("LOCK TABLE users")]
#[case("-- contract:\nDROP TABLE users")] // no reason
fn what_locks_or_breaks_is_refused(#[case] sql: &str) {
    match effects(sql) {
        Err(_) => {}
        Ok(found) => assert!(found.effects.iter().any(|e| e.refusal.is_some()), "{sql}: {:?}", found.effects),
    }
}

#[rstest]
#[case(
    "CREATE TABLE t (id uuid PRIMARY KEY, u uuid REFERENCES users (id)); CREATE INDEX i ON t (u)",
    "users",
    "SHARE ROW EXCLUSIVE"
)]
#[case("ALTER TABLE users ADD COLUMN x text", "users", "ACCESS EXCLUSIVE")]
#[case("ALTER TABLE users ADD COLUMN x boolean NOT NULL DEFAULT false", "users", "ACCESS EXCLUSIVE")]
#[case("ALTER TABLE users ADD CONSTRAINT c CHECK (email <> '') NOT VALID", "users", "ACCESS EXCLUSIVE")]
#[case("ALTER TABLE users VALIDATE CONSTRAINT c", "users", "SHARE UPDATE EXCLUSIVE")]
#[case("ALTER TABLE users ALTER COLUMN email DROP NOT NULL", "users", "ACCESS EXCLUSIVE")]
#[case("ALTER TABLE users ALTER COLUMN email SET DEFAULT ''", "users", "ACCESS EXCLUSIVE")]
#[case(
    "-- each statement by itself\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (email);",
    "users",
    "SHARE UPDATE EXCLUSIVE"
)]
#[case(
    "-- each statement by itself\nDROP INDEX CONCURRENTLY IF EXISTS i;",
    "(index i)",
    "SHARE UPDATE EXCLUSIVE"
)]
#[case(
    "-- contract: nothing since 0.3 reads it\nALTER TABLE users DROP COLUMN x",
    "users",
    "ACCESS EXCLUSIVE"
)]
fn what_takes_a_moment_is_not(#[case] sql: &str, #[case] table: &str, #[case] lock: &str) {
    let found = effects(sql).unwrap();
    assert!(found.effects.iter().all(|e| e.refusal.is_none()), "{:?}", found.effects);
    assert!(found.effects.iter().any(|e| e.table == table && e.lock == lock), "{:?}", found.effects);
}
