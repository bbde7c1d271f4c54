//! `porta client history`.

use clap::Args;
use porta_client::queries::ClientHistoryQuery;

use super::Which;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::history::{self, Newest};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    newest: Newest,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { which, newest } = arguments;
    let query =
        ClientHistoryQuery { event_type: newest.event.clone(), limit: Some(newest.page()), after: None };
    let entries = access.admin().await?.clients.client_history(&which.client, &query).items();
    let entries = history::take(entries, newest.limit).await?;
    global.rows(&entries, "events", history::COLUMNS)
}
