//! `porta keys`: signing keys, and re-encryption of data at rest.

mod change;
mod list;
mod reseal;
mod rotate;

use clap::{Args, Subcommand};

use super::{Family, Global};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all keys and their states.
    List(Owner),
    /// Publish a new key. It signs after the next rotation; the first of its algorithm signs at once.
    Generate(change::Generate),
    /// Activate the next key, retire the active one, and publish a new next key.
    Rotate(rotate::Arguments),
    /// Revoke a leaked key at once: its signatures no longer verify, and another key takes its place.
    Revoke(change::Revoke),
    /// Re-encrypt with the first encryption keys what older ones encrypted, while servers run, and say which keys can be
    /// removed. Reads the database itself.
    Reseal(reseal::Arguments),
}

#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// Slug or id of one organization; all of them when left out.
    #[arg(long)]
    org: Option<String>,
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command } = family;
    match command {
        Command::List(owner) => list::run(global, &access, &owner).await,
        Command::Generate(arguments) => change::generate(global, &access, arguments).await,
        Command::Rotate(arguments) => rotate::run(global, &access, &arguments).await,
        Command::Revoke(arguments) => change::revoke(global, &access, &arguments).await,
        Command::Reseal(arguments) => reseal::run(global, &access, &arguments).await,
    }
}
