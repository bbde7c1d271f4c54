//! Browser sessions.

pub(crate) mod grants;
pub(crate) mod people;

use std::time::Duration;

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::session::{Grant, SessionRecord};
use porta_core::{ClientKey, GrantId, OrganizationId, SessionKey, Timestamp, UserId};
use porta_store::{AuthorizeFacts, Cursor, GrantWithClient, Page, Result, SessionRepository};

use crate::audit::{self, insert_row, row_columns};
use crate::kernel::{Record, Row, Runner, at, statements, uuid};
use crate::users::may_continue;
use grants::{GrantColumn, grant_columns, read_grant};

macro_rules! session_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, organization_id, user_id, ip_address, user_agent, created_at, last_activity_at, expires_at,
            revoked_at
        }
    };
}
pub(crate) use session_columns;
session_columns!(enum SessionColumn of "sessions");

fn read_session(row: &Row) -> Result<SessionRecord> {
    session_of(&row.record())
}

pub(crate) fn session_of(r: &Record<'_, SessionColumn>) -> Result<SessionRecord> {
    Ok(SessionRecord {
        id: r.id(SessionColumn::id)?,
        organization_id: r.id(SessionColumn::organization_id)?,
        user_id: r.id(SessionColumn::user_id)?,
        ip_address: r.opt_text(SessionColumn::ip_address)?,
        user_agent: r.opt_text(SessionColumn::user_agent)?,
        created_at: r.time(SessionColumn::created_at)?,
        last_activity_at: r.time(SessionColumn::last_activity_at)?,
        expires_at: r.time(SessionColumn::expires_at)?,
        revoked_at: r.opt_time(SessionColumn::revoked_at)?,
    })
}

macro_rules! end_session {
    () => {
        "UPDATE sessions SET revoked_at = $3 WHERE (organization_id = $1) IS TRUE AND id = $2 AND revoked_at IS NULL"
    };
}

// `IS TRUE` on the organization makes the planner find rows by their id, even without statistics.
statements! {
    AUTHORIZE_FACTS: Read = concat!("SELECT s.user_id, ", may_continue!("u."), ", u.email, u.locale, s.expires_at, s.revoked_at IS NOT NULL, ",
         grant_columns!(list "g."), " FROM sessions s \
         JOIN users u ON u.id = s.user_id AND (u.organization_id = s.organization_id) IS TRUE \
         LEFT JOIN grants g ON g.organization_id = s.organization_id AND g.user_id = s.user_id \
              AND g.client_id = $3 AND g.expires_at > $4 \
         WHERE (s.organization_id = $1) IS TRUE AND s.id = $2");
    BY_ID: Read = concat!("SELECT ", session_columns!(list ""), " FROM sessions WHERE (organization_id = $1) IS TRUE AND id = $2");
    EXTEND: Write = "UPDATE sessions SET expires_at = $3, last_activity_at = $4 \
         WHERE (organization_id = $1) IS TRUE AND id = $2 AND revoked_at IS NULL AND expires_at > $4 \
         AND COALESCE(authenticated_at, created_at) >= $5";
    END: Script = concat!("WITH session AS (", end_session!(), " RETURNING id), \
         families AS (UPDATE token_families f SET revoked_at = $3 FROM session \
         WHERE f.session_id = session.id AND (f.organization_id = $1) IS TRUE AND f.revoked_at IS NULL), \
         event AS (", insert_row!(), "SELECT ", row_columns!(arguments 4), " FROM session) \
         SELECT 1 FROM session"),
        sqlite: concat!(end_session!(), " RETURNING 1; ",
         insert_row!(), "SELECT ", row_columns!(arguments 4), " WHERE changes() = 1; \
         UPDATE token_families SET revoked_at = $3 \
         WHERE session_id = $2 AND organization_id = $1 AND revoked_at IS NULL AND changes() = 1");
}

pub(crate) struct Sessions<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

#[async_trait]
impl SessionRepository for Sessions<'_> {
    async fn authorize_facts(
        &mut self,
        session: SessionKey,
        client: ClientKey,
        now: Timestamp,
    ) -> Result<Option<AuthorizeFacts>> {
        let values = [uuid(self.organization), uuid(session), uuid(client), at(now)];
        let Some(row) = self.run.row(&AUTHORIZE_FACTS, &values).await? else { return Ok(None) };
        let mut r = row.reader("sessions");
        Ok(Some(AuthorizeFacts {
            user_id: r.id()?,
            user_may_continue: r.flag()?,
            user_email: r.text()?,
            user_locale: r.opt_text()?,
            session_expires_at: r.time("expires_at")?,
            session_revoked: r.flag()?,
            grant: {
                let grant: Record<'_, GrantColumn> = r.record();
                if grant.has(GrantColumn::id)? { Some(read_grant(&grant)?) } else { None }
            },
        }))
    }

    async fn by_id(&mut self, session: SessionKey) -> Result<Option<SessionRecord>> {
        let values = [uuid(self.organization), uuid(session)];
        self.run.row(&BY_ID, &values).await?.as_ref().map(read_session).transpose()
    }

    async fn extend(
        &mut self,
        session: SessionKey,
        expires_at: Timestamp,
        longest: Duration,
        now: Timestamp,
    ) -> Result<bool> {
        let since = expires_at - longest;
        let values = [uuid(self.organization), uuid(session), at(expires_at), at(now), at(since)];
        self.run.affects_row(&EXTEND, &values).await
    }

    async fn end(&mut self, session: SessionKey, now: Timestamp, event: &AuditEvent) -> Result<bool> {
        let mut values = vec![uuid(self.organization), uuid(session), at(now)];
        values.extend(audit::row_values(event));
        self.run.affects_row(&END, &values).await
    }

    async fn extend_grant(
        &mut self,
        known: Option<&Grant>,
        wanted: &Grant,
        event: Option<&AuditEvent>,
    ) -> Result<Grant> {
        self.grow_grant(known, wanted, event).await
    }

    async fn grant(&mut self, user: UserId, client: ClientKey) -> Result<Option<Grant>> {
        self.find_grant(user, client).await
    }

    async fn of_user(
        &mut self,
        user: UserId,
        live_at: Option<Timestamp>,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<SessionRecord>> {
        self.sessions_of(user, live_at, before, limit).await
    }

    async fn grants_of(
        &mut self,
        user: UserId,
        now: Timestamp,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<GrantWithClient>> {
        self.given_by(user, now, before, limit).await
    }

    async fn end_grant(
        &mut self,
        user: UserId,
        grant: GrantId,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<bool> {
        self.withdraw(user, grant, now, event).await
    }
}
