//! Second factors. Their rows belong to a user and the user to an organization; every statement checks both.
//!
//! Factors change under the lock of the user's row. Removing factors and replacing a set of codes therefore lock in a
//! separate statement first: on PostgreSQL a statement sees rows as of before it waited for the lock, and would miss
//! those that the change it waited for added.

pub(crate) mod codes;

use async_trait::async_trait;
use porta_core::seal::Sealed;
use porta_core::second_factor::{
    CodeMac, EmailCode, RecoveryCode, TotpAlgorithm, TotpCredential, TotpParameters,
};
use porta_core::user::TwoFactorMethod;
use porta_core::{OrganizationId, Timestamp, UserId};
use porta_store::{EmailCodeAttempt, EmailCodeOutcome, FactorCounts, Result, SecondFactorRepository};

use crate::kernel::{Record, Row, Runner, at, bytes, columns, int, opt_text, statements, text, uuid};

macro_rules! totp_columns {
    ($($form:tt)+) => {
        columns! {
            $($form)+; user_id, secret, secret_key_id, algorithm, digits, period, last_step, verified_at, created_at
        }
    };
}
totp_columns!(enum TotpColumn of "user_totp");

/// User `$2` belongs to organization `$1`.
macro_rules! own {
    () => {
        "EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND (u.organization_id = $1) IS TRUE)"
    };
}
pub(super) use own;

/// `$1` organization, `$2` user, `$3` the method as read, `$4` now.
macro_rules! becomes_totp {
    () => {
        "UPDATE users SET two_factor_method = 'totp', credential_epoch = credential_epoch + 1, factor_failures = 0, \
         updated_at = $4, version = version + 1 WHERE organization_id = $1 AND id = $2 \
         AND two_factor_method IS NOT DISTINCT FROM $3 \
         AND NOT EXISTS (SELECT 1 FROM user_totp t WHERE t.user_id = $2 AND t.verified_at IS NOT NULL)"
    };
}
/// Overwrites an unconfirmed authenticator, which is no second factor (decision 0025).
macro_rules! insert_totp {
    ($source:literal) => {
        concat!("INSERT INTO user_totp (", totp_columns!(list ""), ", updated_at) \
            SELECT $2, $5, $6, $7, $8, $9, $10, $4, $11, $4 ", $source,
            " ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, secret_key_id = excluded.secret_key_id, \
            algorithm = excluded.algorithm, digits = excluded.digits, period = excluded.period, \
            last_step = excluded.last_step, verified_at = excluded.verified_at, created_at = excluded.created_at, \
            updated_at = excluded.updated_at WHERE user_totp.verified_at IS NULL")
    };
}

statements! {
    TOTP: Read = concat!("SELECT ", totp_columns!(list ""), " FROM user_totp WHERE user_id = $2 AND verified_at IS NOT NULL AND ", own!());
    ENROL_TOTP: Script = concat!("WITH person AS (", becomes_totp!(), " RETURNING id), \
         totp AS (", insert_totp!("FROM person"), ") SELECT 1 FROM person"),
        sqlite: concat!(becomes_totp!(), " RETURNING 1; ", insert_totp!("WHERE changes() = 1"));
    ENROL_EMAIL: Write = "UPDATE users SET two_factor_method = 'email', credential_epoch = credential_epoch + 1, \
         factor_failures = 0, updated_at = $3, version = version + 1 \
         WHERE organization_id = $1 AND id = $2 AND two_factor_method IS NULL \
         AND NOT EXISTS (SELECT 1 FROM user_totp t WHERE t.user_id = $2 AND t.verified_at IS NOT NULL)";
    // `verified_at` distinguishes an authenticator from one that replaced it.
    ACCEPT_STEP: Write = concat!("UPDATE user_totp SET last_step = $3, updated_at = $4 \
         WHERE user_id = $2 AND verified_at = $5 AND (last_step IS NULL OR last_step < $3) AND ", own!());
    HAS_NO_FACTOR: Write = "UPDATE users SET two_factor_method = NULL, credential_epoch = credential_epoch + 1, \
         factor_failures = 0, updated_at = $3, version = version + 1 \
         WHERE organization_id = $1 AND id = $2";
    // Each count reads its own index.
    COUNTS: Read = "SELECT (SELECT count(*) FROM users u WHERE u.organization_id = $1), \
         (SELECT count(*) FROM users u WHERE u.organization_id = $1 AND u.two_factor_method = 'email'), \
         (SELECT count(*) FROM users u WHERE u.organization_id = $1 AND u.two_factor_method = 'totp')";
    FORGET_TOTP: Write = "DELETE FROM user_totp WHERE user_id = $1";
}

