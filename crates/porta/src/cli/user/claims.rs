//! `porta user claims`.

use clap::{Args, Subcommand};
use porta_client::Client;
use porta_client::queries::ListUserClaimsQuery;
use porta_client::types::{ClaimDefinition, NewValue, User, UserClaimEntry};
use serde_json::{Value, json};

use super::Person;
use crate::cli::access::Access;
use crate::cli::report::Column;
use crate::cli::{Global, lookup};
use crate::failure::Failure;
use crate::output::local;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the values that a user has.
    List {
        #[command(flatten)]
        person: Person,
        /// Only those of this application, by slug or id.
        #[arg(long)]
        app: Option<String>,
    },
    /// Show one value.
    Get(Which),
    /// Set a value.
    Set {
        #[command(flatten)]
        which: Which,
        /// A value of the claim's type: text as it is, anything else as JSON.
        #[arg(long)]
        value: String,
    },
    /// Take a value away.
    #[command(visible_alias = "remove")]
    Delete(Which),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    #[command(flatten)]
    person: Person,
    /// Slug or id of the application.
    #[arg(long)]
    app: String,
    /// Name in tokens, or id, of the claim.
    #[arg(long, visible_alias = "claim-id")]
    claim: String,
}

const COLUMNS: &[Column<UserClaimEntry>] = &[
    ("Claim ID", |entry| entry.claim_definition_id.to_string()),
    ("Claim", |entry| entry.claim_name.clone()),
    ("Value", |entry| shown(&entry.value)),
    ("Application ID", |entry| entry.application_id.to_string()),
    ("Updated", |entry| local(&entry.updated_at)),
];

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) async fn run(global: Global, access: &Access, command: Command) -> Result<(), Failure> {
    let admin = access.admin().await?;
    match command {
        Command::List { person, app } => {
            let user = person.find(&admin).await?;
            let mut found = entries(&admin, &person, &user).await?;
            if let Some(app) = app {
                let app = lookup::application_of(&admin, &person.org, &app).await?;
                let application = admin.applications.get_application(&app.id).await?;
                found.retain(|entry| entry.application_id == application.id);
            }
            global.rows(&found, "values", COLUMNS)
        }
        Command::Get(which) => {
            let (user, claim) = which.find(&admin).await?;
            let entry = which.entry(&admin, &user, &claim).await?;
            let fields = COLUMNS.iter().map(|(name, cell)| (*name, cell(&entry))).collect();
            global.detailed(&entry, fields)
        }
        Command::Set { which, value } => {
            let (user, claim) = which.find(&admin).await?;
            // The server reads it as JSON if the claim takes no strings.
            let body = NewValue { value: Value::from(value) };
            admin.user_claims.set_user_claim(&which.person.org, user.id, claim.id, &body).await?;
            let entry = which.entry(&admin, &user, &claim).await?;
            let value = shown(&entry.value);
            global.changed(&entry, format_args!("{} of {} is {value}", claim.claim_name, user.email))
        }
        Command::Delete(which) => {
            let (user, claim) = which.find(&admin).await?;
            if !global.confirmed(&format!("Take {} from {}?", claim.claim_name, user.email))? {
                return Ok(());
            }
            admin.user_claims.delete_user_claim(&which.person.org, user.id, claim.id).await?;
            let value = json!({ "deleted": true, "userId": user.id, "claimDefinitionId": claim.id });
            global.happened(&value, format_args!("{} has no {} any more", user.email, claim.claim_name));
            Ok(())
        }
    }
}

async fn entries(admin: &Client, person: &Person, user: &User) -> Result<Vec<UserClaimEntry>, Failure> {
    let query = ListUserClaimsQuery::default();
    Ok(admin.user_claims.list_user_claims(&person.org, user.id, &query).await?.data)
}

impl Which {
    async fn find(&self, admin: &Client) -> Result<(User, ClaimDefinition), Failure> {
        let user = self.person.find(admin).await?.into_inner();
        let application = lookup::application_of(admin, &self.person.org, &self.app).await?;
        Ok((user, application.claim(admin, &self.claim).await?))
    }

    async fn entry(
        &self,
        admin: &Client,
        user: &User,
        claim: &ClaimDefinition,
    ) -> Result<UserClaimEntry, Failure> {
        let all = entries(admin, &self.person, user).await?;
        let found = all.into_iter().find(|entry| entry.claim_definition_id == claim.id);
        found.ok_or_else(|| Failure::general(format!("{} has no {}", user.email, claim.claim_name)))
    }
}
