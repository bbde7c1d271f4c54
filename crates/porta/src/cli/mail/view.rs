//! How emails are shown, and `porta mail show`.

use porta_client::types::OutboxItem;

use super::Email;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::{Column, Field};
use crate::failure::Failure;
use crate::output::{local, local_or_dash, or_dash};

pub(super) const COLUMNS: &[Column<OutboxItem>] = &[
    ("ID", |item| item.id.to_string()),
    ("Email", |item| or_dash(item.template.as_ref())),
    ("Organization", |item| or_dash(item.organization_name.as_ref())),
    ("Since", |item| local(&item.created_at)),
    ("Status", |item| item.status.clone()),
    ("Attempts", |item| item.attempts.to_string()),
    ("Next Attempt", |item| local_or_dash(item.next_attempt_at.as_ref())),
    ("Last Error", |item| or_dash(item.last_error.as_ref())),
];

fn fields(item: &OutboxItem) -> Vec<Field> {
    vec![
        ("ID", item.id.to_string()),
        ("Kind", item.kind.clone()),
        ("Email", or_dash(item.template.as_ref())),
        ("Organization", or_dash(item.organization_name.as_ref())),
        ("User", or_dash(item.user_email.as_ref())),
        ("Status", item.status.clone()),
        ("Attempts", item.attempts.to_string()),
        ("Next Attempt", local_or_dash(item.next_attempt_at.as_ref())),
        ("Last Error", or_dash(item.last_error.as_ref())),
        ("Can Be Sent Until", local_or_dash(item.retryable_until.as_ref())),
        ("Created", local(&item.created_at)),
        ("Updated", local(&item.updated_at)),
    ]
}

pub(super) async fn show(global: Global, access: &Access, email: &Email) -> Result<(), Failure> {
    let item = access.admin().await?.outbox.get_outbox_item(email.id).await?;
    global.detailed(&item, fields(&item))
}
