//! `porta user`.

mod claims;
mod create;
mod doubles;
mod export;
mod history;
mod invite;
mod list;
mod password;
mod purge;
mod roles;
mod second_factors;
mod show;
mod status;
mod update;
mod verify;
mod view;

use clap::{Args, Subcommand};
use porta_client::types::User;
use porta_client::{Client, Versioned};

use super::{Family, Global, lookup};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a user. The address is not verified, and no email is sent.
    #[command(
        after_help = "Example:\n  porta user create --org harbor --email kim@harbor.example --name 'Kim Berg'"
    )]
    Create(create::Arguments),
    /// Invite somebody by email. They choose a password and get the roles and claims given here.
    #[command(
        after_help = "Example:\n  porta user invite kim@harbor.example --org harbor --role dock-planner:planner"
    )]
    Invite(invite::Arguments),
    /// Show the users of an organization, a page at a time.
    List(list::Arguments),
    /// Show a user.
    Show(Person),
    /// Change the address and the profile of a user. An empty value clears a field.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Update(update::Arguments),
    /// Deactivate a user; all sessions and tokens end.
    Deactivate(Person),
    /// Reactivate a deactivated user.
    Reactivate(Person),
    /// Suspend a user: no sign-in; all sessions and tokens end.
    Suspend(status::WithReason),
    /// Lift a suspension.
    Unsuspend(Person),
    /// Lock a user; all sessions and tokens end.
    Lock(status::Locking),
    /// Unlock a user. Resets the counter of failed sign-ins.
    Unlock(Person),
    /// Let a suspended, inactive or locked user sign in again.
    Activate(Person),
    /// Set the password of a user; all sessions and tokens end.
    SetPassword(password::Arguments),
    /// Remove the password of a user; all sessions and tokens end.
    ClearPassword(Person),
    /// Mark the address of a user as verified.
    VerifyEmail(Person),
    /// Print what is stored about a user, as JSON.
    Export(Person),
    /// Erase what is stored about a user, for good.
    Purge(purge::Arguments),
    /// Show what happened to a user, the newest first.
    History(history::Arguments),
    /// Roles of a user.
    #[command(subcommand)]
    Roles(roles::Command),
    /// Values that a user has of custom claims.
    #[command(subcommand)]
    Claims(claims::Command),
    /// Second factors of a user.
    #[command(name = "2fa", subcommand)]
    SecondFactors(second_factors::Command),
    /// Show mailboxes that several users share in different spellings. Reads the database itself.
    Doubles(doubles::Arguments),
}

/// Who a command is about.
#[derive(Debug, Args)]
pub(crate) struct Person {
    /// Address or id.
    user: String,
    /// Slug or id of the organization.
    #[arg(long, alias = "org-id")]
    org: String,
}

impl Person {
    async fn find(&self, admin: &Client) -> Result<Versioned<User>, Failure> {
        lookup::user(admin, &self.org, &self.user).await
    }

    /// The user as they are now.
    async fn tell(&self, global: Global, admin: &Client, user: &User) -> Result<(), Failure> {
        let now = admin.users.get_user(&self.org, user.id).await?;
        global.changed(&*now, format_args!("{} of {} is {}", now.email, self.org, now.status))
    }
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command } = family;
    match command {
        Command::Create(arguments) => create::run(global, &access, arguments).await,
        Command::Invite(arguments) => invite::run(global, &access, arguments).await,
        Command::List(arguments) => list::run(global, &access, arguments).await,
        Command::Show(person) => show::run(global, &access, &person).await,
        Command::Update(arguments) => update::run(global, &access, arguments).await,
        Command::Deactivate(person) => status::deactivate(global, &access, &person).await,
        Command::Reactivate(person) => status::reactivate(global, &access, &person).await,
        Command::Suspend(arguments) => status::suspend(global, &access, arguments).await,
        Command::Unsuspend(person) => status::unsuspend(global, &access, &person).await,
        Command::Lock(arguments) => status::lock(global, &access, arguments).await,
        Command::Unlock(person) => status::unlock(global, &access, &person).await,
        Command::Activate(person) => status::activate(global, &access, &person).await,
        Command::SetPassword(arguments) => password::set(global, &access, &arguments).await,
        Command::ClearPassword(person) => password::clear(global, &access, &person).await,
        Command::VerifyEmail(person) => verify::run(global, &access, &person).await,
        Command::Export(person) => export::run(&access, &person).await,
        Command::Purge(arguments) => purge::run(global, &access, &arguments).await,
        Command::History(arguments) => history::run(global, &access, &arguments).await,
        Command::Roles(command) => roles::run(global, &access, command).await,
        Command::Claims(command) => claims::run(global, &access, command).await,
        Command::SecondFactors(command) => second_factors::run(global, &access, command).await,
        Command::Doubles(arguments) => doubles::run(global, &access, &arguments).await,
    }
}
