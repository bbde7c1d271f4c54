//! Removal of old audit rows on an operator's request. The sweeper removes them anyway, later.

use std::time::Duration;

use porta_core::audit::AuditEventKind;
use porta_core::settings::{AUDIT_RETENTION_DAYS, Settings};
use serde_json::json;

use crate::{Actor, Directory, DirectoryError, Result};

/// Rows of one transaction: few enough that others do not wait for it.
const BATCH: u32 = 5_000;

/// What was or would be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCleanup {
    pub retention_days: u64,
    /// Rows older than that at the beginning.
    pub found: u64,
    pub deleted: u64,
}

impl AuditCleanup {
    /// Removes audit rows older than `retention_days`, or than the setting `audit_retention_days`. Each transaction
    /// records the rows that it removed, so that none disappears unseen if the work is interrupted. A dry run only
    /// counts.
    pub async fn run(
        directory: &Directory,
        actor: Actor,
        retention_days: Option<u64>,
        is_dry_run: bool,
    ) -> Result<Self> {
        let retention_days = match retention_days {
            Some(days) => days,
            None => configured_days(directory).await?,
        };
        let longest = u64::try_from(AUDIT_RETENTION_DAYS.maximum).unwrap_or(u64::MAX);
        if !(1..=longest).contains(&retention_days) {
            let problem = format!("use a whole number from 1 to {longest}");
            return Err(DirectoryError::invalid("retention_days", problem));
        }
        let before = directory.deps.clock.now() - Duration::from_hours(24 * retention_days);
        let found = directory.deps.store.repositories().audit().count_older(before).await?;
        let mut cleanup = Self { retention_days, found, deleted: 0 };
        if is_dry_run {
            return Ok(cleanup);
        }
        loop {
            let mut work = directory.begin(actor.clone()).await?;
            let deleted = work.unit.audit().delete_older(before, BATCH).await?;
            let is_first = cleanup.deleted == 0;
            if deleted > 0 || is_first {
                let metadata = json!({ "retentionDays": retention_days, "deleted": deleted });
                work.audit(AuditEventKind::AuditCleanup, None, None, metadata).await?;
                work.commit().await?;
            }
            cleanup.deleted += deleted;
            if deleted < u64::from(BATCH) {
                return Ok(cleanup);
            }
        }
    }
}

async fn configured_days(directory: &Directory) -> Result<u64> {
    let platform = directory.deps.store.repositories().settings(None).all().await?;
    Ok(Settings::layered(&[&platform]).number(AUDIT_RETENTION_DAYS))
}
