//! `porta app role`.

use clap::{Args, Subcommand};
use porta_client::Client;
use porta_client::queries::{DeleteRoleQuery, ListRolesQuery};
use porta_client::types::{NewRoleBody, RoleChange};
use serde_json::json;

use super::modules::Of;
use super::{role_permissions, view};
use crate::cli::access::Access;
use crate::cli::{Global, lookup, patch};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a role.
    Create(Create),
    /// Show the roles of an application.
    List(Of),
    /// Show a role.
    Show(Which),
    /// Change a role. An empty value clears a field.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Update(Update),
    /// Delete a role. One that users have is deleted only with --in-use.
    #[command(visible_alias = "archive")]
    Delete(Delete),
    /// Show the permissions of a role.
    Permissions(Which),
    /// Give a role permissions.
    #[command(visible_alias = "assign-perm")]
    AssignPermissions(role_permissions::Arguments),
    /// Take permissions from a role.
    RemovePermissions(role_permissions::Arguments),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    of: Of,
    #[arg(long)]
    name: String,
    /// What tokens call it; made from the name when left out.
    #[arg(long)]
    slug: Option<String>,
    #[arg(long)]
    description: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Slug or id of the application.
    pub(super) app: String,
    /// Slug or id.
    pub(super) role: String,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    which: Which,
    /// Although users have it: they lose it.
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
            let body = NewRoleBody { name, slug, description };
            let created = admin.roles.create_role(&of.app, &body).await?;
            global.changed(&*created, format_args!("role {} of {} is created", created.slug, of.app))
        }
        Command::List(of) => {
            let roles = admin.roles.list_roles(&of.app, &ListRolesQuery::default()).await?;
            global.rows(&roles.data, "roles", view::ROLES)
        }
        Command::Show(which) => {
            let role = lookup::role(&admin, &which.app, &which.role).await?;
            global.detailed(&role, view::role_fields(&role))
        }
        Command::Update(update) => change(global, &admin, update).await,
        Command::Delete(arguments) => delete(global, &admin, &arguments).await,
        Command::Permissions(which) => role_permissions::list(global, &admin, &which).await,
        Command::AssignPermissions(arguments) => role_permissions::assign(global, &admin, &arguments).await,
        Command::RemovePermissions(arguments) => role_permissions::remove(global, &admin, &arguments).await,
    }
}

async fn change(global: Global, admin: &Client, update: Update) -> Result<(), Failure> {
    let Update { which, name, description } = update;
    let role = lookup::role(admin, &which.app, &which.role).await?;
    let before = admin.roles.get_role(&which.app, role.id).await?;
    let change = RoleChange {
        name: patch::given(name),
        description: patch::or_cleared(description),
        ..RoleChange::default()
    };
    let updated = admin.roles.update_role(&which.app, role.id, &change, before.etag()).await?;
    global.changed(&*updated, format_args!("role {} of {} is updated", updated.slug, which.app))
}

async fn delete(global: Global, admin: &Client, arguments: &Delete) -> Result<(), Failure> {
    let Delete { which, in_use } = arguments;
    let role = lookup::role(admin, &which.app, &which.role).await?;
    if !global.confirmed(&format!("Delete role {} of {}?", role.slug, which.app))? {
        return Ok(());
    }
    let query = DeleteRoleQuery { force: in_use.then_some(true) };
    admin.roles.delete_role(&which.app, role.id, &query, None).await?;
    let value = json!({ "deleted": true, "id": role.id, "slug": role.slug });
    global.happened(&value, format_args!("role {} of {} is deleted", role.slug, which.app));
    Ok(())
}
