//! `porta plan`: what `porta apply` would do. The server carries everything out and rolls it back, so the plan is what
//! happens.

use clap::Args;

use super::import::{How, import};
use super::input::FileArgument;
use super::show;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    file: FileArgument,
    /// End with 5 if something would change.
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    access: Access,
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    arguments.access.prepare()?;
    let input = arguments.file.read().await?;
    let admin = arguments.access.admin_for_files(false).await?;
    let how = How { overwrites: true, is_dry: true, keeps_going: false };
    let outcome = import(&admin, &input, how).await?;
    if global.json {
        output::json(&outcome.0);
    } else {
        show::show(&outcome, how, None);
    }
    outcome.judge(&input, how)?;
    if arguments.exit_code && !outcome.changes_nothing() {
        return Err(Failure::Differs);
    }
    Ok(())
}
