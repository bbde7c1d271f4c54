//! `porta app`.

mod claims;
mod create;
mod history;
mod list;
mod modules;
mod permissions;
mod role_permissions;
mod roles;
mod show;
mod status;
mod update;
mod view;

use clap::Subcommand;

use super::{Family, Global};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create an application.
    #[command(after_help = "Example:\n  porta app create --name 'Dock Planner' --org harbor")]
    Create(create::Arguments),
    /// Show applications, a page at a time.
    List(list::Arguments),
    /// Show an application.
    Show(show::Arguments),
    /// Change an application. An empty value clears a field.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Update(update::Arguments),
    /// Activate an inactive application.
    Activate(status::Arguments),
    /// Deactivate an application: its clients are refused.
    Deactivate(status::Arguments),
    /// Archive an application.
    Archive(status::Arguments),
    /// Bring an archived application back.
    Restore(status::Arguments),
    /// Show what happened to an application, the newest first.
    History(history::Arguments),
    /// Modules of an application.
    #[command(subcommand)]
    Module(modules::Command),
    /// Roles of an application.
    #[command(subcommand)]
    Role(roles::Command),
    /// Permissions of an application.
    #[command(subcommand)]
    Permission(permissions::Command),
    /// Custom claims of an application.
    #[command(subcommand)]
    Claim(claims::Command),
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command } = family;
    match command {
        Command::Create(arguments) => create::run(global, &access, arguments).await,
        Command::List(arguments) => list::run(global, &access, arguments).await,
        Command::Show(arguments) => show::run(global, &access, &arguments).await,
        Command::Update(arguments) => update::run(global, &access, arguments).await,
        Command::Activate(arguments) => status::activate(global, &access, &arguments).await,
        Command::Deactivate(arguments) => status::deactivate(global, &access, &arguments).await,
        Command::Archive(arguments) => status::archive(global, &access, &arguments).await,
        Command::Restore(arguments) => status::restore(global, &access, &arguments).await,
        Command::History(arguments) => history::run(global, &access, &arguments).await,
        Command::Module(command) => modules::run(global, &access, command).await,
        Command::Role(command) => roles::run(global, &access, command).await,
        Command::Permission(command) => permissions::run(global, &access, command).await,
        Command::Claim(command) => claims::run(global, &access, command).await,
    }
}
