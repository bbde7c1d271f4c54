//! Audit rows. A change that is one statement writes its audit row in that same statement.

use async_trait::async_trait;
use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::{OrganizationId, UserId, metrics};
use porta_store::{AuditRepository, Cursor, Page, Result};

use crate::kernel::{Reader, Row, Runner, Value, at, int, json, opt_text, opt_uuid, statements, text, uuid};
use crate::unit::{cursor_values_before, page_of};

/// `INSERT INTO audit_log (…)` up to the values.
macro_rules! insert_audit {
    () => {
        "INSERT INTO audit_log (id, organization_id, organization_label, user_id, actor_id, actor_label, event_type, \
         category, description, metadata, ip_address, user_agent, created_at) "
    };
}
pub(crate) use insert_audit;

/// The thirteen values of one event, in the order of [`insert_audit`].
pub(crate) fn values(event: &AuditEvent) -> [Value<'_>; 13] {
    [
        uuid(event.id),
        opt_uuid(event.organization_id),
        opt_text(event.organization_label.as_deref()),
        opt_uuid(event.user_id),
        opt_uuid(event.actor_id),
        opt_text(event.actor_label.as_deref()),
        text(&event.event_type),
        text(event.category.as_str()),
        opt_text(event.description.as_deref()),
        json(&event.metadata),
        opt_text(event.ip_address.as_deref()),
        opt_text(event.user_agent.as_deref()),
        at(event.created_at),
    ]
}

statements! {
    INSERT: Write = concat!(insert_audit!(), "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
    RECENT: Read = "SELECT id, organization_id, organization_label, user_id, actor_id, actor_label, event_type, \
         category, description, metadata, ip_address, user_agent, created_at \
         FROM audit_log ORDER BY created_at DESC, id DESC LIMIT $1";
    RECENT_OF: Read = "SELECT id, organization_id, organization_label, user_id, actor_id, actor_label, event_type, \
         category, description, metadata, ip_address, user_agent, created_at \
         FROM audit_log WHERE organization_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
    ABOUT: Read = "SELECT id, organization_id, organization_label, user_id, actor_id, actor_label, event_type, \
         category, description, metadata, ip_address, user_agent, created_at \
         FROM audit_log WHERE organization_id = $1 AND (user_id = $2 OR actor_id = $2) AND (created_at, id) < ($3, $4) \
         ORDER BY created_at DESC, id DESC LIMIT $5";
}

fn read(row: &Row) -> Result<AuditEvent> {
    let r: &mut Reader<'_> = &mut row.reader("audit_log");
    Ok(AuditEvent {
        id: r.id()?,
        organization_id: r.opt_id()?,
        organization_label: r.opt_text()?,
        user_id: r.opt_id()?,
        actor_id: r.opt_id()?,
        actor_label: r.opt_text()?,
        event_type: r.text()?,
        category: r.parsed("category", AuditCategory::parse)?,
        description: r.opt_text()?,
        metadata: r.json("metadata")?,
        ip_address: r.opt_text()?,
        user_agent: r.opt_text()?,
        created_at: r.time("created_at")?,
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
        let limit = int(i64::from(limit));
        let rows = match organization {
            Some(id) => self.0.rows(&RECENT_OF, &[uuid(id), limit]).await?,
            None => self.0.rows(&RECENT, &[limit]).await?,
        };
        rows.iter().map(read).collect()
    }

    async fn about(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<AuditEvent>> {
        let [time, id] = cursor_values_before(before);
        let values = [uuid(organization), uuid(user), time, id, int(i64::from(limit) + 1)];
        let rows = self.0.rows(&ABOUT, &values).await?;
        page_of(&rows, limit, read, |e| (e.created_at, e.id))
    }
}
