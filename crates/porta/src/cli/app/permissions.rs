//! `porta app permission`.

use clap::{Args, Subcommand};
use porta_client::Client;
use porta_client::queries::{DeletePermissionQuery, ListPermissionsQuery};
use porta_client::types::{NewPermissionBody, PermissionChange};
use serde_json::json;

use super::modules::Of;
use super::view;
use crate::cli::access::Access;
use crate::cli::{Global, lookup, patch};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a permission.
    Create(Create),
    /// Show the permissions of an application.
    List(Of),
    /// Show a permission.
    Show(Which),
    /// Change a permission. An empty value clears a field.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Update(Update),
    /// Delete a permission. One that roles have is deleted only with --in-use.
    #[command(visible_alias = "archive")]
    Delete(Delete),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    of: Of,
    #[arg(long)]
    name: String,
    /// What tokens call it, such as crm:contacts:read. May be left out if the name has that form.
    #[arg(long)]
    slug: Option<String>,
    #[arg(long)]
    description: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Slug or id of the application.
    app: String,
    /// Slug or id.
    permission: String,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    which: Which,
    /// Although roles have it: they lose it.
    #[arg(long)]
    in_use: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    #[command(flatten)]
    which: Which,
    #[arg(long, group = "change")]
    name: Option<String>,
    #[arg(long, group = "change")]
    description: Option<String>,
}

pub(super) async fn run(global: Global, access: &Access, command: Command) -> Result<(), Failure> {
    let admin = access.admin().await?;
    match command {
        Command::Create(Create { of, name, slug, description }) => {
            let body = NewPermissionBody { name, slug, description, ..NewPermissionBody::default() };
            let created = admin.permissions.create_permission(&of.app, &body).await?;
            global.changed(&*created, format_args!("permission {} of {} is created", created.slug, of.app))
        }
        Command::List(of) => {
            let query = ListPermissionsQuery::default();
            let permissions = admin.permissions.list_permissions(&of.app, &query).await?;
            global.rows(&permissions.data, "permissions", view::PERMISSIONS)
        }
        Command::Show(which) => {
            let permission = lookup::permission(&admin, &which.app, &which.permission).await?;
            global.detailed(&permission, view::permission_fields(&permission))
        }
        Command::Update(update) => change(global, &admin, update).await,
        Command::Delete(arguments) => delete(global, &admin, &arguments).await,
    }
}

async fn change(global: Global, admin: &Client, update: Update) -> Result<(), Failure> {
    let Update { which, name, description } = update;
    let permission = lookup::permission(admin, &which.app, &which.permission).await?;
    let before = admin.permissions.get_permission(&which.app, permission.id).await?;
    let change = PermissionChange { name: patch::given(name), description: patch::or_cleared(description) };
    let updated =
        admin.permissions.update_permission(&which.app, permission.id, &change, before.etag()).await?;
    global.changed(&*updated, format_args!("permission {} of {} is updated", updated.slug, which.app))
}

async fn delete(global: Global, admin: &Client, arguments: &Delete) -> Result<(), Failure> {
    let Delete { which, in_use } = arguments;
    let permission = lookup::permission(admin, &which.app, &which.permission).await?;
    if !global.confirmed(&format!("Delete permission {} of {}?", permission.slug, which.app))? {
        return Ok(());
    }
    let query = DeletePermissionQuery { force: in_use.then_some(true) };
    admin.permissions.delete_permission(&which.app, permission.id, &query, None).await?;
    let value = json!({ "deleted": true, "id": permission.id, "slug": permission.slug });
    global.happened(&value, format_args!("permission {} of {} is deleted", permission.slug, which.app));
    Ok(())
}
