//! `porta user invite`.

use clap::Args;
use porta_client::Client;
use porta_client::types::{InvitationBody, InvitationClaim, InvitationRole};
use serde_json::Value;

use super::create::Names;
use crate::cli::access::Access;
use crate::cli::{Global, lookup};
use crate::failure::Failure;
use crate::output::local;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address of the person.
    #[arg(required_unless_present = "address", conflicts_with = "address")]
    email: Option<String>,
    /// The same as EMAIL.
    #[arg(long = "email", id = "address", value_name = "EMAIL", hide = true)]
    address: Option<String>,
    /// Slug or id of the organization.
    #[arg(long)]
    org: String,
    #[command(flatten)]
    names: Names,
    /// Name of the person who invites, shown in the email. Only with --direct: a server names who is signed in.
    #[arg(long, value_name = "NAME")]
    inviter: Option<String>,
    /// Message of whoever invites; plain text.
    #[arg(long)]
    message: Option<String>,
    /// Language of the email.
    #[arg(long)]
    locale: Option<String>,
    /// Role to assign, as APPLICATION:ROLE; repeat for more.
    #[arg(long = "role", value_name = "APPLICATION:ROLE", value_parser = lookup::of_application)]
    roles: Vec<(String, String)>,
    /// Claim to be set, as APPLICATION:NAME=VALUE; the value is JSON, or text as it is. Repeat for more.
    #[arg(long = "claim", value_name = "APPLICATION:NAME=VALUE", value_parser = claim)]
    claims: Vec<(String, String, Value)>,
}

fn claim(text: &str) -> Result<(String, String, Value), String> {
    let (application, rest) = text.split_once(':').ok_or("write APPLICATION:NAME=VALUE")?;
    let (name, value) = rest.split_once('=').ok_or("write APPLICATION:NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((application.to_owned(), name.to_owned(), value))
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let admin = access.admin_for_mails(arguments.inviter).await?;
    let roles = roles(&admin, &arguments.org, arguments.roles).await?;
    let claims = claims(&admin, &arguments.org, arguments.claims).await?;
    let (given_name, family_name) = arguments.names.parts();
    let body = InvitationBody {
        email: arguments.email.or(arguments.address).unwrap_or_default(),
        given_name,
        family_name,
        personal_message: arguments.message,
        locale: arguments.locale,
        roles,
        claims,
    };
    let org = &arguments.org;
    let sent = admin.invitations.invite_user(org, &body).await?;
    let until = local(&sent.expires_at);
    global.changed(
        &sent,
        format_args!("{} is invited to {org}; the invitation works until {until}", sent.email),
    )
}

async fn roles(
    admin: &Client,
    organization: &str,
    named: Vec<(String, String)>,
) -> Result<Option<Vec<InvitationRole>>, Failure> {
    let mut found = Vec::new();
    for (application, name) in named {
        let application = lookup::application_of(admin, organization, &application).await?;
        let role_id = application.role(admin, &name).await?.id.to_string();
        found.push(InvitationRole { application_id: application.id, role_id });
    }
    Ok((!found.is_empty()).then_some(found))
}

async fn claims(
    admin: &Client,
    organization: &str,
    named: Vec<(String, String, Value)>,
) -> Result<Option<Vec<InvitationClaim>>, Failure> {
    let mut found = Vec::new();
    for (application, name, value) in named {
        let application = lookup::application_of(admin, organization, &application).await?;
        let claim_definition_id = application.claim(admin, &name).await?.id.to_string();
        found.push(InvitationClaim { application_id: application.id, claim_definition_id, value });
    }
    Ok((!found.is_empty()).then_some(found))
}
