//! Erases what is stored about a person. The row of the user stays, without anything that tells who it was, so that
//! audit rows and the like still refer to somebody.
//!
//! The row is changed first, which makes a sign-in at the same moment wait and then fail. Rows that may be very many are
//! changed in batches, so that no statement takes longer than statements may.

use porta_core::user::{Email, Profile, User};
use porta_core::{OrganizationId, Timestamp, UserId};
use porta_store::{Purged, Result};
use uuid::Uuid;

use super::columns::{UserColumn, edited_columns, value};
use super::{Users, VERSION};
use crate::kernel::{Runner, Stmt, Value, at, int, statements, text, uuid};

/// A batch of the rows that organization `$1` has of user `$2`.
macro_rules! delete_batch {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE id IN (SELECT t.id FROM ",
            $table,
            " t WHERE t.organization_id = $1 AND t.user_id = $2 LIMIT 1000)"
        )
    };
}
/// Emails to user `$2` that are not sent yet, or may be sent again.
macro_rules! unsent {
    ($user:literal) => {
        concat!(
            "DELETE FROM outbox WHERE organization_id = $1 AND (state = 'pending' OR sendable_until IS NOT NULL) AND ",
            $user,
            " = $2"
        )
    };
}
/// Takes the person out of a batch of audit rows of user `$1`, those after row `$2`: address `$3` becomes `$4`; the same
/// as JSON is `$5` and `$6`. The address that a request came from is another person's if another person is the actor.
macro_rules! anonymize {
    ($metadata:literal) => {
        concat!(
            "UPDATE audit_log SET actor_label = CASE WHEN actor_id = $1 THEN $4 ELSE replace(actor_label, $3, $4) END, \
             description = replace(description, $3, $4), metadata = ",
            $metadata,
            ", ip_address = CASE WHEN actor_id <> $1 THEN ip_address END, \
             user_agent = CASE WHEN actor_id <> $1 THEN user_agent END \
             WHERE id IN (SELECT a.id FROM audit_log a WHERE (a.user_id = $1 OR a.actor_id = $1) AND a.id > $2 \
             ORDER BY a.id LIMIT 1000) RETURNING id"
        )
    };
}

statements! {
    ERASE: Write = concat!("UPDATE users SET ", edited_columns!(assignments 5), ", password_hash = NULL, \
         password_changed_at = NULL, password_change_required = FALSE, status = 'inactive', locked_at = NULL, locked_reason = NULL, last_login_at = NULL, \
         login_count = 0, failed_login_count = 0, last_failed_login_at = NULL, two_factor_method = NULL, \
         factor_failures = 0, credential_epoch = credential_epoch + 1, \
         tokens_valid_since = CASE WHEN tokens_valid_since > $4 THEN tokens_valid_since ELSE $4 END, \
         version = version + 1 WHERE organization_id = $1 AND id = $2 AND version = $3");
    ROLES: Write = "DELETE FROM user_roles WHERE user_id = $1";
    CLAIMS: Write = "DELETE FROM custom_claim_values WHERE user_id = $1";
    TOTP: Write = "DELETE FROM user_totp WHERE user_id = $1";
    RECOVERY_CODES: Write = "DELETE FROM two_factor_recovery_codes WHERE user_id = $1";
    EMAIL_CODES: Write = "DELETE FROM two_factor_email_codes WHERE user_id = $1";
    // Their tokens go with them.
    FAMILIES: Write = delete_batch!("token_families");
    SESSIONS: Write = delete_batch!("sessions");
    GRANTS: Write = delete_batch!("grants");
    LINKS: Write = delete_batch!("one_time_tokens");
    UNSENT: Write = unsent!("payload #>> '{about,user_id}'"),
        sqlite: unsent!("json_extract(payload, '$.about.user_id')");
    // The reason of a status is free text. An earlier address may be in `email`; an address is no part of other texts.
    ANONYMIZE: Write = anonymize!("replace((CASE WHEN user_id = $1 AND jsonb_typeof(metadata) = 'object' \
             THEN metadata - 'email' - 'reason' ELSE metadata END)::text, $5, $6)::jsonb"),
        sqlite: anonymize!("replace(CASE WHEN user_id = $1 THEN json_remove(metadata, '$.email', '$.reason') \
             ELSE metadata END, $5, $6)");
}

