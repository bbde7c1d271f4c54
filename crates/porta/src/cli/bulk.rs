//! `porta bulk`.

use clap::{Args, Subcommand, ValueEnum};
use porta_client::Client;
use porta_client::types::{
    BulkAnswer, BulkResult, OrganizationAction, OrganizationsBody, UserAction, UsersBody,
};
use uuid::Uuid;

use super::report::Column;
use super::{Family, Global};
use crate::failure::Failure;
use crate::output::{self, or_dash};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Change the status of up to 100 organizations or users. Each is changed by itself: some may fail (exit code 4).
    Execute(Arguments),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EntityType {
    Organizations,
    Users,
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "TYPE")]
    entity_type: EntityType,
    /// Organizations: activate, suspend, archive. Users: activate, deactivate, suspend, lock, unlock.
    #[arg(long)]
    action: String,
    /// Ids, separated by commas.
    #[arg(long, required = true, value_delimiter = ',')]
    ids: Vec<Uuid>,
    /// Slug or id of the organization of the users.
    #[arg(long, visible_alias = "org", value_name = "ORG", required_if_eq("entity_type", "users"))]
    organization_id: Option<String>,
    /// Kept in the audit log.
    #[arg(long)]
    reason: Option<String>,
}

const COLUMNS: &[Column<BulkResult>] = &[
    ("ID", |result| result.id.to_string()),
    ("Done", |result| if result.success { "yes" } else { "no" }.to_owned()),
    ("From", |result| or_dash(result.previous_status.as_ref())),
    ("To", |result| or_dash(result.new_status.as_ref())),
    ("Problem", |result| or_dash(result.error.as_ref())),
];

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command: Command::Execute(arguments) } = family;
    let admin = access.admin().await?;
    let (action, count) = (&arguments.action, arguments.ids.len());
    let what = if arguments.entity_type == EntityType::Users { "users" } else { "organizations" };
    if !global.confirmed(&format!("{action} {count} {what}?"))? {
        return Ok(());
    }
    let answer = match arguments.entity_type {
        EntityType::Organizations => organizations(&admin, arguments).await?,
        EntityType::Users => users(&admin, arguments).await?,
    };
    if global.json {
        global.changed(&answer, "")?;
    } else {
        global.rows(&answer.results, "results", COLUMNS)?;
        output::line(format_args!("{} done, {} failed", answer.succeeded, answer.failed));
    }
    if answer.failed > 0 { Err(Failure::Partial) } else { Ok(()) }
}

async fn organizations(admin: &Client, arguments: Arguments) -> Result<BulkAnswer, Failure> {
    let action = match arguments.action.as_str() {
        "activate" => OrganizationAction::Activate,
        "suspend" => OrganizationAction::Suspend,
        "archive" => OrganizationAction::Archive,
        _ => return Err(Failure::invalid("--action: use activate, suspend or archive")),
    };
    let body = OrganizationsBody { ids: arguments.ids, action, reason: arguments.reason };
    Ok(admin.bulk.change_organization_statuses(&body).await?)
}

async fn users(admin: &Client, arguments: Arguments) -> Result<BulkAnswer, Failure> {
    let action = match arguments.action.as_str() {
        "activate" => UserAction::Activate,
        "deactivate" => UserAction::Deactivate,
        "suspend" => UserAction::Suspend,
        "lock" => UserAction::Lock,
        "unlock" => UserAction::Unlock,
        _ => return Err(Failure::invalid("--action: use activate, deactivate, suspend, lock or unlock")),
    };
    let organization_id = arguments.organization_id.unwrap_or_default();
    let body = UsersBody { ids: arguments.ids, action, reason: arguments.reason, organization_id };
    Ok(admin.bulk.change_user_statuses(&body).await?)
}
