//! Sessions, and what people allowed clients.

use porta_core::SessionKey;
use porta_core::user::User;
use porta_store::{
    GrantWithClient, Page, PageRequest, SessionEntry, SessionFilter, SessionSort, SortedCursor,
};

use super::Queries;
use crate::{DirectoryError, Result};

/// Grants read at a time.
const GRANTS: u32 = 200;

pub struct SessionQueries<'q>(&'q Queries);

impl Queries {
    pub fn sessions(&self) -> SessionQueries<'_> {
        SessionQueries(self)
    }
}

impl SessionQueries<'_> {
    pub async fn find(&self, id: &str) -> Result<SessionEntry> {
        let missing = || DirectoryError::not_found("session", id);
        let key = SessionKey::parse(id).ok_or_else(missing)?;
        self.0.repositories().people().session(key).await?.ok_or_else(missing)
    }

    pub async fn list(
        &self,
        filter: &SessionFilter,
        page: &PageRequest<SessionSort>,
    ) -> Result<Page<SessionEntry, SortedCursor>> {
        Ok(self.0.repositories().people().sessions(filter, page).await?)
    }

    /// Number of rows of a list on all its pages, counted up to `at_most`.
    pub async fn count(&self, filter: &SessionFilter, at_most: u64) -> Result<u64> {
        Ok(self.0.repositories().people().count_sessions(filter, at_most).await?)
    }

    /// What a person allowed clients and what is in force, newest first. There is at most one for each client.
    pub async fn grants(&self, user: &User) -> Result<Vec<GrantWithClient>> {
        let now = self.0.deps.clock.now();
        let mut repositories = self.0.repositories();
        let mut sessions = repositories.sessions(user.organization_id);
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = sessions.grants_of(user.id, now, before, GRANTS).await?;
            all.extend(page.items);
            before = page.next;
            if before.is_none() {
                return Ok(all);
            }
        }
    }
}
