//! `porta org`.

mod branding;

use clap::Subcommand;
use porta_core::organization::OrganizationStatus;

use super::direct::Direct;
use super::{DirectFlag, Global};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Suspend an organization: nobody can sign in; all sessions and tokens end.
    Suspend {
        /// Slug or id.
        organization: String,
        /// Kept in the audit log.
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        direct_flag: DirectFlag,
    },
    /// Reactivate a suspended organization.
    Activate {
        /// Slug or id.
        organization: String,
        #[command(flatten)]
        direct_flag: DirectFlag,
    },
    /// Upload or remove the logo and favicon. An uploaded picture is shown unless a URL is set for it.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Branding(branding::Arguments),
}

pub(crate) async fn run(global: Global, command: Command) -> Result<(), Failure> {
    let (name, to, reason, direct_flag) = match command {
        Command::Branding(arguments) => return branding::run(arguments).await,
        Command::Suspend { organization, reason, direct_flag } => {
            (organization, OrganizationStatus::Suspended, reason, direct_flag)
        }
        Command::Activate { organization, direct_flag } => {
            (organization, OrganizationStatus::Active, None, direct_flag)
        }
    };
    direct_flag.require_direct()?;
    if to == OrganizationStatus::Suspended
        && !global.confirmed(&format!("Suspend organization {name} and end all of its sessions?"))?
    {
        return Ok(());
    }
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organization = work.organization(&name).await?;
    let organization = work.organizations().set_status(&organization, to, reason.as_deref()).await?;
    work.commit().await?;
    output::done(format_args!("organization {} is {}", organization.slug, organization.status));
    Ok(())
}
