//! Rows locked by another transaction, as may happen on PostgreSQL for any length of time.

use std::time::{Duration, Instant};

use porta_core::TokenDigest;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};

use crate::Target;

/// Timeout for statements to start waiting.
const SOON: Duration = Duration::from_secs(10);

/// Locked refresh tokens; closing the connection releases them.
pub struct LockedRows {
    holder: PgConnection,
}

impl LockedRows {
    /// Locks the stored refresh tokens `tokens` in a transaction of its own.
    pub async fn refresh_tokens(target: &Target, tokens: &[&str]) -> Self {
        let Target::Postgres(url) = target else { panic!("SQLite has no locks on rows") };
        let mut holder = PgConnection::connect(url).await.expect("the test database accepts connections");
        holder.execute("BEGIN").await.expect("a transaction can begin");
        for token in tokens {
            let _locked: i32 =
                sqlx::query_scalar("SELECT 1 FROM refresh_tokens WHERE digest = $1 FOR UPDATE")
                    .bind(TokenDigest::of(token).as_bytes().to_vec())
                    .fetch_one(&mut holder)
                    .await
                    .expect("the token is stored");
        }
        Self { holder }
    }

    /// Waits until `statements` statements wait for these locks.
    pub async fn until_waited_for(&mut self, statements: i64) {
        let asked = Instant::now();
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))",
            )
            .fetch_one(&mut self.holder)
            .await
            .expect("the locks can be read");
            if waiting >= statements {
                return;
            }
            assert!(asked.elapsed() < SOON, "{waiting} of {statements} statements wait");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the transaction, so that waiting statements continue.
    pub async fn release(mut self) {
        self.holder.execute("ROLLBACK").await.expect("a transaction can end");
        self.holder.close().await.ok();
    }
}
