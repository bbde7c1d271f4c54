//! `porta audit`.

mod cleanup;
mod list;

use clap::Subcommand;

use super::{Family, Global};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what happened, the newest first.
    #[command(after_help = "Example:\n  porta audit list --org harbor --event user.login --since 2026-11-01")]
    List(list::Arguments),
    /// Delete old rows of the audit log.
    Cleanup(cleanup::Arguments),
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command } = family;
    match command {
        Command::List(arguments) => list::run(global, &access, arguments).await,
        Command::Cleanup(arguments) => cleanup::run(global, &access, &arguments).await,
    }
}
