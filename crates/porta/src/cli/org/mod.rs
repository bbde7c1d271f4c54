//! `porta org`.

mod branding;
mod create;
mod destroy;
mod history;
mod list;
mod look;
mod pictures;
mod policy;
mod preview;
mod show;
mod status;
mod update;
mod view;

use clap::Subcommand;

use super::{Family, Global};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create an organization.
    #[command(
        after_help = "Example:\n  porta org create --name 'Harbor Logistics' --login-methods password,magic_link"
    )]
    Create(create::Arguments),
    /// Show organizations, a page at a time.
    List(list::Arguments),
    /// Show an organization.
    Show(show::Arguments),
    /// Change an organization.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Update(update::Arguments),
    /// Suspend an organization: nobody can sign in; all sessions and tokens end.
    Suspend(status::Stop),
    /// Reactivate a suspended organization.
    Activate(status::Start),
    /// Archive an organization: as if it did not exist; all sessions and tokens end.
    Archive(status::Retire),
    /// Bring an archived organization back.
    Restore(status::Start),
    /// Show what happened in an organization, the newest first.
    History(history::Arguments),
    /// Show or change branding. An uploaded picture is shown unless a URL is set for it.
    #[command(
        after_help = "Example:\n  porta org branding harbor --primary-color '#0B6E4F' --logo-file logo.svg"
    )]
    Branding(branding::Arguments),
    /// Show a page or a mail as it would look with branding that is not saved. It is HTML. An empty value shows how it
    /// looks without.
    #[command(
        after_help = "Example:\n  porta org preview harbor --primary-color '#0B6E4F' --page login -o login.html"
    )]
    Preview(preview::Arguments),
    /// Show or set which second factor an organization requires.
    #[command(name = "2fa-policy")]
    Policy(policy::Arguments),
    /// Delete an organization with everything it owns, for good.
    Destroy(destroy::Arguments),
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command } = family;
    match command {
        Command::Create(arguments) => create::run(global, &access, arguments).await,
        Command::List(arguments) => list::run(global, &access, arguments).await,
        Command::Show(arguments) => show::run(global, &access, &arguments).await,
        Command::Update(arguments) => update::run(global, &access, arguments).await,
        Command::Suspend(arguments) => status::suspend(global, &access, arguments).await,
        Command::Activate(arguments) => status::activate(global, &access, &arguments).await,
        Command::Archive(arguments) => status::archive(global, &access, &arguments).await,
        Command::Restore(arguments) => status::restore(global, &access, &arguments).await,
        Command::History(arguments) => history::run(global, &access, &arguments).await,
        Command::Branding(arguments) => branding::run(global, &access, arguments).await,
        Command::Preview(arguments) => preview::run(global, &access, arguments).await,
        Command::Policy(arguments) => policy::run(global, &access, &arguments).await,
        Command::Destroy(arguments) => destroy::run(global, &access, &arguments).await,
    }
}
