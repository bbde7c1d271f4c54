//! `porta user list`.

use clap::Args;
use porta_client::queries::ListUsersQuery;

use super::view;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::PageArguments;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id of the organization.
    #[arg(long)]
    org: String,
    /// active, inactive, suspended or locked.
    #[arg(long)]
    status: Option<String>,
    /// Text in the address or a name.
    #[arg(long)]
    search: Option<String>,
    #[command(flatten)]
    page: PageArguments,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let query = ListUsersQuery {
        page: Some(arguments.page.number()),
        page_size: Some(arguments.page.size()),
        status: arguments.status,
        search: arguments.search,
        ..ListUsersQuery::default()
    };
    let page = access.admin().await?.users.list_users(&arguments.org, &query).await?;
    global.listed(&page, "users", view::COLUMNS)
}
