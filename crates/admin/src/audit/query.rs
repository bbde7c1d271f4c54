//! What a request asks of the audit log.

use std::time::Duration;

use porta_core::audit::{AuditCategory, AuditEventKind, EntityKind};
use porta_core::{EntityId as _, OrganizationId, Timestamp, UserId};
use porta_directory::{DirectoryError, Queries};
use porta_store::{AuditFilter, Direction, EventFilter, PageStart, SortedCursor};
use utoipa::IntoParams;
use uuid::Uuid;

use super::view::USER;
use crate::cursor;
use crate::error::{AdminError, Result};
use crate::list::Query;

/// The sort column in cursors.
const SORT: &str = "created_at";

/// An answer shows milliseconds, so the whole millisecond of a time belongs to it.
const REST_OF_A_MILLISECOND: Duration = Duration::from_micros(999);
const REST_OF_A_DAY: Duration = Duration::from_micros(24 * 3_600 * 1_000_000 - 1);

/// Kinds of entities; `None` is a user.
const ENTITIES: [(&str, Option<EntityKind>); 10] = [
    (USER, None),
    (EntityKind::Organization.as_str(), Some(EntityKind::Organization)),
    (EntityKind::Application.as_str(), Some(EntityKind::Application)),
    (EntityKind::Client.as_str(), Some(EntityKind::Client)),
    (EntityKind::Role.as_str(), Some(EntityKind::Role)),
    (EntityKind::Permission.as_str(), Some(EntityKind::Permission)),
    (EntityKind::Claim.as_str(), Some(EntityKind::Claim)),
    (EntityKind::Session.as_str(), Some(EntityKind::Session)),
    (EntityKind::SigningKey.as_str(), Some(EntityKind::SigningKey)),
    (EntityKind::Setting.as_str(), Some(EntityKind::Setting)),
];

const CATEGORIES: [(&str, AuditCategory); 4] = [
    (AuditCategory::Admin.as_str(), AuditCategory::Admin),
    (AuditCategory::Authentication.as_str(), AuditCategory::Authentication),
    (AuditCategory::Security.as_str(), AuditCategory::Security),
    (AuditCategory::Gdpr.as_str(), AuditCategory::Gdpr),
];

/// The parameters of the list, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what `filter_of` and `AuditPage` read")]
pub(super) struct AuditParameters {
    /// An event, or how events begin: `user.login.password`, `org.`.
    event: Option<String>,
    /// `admin`, `authentication`, `security` or `gdpr`.
    category: Option<String>,
    /// Id or slug of the organization.
    org: Option<String>,
    /// Id of the user who is affected.
    user: Option<Uuid>,
    /// Id of the user who acted.
    actor: Option<Uuid>,
    /// `user`, `organization`, `application`, `client`, `role`, `permission`, `claim`, `session`, `signing_key` or
    /// `setting`.
    entity_type: Option<String>,
    /// Id of the entity. Only with `entityType`.
    entity_id: Option<Uuid>,
    /// Network address.
    ip: Option<String>,
    /// Text that event, actor, organization, description or metadata contain. Reads every row that the other parameters
    /// leave: name a time as well.
    q: Option<String>,
    /// From this time or day on (RFC 3339).
    since: Option<String>,
    /// Up to this time or day (RFC 3339).
    until: Option<String>,
    /// Position of the page before: its `nextCursor`. Not with `page`.
    cursor: Option<String>,
    /// Page number, from 1.
    #[param(minimum = 1, maximum = 1_000_000_000, default = 1)]
    page: Option<u64>,
    /// Rows of a page. A number beyond 1 to 500 counts as the nearest of them.
    #[param(default = 50)]
    limit: Option<i64>,
    /// The same as `limit`.
    #[param(default = 50)]
    page_size: Option<i64>,
}

