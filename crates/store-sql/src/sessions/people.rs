//! A user's own sessions and grants, as the account pages show them.

use porta_core::audit::AuditEvent;
use porta_core::session::SessionRecord;
use porta_core::{GrantId, Timestamp, UserId};
use porta_store::{Cursor, GrantWithClient, Page, Result};

use super::grants::{grant_columns, read_grant};
use super::{Sessions, read_session, session_columns};
use crate::audit::{self, insert_audit};
use crate::kernel::{Row, at, int, statements, uuid};
use crate::unit::{cursor_values_before, page_of};

macro_rules! sessions_of {
    ($filter:literal) => {
        concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions WHERE organization_id = $1 AND user_id = $2 AND (created_at, id) < ($3, $4)",
            $filter,
            " ORDER BY created_at DESC, id DESC LIMIT $5"
        )
    };
}
macro_rules! delete_grant {
    () => {
        "DELETE FROM grants WHERE organization_id = $1 AND user_id = $2 AND id = $3"
    };
}

statements! {
    ALL_OF: Read = sessions_of!("");
    LIVE_OF: Read = sessions_of!(" AND revoked_at IS NULL AND expires_at > $6");
    // The client may belong to another organization. Showing its name is fine: the user saw it when they consented.
    GIVEN_BY: Read = concat!("SELECT c.client_name, ", grant_columns!("g."), " FROM grants g JOIN clients c ON c.id = g.client_id \
         WHERE g.organization_id = $1 AND g.user_id = $2 AND (g.created_at, g.id) < ($3, $4) AND g.expires_at > $6 \
         ORDER BY g.created_at DESC, g.id DESC LIMIT $5");
    END_GRANT: Script = concat!("WITH gone AS (", delete_grant!(), " RETURNING id), \
         families AS (UPDATE token_families f SET revoked_at = $4 FROM gone \
         WHERE f.grant_id = gone.id AND (f.organization_id = $1) IS TRUE AND f.revoked_at IS NULL), \
         event AS (", insert_audit!(), "SELECT $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 FROM gone) \
         SELECT 1 FROM gone"),
        sqlite: concat!(delete_grant!(), " RETURNING 1; ",
         insert_audit!(), "SELECT $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 WHERE changes() = 1; \
         UPDATE token_families SET revoked_at = $4 \
         WHERE grant_id = $3 AND organization_id = $1 AND revoked_at IS NULL AND changes() = 1");
}

impl Sessions<'_> {
    pub(super) async fn sessions_of(
        &mut self,
        user: UserId,
        live_at: Option<Timestamp>,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<SessionRecord>> {
        let [time, id] = cursor_values_before(before);
        let mut values = vec![uuid(self.organization), uuid(user), time, id, int(i64::from(limit) + 1)];
        let stmt = if live_at.is_some() { &LIVE_OF } else { &ALL_OF };
        values.extend(live_at.map(at));
        let rows = self.run.rows(stmt, &values).await?;
        page_of(&rows, limit, |row| read_session(&mut row.reader("sessions")), |s| (s.created_at, s.id))
    }

    pub(super) async fn given_by(
        &mut self,
        user: UserId,
        now: Timestamp,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<GrantWithClient>> {
        let [time, id] = cursor_values_before(before);
        let values = [uuid(self.organization), uuid(user), time, id, int(i64::from(limit) + 1), at(now)];
        let rows = self.run.rows(&GIVEN_BY, &values).await?;
        let read = |row: &Row| {
            let mut r = row.reader("clients");
            let client_name = r.text()?;
            let grant = read_grant(&mut r)?.ok_or_else(|| r.inconsistent("id"))?;
            Ok(GrantWithClient { grant, client_name })
        };
        page_of(&rows, limit, read, |given| (given.grant.created_at, given.grant.id))
    }

    pub(super) async fn withdraw(
        &mut self,
        user: UserId,
        grant: GrantId,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<bool> {
        let mut values = vec![uuid(self.organization), uuid(user), uuid(grant), at(now)];
        values.extend(audit::values(event));
        self.run.affects_row(&END_GRANT, &values).await
    }
}
