//! `porta mail list`.

use clap::Args;
use porta_client::queries::ListOutboxQuery;

use super::view;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::PageArguments;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only emails of this organization, by slug or id.
    #[arg(long)]
    org: Option<String>,
    /// pending, delivered or given_up.
    #[arg(long)]
    status: Option<String>,
    /// mail; or link_request: somebody asked for a link, which is mailed if the address has an account.
    #[arg(long)]
    kind: Option<String>,
    #[command(flatten)]
    page: PageArguments,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let query = ListOutboxQuery {
        page: Some(arguments.page.number()),
        page_size: Some(arguments.page.size()),
        organization_id: arguments.org,
        status: arguments.status,
        kind: arguments.kind,
        ..ListOutboxQuery::default()
    };
    let page = access.admin().await?.outbox.list_outbox(&query).await?;
    global.listed(&page, "emails", view::COLUMNS)
}
