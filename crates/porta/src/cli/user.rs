//! `porta user`.

use clap::{Args, Subcommand};
use porta_core::user::UserStatus;

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
    /// Second factors of a person.
    #[command(name = "2fa", subcommand)]
    SecondFactors(SecondFactors),
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