/// So many times in a row a batch must be empty. Once may be because others deleted its rows at the same moment.
const TIMES_EMPTY: u8 = 2;

impl Users<'_> {
    /// See [`UserRepository::purge`](porta_store::UserRepository::purge).
    pub(super) async fn erase(
        &mut self,
        user: &User,
        anonymous: &Email,
        now: Timestamp,
    ) -> Result<Option<Purged>> {
        let organization = self.organization;
        let mut scope = self.run.scope().await?;
        let mut run = scope.run();
        if !erase_profile(&mut run, organization, user, anonymous, now).await? {
            return Ok(None);
        }
        let mut purged = Purged {
            roles: delete(&mut run, &ROLES, user.id).await?,
            claims: delete(&mut run, &CLAIMS, user.id).await?,
            ..Purged::default()
        };
        for factor in [&TOTP, &RECOVERY_CODES, &EMAIL_CODES] {
            purged.second_factors += delete(&mut run, factor, user.id).await?;
        }
        for batch in [&FAMILIES, &SESSIONS, &GRANTS] {
            purged.sign_in_data += delete_all(&mut run, batch, organization, user.id).await?;
        }
        delete_all(&mut run, &LINKS, organization, user.id).await?;
        run.execute(&UNSENT, &[uuid(organization), text(&user.id.to_string())]).await?;
        purged.audit_rows = anonymize_audit_rows(&mut run, user, anonymous).await?;
        scope.finish().await?;
        Ok(Some(purged))
    }
}

/// `false`: no such user.
async fn erase_profile(
    run: &mut Runner<'_>,
    organization: OrganizationId,
    user: &User,
    anonymous: &Email,
    now: Timestamp,
) -> Result<bool> {
    let nobody = User {
        email: anonymous.clone(),
        email_verified: false,
        profile: Profile::default(),
        updated_at: now,
        ..user.clone()
    };
    let key = [uuid(organization), uuid(user.id)];
    let mut values = key.to_vec();
    values.extend([int(user.version.number()), at(now)]);
    values.extend(edited_columns!(some UserColumn).map(|column| value(&nobody, column)));
    run.update_version(&ERASE, &values, &VERSION, &key, "user").await
}

/// Number of deleted rows.
async fn delete(run: &mut Runner<'_>, stmt: &Stmt, user: UserId) -> Result<u64> {
    Ok(run.execute(stmt, &[uuid(user)]).await?.affected)
}

/// Number of deleted rows.
async fn delete_all(
    run: &mut Runner<'_>,
    batch: &Stmt,
    organization: OrganizationId,
    user: UserId,
) -> Result<u64> {
    let (mut deleted, mut times_empty) = (0, 0);
    while times_empty < TIMES_EMPTY {
        let rows = run.execute(batch, &[uuid(organization), uuid(user)]).await?.affected;
        times_empty = if rows == 0 { times_empty + 1 } else { 0 };
        deleted += rows;
    }
    Ok(deleted)
}

/// Number of changed rows.
async fn anonymize_audit_rows(run: &mut Runner<'_>, user: &User, anonymous: &Email) -> Result<u64> {
    let (address, name) = (user.email.shown(), anonymous.shown());
    let as_json = |text: &str| serde_json::Value::from(text).to_string();
    let (json_address, json_name) = (as_json(address), as_json(name));
    let (mut changed, mut after, mut times_empty) = (0, Uuid::nil(), 0);
    while times_empty < TIMES_EMPTY {
        let values = [
            uuid(user.id),
            Value::Uuid(Some(after)),
            text(address),
            text(name),
            text(&json_address),
            text(&json_name),
        ];
        let rows = run.rows(&ANONYMIZE, &values).await?;
        times_empty = if rows.is_empty() { times_empty + 1 } else { 0 };
        for row in &rows {
            after = after.max(row.reader("audit_log").raw_uuid()?);
            changed += 1;
        }
    }
    Ok(changed)
}
