//! `porta start`: what a container runs (operations §9).
//!
//! ```text
//! wait for PostgreSQL and Redis ─► migrate ─► serve
//!            └── patience over: exit 1  └── failed: exit 1
//! ```
//!
//! Waiting is a handshake of the drivers that will be used, with every form of address they understand: an open port
//! says nothing about who listens behind it.

use std::time::{Duration, Instant};

use porta_config::{Config, Service, Source, StartConfig, Storage};
use porta_kv::{Kv as _, RedisKv};
use porta_store::Store as _;

use crate::cli::Failure;
use crate::runtime::services::{open_database, redis_options};
use crate::serve;

/// Between two tries.
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
        let stop = serve::stop_signal()?;
        let (config, telemetry) = serve::prepare(&source)?;
        let made_ready = async {
            wait(&config, start.patience).await?;
            if start.migrates && !config.storage.is_embedded() {
                migrate(&config).await?;
            }
            anyhow::Ok(())
        };
        tokio::select! {
            // Told to stop while it waits: nothing began that would have to end in order.
            () = stop.cancelled() => return Ok(()),
            done = made_ready => done?,
        }
        serve::start((config, telemetry), stop).await
    })
}

/// Returns once both answer; both are asked at the same time.
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

/// Replicas that start together queue: one of them migrates, the others find nothing left to do.
async fn migrate(config: &Config) -> anyhow::Result<()> {
    let database = open_database(&config.storage.relational(), config.slow_statement).await?;
    let applied = database
        .migrate_up()
        .await
        .map_err(|e| anyhow::Error::from(e).context("the schema was not migrated"))?;
    tracing::info!(event = "start.migrated", applied = applied.len(), "the schema is up to date");
    Ok(())
}
