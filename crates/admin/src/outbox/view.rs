//! An item of the outbox as the API shows it.

use std::collections::HashMap;

use porta_core::admin::AdminPermission;
use porta_core::mail::EmailSummary;
use porta_core::outbox::OutboxState;
use porta_core::{EntityId, Timestamp, UserId};
use porta_store::OutboxEntry;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Authorized;
use crate::answer::{optional_time, time};
use crate::error::Result;
use crate::state::AdminState;

/// A mail, or a request for one. What it says is not shown to anybody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OutboxItem)]
pub(crate) struct OutboxItemView {
    id: Uuid,
    /// `mail`; or `link_request`: somebody asked for a link, which is mailed if the address has an account.
    kind: &'static str,
    /// `pending`, `delivered` or `given_up`.
    status: &'static str,
    /// Which mail it is, such as `invitation`. `null`: this version does not know it.
    template: Option<&'static str>,
    organization_id: Option<Uuid>,
    organization_name: Option<String>,
    /// `null`: the mail is not for a user, or nobody knows yet whether it is.
    user_id: Option<Uuid>,
    /// The address that the user has now, for callers with `admin:user:read`. The mail goes to the address that the user
    /// had when it was written.
    user_email: Option<String>,
    attempts: i64,
    /// When it is tried next. `null`: it is not pending.
    next_attempt_at: Option<String>,
    /// Why the last attempt failed, without texts of the mail relay.
    last_error: Option<String>,
    /// Until when a mail that was given up can be sent again. `null`: it cannot.
    retryable_until: Option<String>,
    created_at: String,
    updated_at: String,
}

/// The addresses of the users that items are for.
pub(super) struct Addresses(HashMap<UserId, String>);

impl Addresses {
    /// Whether a caller sees them.
    pub(super) fn are_for<R>(caller: &Authorized<R>) -> bool {
        caller.also_may(AdminPermission::UserRead)
    }

    pub(super) async fn of(state: &AdminState, items: &[OutboxEntry], are_shown: bool) -> Result<Self> {
        if !are_shown {
            return Ok(Self(HashMap::new()));
        }
        let mut users: Vec<UserId> = items.iter().filter_map(user_of).collect();
        users.sort_unstable();
        users.dedup();
        Ok(Self(state.directory.queries().organizations().outbox().addresses(users).await?))
    }
}

fn user_of(entry: &OutboxEntry) -> Option<UserId> {
    EmailSummary::of_row(&entry.item)?.user_id
}

impl OutboxItemView {
    /// `now` is the time of the answer.
    pub(super) fn of(entry: OutboxEntry, addresses: &Addresses, now: Timestamp) -> Self {
        let OutboxEntry { item, organization_name } = entry;
        let summary = EmailSummary::of_row(&item);
        let user = summary.and_then(|summary| summary.user_id);
        let is_pending = item.state == OutboxState::Pending;
        Self {
            id: item.id.uuid(),
            kind: item.kind.as_str(),
            status: item.state.as_str(),
            template: summary.map(|summary| summary.template.as_str()),
            organization_id: item.organization_id.map(EntityId::uuid),
            organization_name,
            user_id: user.map(EntityId::uuid),
            user_email: user.and_then(|id| addresses.0.get(&id).cloned()),
            attempts: item.attempts,
            next_attempt_at: is_pending.then(|| time(item.next_attempt_at)),
            last_error: item.last_error,
            retryable_until: optional_time(item.sendable_until.filter(|until| now < *until)),
            created_at: time(item.created_at),
            updated_at: time(item.updated_at),
        }
    }
}
