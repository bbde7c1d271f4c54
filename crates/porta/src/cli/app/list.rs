//! `porta app list`.

use clap::Args;
use porta_client::queries::ListApplicationsQuery;

use super::view;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::PageArguments;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// active, inactive or archived.
    #[arg(long)]
    status: Option<String>,
    /// Text in the name or slug.
    #[arg(long)]
    search: Option<String>,
    /// Slug or id of the owner.
    #[arg(long)]
    org: Option<String>,
    #[command(flatten)]
    page: PageArguments,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let query = ListApplicationsQuery {
        page: Some(arguments.page.number()),
        page_size: Some(arguments.page.size()),
        status: arguments.status,
        search: arguments.search,
        organization_id: arguments.org,
        ..ListApplicationsQuery::default()
    };
    let page = access.admin().await?.applications.list_applications(&query).await?;
    global.listed(&page, "applications", view::COLUMNS)
}
