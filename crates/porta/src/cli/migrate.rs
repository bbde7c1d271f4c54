//! `porta migrate`.

use clap::Subcommand;

use super::{Failure, Global};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Apply every migration that the database has not seen.
    Up,
    /// Show what was applied and what is pending.
    Status,
}

pub(crate) async fn run(_global: Global, _command: Command) -> Result<(), Failure> {
    Err(Failure::general("not wired yet"))
}
