//! `porta app activate`, `deactivate`, `archive` and `restore`.

use clap::Args;
use porta_client::Client;
use porta_client::types::Application;

use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    application: String,
}

async fn find(admin: &Client, arguments: &Arguments) -> Result<Application, Failure> {
    Ok(admin.applications.get_application(&arguments.application).await?.into_inner())
}

/// The application as it is now.
async fn tell(global: Global, admin: &Client, application: &Application) -> Result<(), Failure> {
    let now = admin.applications.get_application(application.id).await?;
    global.changed(&*now, format_args!("application {} is {}", now.slug, now.status))
}

pub(super) async fn activate(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = find(&admin, arguments).await?;
    admin.applications.activate_application(found.id).await?;
    tell(global, &admin, &found).await
}

pub(super) async fn restore(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = find(&admin, arguments).await?;
    admin.applications.restore_application(found.id).await?;
    tell(global, &admin, &found).await
}

pub(super) async fn deactivate(
    global: Global,
    access: &Access,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = find(&admin, arguments).await?;
    if !global.confirmed(&format!("Deactivate application {} and refuse its clients?", found.slug))? {
        return Ok(());
    }
    admin.applications.deactivate_application(found.id).await?;
    tell(global, &admin, &found).await
}

pub(super) async fn archive(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = find(&admin, arguments).await?;
    if !global.confirmed(&format!("Archive application {} and refuse its clients?", found.slug))? {
        return Ok(());
    }
    admin.applications.archive_application(found.id).await?;
    tell(global, &admin, &found).await
}
