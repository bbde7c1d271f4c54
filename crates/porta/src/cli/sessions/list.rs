//! `porta sessions list`.

use clap::Args;
use porta_client::queries::ListSessionsQuery;
use porta_client::types::Session;

use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::{Column, PageArguments};
use crate::failure::Failure;
use crate::output::{local, or_dash};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only sessions of this user, by id.
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
    /// Only sessions of this organization, by slug or id.
    #[arg(long)]
    org: Option<String>,
    /// Only sessions in which this client got tokens.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Also those that have ended.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    page: PageArguments,
}

const COLUMNS: &[Column<Session>] = &[
    ("Session ID", |session| session.session_id.to_string()),
    ("User", |session| session.user_email.clone()),
    ("Organization", |session| session.organization_name.clone()),
    ("Client", |session| or_dash(session.client_name.as_ref())),
    ("Address", |session| or_dash(session.ip_address.as_ref())),
    ("Last Used", |session| local(&session.last_activity_at)),
    ("Expires", |session| local(&session.expires_at)),
];

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let query = ListSessionsQuery {
        page: Some(arguments.page.number()),
        page_size: Some(arguments.page.size()),
        user_id: arguments.user_id,
        organization_id: arguments.org,
        client_id: arguments.client,
        active_only: Some(!arguments.all),
        ..ListSessionsQuery::default()
    };
    let page = access.admin().await?.sessions.list_sessions(&query).await?;
    global.listed(&page, "sessions", COLUMNS)
}
