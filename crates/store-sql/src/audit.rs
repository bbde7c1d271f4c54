//! Audit rows. A change that is one statement writes its audit row in that same statement.

use async_trait::async_trait;
use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::{AuditId, EntityId as _, OrganizationId, Timestamp, UserId, metrics};
use porta_store::{
    AuditFilter, AuditRepository, AuditRow, Cursor, Direction, EventFilter, Page, PageStart, Result,
    SortedCursor,
};

use crate::kernel::{
    Dialect, List, Row, Runner, Sort, Value, at, int, json, opt_text, opt_uuid, page_of, search_pattern,
    statements, text, uuid, values_of,
};

/// Every column.
macro_rules! row_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, organization_id, organization_label, user_id, actor_id, actor_label, event_type, category,
            description, metadata, ip_address, user_agent, created_at, request_id, entity_type, entity_id
        }
    };
}
pub(crate) use row_columns;
row_columns!(enum AuditColumn of "audit_log");

/// `INSERT INTO audit_log (…)` of every column, up to the values.
macro_rules! insert_row {
    () => {
        concat!("INSERT INTO audit_log (", $crate::audit::row_columns!(list ""), ") ")
    };
}
pub(crate) use insert_row;

/// The columns that sign-ins and other requests of people write; the others are of operators' changes.
macro_rules! audit_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, organization_id, organization_label, user_id, actor_id, actor_label, event_type, category,
            description, metadata, ip_address, user_agent, created_at
        }
    };
}
pub(crate) use audit_columns;

/// `INSERT INTO audit_log (…)` up to the values.
macro_rules! insert_audit {
    () => {
        concat!("INSERT INTO audit_log (", $crate::audit::audit_columns!(list ""), ") ")
    };
}
pub(crate) use insert_audit;

fn value(event: &AuditEvent, column: AuditColumn) -> Value<'_> {
    match column {
        AuditColumn::id => uuid(event.id),
        AuditColumn::organization_id => opt_uuid(event.organization_id),
        AuditColumn::organization_label => opt_text(event.organization_label.as_deref()),
        AuditColumn::user_id => opt_uuid(event.user_id),
        AuditColumn::actor_id => opt_uuid(event.actor_id),
        AuditColumn::actor_label => opt_text(event.actor_label.as_deref()),
        AuditColumn::event_type => text(&event.event_type),
        AuditColumn::category => text(event.category.as_str()),
        AuditColumn::description => opt_text(event.description.as_deref()),
        AuditColumn::metadata => json(&event.metadata),
        AuditColumn::ip_address => opt_text(event.ip_address.as_deref()),
        AuditColumn::user_agent => opt_text(event.user_agent.as_deref()),
        AuditColumn::created_at => at(event.created_at),
        AuditColumn::request_id => opt_text(event.request_id.as_deref()),
        AuditColumn::entity_type => opt_text(event.entity_type.as_deref()),
        AuditColumn::entity_id => Value::Uuid(event.entity_id),
    }
}

/// The thirteen values of one event, in the order of [`insert_audit`].
pub(crate) fn values(event: &AuditEvent) -> [Value<'_>; 13] {
    audit_columns!(some AuditColumn).map(|column| value(event, column))
}

/// All values of one event, in the order of [`insert_row`].
pub(crate) fn row_values(event: &AuditEvent) -> [Value<'_>; 16] {
    row_columns!(some AuditColumn).map(|column| value(event, column))
}

/// The rows as operators see them, with the names that the ids have now, each by primary key.
macro_rules! select_named {
    () => {
        concat!(
            "SELECT ",
            row_columns!(list "a."),
            ", (SELECT u.email FROM users u WHERE u.id = a.actor_id), \
             (SELECT u.email FROM users u WHERE u.id = a.user_id), \
             (SELECT o.name FROM organizations o WHERE o.id = a.organization_id), \
             CASE a.entity_type \
             WHEN 'organization' THEN (SELECT e.name FROM organizations e WHERE e.id = a.entity_id) \
             WHEN 'application' THEN (SELECT e.name FROM applications e WHERE e.id = a.entity_id) \
             WHEN 'client' THEN (SELECT e.client_name FROM clients e WHERE e.id = a.entity_id) \
             WHEN 'role' THEN (SELECT e.name FROM roles e WHERE e.id = a.entity_id) \
             WHEN 'permission' THEN (SELECT e.slug FROM permissions e WHERE e.id = a.entity_id) \
             WHEN 'claim' THEN (SELECT e.claim_name FROM custom_claim_definitions e WHERE e.id = a.entity_id) \
             WHEN 'signing_key' THEN (SELECT e.kid FROM signing_keys e WHERE e.id = a.entity_id) END \
             FROM audit_log a"
        )
    };
}

