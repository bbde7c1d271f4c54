//! The outbox.

use std::collections::HashMap;

use porta_core::outbox::OutboxState;
use porta_core::{OutboxId, UserId};
use porta_store::{
    Direction, OutboxEntry, OutboxFilter, OutboxSort, Page, PageRequest, PageStart, SortedCursor, UserFilter,
    UserSort,
};

use super::{OrganizationQueries, Queries};
use crate::{DirectoryError, Result};

/// Messages that did not go out, each counted up to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undelivered {
    pub waiting: u64,
    pub given_up: u64,
}

pub struct OutboxQueries<'q>(&'q Queries);

impl<'q> OrganizationQueries<'q> {
    /// The outbox of all organizations.
    pub fn outbox(self) -> OutboxQueries<'q> {
        OutboxQueries(self.0)
    }
}

impl OutboxQueries<'_> {
    pub async fn find(&self, id: &str) -> Result<OutboxEntry> {
        let missing = || DirectoryError::not_found("outbox item", id);
        let key = OutboxId::parse(id).ok_or_else(missing)?;
        self.0.repositories().outbox().find(key).await?.ok_or_else(missing)
    }

    pub async fn list(
        &self,
        filter: &OutboxFilter,
        page: &PageRequest<OutboxSort>,
    ) -> Result<Page<OutboxEntry, SortedCursor>> {
        Ok(self.0.repositories().outbox().list(filter, page).await?)
    }

    /// Number of rows of a list on all its pages, counted up to `at_most`.
    pub async fn count(&self, filter: &OutboxFilter, at_most: u64) -> Result<u64> {
        Ok(self.0.repositories().outbox().count(filter, at_most).await?)
    }

    /// How many messages of all organizations did not go out, each number up to `at_most`.
    pub async fn undelivered(&self, at_most: u64) -> Result<Undelivered> {
        let of = |state| OutboxFilter { state: Some(state), ..OutboxFilter::default() };
        Ok(Undelivered {
            waiting: self.count(&of(OutboxState::Pending), at_most).await?,
            given_up: self.count(&of(OutboxState::GivenUp), at_most).await?,
        })
    }

    /// The addresses that users have now. Where a message goes is sealed with it.
    pub async fn addresses(&self, users: Vec<UserId>) -> Result<HashMap<UserId, String>> {
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let limit = u32::try_from(users.len()).unwrap_or(u32::MAX);
        let filter = UserFilter { ids: Some(users), ..UserFilter::default() };
        let (sort, direction) = (UserSort::CreatedAt, Direction::Descending);
        let page = PageRequest { sort, direction, start: PageStart::First, limit };
        let found = self.0.repositories().people().users(None, &filter, &page).await?.items;
        Ok(found.into_iter().map(|entry| (entry.user.id, entry.user.email.shown().to_owned())).collect())
    }
}
