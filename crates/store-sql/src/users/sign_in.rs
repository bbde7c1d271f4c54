//! Records right and wrong passwords: one statement each, so that concurrent ones are all counted.

use std::time::Duration;

use porta_core::Timestamp;
use porta_core::audit::AuditEvent;
use porta_core::session::SessionRecord;
use porta_core::user::User;
use porta_store::{FailureEvents, FailureOutcome, LockPolicy, Result};

use super::Users;
use crate::audit::{self, insert_audit};
use crate::kernel::{at, int, opt_at, opt_text, same_owner, statements, text, uuid};

/// Whether an automatic lock of `users` has run out: it was set at `$cutoff` or earlier.
macro_rules! lock_is_over {
    ($table:literal, $cutoff:literal) => {
        concat!(
            "(",
            $table,
            "status = 'locked' AND ",
            $table,
            "locked_reason = 'auto_lockout' AND ",
            $table,
            "locked_at <= ",
            $cutoff,
            ")"
        )
    };
}

/// Number of failures including this one; `$4` is the cut-off of the lock.
macro_rules! failures {
    () => {
        concat!("CASE WHEN ", lock_is_over!("", "$4"), " THEN 1 ELSE failed_login_count + 1 END")
    };
}
/// Whether this failure locks the account; `$4` is the cut-off of the lock, `$5` the threshold.
macro_rules! locks {
    () => {
        concat!("((status = 'active' OR ", lock_is_over!("", "$4"), ") AND ", failures!(), " >= $5)")
    };
}

/// Whether user `$2` may sign in with what was verified: active, or with an automatic lock set at `$cutoff` or earlier,
/// and the credentials unchanged since the verification (decision D22).
macro_rules! may_enter {
    ($cutoff:literal, $epoch:literal, $changed:literal) => {
        concat!(
            "organization_id = $1 AND id = $2 AND (status = 'active' OR ",
            lock_is_over!("", $cutoff),
            ") AND credential_epoch = ",
            $epoch,
            " AND password_changed_at IS NOT DISTINCT FROM ",
            $changed
        )
    };
}

/// `$1` organization, `$2` user, `$3` now, `$4` cut-off of the lock, `$23` and `$24` the credentials as verified, `$5`
/// the session, which must be new, or belong to this user and not be revoked.
macro_rules! signed_in {
    () => {
        concat!("UPDATE users SET status = 'active', locked_at = NULL, locked_reason = NULL, failed_login_count = 0, \
            login_count = login_count + 1, last_login_at = $3 WHERE ", may_enter!("$4", "$23", "$24"), " \
            AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = $5 \
                AND (s.organization_id <> $1 OR s.user_id <> $2 OR s.revoked_at IS NOT NULL))")
    };
}
macro_rules! insert_session {
    ($source:literal) => {
        concat!("INSERT INTO sessions (organization_id, user_id, last_activity_at, id, ip_address, user_agent, created_at, \
            expires_at, authenticated_at) SELECT $1, $2, $3, $5, $6, $7, $8, $9, $3 ", $source, " ON CONFLICT (id) DO UPDATE \
            SET last_activity_at = excluded.last_activity_at, expires_at = excluded.expires_at, \
            authenticated_at = excluded.authenticated_at \
            WHERE sessions.organization_id = excluded.organization_id AND sessions.user_id = excluded.user_id \
            AND sessions.revoked_at IS NULL")
    };
}

