//! `porta config`: settings of the platform and of organizations.

mod change;
mod list;

use clap::{Args, Subcommand};

use super::{Family, Global};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all settings with the effective value and its source.
    List(Owner),
    /// Show a setting.
    Get {
        key: String,
        #[command(flatten)]
        owner: Owner,
    },
    /// Set a value.
    Set {
        key: String,
        /// A number, or a duration such as 900, 15m, 12h, 30d.
        value: String,
        #[command(flatten)]
        owner: Owner,
    },
    /// Remove a value, so that the platform's value or the default applies.
    Unset {
        key: String,
        #[command(flatten)]
        owner: Owner,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// Slug or id of an organization; the platform when left out.
    #[arg(long)]
    org: Option<String>,
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command } = family;
    match command {
        Command::List(owner) => list::all(global, &access, owner).await,
        Command::Get { key, owner } => list::one(global, &access, &key, owner).await,
        Command::Set { key, value, owner } => change::set(global, &access, &key, (value, owner)).await,
        Command::Unset { key, owner } => change::unset(global, &access, &key, owner).await,
    }
}
