//! `porta client activate`, `deactivate`, `revoke` and `restore`.

use porta_client::Client as Admin;
use porta_client::types::Client;

use super::Which;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

/// The client as it is now.
async fn tell(global: Global, admin: &Admin, client: &Client) -> Result<(), Failure> {
    let now = admin.clients.get_client(client.id).await?;
    global.changed(
        &*now,
        format_args!("client {} of {} is {}", now.client_id, now.organization_name, now.status),
    )
}

pub(super) async fn activate(global: Global, access: &Access, which: &Which) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = admin.clients.get_client(&which.client).await?;
    admin.clients.activate_client(found.id, found.etag()).await?;
    tell(global, &admin, &found).await
}

pub(super) async fn restore(global: Global, access: &Access, which: &Which) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = admin.clients.get_client(&which.client).await?;
    admin.clients.restore_client(found.id, found.etag()).await?;
    tell(global, &admin, &found).await
}

pub(super) async fn deactivate(global: Global, access: &Access, which: &Which) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = admin.clients.get_client(&which.client).await?;
    if !global.confirmed(&format!("Stop client {} and end its tokens?", found.client_id))? {
        return Ok(());
    }
    admin.clients.deactivate_client(found.id, found.etag()).await?;
    tell(global, &admin, &found).await
}

pub(super) async fn revoke(global: Global, access: &Access, which: &Which) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = admin.clients.get_client(&which.client).await?;
    if !global.confirmed(&format!("Revoke client {} and end its tokens?", found.client_id))? {
        return Ok(());
    }
    admin.clients.revoke_client(found.id, found.etag()).await?;
    tell(global, &admin, &found).await
}
