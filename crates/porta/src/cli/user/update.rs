//! `porta user update`.

use clap::Args;
use porta_client::Patch;
use porta_client::types::UserChange;

use super::Person;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    person: Person,
    #[arg(long, value_name = "NAME", group = "change")]
    given_name: Option<String>,
    #[arg(long, value_name = "NAME", group = "change")]
    family_name: Option<String>,
    /// Given and family name, separated by the first blank.
    #[arg(long, group = "change", conflicts_with_all = ["given_name", "family_name"])]
    name: Option<String>,
    /// Another address; it is not verified.
    #[arg(long, group = "change")]
    email: Option<String>,
    /// Language tag, such as en or pt-BR.
    #[arg(long, group = "change")]
    locale: Option<String>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    // What somebody else changes meanwhile is not overwritten.
    let before = arguments.person.find(&admin).await?;
    let mut change = UserChange {
        given_name: patch(arguments.given_name),
        family_name: patch(arguments.family_name),
        email: arguments.email.map_or(Patch::Keep, Patch::Set),
        locale: patch(arguments.locale),
        ..UserChange::default()
    };
    if let Some(name) = arguments.name {
        let (given, family) = name.trim().split_once(' ').unwrap_or((name.trim(), ""));
        change.given_name = patch(Some(given.to_owned()));
        change.family_name = patch(Some(family.trim_start().to_owned()));
    }
    let updated = admin.users.update_user(&arguments.person.org, before.id, &change, before.etag()).await?;
    global.changed(&*updated, format_args!("{} of {} is updated", updated.email, arguments.person.org))
}

/// What is left out stays; what is empty is cleared.
fn patch(value: Option<String>) -> Patch<String> {
    match value {
        None => Patch::Keep,
        Some(text) if text.is_empty() => Patch::Clear,
        Some(text) => Patch::Set(text),
    }
}
