//! Audit rows. A change that is one statement writes its audit row in that same statement.

use async_trait::async_trait;
use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::{OrganizationId, UserId, metrics};
use porta_store::{AuditRepository, Cursor, Direction, Page, Result, SortedCursor};

use crate::kernel::{
    List, Row, Runner, Sort, Value, at, json, opt_text, opt_uuid, page_of, statements, text, uuid,
};

macro_rules! audit_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, organization_id, organization_label, user_id, actor_id, actor_label, event_type, category,
            description, metadata, ip_address, user_agent, created_at
        }
    };
}
pub(crate) use audit_columns;
audit_columns!(enum AuditColumn of "audit_log");

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
    }
}

/// The thirteen values of one event, in the order of [`insert_audit`].
pub(crate) fn values(event: &AuditEvent) -> [Value<'_>; 13] {
    audit_columns!(some AuditColumn).map(|column| value(event, column))
}

statements! {
    INSERT: Write = concat!(insert_audit!(), "VALUES (", audit_columns!(arguments 1), ")");
}

const SELECT: &str = concat!("SELECT ", audit_columns!(list ""), " FROM audit_log");
const NEWEST_FIRST: (Sort<AuditColumn>, Direction) =
    (Sort::time(AuditColumn::created_at), Direction::Descending);

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
    })
}

pub(crate) struct Audit<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl AuditRepository for Audit<'_> {
    async fn record(&mut self, event: &AuditEvent) -> Result<()> {
        let written = self.0.execute(&INSERT, &values(event)).await;
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
}
