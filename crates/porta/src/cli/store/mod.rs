//! `porta store`: the relational store as a whole.

mod copy;
mod place;

use clap::{Args, Subcommand};

use super::Global;
use super::environment::EnvironmentFile;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentFile,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Copy everything from one store to another one, which is migrated and empty: all of it, or nothing.
    ///
    /// Stop the servers first: what they write after the copy began stays behind. Sessions of browsers, codes and
    /// counters are not in the store and do not move: people sign in again.
    #[command(after_help = EXAMPLES)]
    Copy(copy::Arguments),
}

const EXAMPLES: &str = "Examples:
  DATABASE_URL=postgres://… porta migrate up
  DATABASE_URL=postgres://… porta store copy --from sqlite:.porta --to env:DATABASE_URL
  porta store copy --from file:/run/secrets/database-url --to sqlite:/var/lib/porta --dry-run";

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { environment, command } = arguments;
    if let Some(option) = environment.given_store() {
        return Err(Failure::invalid(format!("--from and --to name the stores: leave out {option}")));
    }
    environment.apply();
    match command {
        Command::Copy(arguments) => copy::run(global, &arguments).await,
    }
}
