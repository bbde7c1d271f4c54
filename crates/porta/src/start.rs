//! `porta start`: what a container runs (docs/deploy.md).
//!
//! ```text
//! wait for PostgreSQL and Redis ─► migrate ─► serve
//!            └── timed out: exit 1      └── failed: exit 1
//! ```
//!
//! Waiting means connecting with the drivers and addresses used later: an open port does not tell which service listens
//! on it.

use std::time::{Duration, Instant};

use porta_config::{Config, Service, Source, StartConfig, Storage};
use porta_kv::{Kv as _, RedisKv};
use porta_store::Store as _;
use porta_web::shutdown::stop_signal;

use crate::failure::Failure;
use crate::runtime::services::{open_database, redis_options};
use crate::serve;

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) fn run() -> Result<(), Failure> {
    let source = Source::process();
    let start = StartConfig::load(&source)?;
    if start.service == Service::Admin {
        return Err(Failure::general(
            "PORTA_SERVICE=admin: the admin console is not in this build; leave PORTA_SERVICE out to run the server",
        ));
    }
    serve::block_on(async {
        let stop = stop_signal()?;
        let (config, telemetry) = serve::prepare(&source)?;
        let made_ready = async {
            wait(&config, start.patience).await?;
            if start.migrates && !config.storage.is_embedded() {
                migrate(&config).await?;
            }
            anyhow::Ok(())
        };
        tokio::select! {
            // Stopped while waiting: nothing was started that must be shut down.
            () = stop.cancelled() => return Ok(()),
            done = made_ready => done?,
        }
        serve::start((config, telemetry), stop).await
    })
}

/// Returns once both answer; waits for both concurrently.
async fn wait(config: &Config, patience: Duration) -> anyhow::Result<()> {
    let Storage::Production { redis, .. } = &config.storage else { return Ok(()) };
    let deadline = Instant::now() + patience;
    let relational = config.storage.relational();
    let database = until(deadline, "PostgreSQL", async || {
        open_database(&relational, config.slow_statement).await?.ping().await.map_err(anyhow::Error::from)
    });
    let redis = until(deadline, "Redis", async || {
        let options = redis_options(redis, &config.instance);
        RedisKv::connect(options).await?.ping().await.map_err(anyhow::Error::from)
    });
    tokio::try_join!(database, redis).map(drop)
}

async fn until(
    deadline: Instant,
    what: &str,
    attempt: impl AsyncFn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    loop {
        let Err(error) = attempt().await else { return Ok(()) };
        if Instant::now() + PAUSE > deadline {
            return Err(error.context(format!("{what} did not answer within PORTA_WAIT_TIMEOUT")));
        }
        tracing::info!(event = "start.waiting", error = format!("{error:#}"), "{what} does not answer yet");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Replicas that start together take turns: one migrates, the others find nothing to do.
async fn migrate(config: &Config) -> anyhow::Result<()> {
    let database = open_database(&config.storage.relational(), config.slow_statement).await?;
    let applied = database
        .migrate_up()
        .await
        .map_err(|e| anyhow::Error::from(e).context("the schema was not migrated"))?;
    tracing::info!(event = "start.migrated", applied = applied.len(), "the schema is up to date");
    Ok(())
}
