//! `porta user update`.

use clap::Args;
use porta_client::types::UserChange;

use super::Person;
use crate::cli::access::Access;
use crate::cli::{Global, patch};
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
        given_name: patch::or_cleared(arguments.given_name),
        family_name: patch::or_cleared(arguments.family_name),
        email: patch::given(arguments.email),
        locale: patch::or_cleared(arguments.locale),
        ..UserChange::default()
    };
    if let Some(name) = arguments.name {
        let (given, family) = name.trim().split_once(' ').unwrap_or((name.trim(), ""));
        change.given_name = patch::or_cleared(Some(given.to_owned()));
        change.family_name = patch::or_cleared(Some(family.trim_start().to_owned()));
    }
    let updated = admin.users.update_user(&arguments.person.org, before.id, &change, before.etag()).await?;
    global.changed(&*updated, format_args!("{} of {} is updated", updated.email, arguments.person.org))
}
