//! `porta user history`.

use clap::Args;
use porta_client::queries::UserHistoryQuery;

use super::Person;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::history::{self, Newest};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    newest: Newest,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { person, newest } = arguments;
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    let query =
        UserHistoryQuery { event_type: newest.event.clone(), limit: Some(newest.page()), after: None };
    let entries = admin.users.user_history(&person.org, user.id, &query).items();
    let entries = history::take(entries, newest.limit).await?;
    global.rows(&entries, "events", history::COLUMNS)
}
