//! `porta audit list`.

use clap::Args;
use porta_client::queries::ListAuditQuery;
use porta_client::types::AuditEntry;

use crate::cli::access::Access;
use crate::cli::report::Column;
use crate::cli::{Global, lookup, when};
use crate::failure::Failure;
use crate::output::{self, local, or_dash};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// An event, or how events begin: user.login.password, org.
    #[arg(long)]
    event: Option<String>,
    /// Slug or id of the organization.
    #[arg(long)]
    org: Option<String>,
    /// Id of the user who is affected; with --org also the address.
    #[arg(long)]
    user: Option<String>,
    /// From this time or day on, such as 2026-11-30; or 12h or 30d ago.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Up to this time or day.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many rows to show, the newest first.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=500))]
    limit: i64,
}

const COLUMNS: &[Column<AuditEntry>] = &[
    ("Date", |entry| local(&entry.created_at)),
    ("Event", |entry| entry.event_type.clone()),
    ("Category", |entry| entry.event_category.clone()),
    ("Actor", |entry| or_dash(entry.actor_label.as_ref())),
    ("Target", |entry| or_dash(entry.target_label.as_ref())),
    ("Description", |entry| or_dash(entry.description.as_ref())),
];

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = match (&arguments.user, &arguments.org) {
        (None, _) => None,
        (Some(name), Some(org)) => Some(lookup::user(&admin, org, name).await?.id),
        (Some(name), None) => Some(
            name.parse()
                .map_err(|_| Failure::invalid("--user: name the organization with --org, or use an id"))?,
        ),
    };
    let query = ListAuditQuery {
        event: arguments.event,
        org: arguments.org,
        user,
        since: arguments.since.map(when::ago),
        until: arguments.until.map(when::ago),
        limit: Some(arguments.limit),
        ..ListAuditQuery::default()
    };
    let page = admin.audit.list_audit(&query).await?;
    global.rows(&page.data, "events", COLUMNS)?;
    if page.next_cursor.is_some() {
        output::note("there are older ones: raise --limit, or add --until with the last date");
    }
    Ok(())
}
