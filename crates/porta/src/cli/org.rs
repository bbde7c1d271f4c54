//! `porta org`.

mod branding;

use clap::Subcommand;
use porta_core::organization::OrganizationStatus;

use super::direct::Direct;
use super::{Failure, Global, Reach};
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stop an organization: nobody signs in, every session and token ends.
    Suspend {
        /// Slug or id.
        organization: String,
        /// Kept in the audit log.
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Let a suspended organization work again.
    Activate {
        /// Slug or id.
        organization: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// Upload or remove the pictures of pages and mails. One that is uploaded is shown unless its URL is set as well.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Branding(branding::Arguments),
}

pub(crate) async fn run(global: Global, command: Command) -> Result<(), Failure> {
    let (name, to, reason, reach) = match command {
        Command::Branding(arguments) => return branding::run(arguments).await,
        Command::Suspend { organization, reason, reach } => {
            (organization, OrganizationStatus::Suspended, reason, reach)
        }
        Command::Activate { organization, reach } => (organization, OrganizationStatus::Active, None, reach),
    };
    reach.demand_direct()?;
    if to == OrganizationStatus::Suspended
        && !global.confirmed(&format!("Suspend organization {name} and end all of its sessions?"))?
    {
        return Ok(());
    }
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organization = work.organization(&name).await?;
    let organization = work.set_organization_status(&organization, to, reason.as_deref()).await?;
    work.commit().await?;
    output::done(format_args!("organization {} is {}", organization.slug, organization.status));
    Ok(())
}
