//! A database that is filled once, by the first test process, and copied by every test.

use std::time::Duration;

use porta_core::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::server::{administrate, url_of};

/// Advisory lock for creating templates: test processes run in parallel.
const TEMPLATE_LOCK: i64 = 0x70_6f_72_74_61_02;

/// What [`Template::find`] found.
pub enum Template {
    /// The template is there, with contents of this time.
    Ready(Timestamp),
    /// It is this process's turn to fill it; others wait until [`Draft::publish`].
    Missing(Draft),
}

/// A database under another name until it is complete, so that a crash leaves no partial template.
pub struct Draft {
    name: String,
    connection: PgConnection,
}

impl Template {
    /// Looks for the template `name`; its letters are lower-case ASCII, digits and underscores.
    pub async fn find(name: &str) -> Self {
        let mut connection = administrate().await;
        lock(&mut connection).await;
        let made_at: Option<String> = sqlx::query_scalar(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1",
        )
        .bind(name)
        .fetch_optional(&mut connection)
        .await
        .expect("the catalogue can be read");
        if let Some(micros) = made_at {
            let micros = micros.parse().expect("a template says when it was made");
            return Self::Ready(Timestamp::from_micros(micros));
        }
        let mut draft = Draft { name: name.to_owned(), connection };
        let draft_name = draft.draft_name();
        draft.run(format!("DROP DATABASE IF EXISTS {draft_name} WITH (FORCE)")).await;
        draft.run(format!("CREATE DATABASE {draft_name}")).await;
        Self::Missing(draft)
    }
}

impl Draft {
    fn draft_name(&self) -> String {
        format!("{}_draft", self.name)
    }

    /// URL of the empty database to fill.
    #[must_use]
    pub fn url(&self) -> String {
        url_of(&self.draft_name())
    }

    /// Gives the template its name, with contents of `as_of`.
    pub async fn publish(mut self, as_of: Timestamp) {
        let draft = self.draft_name();
        self.run(format!("COMMENT ON DATABASE {draft} IS '{}'", as_of.micros())).await;
        self.run(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{draft}'"))
            .await;
        self.rename(&draft).await;
        self.connection.close().await.ok();
    }

    /// Retries, because connections that wrote the draft may take a moment to close.
    async fn rename(&mut self, draft: &str) {
        let sql = format!("ALTER DATABASE {draft} RENAME TO {}", self.name);
        for _ in 0..100 {
            if self.connection.execute(AssertSqlSafe(sql.clone())).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.run(sql).await;
    }

    async fn run(&mut self, sql: String) {
        self.connection.execute(AssertSqlSafe(sql)).await.expect("the test server lets us manage databases");
    }
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
