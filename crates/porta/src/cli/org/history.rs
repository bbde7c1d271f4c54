//! `porta org history`.

use clap::Args;
use porta_client::queries::OrganizationHistoryQuery;

use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::history::{self, Newest};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    organization: String,
    #[command(flatten)]
    newest: Newest,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let query = OrganizationHistoryQuery {
        event_type: arguments.newest.event.clone(),
        limit: Some(arguments.newest.page()),
        after: None,
    };
    let admin = access.admin().await?;
    let entries = admin.organizations.organization_history(&arguments.organization, &query).items();
    let entries = history::take(entries, arguments.newest.limit).await?;
    global.rows(&entries, "events", history::COLUMNS)
}
