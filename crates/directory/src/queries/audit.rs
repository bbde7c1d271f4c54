//! The audit log, and what happened to one entity.

use porta_core::{ApplicationId, AuditId, ClientKey, OrganizationId};
use porta_store::{AuditFilter, AuditRow, Page, PageStart, SortedCursor};

use super::Queries;
use crate::clients::find;
use crate::lookup::find_application;
use crate::{DirectoryError, Result};

pub struct AuditQueries<'q>(&'q Queries);

impl Queries {
    pub fn audit(&self) -> AuditQueries<'_> {
        AuditQueries(self)
    }
}

impl AuditQueries<'_> {
    /// Rows of all organizations, newest first.
    pub async fn list(
        &self,
        filter: &AuditFilter,
        start: &PageStart,
        limit: u32,
    ) -> Result<Page<AuditRow, SortedCursor>> {
        Ok(self.0.repositories().audit().list(filter, start, limit).await?)
    }

    /// Number of rows of a list on all its pages, counted up to `at_most`.
    pub async fn count(&self, filter: &AuditFilter, at_most: u64) -> Result<u64> {
        Ok(self.0.repositories().audit().count(filter, at_most).await?)
    }

    pub async fn find(&self, id: &str) -> Result<AuditRow> {
        let missing = || DirectoryError::not_found("audit event", id);
        let parsed = AuditId::parse(id).ok_or_else(missing)?;
        self.0.repositories().audit().find(parsed).await?.ok_or_else(missing)
    }

    /// The organization that a history is about, by id or slug. An id need not exist any more: the rows outlive what
    /// they are about.
    pub async fn organization(&self, slug_or_id: &str) -> Result<OrganizationId> {
        let found = self.0.organization(slug_or_id).await.map(|organization| organization.id);
        or_gone(found, OrganizationId::parse(slug_or_id))
    }

    /// The application that a history is about, by id or slug; likewise.
    pub async fn application(&self, slug_or_id: &str) -> Result<ApplicationId> {
        let mut repositories = self.0.repositories();
        let found = find_application(&mut *repositories.all_applications(), slug_or_id).await;
        or_gone(found.map(|application| application.id), ApplicationId::parse(slug_or_id))
    }

    /// The client that a history is about, by id or OAuth client id; likewise.
    pub async fn client(&self, name: &str) -> Result<ClientKey> {
        let found = find::client(&mut *self.0.repositories(), name).await;
        or_gone(found.map(|found| found.client.id), ClientKey::parse(name))
    }
}

/// What was found; if nothing was, what has this id no more.
fn or_gone<I>(found: Result<I>, id: Option<I>) -> Result<I> {
    match (found, id) {
        (Err(DirectoryError::NotFound { .. }), Some(id)) => Ok(id),
        (found, _) => found,
    }
}
