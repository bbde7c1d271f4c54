//! `porta seed`: rows that migrations write, where somebody deleted them.

use clap::{Args, Subcommand};
use porta_config::{Environment, Source};
use porta_core::admin::ADMIN_SLUG;
use serde_json::json;

use super::environment::EnvironmentFile;
use super::{Global, access};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentFile,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create the organization of the administrators if it is missing. Migrations do it, so this is a repair.
    Run {
        /// Show what would be created, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { environment, command: Command::Run { dry_run } } = arguments;
    environment.apply();
    let direct = access::existing().await?;
    // Nothing is locked while somebody is asked.
    let is_missing = direct.begin().await?.installation().seed().await?;
    let value = json!({ "created": is_missing, "organization": ADMIN_SLUG });
    if !is_missing {
        global.happened(&value, format_args!("nothing was missing: the organization {ADMIN_SLUG} exists"));
        return Ok(());
    }
    if dry_run {
        global.planned(&value, format_args!("the organization {ADMIN_SLUG} is created"));
        return Ok(());
    }
    if Environment::load(&Source::process())?.is_production() {
        output::warning("this is a production database");
    }
    if !global.confirmed(&format!("Create the organization {ADMIN_SLUG}?"))? {
        return Ok(());
    }
    let mut work = direct.begin().await?;
    work.installation().seed().await?;
    work.commit().await?;
    global.happened(&value, format_args!("the organization {ADMIN_SLUG} is created; now run porta init"));
    Ok(())
}
