//! The audit log, and what happened to one entity.

use porta_core::audit::EntityKind;
use porta_core::{AuditId, OrganizationId};
use porta_store::{AuditFilter, AuditRow, Page, PageStart, SortedCursor};
use uuid::Uuid;

use super::Queries;
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

    /// Number of rows of a list on all its pages.
    pub async fn count(&self, filter: &AuditFilter) -> Result<u64> {
        Ok(self.0.repositories().audit().count(filter).await?)
    }

    pub async fn find(&self, id: &str) -> Result<AuditRow> {
        let missing = || DirectoryError::not_found("audit event", id);
        let parsed = AuditId::parse(id).ok_or_else(missing)?;
        self.0.repositories().audit().find(parsed).await?.ok_or_else(missing)
    }

    /// The organization that a history is about, by id or slug. An id need not exist any more: the rows outlive what
    /// they are about.
    pub async fn organization(&self, slug_or_id: &str) -> Result<OrganizationId> {
        match self.0.organization(slug_or_id).await {
            Ok(organization) => Ok(organization.id),
            Err(DirectoryError::NotFound { kind, name }) => {
                OrganizationId::parse(slug_or_id).ok_or(DirectoryError::NotFound { kind, name })
            }
            Err(other) => Err(other),
        }
    }

    /// The application that a history is about, by id or slug; likewise.
    pub async fn application(&self, slug_or_id: &str) -> Result<Uuid> {
        self.entity(EntityKind::Application, slug_or_id).await
    }

    /// The client that a history is about, by id or client id; likewise.
    pub async fn client(&self, id: &str) -> Result<Uuid> {
        self.entity(EntityKind::Client, id).await
    }

    async fn entity(&self, kind: EntityKind, name: &str) -> Result<Uuid> {
        // PostgreSQL refuses a zero byte, and no name has one.
        let is_text = !name.contains('\0');
        let known =
            if is_text { self.0.repositories().audit().entity_named(kind, name).await? } else { None };
        let found = known.or_else(|| Uuid::try_parse(name).ok());
        found.ok_or_else(|| DirectoryError::not_found(kind.as_str(), name))
    }
}
