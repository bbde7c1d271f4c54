//! `porta client`.

use clap::{Args, Subcommand};
use porta_core::client::ClientStatus;

use super::direct::Direct;
use super::{DirectFlag, Global};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Deactivate a client: requests are refused and its tokens are revoked.
    #[command(visible_alias = "deactivate")]
    Suspend(Arguments),
    /// Reactivate a deactivated client.
    Activate(Arguments),
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Public identifier (client_id).
    client_id: String,
    #[command(flatten)]
    direct_flag: DirectFlag,
}

pub(crate) async fn run(global: Global, command: Command) -> Result<(), Failure> {
    let (arguments, to) = match command {
        Command::Suspend(arguments) => (arguments, ClientStatus::Inactive),
        Command::Activate(arguments) => (arguments, ClientStatus::Active),
    };
    arguments.direct_flag.require_direct()?;
    let question = format!("Stop client {} and end its tokens?", arguments.client_id);
    if to == ClientStatus::Inactive && !global.confirmed(&question)? {
        return Ok(());
    }
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let (organization, client) = work.client(&arguments.client_id).await?;
    let client = work.clients().set_status(&organization, &client, to).await?;
    work.commit().await?;
    output::done(format_args!("client {} of {} is {}", client.client_id, organization.slug, client.status));
    Ok(())
}
