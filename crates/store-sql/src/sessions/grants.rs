//! Grants: the scopes that a user allowed a client. Scopes are only added, and concurrent consents lose none.

use porta_core::audit::AuditEvent;
use porta_core::session::Grant;
use porta_core::{ClientKey, Timestamp, UserId};
use porta_store::{Result, StoreError};

use super::Sessions;
use crate::audit::{self, insert_audit};
use crate::kernel::{Record, Value, at, json, same_owner, statements, uuid};

macro_rules! grant_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, organization_id, user_id, client_id, scopes, created_at, expires_at
        }
    };
}
pub(super) use grant_columns;
grant_columns!(enum GrantColumn of "grants");

/// Inserts a grant, unless there is one. `$1` organization … `$7`.
macro_rules! insert_grant {
    () => {
        concat!(
            "INSERT INTO grants (",
            grant_columns!(list ""),
            ") SELECT $2, $1, $3, $4, $5, $6, $7 \
            FROM users u WHERE u.id = $3 AND u.organization_id = $1 \
            ON CONFLICT (organization_id, user_id, client_id) DO NOTHING RETURNING 1"
        )
    };
}
/// Updates a grant, provided that it is unchanged since it was read: `$8` id, `$9` scopes, `$10` end.
macro_rules! rewrite_grant {
    () => {
        "UPDATE grants SET id = $2, scopes = $5, created_at = $6, expires_at = $7 \
         WHERE organization_id = $1 AND user_id = $3 AND client_id = $4 \
         AND id = $8 AND scopes = $9 AND expires_at = $10 RETURNING 1"
    };
}

statements! {
    BY_OWNER: Read = concat!("SELECT ", grant_columns!(list ""), " FROM grants \
         WHERE organization_id = $1 AND user_id = $2 AND client_id = $3");
    INSERT: Write = insert_grant!();
    INSERT_WITH_EVENT: Script = concat!("WITH grown AS (", insert_grant!(), "), event AS (", insert_audit!(),
         "SELECT $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20 FROM grown) SELECT 1 FROM grown"),
        sqlite: concat!(insert_grant!(), "; ", insert_audit!(),
         "SELECT $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20 WHERE changes() = 1");
    REWRITE: Write = rewrite_grant!();
    REWRITE_WITH_EVENT: Script = concat!("WITH grown AS (", rewrite_grant!(), "), event AS (", insert_audit!(),
         "SELECT $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23 FROM grown) SELECT 1 FROM grown"),
        sqlite: concat!(rewrite_grant!(), "; ", insert_audit!(),
         "SELECT $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23 WHERE changes() = 1");
}

pub(super) fn read_grant(r: &Record<'_, GrantColumn>) -> Result<Grant> {
    Ok(Grant {
        id: r.id(GrantColumn::id)?,
        organization_id: r.id(GrantColumn::organization_id)?,
        user_id: r.id(GrantColumn::user_id)?,
        client: r.id(GrantColumn::client_id)?,
        scopes: r.json(GrantColumn::scopes)?,
        created_at: r.time(GrantColumn::created_at)?,
        expires_at: r.time(GrantColumn::expires_at)?,
    })
}

/// The grant after `wanted` is allowed too: an expired grant starts anew, a valid one only gains scopes.
fn grown(current: Option<&Grant>, wanted: &Grant) -> Grant {
    let now: Timestamp = wanted.created_at;
    let Some(current) = current.filter(|c| now < c.expires_at) else { return wanted.clone() };
    let mut grown = current.clone();
    for scope in &wanted.scopes {
        if !grown.scopes.contains(scope) {
            grown.scopes.push(scope.clone());
        }
    }
    grown.expires_at = current.expires_at.max(wanted.expires_at);
    grown
}

/// Attempts before giving up on a grant that others keep changing.
const ATTEMPTS: usize = 32;

impl Sessions<'_> {
    pub(super) async fn find_grant(&mut self, user: UserId, client: ClientKey) -> Result<Option<Grant>> {
        let values = [uuid(self.organization), uuid(user), uuid(client)];
        let Some(row) = self.run.row(&BY_OWNER, &values).await? else { return Ok(None) };
        read_grant(&row.record()).map(Some)
    }

    pub(super) async fn grow_grant(
        &mut self,
        known: Option<&Grant>,
        wanted: &Grant,
        event: Option<&AuditEvent>,
    ) -> Result<Grant> {
        same_owner(self.organization, wanted.organization_id)?;
        let mut current = known.cloned();
        for _ in 0..ATTEMPTS {
            let next = grown(current.as_ref(), wanted);
            if self.replace(current.as_ref(), &next, event).await? {
                return Ok(next);
            }
            let seen = self.find_grant(wanted.user_id, wanted.client).await?;
            if seen.is_none() && current.is_none() {
                return Err(StoreError::MissingReference("user".to_owned()));
            }
            current = seen;
        }
        Err(StoreError::Unavailable("the grant kept changing".into()))
    }

    /// Writes `next` in place of `current`. `false`: the stored grant is no longer `current`.
    async fn replace(
        &mut self,
        current: Option<&Grant>,
        next: &Grant,
        event: Option<&AuditEvent>,
    ) -> Result<bool> {
        let mut values: Vec<Value<'_>> = vec![
            uuid(self.organization),
            uuid(next.id),
            uuid(next.user_id),
            uuid(next.client),
            json(&next.scopes),
            at(next.created_at),
            at(next.expires_at),
        ];
        if let Some(current) = current {
            values.extend([uuid(current.id), json(&current.scopes), at(current.expires_at)]);
        }
        let stmt = match (current, event) {
            (None, None) => &INSERT,
            (None, Some(_)) => &INSERT_WITH_EVENT,
            (Some(_), None) => &REWRITE,
            (Some(_), Some(_)) => &REWRITE_WITH_EVENT,
        };
        if let Some(event) = event {
            values.extend(audit::values(event));
        }
        self.run.affects_row(stmt, &values).await
    }
}

#[cfg(test)]
mod tests {
    use porta_core::{EntityId as _, GrantId, OrganizationId};
    use uuid::Uuid;

    use super::*;

    fn grant(id: u128, scopes: &[&str], from: i64, to: i64) -> Grant {
        Grant {
            id: GrantId::from_uuid(Uuid::from_u128(id)),
            organization_id: OrganizationId::from_uuid(Uuid::nil()),
            user_id: UserId::from_uuid(Uuid::nil()),
            client: ClientKey::from_uuid(Uuid::nil()),
            scopes: scopes.iter().map(|&s| s.to_owned()).collect(),
            created_at: Timestamp::from_seconds(from),
            expires_at: Timestamp::from_seconds(to),
        }
    }

    #[test]
    fn a_grant_grows_and_an_expired_one_starts_anew() {
        let old = grant(1, &["openid", "email"], 0, 100);
        let wanted = grant(2, &["openid", "profile"], 50, 90);
        assert_eq!(grown(Some(&old), &wanted), grant(1, &["openid", "email", "profile"], 0, 100));
        let late = grant(2, &["openid"], 100, 200);
        assert_eq!(grown(Some(&old), &late), late);
        assert_eq!(grown(None, &late), late);
    }
}
