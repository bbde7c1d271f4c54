//! `porta user`.

use clap::{Args, Subcommand};
use porta_config::{Config, Source};
use porta_core::user::{Profile, User, UserStatus};
use porta_directory::{DuplicateMailbox, NewInvitation};
use serde_json::{Value, json};

use super::direct::Direct;
use super::{DirectFlag, Global};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Suspend a person: no sign-in; all sessions and tokens end.
    Suspend {
        #[command(flatten)]
        person: Person,
        /// Kept in the audit log.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Reactivate a suspended, inactive or locked person.
    Activate {
        #[command(flatten)]
        person: Person,
    },
    /// Invite a person by email. They choose a password and get the roles and claims given here.
    Invite(Invitation),
    /// Show mailboxes that several users share in different spellings.
    Doubles {
        /// Slug or id of the organization; all of them without it.
        #[arg(long)]
        org: Option<String>,
        #[command(flatten)]
        direct_flag: DirectFlag,
    },
    /// Second factors of a person.
    #[command(name = "2fa", subcommand)]
    SecondFactors(SecondFactors),
}

#[derive(Debug, Args)]
pub(crate) struct Invitation {
    email: String,
    /// Slug or id of the organization.
    #[arg(long)]
    org: String,
    #[arg(long)]
    given_name: Option<String>,
    #[arg(long)]
    family_name: Option<String>,
    /// Name of the person who invites, shown in the email.
    #[arg(long)]
    inviter: Option<String>,
    /// Message of that person; plain text.
    #[arg(long)]
    message: Option<String>,
    /// Role to assign, as APPLICATION:ROLE; repeat for more.
    #[arg(long = "role", value_parser = pair)]
    roles: Vec<(String, String)>,
    /// Claim to be set, as APPLICATION:NAME=VALUE; the value is JSON, or text as it is. Repeat for more.
    #[arg(long = "claim", value_parser = claim)]
    claims: Vec<(String, String, Value)>,
    #[command(flatten)]
    direct_flag: DirectFlag,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (application, rest) = text.split_once(':').ok_or("write APPLICATION:ROLE")?;
    Ok((application.to_owned(), rest.to_owned()))
}

fn claim(text: &str) -> Result<(String, String, Value), String> {
    let (application, rest) = text.split_once(':').ok_or("write APPLICATION:NAME=VALUE")?;
    let (name, value) = rest.split_once('=').ok_or("write APPLICATION:NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((application.to_owned(), name.to_owned(), value))
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecondFactors {
    /// Take every second factor and recovery code away, for somebody who lost theirs: every session and token ends,
    /// and a mail tells them.
    Reset {
        #[command(flatten)]
        person: Person,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Person {
    /// Address or id.
    user: String,
    /// Slug or id of the organization.
    #[arg(long)]
    org: String,
    #[command(flatten)]
    direct_flag: DirectFlag,
}

pub(crate) async fn run(global: Global, command: Command) -> Result<(), Failure> {
    let (person, to, reason) = match command {
        Command::Suspend { person, reason } => (person, UserStatus::Suspended, reason),
        Command::Activate { person } => (person, UserStatus::Active, None),
        Command::SecondFactors(SecondFactors::Reset { person }) => return reset(global, person).await,
        Command::Invite(invitation) => return invite(invitation).await,
        Command::Doubles { org, direct_flag } => {
            return duplicates(global, org.as_deref(), direct_flag).await;
        }
    };
    person.direct_flag.require_direct()?;
    let question = format!("Suspend {} of {} and end all of their sessions?", person.user, person.org);
    if to == UserStatus::Suspended && !global.confirmed(&question)? {
        return Ok(());
    }
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organization = work.organization(&person.org).await?;
    let user = work.user(&organization, &person.user).await?;
    let user = work.users().set_status(&organization, &user, to, reason.as_deref()).await?;
    work.commit().await?;
    output::done(format_args!("{} of {} is {}", user.email.shown(), organization.slug, user.status));
    Ok(())
}

async fn reset(global: Global, person: Person) -> Result<(), Failure> {
    person.direct_flag.require_direct()?;
    let question = format!(
        "Take the second factors of {} of {} away and end all of their sessions?",
        person.user, person.org
    );
    if !global.confirmed(&question)? {
        return Ok(());
    }
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organization = work.organization(&person.org).await?;
    let user = work.user(&organization, &person.user).await?;
    work.users().second_factors().reset(&organization, &user).await?;
    work.commit().await?;
    output::done(format_args!(
        "{} of {} has no second factor any more",
        user.email.shown(),
        organization.slug
    ));
    Ok(())
}

async fn invite(invitation: Invitation) -> Result<(), Failure> {
    invitation.direct_flag.require_direct()?;
    let issuer = Config::load_issuer(&Source::process())?;
    let direct = Direct::open().await?;
    direct.require_served(&issuer).await?;
    let mut work = direct.begin().await?;
    let organization = work.organization(&invitation.org).await?;
    let new = NewInvitation {
        email: invitation.email,
        profile: Profile {
            given_name: invitation.given_name,
            family_name: invitation.family_name,
            ..Profile::default()
        },
        inviter: invitation.inviter,
        message: invitation.message,
        roles: invitation.roles,
        claims: invitation.claims,
        ..NewInvitation::default()
    };
    let invited =
        work.users().invitations().send(&organization, &issuer.issuer_of(&organization.slug), new).await?;
    work.commit().await?;
    output::done(format_args!(
        "{} is invited to {}; the invitation works until {}",
        invited.user.email.shown(),
        organization.slug,
        invited.expires_at.rfc3339()
    ));
    Ok(())
}

async fn duplicates(global: Global, org: Option<&str>, direct_flag: DirectFlag) -> Result<(), Failure> {
    direct_flag.require_direct()?;
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organizations = match org {
        Some(org) => vec![work.organization(org).await?],
        None => work.organizations().all().await?,
    };
    let mut found: Vec<(String, DuplicateMailbox)> = Vec::new();
    for organization in &organizations {
        let duplicates = work.users().duplicate_mailboxes(organization).await?;
        found.extend(duplicates.into_iter().map(|duplicate| (organization.slug.to_string(), duplicate)));
    }
    if global.json {
        output::json(&found.iter().map(duplicate_as_json).collect());
    } else if found.is_empty() {
        output::done("nobody has a mailbox twice");
    } else {
        let rows: Vec<Vec<String>> = found.iter().flat_map(duplicate_as_rows).collect();
        output::table(&["Organization", "Mailbox", "Address", "Id", "Status", "Last sign-in"], &rows);
        output::warning("give all but one of each another address, or suspend them: nothing is merged");
    }
    Ok(())
}

fn last_login(person: &User) -> Option<String> {
    person.last_login_at.map(porta_core::Timestamp::rfc3339)
}

fn duplicate_as_json((organization, duplicate): &(String, DuplicateMailbox)) -> Value {
    let people = duplicate.people.iter().map(|person| {
        json!({
            "id": person.id, "email": person.email.shown(), "status": person.status,
            "lastLoginAt": last_login(person),
        })
    });
    json!({
        "organization": organization, "mailbox": duplicate.mailbox, "people": people.collect::<Vec<_>>(),
    })
}

fn duplicate_as_rows((organization, duplicate): &(String, DuplicateMailbox)) -> Vec<Vec<String>> {
    let row = |person: &User| {
        vec![
            organization.clone(),
            duplicate.mailbox.clone(),
            person.email.shown().to_owned(),
            person.id.to_string(),
            person.status.to_string(),
            output::or_dash(last_login(person)),
        ]
    };
    duplicate.people.iter().map(row).collect()
}
