//! `porta apply`: makes the installation what a file says, all of it or nothing.

use clap::Args;

use super::provision::ImportOptions;
use crate::cli::Global;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: ImportOptions,
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    arguments.options.carry_out(global, true, false).await
}
