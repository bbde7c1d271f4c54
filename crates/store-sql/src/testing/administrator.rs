//! Creates and drops test databases over one connection per process. It has its own thread, because each test has a
//! runtime that ends with it.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::sync::oneshot;

use super::server::administrate;

pub(super) struct Administrator {
    jobs: Sender<Job>,
}

struct Job {
    sql: String,
    done: Option<oneshot::Sender<Result<(), sqlx::Error>>>,
}

/// The administrator of this process.
pub(super) fn administrator() -> &'static Administrator {
    static ADMINISTRATOR: OnceLock<Administrator> = OnceLock::new();
    ADMINISTRATOR.get_or_init(|| {
        let (jobs, waiting) = channel();
        std::thread::spawn(move || work(&waiting));
        Administrator { jobs }
    })
}

impl Administrator {
    /// Runs a statement and waits for it.
    pub(super) async fn run(&self, sql: String) {
        let (done, result) = oneshot::channel();
        self.jobs
            .send(Job { sql, done: Some(done) })
            .expect("the administrator lives as long as the process");
        let result = result.await.expect("the administrator lives as long as the process");
        result.expect("the test server lets us manage databases");
    }

    /// Runs a statement without waiting. If the test process ends first, the database remains until the services stop.
    pub(super) fn run_later(&self, sql: String) {
        self.jobs.send(Job { sql, done: None }).ok();
    }
}

fn work(jobs: &Receiver<Job>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let mut connection = None;
    for Job { sql, done } in jobs {
        let result = runtime.block_on(async {
            // A test may have stopped the server since the last job, so a failure on the kept connection is retried
            // once.
            if let Some(kept) = &mut connection
                && run(kept, &sql).await.is_ok()
            {
                return Ok(());
            }
            run(connection.insert(administrate().await), &sql).await
        });
        if let Some(done) = done {
            done.send(result).ok();
        }
    }
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    connection.execute(AssertSqlSafe(sql.to_owned())).await.map(|_| ())
}