/// A whole number, of the first of two names that the query has; one beyond the bounds counts as the nearest within them.
pub(super) fn clamped(query: &Query, names: [&str; 2], default: u32, most: u32) -> Result<u32> {
    let [first, second] = [clamped_number(query, names[0], most)?, clamped_number(query, names[1], most)?];
    Ok(first.or(second).unwrap_or(default))
}

fn clamped_number(query: &Query, name: &str, most: u32) -> Result<Option<u32>> {
    let Some(text) = query.text(name) else { return Ok(None) };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AdminError::invalid(name, "use a whole number"));
    }
    if text.starts_with('-') {
        return Ok(Some(1));
    }
    // More digits than the type has are more than the most.
    Ok(Some(digits.parse().unwrap_or(most).clamp(1, most)))
}

/// Where a page begins that a cursor names.
pub(super) fn after(name: &str, text: &str) -> Result<PageStart> {
    let cursor = cursor::decode(text, SORT, Direction::Descending);
    let refused = || AdminError::invalid(name, "use the nextCursor of the same list");
    cursor.map(PageStart::After).ok_or_else(refused)
}

pub(super) fn encode(next: &SortedCursor) -> String {
    cursor::encode(next, SORT, Direction::Descending)
}

/// How events begin.
pub(super) fn event_start(query: &Query, name: &str) -> Result<Option<String>> {
    let Some(text) = query.text(name) else { return Ok(None) };
    let is_event = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
    if text.is_empty() || text.len() > 100 || !is_event {
        return Err(AdminError::invalid(name, "use an event, or how events begin, such as org."));
    }
    Ok(Some(text.to_owned()))
}

fn uuid(query: &Query, name: &str) -> Result<Option<Uuid>> {
    let Some(text) = query.text(name) else { return Ok(None) };
    let refused = || AdminError::invalid(name, "use an id");
    Uuid::try_parse(text).map(Some).map_err(|_| refused())
}

/// The end of the time up to which rows are asked for. A day counts to its end.
fn until(query: &Query) -> Result<Option<Timestamp>> {
    let is_day = query.text("until").is_some_and(|text| text.len() == "2030-01-31".len());
    let rest = if is_day { REST_OF_A_DAY } else { REST_OF_A_MILLISECOND };
    Ok(query.moment("until")?.map(|time| time + rest))
}

async fn organization(query: &Query, queries: &Queries) -> Result<Option<OrganizationId>> {
    let Some(text) = query.text("org") else { return Ok(None) };
    match queries.audit().organization(text).await {
        Ok(id) => Ok(Some(id)),
        Err(DirectoryError::NotFound { .. }) => {
            Err(AdminError::invalid("org", "use the id or slug of an organization"))
        }
        Err(other) => Err(other.into()),
    }
}

pub(crate) async fn filter_of(query: &Query, queries: &Queries) -> Result<AuditFilter> {
    let event = event_start(query, "event")?.map(|text| match AuditEventKind::parse(&text) {
        Some(_) => EventFilter::Named(text),
        None => EventFilter::BeginsWith(text),
    });
    let ip_address = query.network_address("ip")?;
    let mut filter = AuditFilter {
        organization: organization(query, queries).await?,
        user: uuid(query, "user")?.map(UserId::from_uuid),
        actor: uuid(query, "actor")?.map(UserId::from_uuid),
        event,
        category: query.word("category", &CATEGORIES)?,
        ip_address,
        search: query.words("q")?,
        since: query.moment("since")?,
        until: until(query)?,
        ..AuditFilter::default()
    };
    match (query.word("entityType", &ENTITIES)?, uuid(query, "entityId")?) {
        (None, None) => {}
        (None, Some(_)) => {
            return Err(AdminError::invalid("entityType", "name the kind of the entity as well"));
        }
        (Some(None), None) => filter.is_about_a_user = true,
        (Some(None), Some(id)) => filter.user = Some(UserId::from_uuid(id)),
        (Some(Some(kind)), id) => {
            filter.entity_kind = Some(kind);
            filter.entity_id = id;
        }
    }
    Ok(filter)
}
