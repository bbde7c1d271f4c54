//! `porta client list`.

use clap::Args;
use porta_client::queries::ListClientsQuery;

use super::view;
use crate::cli::access::Access;
use crate::cli::report::PageArguments;
use crate::cli::{Global, lookup};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id of the application.
    #[arg(long)]
    app: Option<String>,
    /// Slug or id of the owner.
    #[arg(long)]
    org: Option<String>,
    /// active, inactive or revoked.
    #[arg(long)]
    status: Option<String>,
    /// Text in the name or the client id.
    #[arg(long)]
    search: Option<String>,
    #[command(flatten)]
    page: PageArguments,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let application = match (&arguments.org, arguments.app) {
        (Some(owner), Some(app)) => Some(lookup::application_of(&admin, owner, &app).await?.id),
        (_, app) => app,
    };
    let query = ListClientsQuery {
        page: Some(arguments.page.number()),
        page_size: Some(arguments.page.size()),
        application_id: application,
        organization_id: arguments.org,
        status: arguments.status,
        search: arguments.search,
        ..ListClientsQuery::default()
    };
    let page = admin.clients.list_clients(&query).await?;
    global.listed(&page, "clients", view::COLUMNS)
}
