//! Delivery state of an organization's emails.

use porta_core::organization::Organization;
use porta_core::outbox::{OutboxCounts, OutboxRow, OutboxState};

use crate::{Directory, Result};

/// Rows read per page.
const PAGE: u32 = 500;

impl Directory {
    /// Emails that are pending or were given up, oldest first, without their sealed contents.
    pub async fn undelivered(&self, organization: &Organization) -> Result<Vec<OutboxRow>> {
        let mut repositories = self.deps.store.repositories();
        let mut outbox = repositories.outbox();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = outbox.page_for(organization.id, after, PAGE).await?;
            found.extend(page.items.into_iter().filter(|row| row.state != OutboxState::Delivered));
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// Number of the organization's emails in each state.
    pub async fn outbox_counts(&self, organization: &Organization) -> Result<OutboxCounts> {
        Ok(self.deps.store.repositories().outbox().counts(Some(organization.id)).await?)
    }
}
