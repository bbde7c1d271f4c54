//! `porta client`.

mod create;
mod history;
mod list;
mod login_methods;
mod secrets;
mod show;
mod status;
mod update;
mod view;

use clap::{Args, Subcommand};

use super::{Family, Global};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a client. A confidential one gets a secret, which is shown once.
    #[command(
        after_help = "Example:\n  porta client create --app dock-planner --type public --application-type spa \\\n    \
        --redirect-uris https://planner.example/cb --name 'Planner Web'"
    )]
    Create(create::Arguments),
    /// Show clients, a page at a time.
    List(list::Arguments),
    /// Show a client.
    Show(Which),
    /// Change a client.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Update(update::Arguments),
    /// Reactivate a deactivated client.
    Activate(Which),
    /// Deactivate a client: requests are refused and its tokens are revoked.
    #[command(visible_alias = "suspend")]
    Deactivate(Which),
    /// Revoke a client: requests are refused and its tokens are revoked.
    Revoke(Which),
    /// Restore a revoked client. Its secrets work as before.
    Restore(Which),
    /// Show what happened to a client and its secrets, the newest first.
    History(history::Arguments),
    /// How users may sign in at a client.
    #[command(subcommand)]
    LoginMethods(login_methods::Command),
    /// Secrets of a client.
    #[command(subcommand)]
    Secret(secrets::Command),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Public identifier (client_id), or id.
    // About one identifier in 64 begins with a hyphen.
    #[arg(allow_hyphen_values = true)]
    client: String,
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command } = family;
    match command {
        Command::Create(arguments) => create::run(global, &access, arguments).await,
        Command::List(arguments) => list::run(global, &access, arguments).await,
        Command::Show(which) => show::run(global, &access, &which).await,
        Command::Update(arguments) => update::run(global, &access, arguments).await,
        Command::Activate(which) => status::activate(global, &access, &which).await,
        Command::Deactivate(which) => status::deactivate(global, &access, &which).await,
        Command::Revoke(which) => status::revoke(global, &access, &which).await,
        Command::Restore(which) => status::restore(global, &access, &which).await,
        Command::History(arguments) => history::run(global, &access, &arguments).await,
        Command::LoginMethods(command) => login_methods::run(global, &access, command).await,
        Command::Secret(command) => secrets::run(global, &access, command).await,
    }
}

/// `password,magic_link`, or `inherit` for those of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoginMethods {
    Inherit,
    Only(Vec<String>),
}

fn login_methods(text: &str) -> Result<LoginMethods, String> {
    if text == "inherit" {
        return Ok(LoginMethods::Inherit);
    }
    let methods: Vec<String> = text.split(',').map(|method| method.trim().to_owned()).collect();
    if methods.iter().any(String::is_empty) {
        return Err("use password, magic_link, both with a comma, or inherit".to_owned());
    }
    Ok(LoginMethods::Only(methods))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_listed_or_inherited() {
        let only = |methods: &[&str]| LoginMethods::Only(methods.iter().map(|m| (*m).to_owned()).collect());
        assert_eq!(login_methods("inherit").unwrap(), LoginMethods::Inherit);
        assert_eq!(login_methods("password").unwrap(), only(&["password"]));
        assert_eq!(login_methods("password, magic_link").unwrap(), only(&["password", "magic_link"]));
        for wrong in ["", "password,", ","] {
            assert!(login_methods(wrong).is_err(), "{wrong}");
        }
    }
}
