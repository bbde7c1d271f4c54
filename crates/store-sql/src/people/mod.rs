//! What operators see of people in all organizations.

pub(crate) mod sessions;
mod users;

use async_trait::async_trait;
use porta_core::{OrganizationId, SessionKey, Timestamp};
use porta_store::{
    EndedSessions, Page, PageRequest, PeopleRepository, Result, SessionEntry, SessionFilter, SessionSort,
    SessionsOf, SortedCursor, UserEntry, UserFilter, UserSort,
};

use crate::kernel::Runner;

pub(crate) struct People<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl PeopleRepository for People<'_> {
    async fn users(
        &mut self,
        of: Option<OrganizationId>,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Result<Page<UserEntry, SortedCursor>> {
        self.list_users(of, filter, page).await
    }

    async fn count_users(
        &mut self,
        of: Option<OrganizationId>,
        filter: &UserFilter,
        at_most: u64,
    ) -> Result<u64> {
        self.number_of_users(of, filter, at_most).await
    }

    async fn sessions(
        &mut self,
        filter: &SessionFilter,
        page: &PageRequest<SessionSort>,
    ) -> Result<Page<SessionEntry, SortedCursor>> {
        self.list_sessions(filter, page).await
    }

    async fn count_sessions(&mut self, filter: &SessionFilter, at_most: u64) -> Result<u64> {
        self.number_of_sessions(filter, at_most).await
    }

    async fn session(&mut self, session: SessionKey) -> Result<Option<SessionEntry>> {
        self.find_session(session).await
    }

    async fn end_sessions(
        &mut self,
        of: SessionsOf,
        keep: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<EndedSessions> {
        self.revoke_sessions(of, keep, now).await
    }
}
