//! What operators see of people in all organizations.

use async_trait::async_trait;
use porta_core::session::SessionRecord;
use porta_core::user::User;
use porta_core::{ClientKey, GrantId, OrganizationId, SessionKey, Timestamp, UserId};

use crate::{Page, PageRequest, Result, SessionFilter, SessionSort, SortedCursor, UserFilter, UserSort};

/// A user with the name of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserEntry {
    pub user: User,
    pub organization_name: String,
}

/// A session with the names of those it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    pub session: SessionRecord,
    pub user_email: String,
    pub organization_name: String,
    /// Whose tokens are the newest of the session; `None`: there are none.
    pub client: Option<SessionClient>,
}

/// A client that got tokens in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionClient {
    pub key: ClientKey,
    pub name: String,
    /// What the user allowed the client.
    pub grant: GrantId,
}

/// Which sessions to end, and which token families with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionsOf {
    User(UserId),
    Organization(OrganizationId),
    /// Sessions in which the client got tokens.
    Client(ClientKey),
    Everybody,
}

/// How much has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndedSessions {
    pub sessions: u64,
    pub token_families: u64,
}

/// Not scoped to an organization: operators look at all of them.
#[async_trait]
pub trait PeopleRepository: Send {
    /// Users of all organizations, or of one.
    async fn users(
        &mut self,
        of: Option<OrganizationId>,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Result<Page<UserEntry, SortedCursor>>;
    /// Number of users that a list with this filter has on all its pages, counted up to `at_most`.
    async fn count_users(
        &mut self,
        of: Option<OrganizationId>,
        filter: &UserFilter,
        at_most: u64,
    ) -> Result<u64>;

    async fn sessions(
        &mut self,
        filter: &SessionFilter,
        page: &PageRequest<SessionSort>,
    ) -> Result<Page<SessionEntry, SortedCursor>>;
    /// Number of sessions that a list with this filter has on all its pages, counted up to `at_most`.
    async fn count_sessions(&mut self, filter: &SessionFilter, at_most: u64) -> Result<u64>;
    async fn session(&mut self, session: SessionKey) -> Result<Option<SessionEntry>>;
    /// Ends the live sessions of `of`, and the token families that belong to it, offline ones included; `keep` and its
    /// families stay. Several statements of bounded size in one transaction.
    async fn end_sessions(
        &mut self,
        of: SessionsOf,
        keep: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<EndedSessions>;
}