fn read_parameters(r: &Record<'_, TotpColumn>) -> Result<TotpParameters> {
    let algorithm = r.parsed(TotpColumn::algorithm, TotpAlgorithm::parse)?;
    let (digits, period) = (r.int(TotpColumn::digits)?, r.int(TotpColumn::period)?);
    TotpParameters::parse(algorithm, digits, period).ok_or_else(|| r.inconsistent(TotpColumn::digits))
}

fn read_totp(row: &Row) -> Result<TotpCredential> {
    let r = row.record();
    Ok(TotpCredential {
        user_id: r.id(TotpColumn::user_id)?,
        secret: Sealed { key_id: r.text(TotpColumn::secret_key_id)?, bytes: r.bytes(TotpColumn::secret)? },
        parameters: read_parameters(&r)?,
        last_step: r.opt_int(TotpColumn::last_step)?.unwrap_or(0),
        verified_at: r.time(TotpColumn::verified_at)?,
        created_at: r.time(TotpColumn::created_at)?,
    })
}

pub(crate) struct SecondFactors<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

#[async_trait]
impl SecondFactorRepository for SecondFactors<'_> {
    async fn totp(&mut self, user: UserId) -> Result<Option<TotpCredential>> {
        self.run.row(&TOTP, &[uuid(self.organization), uuid(user)]).await?.as_ref().map(read_totp).transpose()
    }

    async fn enrol_totp(
        &mut self,
        credential: &TotpCredential,
        known: Option<TwoFactorMethod>,
    ) -> Result<bool> {
        let values = [
            uuid(self.organization),
            uuid(credential.user_id),
            opt_text(known.map(TwoFactorMethod::as_str)),
            at(credential.verified_at),
            bytes(&credential.secret.bytes),
            text(&credential.secret.key_id),
            text(credential.parameters.algorithm().as_str()),
            int(i64::from(credential.parameters.digits())),
            int(i64::from(credential.parameters.period())),
            int(credential.last_step),
            at(credential.created_at),
        ];
        self.run.affects_row(&ENROL_TOTP, &values).await
    }

    async fn enrol_email(&mut self, user: UserId, now: Timestamp) -> Result<bool> {
        self.run.affects_row(&ENROL_EMAIL, &[uuid(self.organization), uuid(user), at(now)]).await
    }

    async fn accept_step(&mut self, credential: &TotpCredential, step: i64, now: Timestamp) -> Result<bool> {
        let values = [
            uuid(self.organization),
            uuid(credential.user_id),
            int(step),
            at(now),
            at(credential.verified_at),
        ];
        self.run.affects_row(&ACCEPT_STEP, &values).await
    }

    async fn disable(&mut self, user: UserId, now: Timestamp) -> Result<bool> {
        let mut scope = self.run.scope().await?;
        let mut run = scope.run();
        let exists = run.affects_row(&HAS_NO_FACTOR, &[uuid(self.organization), uuid(user), at(now)]).await?;
        if exists {
            run.execute(&FORGET_TOTP, &[uuid(user)]).await?;
            codes::forget(&mut run, user).await?;
        }
        scope.finish().await?;
        Ok(exists)
    }

    async fn counts(&mut self) -> Result<FactorCounts> {
        let Some(row) = self.run.row(&COUNTS, &[uuid(self.organization)]).await? else {
            return Ok(FactorCounts::default());
        };
        let mut r = row.reader("users");
        Ok(FactorCounts {
            users: codes::counted(r.int()?)?,
            email: codes::counted(r.int()?)?,
            totp: codes::counted(r.int()?)?,
        })
    }

    async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[RecoveryCode],
        now: Timestamp,
    ) -> Result<bool> {
        self.replace(user, codes, now).await
    }

    async fn use_recovery_code(
        &mut self,
        user: UserId,
        macs: &[CodeMac],
        now: Timestamp,
    ) -> Result<Option<u64>> {
        self.use_recovery(user, macs, now).await
    }

    async fn unused_recovery_codes(&mut self, user: UserId) -> Result<u64> {
        self.unused(user).await
    }

    async fn issue_email_code(&mut self, code: &EmailCode) -> Result<()> {
        self.issue(code).await
    }

    async fn try_email_code(
        &mut self,
        attempt: &EmailCodeAttempt<'_>,
        now: Timestamp,
    ) -> Result<EmailCodeOutcome> {
        self.attempt(attempt, now).await
    }
}