statements! {
    SIGN_IN: Script = concat!("WITH person AS (", signed_in!(), " RETURNING id), \
         session AS (", insert_session!("FROM person"), "), \
         event AS (", insert_audit!(), "SELECT $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22 FROM person) \
         SELECT 1 FROM person"),
        // `changes()` is the number of rows changed by the previous statement.
        sqlite: concat!(signed_in!(), " RETURNING 1; ",
         insert_session!("WHERE changes() = 1"), "; ",
         insert_audit!(), "SELECT $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22 WHERE changes() = 1");

    // The lock waits for a concurrent change of the user to finish.
    CHALLENGE: Script = concat!("WITH person AS (SELECT id FROM users WHERE ", may_enter!("$3", "$17", "$18"), " FOR SHARE), \
         event AS (", insert_audit!(), "SELECT $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16 FROM person) \
         SELECT 1 FROM person"),
        sqlite: concat!(insert_audit!(), "SELECT $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16 \
         FROM users WHERE ", may_enter!("$3", "$17", "$18"), " RETURNING 1");

    // `before` locks the row and reads its latest version, so the outcome is computed from the current state; the
    // update then sees the same. $5 is the threshold, $6 to $18 the failure's audit row, $19 to $31 the lock's, $32 to
    // $44 that of a lifted lock.
    FAILURE: Script = concat!("WITH before AS (SELECT id, status, ", lock_is_over!("", "$4"), " AS is_over, ",
         failures!(), " AS failures \
         FROM users WHERE organization_id = $1 AND email_key = $2 FOR NO KEY UPDATE), \
         outcome AS (SELECT id, failures, (status = 'active' OR is_over) AND failures >= $5 AS locks, is_over FROM before), \
         person AS (UPDATE users u SET failed_login_count = o.failures, last_failed_login_at = $3, \
         status = CASE WHEN o.locks THEN 'locked' WHEN o.is_over THEN 'active' ELSE u.status END, \
         locked_at = CASE WHEN o.locks THEN $3 WHEN o.is_over THEN NULL ELSE u.locked_at END, \
         locked_reason = CASE WHEN o.locks THEN 'auto_lockout' WHEN o.is_over THEN NULL ELSE u.locked_reason END \
         FROM outcome o WHERE u.id = o.id RETURNING u.id, o.failures, o.locks, o.is_over), \
         failed AS (", insert_audit!(), "SELECT $6, $7, $8, COALESCE((SELECT id FROM person), $9), $10, $11, $12, $13, $14, \
         $15::jsonb || COALESCE((SELECT jsonb_build_object('failedCount', failures, 'autoLocked', locks) FROM person), '{}'), \
         $16, $17, $18), \
         locked AS (", insert_audit!(), "SELECT $19, $20, $21, COALESCE(id, $22), $23, $24, $25, $26, $27, \
         $28::jsonb || jsonb_build_object('failedCount', failures, 'threshold', $5::bigint), $29, $30, $31 \
         FROM person WHERE locks), \
         unlocked AS (", insert_audit!(), "SELECT $32, $33, $34, COALESCE(id, $35), $36, $37, $38, $39, $40, $41, $42, $43, $44 \
         FROM person WHERE is_over) \
         SELECT failures, locks FROM person"),
        // The same outcome. Whether the account was locked is read from whether the audit row of the lock was written.
        sqlite: concat!(insert_audit!(), "SELECT $6, $7, $8, \
         COALESCE((SELECT id FROM users WHERE organization_id = $1 AND email_key = $2), $9), $10, $11, $12, $13, $14, \
         COALESCE((SELECT json_patch($15, json_object('failedCount', ", failures!(), ", \
             'autoLocked', json(CASE WHEN ", locks!(), " THEN 'true' ELSE 'false' END))) \
             FROM users WHERE organization_id = $1 AND email_key = $2), $15), \
         $16, $17, $18; ",
         insert_audit!(), "SELECT $19, $20, $21, COALESCE(id, $22), $23, $24, $25, $26, $27, \
         json_patch($28, json_object('failedCount', ", failures!(), ", 'threshold', $5)), $29, $30, $31 \
         FROM users WHERE organization_id = $1 AND email_key = $2 AND ", locks!(), "; ",
         insert_audit!(), "SELECT $32, $33, $34, COALESCE(id, $35), $36, $37, $38, $39, $40, $41, $42, $43, $44 \
         FROM users WHERE organization_id = $1 AND email_key = $2 AND ", lock_is_over!("", "$4"), "; \
         UPDATE users SET last_failed_login_at = $3, failed_login_count = ", failures!(), ", \
         status = CASE WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = $19) THEN 'locked' \
                       WHEN ", lock_is_over!("", "$4"), " THEN 'active' ELSE status END, \
         locked_at = CASE WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = $19) THEN $3 \
                       WHEN ", lock_is_over!("", "$4"), " THEN NULL ELSE locked_at END, \
         locked_reason = CASE WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = $19) THEN 'auto_lockout' \
                       WHEN ", lock_is_over!("", "$4"), " THEN NULL ELSE locked_reason END \
         WHERE organization_id = $1 AND email_key = $2 \
         RETURNING failed_login_count, EXISTS (SELECT 1 FROM audit_log WHERE id = $19)");
}

impl Users<'_> {
    pub(super) async fn signed_in(
        &mut self,
        user: &User,
        lockout: Duration,
        session: &SessionRecord,
        event: &AuditEvent,
    ) -> Result<bool> {
        same_owner(self.organization, session.organization_id)?;
        let now = session.last_activity_at;
        let mut values = vec![
            uuid(self.organization),
            uuid(user.id),
            at(now),
            at(now - lockout),
            uuid(session.id),
            opt_text(session.ip_address.as_deref()),
            opt_text(session.user_agent.as_deref()),
            at(session.created_at),
            at(session.expires_at),
        ];
        values.extend(audit::values(event));
        values.extend([int(user.credential_epoch), opt_at(user.password_changed_at)]);
        self.run.affects_row(&SIGN_IN, &values).await
    }

    pub(super) async fn began_challenge(
        &mut self,
        user: &User,
        lockout: Duration,
        event: &AuditEvent,
    ) -> Result<bool> {
        let mut values = vec![uuid(self.organization), uuid(user.id), at(event.created_at - lockout)];
        values.extend(audit::values(event));
        values.extend([int(user.credential_epoch), opt_at(user.password_changed_at)]);
        self.run.affects_row(&CHALLENGE, &values).await
    }

    pub(super) async fn failed_to_sign_in(
        &mut self,
        email_key: &str,
        policy: LockPolicy,
        now: Timestamp,
        events: FailureEvents<'_>,
    ) -> Result<Option<FailureOutcome>> {
        let threshold = i64::try_from(policy.max_failed_logins).unwrap_or(i64::MAX);
        let mut values =
            vec![uuid(self.organization), text(email_key), at(now), at(now - policy.lockout), int(threshold)];
        for event in [events.failed, events.locked, events.unlocked] {
            values.extend(audit::values(event));
        }
        let Some(row) = self.run.row(&FAILURE, &values).await? else { return Ok(None) };
        let mut r = row.reader("users");
        Ok(Some(FailureOutcome { failed_login_count: r.int()?, locked_now: r.flag()? }))
    }
}
