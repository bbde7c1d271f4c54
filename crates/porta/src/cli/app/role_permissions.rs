//! `porta app role permissions`, `assign-permissions` and `remove-permissions`.

use clap::Args;
use porta_client::Client;
use porta_client::queries::ListRolePermissionsQuery;
use porta_client::types::PermissionIds;
use uuid::Uuid;

use super::roles::Which;
use super::view;
use crate::cli::{Global, lookup};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Slug of a permission; repeat for more.
    #[arg(long = "permission", value_name = "SLUG", required_unless_present = "permission_ids")]
    permissions: Vec<String>,
    /// Ids of permissions, separated by commas.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    permission_ids: Vec<Uuid>,
}

impl Arguments {
    async fn ids(&self, admin: &Client) -> Result<PermissionIds, Failure> {
        let mut permission_ids = self.permission_ids.clone();
        for slug in &self.permissions {
            permission_ids.push(lookup::permission(admin, &self.which.app, slug).await?.id);
        }
        Ok(PermissionIds { permission_ids })
    }
}

pub(super) async fn list(global: Global, admin: &Client, which: &Which) -> Result<(), Failure> {
    let role = lookup::role(admin, &which.app, &which.role).await?;
    show(global, admin, which, role.id).await
}

pub(super) async fn assign(global: Global, admin: &Client, arguments: &Arguments) -> Result<(), Failure> {
    let which = &arguments.which;
    let role = lookup::role(admin, &which.app, &which.role).await?;
    admin.roles.add_role_permissions(&which.app, role.id, &arguments.ids(admin).await?).await?;
    show(global, admin, which, role.id).await
}

pub(super) async fn remove(global: Global, admin: &Client, arguments: &Arguments) -> Result<(), Failure> {
    let which = &arguments.which;
    let role = lookup::role(admin, &which.app, &which.role).await?;
    let ids = arguments.ids(admin).await?;
    if !global.confirmed(&format!(
        "Take {} permissions from role {}?",
        ids.permission_ids.len(),
        role.slug
    ))? {
        return Ok(());
    }
    admin.roles.remove_role_permissions(&which.app, role.id, &ids).await?;
    show(global, admin, which, role.id).await
}

/// The permissions as they are now.
async fn show(global: Global, admin: &Client, which: &Which, role: Uuid) -> Result<(), Failure> {
    let query = ListRolePermissionsQuery::default();
    let permissions = admin.roles.list_role_permissions(&which.app, role, &query).await?;
    global.rows(&permissions.data, "permissions", view::PERMISSIONS)
}
