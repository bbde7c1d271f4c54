//! Invitations.

use porta_core::organization::Organization;
use porta_store::{InvitationEntry, InvitationFilter, InvitationSort, Page, PageRequest, SortedCursor};

use super::Queries;
use crate::Result;

pub struct InvitationQueries<'q>(&'q Queries);

impl Queries {
    pub fn invitations(&self) -> InvitationQueries<'_> {
        InvitationQueries(self)
    }
}

impl InvitationQueries<'_> {
    pub async fn list(
        &self,
        organization: &Organization,
        filter: &InvitationFilter,
        page: &PageRequest<InvitationSort>,
    ) -> Result<Page<InvitationEntry, SortedCursor>> {
        Ok(self.0.repositories().one_time_tokens(organization.id).invitations(filter, page).await?)
    }

    /// Number of rows of a list on all its pages, counted up to `at_most`.
    pub async fn count(
        &self,
        organization: &Organization,
        filter: &InvitationFilter,
        at_most: u64,
    ) -> Result<u64> {
        Ok(self.0.repositories().one_time_tokens(organization.id).count_invitations(filter, at_most).await?)
    }
}
