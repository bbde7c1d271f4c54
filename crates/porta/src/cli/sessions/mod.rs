//! `porta sessions`.

mod list;
mod revoke;

use clap::Subcommand;
use uuid::Uuid;

use super::{Family, Global};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show sessions of browsers, last used first.
    List(list::Arguments),
    /// End a session with all its tokens.
    Revoke {
        /// Id of the session, as `list` shows it.
        session: Uuid,
    },
    /// End all sessions of a user with all their tokens.
    RevokeUser(revoke::User),
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command } = family;
    match command {
        Command::List(arguments) => list::run(global, &access, arguments).await,
        Command::Revoke { session } => revoke::one(global, &access, session).await,
        Command::RevokeUser(user) => revoke::all_of_user(global, &access, &user).await,
    }
}
