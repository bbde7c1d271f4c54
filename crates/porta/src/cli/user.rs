//! `porta user`.

use clap::{Args, Subcommand};
use porta_config::{Config, Source};
use porta_core::user::{Profile, User, UserStatus};
use porta_directory::{Double, NewInvitation};
use serde_json::{Value, json};

use super::direct::Direct;
use super::{Failure, Global, Reach};
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stop a person: no sign-in, every session and token ends.
    Suspend {
        #[command(flatten)]
        person: Person,
        /// Kept in the audit log.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a suspended, inactive or locked person sign in again.
    Activate {
        #[command(flatten)]
        person: Person,
    },
    /// Invite somebody by mail; they choose a password and get the roles and claims named here.
    Invite(Invitation),
    /// Show mailboxes that several people have, spelled in different ways.
    Doubles {
        /// Slug or id of the organization; all of them without it.
        #[arg(long)]
        org: Option<String>,
        #[command(flatten)]
        reach: Reach,
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
    /// Name of the person who invites, as the mail says it.
    #[arg(long)]
    inviter: Option<String>,
    /// What that person wants to say; plain text.
    #[arg(long)]
    message: Option<String>,
    /// Role to be given, as APPLICATION:ROLE; repeat for more.
    #[arg(long = "role", value_parser = pair)]
    roles: Vec<(String, String)>,
    /// Claim to be set, as APPLICATION:NAME=VALUE; the value is JSON, or text as it is. Repeat for more.
    #[arg(long = "claim", value_parser = claim)]
    claims: Vec<(String, String, Value)>,
    #[command(flatten)]
    reach: Reach,
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
    reach: Reach,
}

pub(crate) async fn run(global: Global, command: Command) -> Result<(), Failure> {
    let (person, to, reason) = match command {
        Command::Suspend { person, reason } => (person, UserStatus::Suspended, reason),
        Command::Activate { person } => (person, UserStatus::Active, None),
        Command::SecondFactors(SecondFactors::Reset { person }) => return reset(global, person).await,
        Command::Invite(invitation) => return invite(invitation).await,
        Command::Doubles { org, reach } => return doubles(global, org.as_deref(), reach).await,
    };
    person.reach.demand_direct()?;
    let question = format!("Suspend {} of {} and end all of their sessions?", person.user, person.org);
    if to == UserStatus::Suspended && !global.confirmed(&question)? {
        return Ok(());
    }
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organization = work.organization(&person.org).await?;
    let user = work.user(&organization, &person.user).await?;
    let user = work.set_user_status(&organization, &user, to, reason.as_deref()).await?;
    work.commit().await?;
    output::done(format_args!("{} of {} is {}", user.email.shown(), organization.slug, user.status));
    Ok(())
}

async fn reset(global: Global, person: Person) -> Result<(), Failure> {
    person.reach.demand_direct()?;
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
    work.reset_second_factors(&organization, &user).await?;
    work.commit().await?;
    output::done(format_args!(
        "{} of {} has no second factor any more",
        user.email.shown(),
        organization.slug
    ));
    Ok(())
}

async fn invite(invitation: Invitation) -> Result<(), Failure> {
    invitation.reach.demand_direct()?;
    let issuer = Config::load_issuer(&Source::process())?;
    let direct = Direct::open().await?;
    direct.demand_served(&issuer).await?;
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
    };
    let invited = work.invite_user(&organization, &issuer.issuer_of(&organization.slug), new).await?;
    work.commit().await?;
    output::done(format_args!(
        "{} is invited to {}; the invitation works until {}",
        invited.user.email.shown(),
        organization.slug,
        invited.expires_at.rfc3339()
    ));
    Ok(())
}

async fn doubles(global: Global, org: Option<&str>, reach: Reach) -> Result<(), Failure> {
    reach.demand_direct()?;
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organizations = match org {
        Some(org) => vec![work.organization(org).await?],
        None => work.organizations().await?,
    };
    let mut found: Vec<(String, Double)> = Vec::new();
    for organization in &organizations {
        let doubles = work.doubles(organization).await?;
        found.extend(doubles.into_iter().map(|double| (organization.slug.to_string(), double)));
    }
    if global.json {
        output::json(&found.iter().map(double_as_json).collect());
    } else if found.is_empty() {
        output::done("nobody has a mailbox twice");
    } else {
        let rows: Vec<Vec<String>> = found.iter().flat_map(double_as_rows).collect();
        output::table(&["Organization", "Mailbox", "Address", "Id", "Status", "Last sign-in"], &rows);
        output::warning("give all but one of each another address, or suspend them: nothing is merged");
    }
    Ok(())
}

fn last_login(person: &User) -> Option<String> {
    person.last_login_at.map(porta_core::Timestamp::rfc3339)
}

fn double_as_json((organization, double): &(String, Double)) -> Value {
    let people = double.people.iter().map(|person| {
        json!({
            "id": person.id, "email": person.email.shown(), "status": person.status,
            "lastLoginAt": last_login(person),
        })
    });
    json!({
        "organization": organization, "mailbox": double.mailbox, "people": people.collect::<Vec<_>>(),
    })
}

fn double_as_rows((organization, double): &(String, Double)) -> Vec<Vec<String>> {
    let row = |person: &User| {
        vec![
            organization.clone(),
            double.mailbox.clone(),
            person.email.shown().to_owned(),
            person.id.to_string(),
            person.status.to_string(),
            output::or_dash(last_login(person)),
        ]
    };
    double.people.iter().map(row).collect()
}
