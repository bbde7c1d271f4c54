//! People who have one mailbox twice (decision 0043): a version before this one took two ways to type it for two
//! addresses. Who of them is meant is for an operator to say, so they are shown and left alone.

use std::collections::BTreeMap;

use porta_core::organization::Organization;
use porta_core::user::{Email, User};

use crate::{Result, Work};

/// People read at once.
const PAGE: u32 = 500;

/// One mailbox and who has it, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Double {
    pub mailbox: String,
    pub people: Vec<User>,
}

impl Work {
    /// The mailboxes of an organization that several people have.
    pub async fn doubles(&mut self, organization: &Organization) -> Result<Vec<Double>> {
        let mut by_mailbox = self.under_other_keys(organization).await?;
        for (mailbox, people) in &mut by_mailbox {
            // The unique rule lets one person have the mailbox under its key.
            let found = self.unit.users(organization.id).by_email(mailbox).await?;
            people.extend(found.filter(|user| user.email.key() == mailbox));
            people.sort_by_key(|user| (user.created_at, user.id));
        }
        let double = |(mailbox, people)| Double { mailbox, people };
        Ok(by_mailbox.into_iter().map(double).filter(|double| double.people.len() > 1).collect())
    }

    /// People whose address a version before this one stored under another key than this one would, by the key of today.
    async fn under_other_keys(&mut self, organization: &Organization) -> Result<BTreeMap<String, Vec<User>>> {
        let mut by_mailbox: BTreeMap<String, Vec<User>> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.unit.users(organization.id).page(after, PAGE).await?;
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
