//! An operator's unit of work.

use std::sync::Arc;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::change::Change;
use porta_core::organization::Organization;
use porta_core::{Timestamp, UserId};
use porta_store::UnitOfWork;
use serde_json::Value;

use crate::audit_target::target_of;
use crate::{Actor, DirectoryDeps, Result};

/// One transaction of several operations. Dropping it without a commit rolls back.
pub struct Transaction {
    pub(crate) deps: Arc<DirectoryDeps>,
    pub(crate) unit: Box<dyn UnitOfWork>,
    pub(crate) actor: Actor,
    /// The same time for everything in the unit.
    pub(crate) now: Timestamp,
    changes: Vec<Change>,
    /// Number of `changes` recorded before the savepoint.
    marked: usize,
}

impl Transaction {
    pub(crate) async fn begin(deps: Arc<DirectoryDeps>, actor: Actor) -> Result<Self> {
        let unit = deps.store.begin().await?;
        let now = deps.clock.now();
        Ok(Self { deps, unit, actor, now, changes: Vec::new(), marked: 0 })
    }

    /// Commits, then announces the changes to other instances.
    pub async fn commit(self) -> Result<()> {
        self.unit.commit().await?;
        if !self.changes.is_empty() {
            self.deps.notify.announce(&self.changes).await;
        }
        Ok(())
    }

    /// Sets the savepoint, replacing an earlier one.
    pub(crate) async fn savepoint(&mut self) -> Result<()> {
        self.unit.savepoint().await?;
        self.marked = self.changes.len();
        Ok(())
    }

    /// Rolls back to the savepoint.
    pub(crate) async fn rollback_to_savepoint(&mut self) -> Result<()> {
        self.unit.rollback_to_savepoint().await?;
        self.changes.truncate(self.marked);
        Ok(())
    }

    /// Records a change to announce after the commit; duplicates are ignored.
    pub(crate) fn announce(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Writes an administrative audit row in this unit of work.
    pub(crate) async fn audit(
        &mut self,
        kind: AuditEventKind,
        organization: Option<&Organization>,
        user: Option<UserId>,
        metadata: Value,
    ) -> Result<()> {
        let event = audit_row(self, kind, organization, user, metadata);
        self.unit.audit().record(&event).await?;
        Ok(())
    }
}

/// An administrative audit row, for a change whose statement writes it.
pub(crate) fn audit_row(
    work: &Transaction,
    kind: AuditEventKind,
    organization: Option<&Organization>,
    user: Option<UserId>,
    metadata: Value,
) -> AuditEvent {
    let origin = work.actor.origin();
    let (entity, entity_id) = target_of(kind, organization, &metadata).unzip();
    AuditEvent {
        organization_id: organization.map(|o| o.id),
        organization_label: organization.map(|o| o.slug.to_string()),
        user_id: user,
        actor_id: work.actor.user(),
        actor_label: Some(work.actor.label()),
        metadata,
        ip_address: origin.and_then(|origin| origin.ip_address.clone()),
        user_agent: origin.and_then(|origin| origin.user_agent.clone()),
        request_id: origin.and_then(|origin| origin.request_id.clone()),
        entity_type: entity.map(|entity| entity.as_str().to_owned()),
        entity_id: entity_id.flatten(),
        ..AuditEvent::new(kind, work.now, &*work.deps.entropy)
    }
}

/// Returns the names of the fields in which two values differ.
macro_rules! changed {
    ($before:expr, $after:expr, [$($field:ident),+ $(,)?]) => {{
        let mut fields: Vec<&'static str> = Vec::new();
        $(if $before.$field != $after.$field { fields.push(stringify!($field)); })+
        fields
    }};
}
pub(crate) use changed;
