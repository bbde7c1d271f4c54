//! Measures Porta from outside. `scripts/bench.sh` runs it; `docs/performance.md` holds the results.
//!
//! The server has one core to itself; this load generator shares the other with PostgreSQL and Redis. Every figure is
//! compared with the machine's limit measured in the same run, because absolute figures drift with the machine.

mod admin;
mod bench;
mod choice;
mod client;
mod counts;
mod drive;
mod limits;
mod machine;
mod process;
mod report;
mod results;
mod run;
mod samples;
mod scenarios;
mod statistics;
mod timing;
mod world;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand, ValueEnum as _};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::admin::AdminOptions;
use crate::choice::Choice;
use crate::limits::Limit;
use crate::results::Results;
use crate::run::Options;
use crate::world::{Binary, StoreKind};

#[derive(Parser)]
#[command(about = "Measures Porta from outside, beside the limits of the machine it runs on")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures a server and writes the report
    Run(RunArguments),
    /// Measures the Admin API with few people and with many, and writes the report
    Admin(AdminArguments),
    /// Writes the report again from the JSON of a run
    Report {
        #[arg(long)]
        json: PathBuf,
        #[arg(long)]
        report: PathBuf,
    },
    /// Measures what the machine can do at most, as JSON on standard output
    Limit {
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
        #[command(subcommand)]
        limit: Limit,
    },
    /// Serves a constant body on /constant
    Constant {
        #[arg(long)]
        port: u16,
        #[arg(long)]
        bytes: usize,
    },
}

#[derive(clap::Args)]
struct RunArguments {
    /// The executable to measure
    #[arg(long)]
    porta: PathBuf,
    /// Stores to measure on
    #[arg(long = "store", value_enum, required = true)]
    stores: Vec<StoreKind>,
    /// Scenarios to measure; all by default
    #[arg(long = "scenario", value_enum, default_values_t = Choice::value_variants().iter().copied())]
    choices: Vec<Choice>,
    /// Seconds that count per scenario and concurrency
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// The core of the server; everything else is expected to be kept away from it
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// Where the server's log goes; nowhere by default, so that no disk is measured
    #[arg(long)]
    server_log: Option<PathBuf>,
    /// The version of the source, for the report
    #[arg(long, default_value = "unknown")]
    revision: String,
    /// The command a person gave, for the report
    #[arg(long, default_value = "make bench")]
    command: String,
    #[arg(long)]
    json: PathBuf,
    /// A Markdown file with the two markers
    #[arg(long)]
    report: Option<PathBuf>,
}

#[derive(clap::Args)]
struct AdminArguments {
    /// The executable to measure
    #[arg(long)]
    porta: PathBuf,
    /// Stores to measure on
    #[arg(long = "store", value_enum, required = true)]
    stores: Vec<StoreKind>,
    /// Seconds that count per scenario and concurrency
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// The core of the server; everything else is expected to be kept away from it
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// People in one organization, for the comparison
    #[arg(long, default_value_t = 10_000)]
    few: u64,
    /// People in one organization
    #[arg(long, default_value_t = 1_000_000)]
    many: u64,
    #[arg(long, default_value_t = 10_000)]
    organizations: u64,
    /// People of the organization that is exported
    #[arg(long, default_value_t = 100_000)]
    exported: u64,
    /// The version of the source, for the report
    #[arg(long, default_value = "unknown")]
    revision: String,
    /// The command a person gave, for the report
    #[arg(long, default_value = "make bench-admin")]
    command: String,
    #[arg(long)]
    json: PathBuf,
    /// A Markdown file with the two markers
    #[arg(long)]
    report: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // One thread: the load generator must use little CPU, and in-process limits are measured on one core.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        match arguments.command {
            Command::Run(arguments) => measure(arguments).await,
            Command::Admin(arguments) => measure_admin(arguments).await,
            Command::Report { json, report } => report::write(&report, &read(&json)?),
            Command::Limit { seconds, limit } => {
                let figures = limit.measure(duration(seconds)?).await?;
                Ok(serde_json::to_writer(std::io::stdout(), &figures)?)
            }
            Command::Constant { port, bytes } => limits::serve(port, bytes).await,
        }
    })
}

async fn measure(arguments: RunArguments) -> Result<()> {
    let options = Options {
        binary: Binary {
            path: std::path::absolute(&arguments.porta)?,
            core: arguments.server_core,
            log: arguments.server_log.as_deref().map(std::path::absolute).transpose()?,
        },
        stores: arguments.stores,
        choices: arguments.choices,
        measured: duration(arguments.seconds)?,
        revision: arguments.revision,
        command: arguments.command,
    };
    let results = run::run(&options).await?;
    let json = serde_json::to_vec_pretty(&results)?;
    std::fs::write(&arguments.json, json).with_context(|| format!("writing {}", arguments.json.display()))?;
    arguments.report.map_or(Ok(()), |path| report::write(&path, &results))
}

async fn measure_admin(arguments: AdminArguments) -> Result<()> {
    let options = AdminOptions {
        binary: Binary {
            path: std::path::absolute(&arguments.porta)?,
            core: arguments.server_core,
            log: None,
        },
        stores: arguments.stores,
        measured: duration(arguments.seconds)?,
        revision: arguments.revision,
        command: arguments.command,
        few: arguments.few,
        many: arguments.many,
        organizations: arguments.organizations,
        exported: arguments.exported,
    };
    let results = admin::run(&options).await?;
    let json = serde_json::to_vec_pretty(&results)?;
    std::fs::write(&arguments.json, json).with_context(|| format!("writing {}", arguments.json.display()))?;
    arguments.report.map_or(Ok(()), |path| report::write_admin(&path, &results))
}

fn read(path: &Path) -> Result<Results> {
    let json = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&json).context("this is not the JSON of a run")
}

fn duration(seconds: f64) -> Result<Duration> {
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => bail!("{seconds} seconds is no time to measure in"),
    }
}