statements! {
    INSERT: Write = concat!(insert_row!(), "VALUES (", row_columns!(arguments 1), ")");
    FIND: Read = concat!(select_named!(), " WHERE a.id = $1");
    COUNT_OLDER: Read = "SELECT count(*) FROM audit_log WHERE created_at < $1";
    DELETE_OLDER: Write = "DELETE FROM audit_log WHERE id IN (SELECT x.id FROM audit_log x WHERE x.created_at < $1 \
         ORDER BY x.created_at LIMIT $2)";
}

const SELECT: &str = concat!("SELECT ", row_columns!(list ""), " FROM audit_log");
const COUNT: &str = "SELECT 1 FROM audit_log a";
const NEWEST_FIRST: (Sort<AuditColumn>, Direction) =
    (Sort::time(AuditColumn::created_at), Direction::Descending);
/// The columns that a search looks into.
const SEARCHED: &[&str] =
    &["a.event_type", "a.actor_label", "a.organization_label", "a.description", "CAST(a.metadata AS text)"];

fn read(row: &Row) -> Result<AuditEvent> {
    let r = row.record();
    Ok(AuditEvent {
        id: r.id(AuditColumn::id)?,
        organization_id: r.opt_id(AuditColumn::organization_id)?,
        organization_label: r.opt_text(AuditColumn::organization_label)?,
        user_id: r.opt_id(AuditColumn::user_id)?,
        actor_id: r.opt_id(AuditColumn::actor_id)?,
        actor_label: r.opt_text(AuditColumn::actor_label)?,
        event_type: r.text(AuditColumn::event_type)?,
        category: r.parsed(AuditColumn::category, AuditCategory::parse)?,
        description: r.opt_text(AuditColumn::description)?,
        metadata: r.json(AuditColumn::metadata)?,
        ip_address: r.opt_text(AuditColumn::ip_address)?,
        user_agent: r.opt_text(AuditColumn::user_agent)?,
        created_at: r.time(AuditColumn::created_at)?,
        request_id: r.opt_text(AuditColumn::request_id)?,
        entity_type: r.opt_text(AuditColumn::entity_type)?,
        // Of whichever kind of entity it is.
        entity_id: r.opt_id(AuditColumn::entity_id)?.map(|id: AuditId| id.uuid()),
    })
}

fn read_named(row: &Row) -> Result<AuditRow> {
    let event = read(row)?;
    let mut r = row.reader("audit_log");
    r.record::<AuditColumn>();
    Ok(AuditRow {
        event,
        actor_email: r.opt_text()?,
        user_email: r.opt_text()?,
        organization_name: r.opt_text()?,
        entity_name: r.opt_text()?,
    })
}

/// Texts that the conditions of a filter compare with.
struct Compared {
    search: Option<String>,
    /// Comes after every event that the filter has.
    event_end: Option<String>,
}

impl Compared {
    fn of(filter: &AuditFilter) -> Self {
        let event_end = match &filter.event {
            // The last of all characters.
            Some(EventFilter::BeginsWith(start)) => Some(format!("{start}\u{10ffff}")),
            Some(EventFilter::Named(_)) | None => None,
        };
        Self { search: filter.search.as_deref().map(search_pattern), event_end }
    }
}

/// Conditions on the event, in code-point order as the index `audit_log_event` has it: the event itself, the least and
/// the greatest.
const fn event_conditions(dialect: Dialect) -> [&'static str; 3] {
    match dialect {
        Dialect::Postgres => [
            "a.event_type COLLATE \"C\" = ?",
            "a.event_type COLLATE \"C\" >= ?",
            "a.event_type COLLATE \"C\" < ?",
        ],
        Dialect::Sqlite => ["a.event_type = ?", "a.event_type >= ?", "a.event_type < ?"],
    }
}

