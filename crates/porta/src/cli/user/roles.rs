//! `porta user roles`.

use clap::{Args, Subcommand};
use porta_client::Client;
use porta_client::queries::ListUserRolesQuery;
use porta_client::types::{RoleIds, UserRoleAssignment};
use uuid::Uuid;

use super::Person;
use crate::cli::access::Access;
use crate::cli::report::Column;
use crate::cli::{Global, lookup};
use crate::failure::Failure;
use crate::output::local;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the roles of a user, of all applications.
    List(Person),
    /// Give a user roles.
    Assign(Arguments),
    /// Take roles from a user.
    Remove(Arguments),
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    person: Person,
    /// Role as APPLICATION:ROLE; repeat for more.
    #[arg(long = "role", value_name = "APPLICATION:ROLE", value_parser = lookup::of_application,
        required_unless_present = "role_ids")]
    roles: Vec<(String, String)>,
    /// Ids of roles, separated by commas.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    role_ids: Vec<Uuid>,
}

const COLUMNS: &[Column<UserRoleAssignment>] = &[
    ("Role ID", |role| role.role_id.to_string()),
    ("Name", |role| role.role_name.clone()),
    ("Slug", |role| role.role_slug.clone()),
    ("Application ID", |role| role.application_id.to_string()),
    ("Assigned", |role| local(&role.assigned_at)),
];

pub(super) async fn run(global: Global, access: &Access, command: Command) -> Result<(), Failure> {
    let admin = access.admin().await?;
    match command {
        Command::List(person) => {
            let user = person.find(&admin).await?;
            show(global, &admin, &person, user.id).await
        }
        Command::Assign(arguments) => {
            let user = arguments.person.find(&admin).await?;
            let role_ids = arguments.ids(&admin).await?;
            admin.user_roles.add_user_roles(&arguments.person.org, user.id, &RoleIds { role_ids }).await?;
            show(global, &admin, &arguments.person, user.id).await
        }
        Command::Remove(arguments) => {
            let user = arguments.person.find(&admin).await?;
            let role_ids = arguments.ids(&admin).await?;
            let question = format!("Take {} roles from {}?", role_ids.len(), user.email);
            if !global.confirmed(&question)? {
                return Ok(());
            }
            admin.user_roles.remove_user_roles(&arguments.person.org, user.id, &RoleIds { role_ids }).await?;
            show(global, &admin, &arguments.person, user.id).await
        }
    }
}

impl Arguments {
    async fn ids(&self, admin: &Client) -> Result<Vec<Uuid>, Failure> {
        let mut ids = self.role_ids.clone();
        for (application, name) in &self.roles {
            let application = lookup::application_of(admin, &self.person.org, application).await?;
            ids.push(application.role(admin, name).await?.id);
        }
        Ok(ids)
    }
}

/// The roles as they are now.
async fn show(global: Global, admin: &Client, person: &Person, user: Uuid) -> Result<(), Failure> {
    let roles = admin.user_roles.list_user_roles(&person.org, user, &ListUserRolesQuery::default()).await?;
    global.rows(&roles.data, "roles", COLUMNS)
}
