//! `porta org suspend`, `activate`, `archive` and `restore`.

use clap::Args;
use porta_client::Client;
use porta_client::types::{Organization, SuspensionReason};
use serde_json::json;

use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Slug or id.
    organization: String,
}

#[derive(Debug, Args)]
pub(crate) struct Retire {
    /// Slug or id.
    organization: String,
    /// Show what would happen, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Stop {
    #[command(flatten)]
    which: Retire,
    /// Kept in the audit log.
    #[arg(long)]
    reason: Option<String>,
}

pub(super) async fn suspend(global: Global, access: &Access, arguments: Stop) -> Result<(), Failure> {
    let Stop { which, reason } = arguments;
    let admin = access.admin().await?;
    let found = admin.organizations.get_organization(&which.organization).await?.into_inner();
    if which.dry_run {
        plan(global, &found, "suspended");
        return Ok(());
    }
    if !global.confirmed(&format!("Suspend organization {} and end all of its sessions?", found.slug))? {
        return Ok(());
    }
    admin.organizations.suspend_organization(found.id, &SuspensionReason { reason }).await?;
    tell(global, &admin, &found).await
}

pub(super) async fn archive(global: Global, access: &Access, arguments: &Retire) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = admin.organizations.get_organization(&arguments.organization).await?.into_inner();
    if arguments.dry_run {
        plan(global, &found, "archived");
        return Ok(());
    }
    if !global.confirmed(&format!("Archive organization {} and end all of its sessions?", found.slug))? {
        return Ok(());
    }
    admin.organizations.archive_organization(found.id).await?;
    tell(global, &admin, &found).await
}

pub(super) async fn activate(global: Global, access: &Access, arguments: &Start) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = admin.organizations.get_organization(&arguments.organization).await?.into_inner();
    admin.organizations.activate_organization(found.id).await?;
    tell(global, &admin, &found).await
}

pub(super) async fn restore(global: Global, access: &Access, arguments: &Start) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = admin.organizations.get_organization(&arguments.organization).await?.into_inner();
    admin.organizations.restore_organization(found.id).await?;
    tell(global, &admin, &found).await
}

fn plan(global: Global, organization: &Organization, to: &str) {
    let value =
        json!({ "id": organization.id, "slug": organization.slug, "from": organization.status, "to": to });
    global.planned(&value, format_args!("organization {} is {to}", organization.slug));
}

/// The organization as it is now.
async fn tell(global: Global, admin: &Client, organization: &Organization) -> Result<(), Failure> {
    let now = admin.organizations.get_organization(organization.id).await?;
    global.changed(&*now, format_args!("organization {} is {}", now.slug, now.status))
}