fn filtered<'v>(
    list: List<'v>,
    dialect: Dialect,
    filter: &'v AuditFilter,
    compared: &'v Compared,
) -> List<'v> {
    let [is, from, before] = event_conditions(dialect);
    let list = match (&filter.event, &compared.event_end) {
        (Some(EventFilter::Named(event)), _) => list.filter(is, text(event)),
        (Some(EventFilter::BeginsWith(start)), Some(end)) => {
            list.filter(from, text(start)).filter(before, text(end))
        }
        (Some(EventFilter::BeginsWith(_)), None) | (None, _) => list,
    };
    let list = if filter.is_about_a_user { list.require("a.user_id IS NOT NULL") } else { list };
    list.filter_if_some("a.organization_id = ?", filter.organization.map(uuid))
        .filter_if_some("a.user_id = ?", filter.user.map(uuid))
        .filter_if_some("a.actor_id = ?", filter.actor.map(uuid))
        .filter_if_some("a.category = ?", filter.category.map(|category| text(category.as_str())))
        .filter_if_some("a.entity_type = ?", filter.entity_kind.map(|kind| text(kind.as_str())))
        .filter_if_some("a.entity_id = ?", filter.entity_id.map(|id| Value::Uuid(Some(id))))
        .filter_if_some("a.ip_address = ?", filter.ip_address.as_deref().map(text))
        .filter_if_some("a.created_at >= ?", filter.since.map(at))
        .filter_if_some("a.created_at <= ?", filter.until.map(at))
        .contains(SEARCHED, compared.search.as_deref())
}

pub(crate) struct Audit<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl AuditRepository for Audit<'_> {
    async fn record(&mut self, event: &AuditEvent) -> Result<()> {
        let written = self.0.execute(&INSERT, &values_of(|column| value(event, column))).await;
        if written.is_err() {
            ::metrics::counter!(metrics::AUDIT_WRITE_FAILURES).increment(1);
        }
        written.map(|_| ())
    }

    async fn recent(&mut self, organization: Option<OrganizationId>, limit: u32) -> Result<Vec<AuditEvent>> {
        let list = List::new(concat!(module_path!(), "::RECENT"), self.0.dialect(), SELECT)
            .filter_if_some("organization_id = ?", organization.map(uuid))
            .page("", NEWEST_FIRST, None, limit)?;
        Ok(page_of(&self.0.list(list).await?, limit, read, |e| (e.created_at, e.id))?.items)
    }

    async fn about(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<AuditEvent>> {
        let before = before.map(SortedCursor::from);
        let list = List::new(concat!(module_path!(), "::ABOUT"), self.0.dialect(), SELECT)
            .filter("organization_id = ?", uuid(organization))
            .filter("(user_id = ? OR actor_id = ?)", uuid(user))
            .page("", NEWEST_FIRST, before.as_ref(), limit)?;
        page_of(&self.0.list(list).await?, limit, read, |e| (e.created_at, e.id))
    }

    async fn list(
        &mut self,
        filter: &AuditFilter,
        start: &PageStart,
        limit: u32,
    ) -> Result<Page<AuditRow, SortedCursor>> {
        let (compared, dialect) = (Compared::of(filter), self.0.dialect());
        let list = List::new(concat!(module_path!(), "::LIST"), dialect, select_named!());
        let list = filtered(list, dialect, filter, &compared)
            .page("a.", NEWEST_FIRST, start.cursor(), limit)?
            .skip(start.offset());
        NEWEST_FIRST.0.page_of(&self.0.list(list).await?, limit, read_named, |row| row.event.id)
    }

    async fn count(&mut self, filter: &AuditFilter, at_most: u64) -> Result<u64> {
        let (compared, dialect) = (Compared::of(filter), self.0.dialect());
        let list = List::new(concat!(module_path!(), "::COUNT"), dialect, COUNT);
        self.0.count(filtered(list, dialect, filter, &compared), at_most).await
    }

    async fn find(&mut self, id: AuditId) -> Result<Option<AuditRow>> {
        self.0.row(&FIND, &[uuid(id)]).await?.as_ref().map(read_named).transpose()
    }

    async fn count_older(&mut self, before: Timestamp) -> Result<u64> {
        let row = self.0.row(&COUNT_OLDER, &[at(before)]).await?;
        let counted = row.map(|row| row.reader("audit_log").int()).transpose()?;
        Ok(counted.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
    }

    async fn delete_older(&mut self, before: Timestamp, limit: u32) -> Result<u64> {
        Ok(self.0.execute(&DELETE_OLDER, &[at(before), int(i64::from(limit))]).await?.affected)
    }
}
