//! `porta health`: asks a server, or with `--direct` its database and Redis.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use porta_config::{Config, Source, Storage};
use porta_kv::{Kv as _, RedisKv};
use serde_json::json;

use super::environment::EnvironmentFile;
use super::server::{Connection, oauth};
use super::{Global, storage};
use crate::failure::Failure;
use crate::output;
use crate::runtime::services::redis_options;

/// Longer than the server's own limit of two seconds (docs/operations.md, Probes), shorter than a container probe.
const CHECK_TIMEOUT: Duration = Duration::from_secs(4);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// May be left out.
    #[arg(value_enum, default_value_t = Work::Check)]
    work: Work,
    /// URL of the server to check.
    #[arg(long, env = "PORTA_SERVER", default_value = "http://localhost:3000")]
    server: url::Url,
    /// Check the database and Redis directly, and no server.
    #[arg(long)]
    direct: bool,
    /// Also trust these certificate authorities of the server (PEM).
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Accept any certificate of the server. For tests only.
    #[arg(long)]
    insecure: bool,
    #[command(flatten)]
    environment: EnvironmentFile,
}

/// All that the command does.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Work {
    Check,
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    let Work::Check = arguments.work;
    arguments.environment.apply();
    let checks = if arguments.direct { ask_directly().await? } else { ask_server(&arguments).await? };
    if global.json {
        output::json(&json!(checks));
    } else {
        let rows: Vec<Vec<String>> =
            checks.iter().map(|(service, state)| vec![service.clone(), state.clone()]).collect();
        output::table(&["Service", "State"], &rows);
    }
    let ill: Vec<&str> = checks.iter().filter(|(_, state)| *state != "ok").map(|(s, _)| s.as_str()).collect();
    if ill.is_empty() {
        return Ok(());
    }
    Err(Failure::general(format!("not healthy: {}", ill.join(", "))))
}

fn state(is_ok: bool) -> String {
    if is_ok { "ok" } else { "error" }.to_owned()
}

async fn ask_directly() -> Result<BTreeMap<String, String>, Failure> {
    let source = Source::process();
    let place = Storage::load(&source)?;
    let mut checks = BTreeMap::new();
    let database = tokio::time::timeout(CHECK_TIMEOUT, storage::ping(&place.relational())).await;
    checks.insert("database".to_owned(), state(matches!(database, Ok(Ok(())))));
    if let Storage::Production { redis, .. } = &place {
        let options = redis_options(redis, &Config::load_instance(&source)?);
        let answered = tokio::time::timeout(CHECK_TIMEOUT, async {
            match RedisKv::connect(options).await {
                Ok(kv) => kv.ping().await.is_ok(),
                Err(_) => false,
            }
        });
        checks.insert("redis".to_owned(), state(answered.await.unwrap_or(false)));
    }
    Ok(checks)
}

/// The server's answer. An unreachable server is a result, not a failure of the command.
async fn ask_server(arguments: &Arguments) -> Result<BTreeMap<String, String>, Failure> {
    let server = arguments.server.as_str().trim_end_matches('/');
    let connection = Connection::to(server, arguments.ca_file.as_deref(), arguments.insecure)?;
    let builder = connection.builder();
    let client = builder.timeout(CHECK_TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
    let client = client.map_err(|e| Failure::chain(&e))?;
    let answer = oauth::health(&client, server).await;
    let mut checks = BTreeMap::from([("server".to_owned(), state(answer.is_some()))]);
    checks.extend(answer.map(|health| health.checks).unwrap_or_default());
    Ok(checks)
}
