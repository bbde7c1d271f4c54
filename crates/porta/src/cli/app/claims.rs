//! `porta app claim`.

use clap::{Args, Subcommand};
use porta_client::Client;
use porta_client::queries::{DeleteClaimQuery, ListClaimsQuery};
use porta_client::types::{ClaimChange, ClaimType, NewClaimBody};
use serde_json::json;

use super::modules::Of;
use super::view;
use crate::cli::access::Access;
use crate::cli::{Global, lookup, patch};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a claim.
    Create(Create),
    /// Show the claims of an application.
    List(Of),
    /// Show a claim.
    Show(Which),
    /// Change a claim. Its name in tokens and its type never change.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Update(Update),
    /// Delete a claim, with the values that users have of it.
    #[command(visible_alias = "archive")]
    Delete(Which),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    of: Of,
    /// The name in tokens.
    #[arg(long)]
    name: String,
    /// string, number, boolean or json.
    #[arg(long = "type", value_name = "TYPE", value_parser = claim_type)]
    claim_type: ClaimType,
    /// The name for operators.
    #[arg(long)]
    label: Option<String>,
    #[arg(long)]
    description: Option<String>,
    /// Whether ID tokens have it: true or false; true without a value.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    in_id_token: Option<bool>,
    /// Whether access tokens have it: true or false; true without a value.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    in_access_token: Option<bool>,
    /// Whether UserInfo has it: true or false; true without a value.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    in_userinfo: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Slug or id of the application.
    app: String,
    /// Name in tokens, or id.
    claim: String,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    #[command(flatten)]
    which: Which,
    /// The name for operators.
    #[arg(long, group = "change")]
    label: Option<String>,
    #[arg(long, group = "change")]
    description: Option<String>,
    /// Whether ID tokens have it: true or false; true without a value.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", group = "change")]
    in_id_token: Option<bool>,
    /// Whether access tokens have it: true or false; true without a value.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", group = "change")]
    in_access_token: Option<bool>,
    /// Whether UserInfo has it: true or false; true without a value.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", group = "change")]
    in_userinfo: Option<bool>,
}

fn claim_type(text: &str) -> Result<ClaimType, String> {
    match text {
        "string" => Ok(ClaimType::String),
        "number" => Ok(ClaimType::Number),
        "boolean" => Ok(ClaimType::Boolean),
        "json" => Ok(ClaimType::Json),
        _ => Err("use string, number, boolean or json".to_owned()),
    }
}

pub(super) async fn run(global: Global, access: &Access, command: Command) -> Result<(), Failure> {
    let admin = access.admin().await?;
    match command {
        Command::Create(arguments) => create(global, &admin, arguments).await,
        Command::List(of) => {
            let claims = admin.claims.list_claims(&of.app, &ListClaimsQuery::default()).await?;
            global.rows(&claims.data, "claims", view::CLAIMS)
        }
        Command::Show(which) => {
            let claim = lookup::claim(&admin, &which.app, &which.claim).await?;
            global.detailed(&claim, view::claim_fields(&claim))
        }
        Command::Update(update) => change(global, &admin, update).await,
        Command::Delete(which) => delete(global, &admin, &which).await,
    }
}

async fn create(global: Global, admin: &Client, arguments: Create) -> Result<(), Failure> {
    let body = NewClaimBody {
        claim_name: Some(arguments.name),
        name: arguments.label,
        claim_type: Some(arguments.claim_type),
        description: arguments.description,
        include_in_id_token: arguments.in_id_token,
        include_in_access_token: arguments.in_access_token,
        include_in_userinfo: arguments.in_userinfo,
        ..NewClaimBody::default()
    };
    let created = admin.claims.create_claim(&arguments.of.app, &body).await?;
    global.changed(&*created, format_args!("claim {} of {} is created", created.claim_name, arguments.of.app))
}

async fn change(global: Global, admin: &Client, update: Update) -> Result<(), Failure> {
    let which = update.which;
    let claim = lookup::claim(admin, &which.app, &which.claim).await?;
    let before = admin.claims.get_claim(&which.app, claim.id).await?;
    let change = ClaimChange {
        name: patch::or_cleared(update.label),
        description: patch::or_cleared(update.description),
        include_in_id_token: patch::given(update.in_id_token),
        include_in_access_token: patch::given(update.in_access_token),
        include_in_userinfo: patch::given(update.in_userinfo),
    };
    let updated = admin.claims.update_claim(&which.app, claim.id, &change, before.etag()).await?;
    global.changed(&*updated, format_args!("claim {} of {} is updated", updated.claim_name, which.app))
}

async fn delete(global: Global, admin: &Client, which: &Which) -> Result<(), Failure> {
    let claim = lookup::claim(admin, &which.app, &which.claim).await?;
    let question = format!("Delete claim {} of {} with all values?", claim.claim_name, which.app);
    if !global.confirmed(&question)? {
        return Ok(());
    }
    admin.claims.delete_claim(&which.app, claim.id, &DeleteClaimQuery::default(), None).await?;
    let value = json!({ "deleted": true, "id": claim.id, "claimName": claim.claim_name });
    global.happened(&value, format_args!("claim {} of {} is deleted", claim.claim_name, which.app));
    Ok(())
}
