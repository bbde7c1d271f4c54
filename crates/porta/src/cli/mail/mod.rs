//! `porta mail`: emails that wait, were delivered or were given up. What they say is not shown to anybody.

mod change;
mod list;
mod view;

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{Family, Global};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show emails, the newest first, a page at a time.
    #[command(after_help = "Example:\n  porta mail list --org harbor --status given_up")]
    List(list::Arguments),
    /// Show an email.
    Show(Email),
    /// Send an email again that was given up.
    Retry(Email),
    /// Withdraw an email that waits, or that was given up and could be sent again.
    Withdraw(Email),
}

#[derive(Debug, Args)]
pub(crate) struct Email {
    /// Id, as the list shows it.
    #[arg(value_name = "ID")]
    id: Uuid,
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command } = family;
    match command {
        Command::List(arguments) => list::run(global, &access, arguments).await,
        Command::Show(email) => view::show(global, &access, &email).await,
        Command::Retry(email) => change::retry(global, &access, &email).await,
        Command::Withdraw(email) => change::withdraw(global, &access, &email).await,
    }
}
