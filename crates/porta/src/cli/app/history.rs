//! `porta app history`.

use clap::Args;
use porta_client::queries::ApplicationHistoryQuery;

use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::history::{self, Newest};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    application: String,
    #[command(flatten)]
    newest: Newest,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { application, newest } = arguments;
    let query =
        ApplicationHistoryQuery { event_type: newest.event.clone(), limit: Some(newest.page()), after: None };
    let entries = access.admin().await?.applications.application_history(application, &query).items();
    let entries = history::take(entries, newest.limit).await?;
    global.rows(&entries, "events", history::COLUMNS)
}
