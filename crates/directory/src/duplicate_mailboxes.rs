//! Duplicate accounts: several people with one mailbox (decision 0043). An earlier version stored two spellings of a
//! mailbox as two addresses. Only an operator can say which account to keep, so they are listed and not changed.

use std::collections::BTreeMap;

use porta_core::organization::Organization;
use porta_core::user::{Email, User};

use crate::Result;
use crate::users::UserOperations;

/// People read per page.
const PAGE: u32 = 500;

/// One mailbox and its accounts, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateMailbox {
    pub mailbox: String,
    pub people: Vec<User>,
}

impl UserOperations<'_> {
    /// Lists the mailboxes of an organization that have several accounts.
    pub async fn duplicate_mailboxes(
        &mut self,
        organization: &Organization,
    ) -> Result<Vec<DuplicateMailbox>> {
        let mut by_mailbox = self.under_other_keys(organization).await?;
        for (mailbox, people) in &mut by_mailbox {
            // The unique constraint allows one account under the mailbox's current key.
            let found = self.work.unit.users(organization.id).by_email(mailbox).await?;
            people.extend(found.filter(|user| user.email.key() == mailbox));
            people.sort_by_key(|user| (user.created_at, user.id));
        }
        let duplicate = |(mailbox, people)| DuplicateMailbox { mailbox, people };
        Ok(by_mailbox.into_iter().map(duplicate).filter(|duplicate| duplicate.people.len() > 1).collect())
    }

    /// Accounts that an earlier version stored under a key that differs from today's, by today's key.
    async fn under_other_keys(&mut self, organization: &Organization) -> Result<BTreeMap<String, Vec<User>>> {
        let mut by_mailbox: BTreeMap<String, Vec<User>> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.work.unit.users(organization.id).page(after, PAGE).await?;
            for user in page.items {
                let mailbox = Email::key_of(user.email.shown());
                if mailbox != user.email.key() {
                    by_mailbox.entry(mailbox).or_default().push(user);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(by_mailbox);
            }
        }
    }
}
