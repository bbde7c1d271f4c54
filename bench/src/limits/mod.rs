//! Upper limits of this machine, measured in the same run: each in a separate process pinned to the server's core.

mod constant;
mod hashing;
mod redis;
mod signatures;
mod sql;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Subcommand;
use tokio::sync::Semaphore;

pub(crate) use constant::{constant_body, serve};
pub(crate) use sql::{INSERT, SELECT};

use crate::drive::{MeasuredProcess, Plan, Worker, closed_loop};
use crate::samples::per_second;
use crate::world::HashCost;

/// Equals the highest concurrency of the scenarios.
const TASKS: usize = 32;
/// The server's default (`DB_POOL_MAX`).
const POOL: usize = 10;

/// Operations per second, by name.
pub(crate) type Rates = BTreeMap<String, f64>;

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Limit {
    /// Signatures by aws-lc-rs
    Signatures,
    /// Argon2id with kept memory
    Hashing(HashCost),
    /// One-row SELECT and INSERT on the database of BENCH_URL
    Postgres,
    /// The same in a file in the directory BENCH_URL
    Sqlite,
    /// SET and GET on the server of BENCH_URL
    Redis,
}

impl Limit {
    /// The command-line arguments that select this limit.
    fn arguments(self) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Signatures => &["signatures"],
            Self::Hashing(cost) => return cost.arguments("hashing"),
            Self::Postgres => &["postgres"],
            Self::Sqlite => &["sqlite"],
            Self::Redis => &["redis"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// Measures the limit in this process.
    pub(crate) async fn measure(self, seconds: Duration) -> Result<Rates> {
        let url = || std::env::var("BENCH_URL").context("BENCH_URL is not set");
        match self {
            Self::Signatures => signatures::measure(seconds),
            Self::Hashing(cost) => hashing::measure(cost, seconds),
            Self::Postgres => sql::postgres(&url()?, seconds).await,
            Self::Sqlite => sql::sqlite(url()?.as_ref(), seconds).await,
            Self::Redis => redis::measure(&url()?, seconds).await,
        }
    }

    /// Measures the limit in a new process pinned to `core`.
    pub(crate) fn measure_on(self, core: usize, seconds: Duration, url: Option<&str>) -> Result<Rates> {
        let mut command = Command::new("taskset");
        command.arg("-c").arg(core.to_string()).arg(std::env::current_exe()?);
        command.args(["limit", "--seconds", &seconds.as_secs_f64().to_string()]).args(self.arguments());
        command.envs(url.map(|url| ("BENCH_URL", url)));
        let output = command.output().context("starting taskset")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "measuring {self:?} failed\n{complaint}");
        serde_json::from_slice(&output.stdout).context("a limit was reported in another form")
    }
}

/// Calls per second of CPU-bound work on one core.
fn repeat(seconds: Duration, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    call()?;
    let started = Instant::now();
    let mut calls = 0;
    while started.elapsed() < seconds {
        call()?;
        calls += 1;
    }
    Ok(per_second(calls, started.elapsed()))
}

/// Operations per second of [`TASKS`] workers in this process.
async fn concurrently<W: Worker + 'static>(workers: Vec<W>, seconds: Duration) -> Result<f64> {
    let plan = Plan { warm_up: seconds / 5, measured: seconds };
    // The caller chose the core with `taskset`; the CPU time of other processes is not used here.
    let target = MeasuredProcess { pid: std::process::id(), core: 0 };
    Ok(closed_loop(workers, plan, target).await?.summary.per_second)
}

/// A pool: more tasks than connections.
struct ConnectionPool<C> {
    permits: Semaphore,
    idle: RefCell<Vec<C>>,
}

impl<C> ConnectionPool<C> {
    fn new(connections: Vec<C>) -> Self {
        Self { permits: Semaphore::new(connections.len()), idle: RefCell::new(connections) }
    }

    /// Runs `work` with a connection from the pool. A connection is lost only when `work` fails.
    async fn with<T>(&self, work: impl AsyncFnOnce(&mut C) -> Result<T>) -> Result<T> {
        let _permit = self.permits.acquire().await?;
        let mut connection = self.idle.borrow_mut().pop().context("a connection was lost")?;
        let result = work(&mut connection).await?;
        self.idle.borrow_mut().push(connection);
        Ok(result)
    }
}
