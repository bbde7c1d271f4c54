//! Recovery codes and mailed codes.

use porta_core::second_factor::{CodeMac, EmailCode, RecoveryCode};
use porta_core::secret::hex;
use porta_core::{Timestamp, UserId};
use porta_store::{EmailCodeAttempt, EmailCodeOutcome, Result, StoreError};

use super::{SecondFactors, own};
use crate::kernel::{Runner, Value, at, bytes, int, json, opt_text, statements, text, uuid};

/// The stored MAC is one of those in `$n`.
macro_rules! is_one_of {
    ($column:literal, $n:literal) => {
        concat!(
            $column,
            " IN (SELECT decode(x.mac, 'hex') FROM jsonb_array_elements_text(",
            $n,
            ") AS x (mac))"
        )
    };
    (sqlite $column:literal, $n:literal) => {
        concat!($column, " IN (SELECT unhex(x.value) FROM json_each(", $n, ") AS x)")
    };
}
/// Uses up a recovery code and counts the remaining ones. The count excludes the row itself, because the databases
/// differ in whether a statement sees its own change.
macro_rules! use_recovery {
    ($is_it:expr, $is_other:expr) => {
        concat!(
            "UPDATE two_factor_recovery_codes SET used_at = $4 WHERE user_id = $2 AND ",
            $is_it,
            " AND used_at IS NULL AND ",
            own!(),
            " RETURNING (SELECT count(*) FROM two_factor_recovery_codes r \
            WHERE r.user_id = $2 AND r.used_at IS NULL AND NOT ",
            $is_other,
            ")"
        )
    };
}
/// Tries the newest code of the interaction, in any slot. Once that one is used, no older one works again.
macro_rules! try_email {
    ($is_it:expr) => {
        concat!(
            "UPDATE two_factor_email_codes SET attempts = attempts + 1, \
            used_at = CASE WHEN ",
            $is_it,
            " THEN $7 ELSE used_at END \
            WHERE id = (SELECT c.id FROM two_factor_email_codes c WHERE c.user_id = $2 \
            AND substr(c.purpose, 1, length($3)) = $3 AND c.interaction_id IS NOT DISTINCT FROM $4 \
            ORDER BY c.created_at DESC, c.used_at IS NOT NULL LIMIT 1) \
            AND user_id = $2 AND used_at IS NULL AND attempts < $6 AND expires_at > $7 AND ",
            own!(),
            " RETURNING used_at IS NOT NULL, $6 - attempts"
        )
    };
}

statements! {
    LOCK: Write = "UPDATE users SET updated_at = $3, version = version + 1 WHERE organization_id = $1 AND id = $2";
    FORGET_RECOVERY: Write = "DELETE FROM two_factor_recovery_codes WHERE user_id = $1";
    FORGET_EMAIL: Write = "DELETE FROM two_factor_email_codes WHERE user_id = $1";
    STORE_RECOVERY: Write = "INSERT INTO two_factor_recovery_codes (user_id, created_at, id, code_hmac, key_id) \
         SELECT $1, $2, (x.code ->> 0)::uuid, decode(x.code ->> 1, 'hex'), x.code ->> 2 \
         FROM jsonb_array_elements($3) AS x (code)",
        sqlite: "INSERT INTO two_factor_recovery_codes (user_id, created_at, id, code_hmac, key_id) \
         SELECT $1, $2, unhex(replace(x.value ->> 0, '-', '')), unhex(x.value ->> 1), x.value ->> 2 \
         FROM json_each($3) AS x";
    USE_RECOVERY: Write = use_recovery!(is_one_of!("code_hmac", "$3"), is_one_of!("r.code_hmac", "$3")),
        sqlite: use_recovery!(is_one_of!(sqlite "code_hmac", "$3"), is_one_of!(sqlite "r.code_hmac", "$3"));
    UNUSED_RECOVERY: Read = concat!("SELECT count(*) FROM two_factor_recovery_codes \
         WHERE user_id = $2 AND used_at IS NULL AND ", own!());
    ISSUE_EMAIL: Write = "INSERT INTO two_factor_email_codes (id, user_id, purpose, interaction_id, code_hmac, attempts, \
         expires_at, created_at) SELECT $3, id, $4, $5, $6, 0, $7, $8 FROM users WHERE organization_id = $1 AND id = $2 \
         ON CONFLICT (user_id, purpose) WHERE used_at IS NULL DO UPDATE SET id = excluded.id, \
         interaction_id = excluded.interaction_id, code_hmac = excluded.code_hmac, attempts = 0, \
         expires_at = excluded.expires_at, created_at = excluded.created_at";
    TRY_EMAIL: Write = try_email!(is_one_of!("code_hmac", "$5")),
        sqlite: try_email!(is_one_of!(sqlite "code_hmac", "$5"));
}

