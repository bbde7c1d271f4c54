//! A user's own sessions and grants, as the account pages show them.

use porta_core::audit::AuditEvent;
use porta_core::session::SessionRecord;
use porta_core::{GrantId, Timestamp, UserId};
use porta_store::{Cursor, Direction, GrantWithClient, Page, Result, SortedCursor};

use super::grants::{GrantColumn, grant_columns, read_grant};
use super::{SessionColumn, Sessions, read_session, session_columns};
use crate::audit::{self, insert_row, row_columns};
use crate::kernel::{List, Row, Sort, at, page_of, statements, uuid};

const SELECT_SESSIONS: &str = concat!("SELECT ", session_columns!(list ""), " FROM sessions");
// The client may belong to another organization. Showing its name is fine: the user saw it when they consented.
const SELECT_GRANTS: &str = concat!(
    "SELECT ",
    grant_columns!(list "g."),
    ", c.client_name FROM grants g JOIN clients c ON c.id = g.client_id"
);

macro_rules! delete_grant {
    () => {
        "DELETE FROM grants WHERE organization_id = $1 AND user_id = $2 AND id = $3"
    };
}

statements! {
    END_GRANT: Script = concat!("WITH gone AS (", delete_grant!(), " RETURNING id), \
         families AS (UPDATE token_families f SET revoked_at = $4 FROM gone \
         WHERE f.grant_id = gone.id AND (f.organization_id = $1) IS TRUE AND f.revoked_at IS NULL), \
         event AS (", insert_row!(), "SELECT ", row_columns!(arguments 5), " FROM gone) \
         SELECT 1 FROM gone"),
        sqlite: concat!(delete_grant!(), " RETURNING 1; ",
         insert_row!(), "SELECT ", row_columns!(arguments 5), " WHERE changes() = 1; \
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
        let before = before.map(SortedCursor::from);
        let mut list = List::new(concat!(module_path!(), "::OF_USER"), self.run.dialect(), SELECT_SESSIONS)
            .filter("organization_id = ?", uuid(self.organization))
            .filter("user_id = ?", uuid(user));
        if let Some(live_at) = live_at {
            list = list.require("revoked_at IS NULL").filter("expires_at > ?", at(live_at));
        }
        let order = (Sort::time(SessionColumn::created_at), Direction::Descending);
        let list = list.page("", order, before.as_ref(), limit)?;
        page_of(&self.run.list(list).await?, limit, read_session, |s| (s.created_at, s.id))
    }

    pub(super) async fn given_by(
        &mut self,
        user: UserId,
        now: Timestamp,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<GrantWithClient>> {
        let before = before.map(SortedCursor::from);
        let order = (Sort::time(GrantColumn::created_at), Direction::Descending);
        let list = List::new(concat!(module_path!(), "::GIVEN_BY"), self.run.dialect(), SELECT_GRANTS)
            .filter("g.organization_id = ?", uuid(self.organization))
            .filter("g.user_id = ?", uuid(user))
            .filter("g.expires_at > ?", at(now))
            .page("g.", order, before.as_ref(), limit)?;
        let read = |row: &Row| {
            let mut r = row.reader("clients");
            Ok(GrantWithClient { grant: read_grant(&r.record())?, client_name: r.text()? })
        };
        page_of(&self.run.list(list).await?, limit, read, |given| (given.grant.created_at, given.grant.id))
    }

    pub(super) async fn withdraw(
        &mut self,
        user: UserId,
        grant: GrantId,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<bool> {
        let mut values = vec![uuid(self.organization), uuid(user), uuid(grant), at(now)];
        values.extend(audit::row_values(event));
        self.run.affects_row(&END_GRANT, &values).await
    }
}
