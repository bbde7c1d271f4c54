//! What exports read of many users at once.

use async_trait::async_trait;
use porta_core::{OrganizationId, Slug};
use porta_store::{Cursor, ExportRepository, ExportedRole, ExportedValue, Result};

use crate::kernel::{Runner, Value, at, statements, uuid};

/// The users of `$1` from one position to another, in the order of the index `users_owner_created`.
macro_rules! between {
    () => {
        " WHERE u.organization_id = $1 AND (u.created_at, u.id) >= ($2, $3) AND (u.created_at, u.id) <= ($4, $5) \
         ORDER BY u.created_at, u.id, a.slug, "
    };
}

statements! {
    ROLES: Read = concat!("SELECT u.email, a.slug, r.slug FROM users u JOIN user_roles ur ON ur.user_id = u.id \
         JOIN roles r ON r.id = ur.role_id JOIN applications a ON a.id = r.application_id", between!(), "r.slug");
    VALUES: Read = concat!("SELECT u.email, a.slug, d.claim_name, v.value FROM users u \
         JOIN custom_claim_values v ON v.user_id = u.id JOIN custom_claim_definitions d ON d.id = v.claim_id \
         JOIN applications a ON a.id = d.application_id", between!(), "d.claim_name");
}

pub(crate) struct Exports<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

impl Exports<'_> {
    fn range(&self, first: Cursor, last: Cursor) -> [Value<'static>; 5] {
        [
            uuid(self.organization),
            at(first.created_at),
            Value::Uuid(Some(first.id)),
            at(last.created_at),
            Value::Uuid(Some(last.id)),
        ]
    }
}

#[async_trait]
impl ExportRepository for Exports<'_> {
    async fn roles(&mut self, first: Cursor, last: Cursor) -> Result<Vec<ExportedRole>> {
        let rows = self.run.rows(&ROLES, &self.range(first, last)).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut r = row.reader("user_roles");
            found.push(ExportedRole {
                email: r.text()?,
                application: Slug::trusted(r.text()?),
                role: Slug::trusted(r.text()?),
            });
        }
        Ok(found)
    }

    async fn values(&mut self, first: Cursor, last: Cursor) -> Result<Vec<ExportedValue>> {
        let rows = self.run.rows(&VALUES, &self.range(first, last)).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut r = row.reader("custom_claim_values");
            found.push(ExportedValue {
                email: r.text()?,
                application: Slug::trusted(r.text()?),
                claim: r.text()?,
                value: r.json("value")?,
            });
        }
        Ok(found)
    }
}