/// Deletes every code of a user. The caller has locked the row of the user.
pub(super) async fn forget(run: &mut Runner<'_>, user: UserId) -> Result<()> {
    run.execute(&FORGET_RECOVERY, &[uuid(user)]).await?;
    run.execute(&FORGET_EMAIL, &[uuid(user)]).await?;
    Ok(())
}

/// The argument of [`is_one_of`].
fn any_of(macs: &[CodeMac]) -> Value<'static> {
    json(&macs.iter().map(|mac| hex(mac.as_bytes())).collect::<Vec<_>>())
}

/// Converts a count that a statement returned.
pub(super) fn counted(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|e| StoreError::Failed(e.into()))
}

impl SecondFactors<'_> {
    pub(super) async fn replace(
        &mut self,
        user: UserId,
        codes: &[RecoveryCode],
        now: Timestamp,
    ) -> Result<bool> {
        let codes: Vec<_> = codes.iter().map(|c| (c.id, hex(c.mac.as_bytes()), &c.key_id)).collect();
        let mut scope = self.run.scope().await?;
        let mut run = scope.run();
        let exists = run.affects_row(&LOCK, &[uuid(self.organization), uuid(user), at(now)]).await?;
        if exists {
            run.execute(&FORGET_RECOVERY, &[uuid(user)]).await?;
            run.execute(&STORE_RECOVERY, &[uuid(user), at(now), json(&codes)]).await?;
        }
        scope.finish().await?;
        Ok(exists)
    }

    pub(super) async fn use_recovery(
        &mut self,
        user: UserId,
        macs: &[CodeMac],
        now: Timestamp,
    ) -> Result<Option<u64>> {
        let values = [uuid(self.organization), uuid(user), any_of(macs), at(now)];
        let Some(row) = self.run.row(&USE_RECOVERY, &values).await? else { return Ok(None) };
        counted(row.reader("two_factor_recovery_codes").int()?).map(Some)
    }

    pub(super) async fn unused(&mut self, user: UserId) -> Result<u64> {
        let row = self.run.row(&UNUSED_RECOVERY, &[uuid(self.organization), uuid(user)]).await?;
        row.map_or(Ok(0), |row| counted(row.reader("two_factor_recovery_codes").int()?))
    }

    pub(super) async fn issue(&mut self, code: &EmailCode) -> Result<()> {
        let purpose = format!("{}.{}", code.purpose, code.slot);
        let values = [
            uuid(self.organization),
            uuid(code.user_id),
            uuid(code.id),
            text(&purpose),
            opt_text(code.interaction.as_deref()),
            bytes(code.mac.as_bytes()),
            at(code.expires_at),
            at(code.created_at),
        ];
        self.run.must_affect_row(&ISSUE_EMAIL, &values, "user").await
    }

    pub(super) async fn attempt(
        &mut self,
        attempt: &EmailCodeAttempt<'_>,
        now: Timestamp,
    ) -> Result<EmailCodeOutcome> {
        let values = [
            uuid(self.organization),
            uuid(attempt.user),
            text(attempt.purpose.as_str()),
            opt_text(attempt.interaction),
            any_of(attempt.macs),
            int(i64::from(attempt.max_attempts)),
            at(now),
        ];
        let Some(row) = self.run.row(&TRY_EMAIL, &values).await? else {
            return Ok(EmailCodeOutcome::NothingToMatch);
        };
        let mut r = row.reader("two_factor_email_codes");
        if r.flag()? {
            return Ok(EmailCodeOutcome::Accepted);
        }
        Ok(EmailCodeOutcome::Wrong { attempts_left: counted(r.int()?)? })
    }
}
