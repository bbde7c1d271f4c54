//! The sweeper respects a lease in the table that another instance holds, or held when it died.

use std::time::Duration;

use porta_store::contract::fixture::{NOW, TwoTenants};
use porta_store::{Store as _, SweepOutcome};
use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use uuid::Uuid;

const MINUTE: Duration = Duration::from_mins(1);

/// One statement for both databases, which differ only in how they take a time.
macro_rules! take_lease {
    ($connection:expr, $until:expr, $time:literal) => {
        sqlx::query(concat!("INSERT INTO leases (name, holder, until) VALUES ('sweeper', $1, ", $time, ")"))
            .bind(Uuid::from_u128(7))
            .bind($until)
            .execute(&mut $connection)
            .await
            .unwrap()
    };
}

async fn another_sweepers_lease_is_waited_for(db: TestDatabase) {
    TwoTenants::new(db.database.clone()).await;
    let now = NOW + 1000 * 60 * MINUTE;
    let until = (now + MINUTE).micros();
    match &db.target {
        Target::Sqlite(path) => {
            let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            take_lease!(connection, until, "$2");
        }
        Target::Postgres(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            take_lease!(connection, until, "to_timestamp($2::bigint / 1000000.0)");
        }
    }
    let early = now + MINUTE - Duration::from_secs(1);
    assert_eq!(db.database.sweep(early, NOW, 1000).await.unwrap(), SweepOutcome::default());
    let swept = db.database.sweep(now + MINUTE, NOW, 1000).await.unwrap();
    assert!(swept.held_lease && swept.rows > 0, "whoever held it died: {swept:?}");
}

#[tokio::test]
async fn a_sweep_waits_on_sqlite() {
    another_sweepers_lease_is_waited_for(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn a_sweep_waits_on_postgres() {
    another_sweepers_lease_is_waited_for(TestDatabase::postgres().await).await;
}
