//! `porta org list`.

use clap::Args;
use porta_client::queries::ListOrganizationsQuery;

use super::view;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::PageArguments;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// active, suspended or archived.
    #[arg(long)]
    status: Option<String>,
    /// Text in the name or slug.
    #[arg(long)]
    search: Option<String>,
    #[command(flatten)]
    page: PageArguments,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let query = ListOrganizationsQuery {
        page: Some(arguments.page.number()),
        page_size: Some(arguments.page.size()),
        status: arguments.status,
        search: arguments.search,
        ..ListOrganizationsQuery::default()
    };
    let page = access.admin().await?.organizations.list_organizations(&query).await?;
    global.listed(&page, "organizations", view::COLUMNS)
}
