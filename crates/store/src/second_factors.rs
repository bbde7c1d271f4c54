//! Second factors of users.
//!
//! ```text
//!          enrol_totp, enrol_email                    enrol_totp, knowing the method
//! none ───────────────────────────────► email | totp ◄──────────────────────────────── email
//!   ▲                                        │
//!   └────────────── disable ─────────────────┘        nothing else changes a factor
//! ```

use async_trait::async_trait;
use porta_core::second_factor::{CodeMac, CodePurpose, EmailCode, RecoveryCode, TotpCredential};
use porta_core::user::TwoFactorMethod;
use porta_core::{Timestamp, UserId};

use crate::Result;

/// Outcome of an attempt with a mailed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailCodeOutcome {
    /// It matched and is now used.
    Accepted,
    /// It did not match. The attempt was counted.
    Wrong { attempts_left: u64 },
    /// There is no usable code: none was sent for this purpose and interaction, or it expired, was used, or ran out of
    /// attempts.
    NothingToMatch,
}

/// How many users an organization has, and how many of them have which second factor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FactorCounts {
    pub users: u64,
    pub email: u64,
    pub totp: u64,
}

/// An attempt with a mailed code.
#[derive(Debug, Clone, Copy)]
pub struct EmailCodeAttempt<'a> {
    pub user: UserId,
    pub purpose: CodePurpose,
    /// The interaction for which the code was sent.
    pub interaction: Option<&'a str>,
    /// MACs of the typed code under each of the server's keys.
    pub macs: &'a [CodeMac],
    /// Number of attempts after which nothing matches.
    pub max_attempts: u32,
}

/// Obtained for an organization.
#[async_trait]
pub trait SecondFactorRepository: Send {
    /// The user's confirmed authenticator. One round trip.
    async fn totp(&mut self, user: UserId) -> Result<Option<TotpCredential>>;
    /// Stores a confirmed authenticator as the user's second factor, provided that they have no authenticator and their
    /// method is still `known`. So an interaction that began before the user had a factor cannot replace it (decision
    /// 0025). One round trip. `false`: nothing was written.
    async fn enrol_totp(
        &mut self,
        credential: &TotpCredential,
        known: Option<TwoFactorMethod>,
    ) -> Result<bool>;
    /// Makes mailed codes the second factor of a user who has none. One round trip. `false`: nothing was written.
    async fn enrol_email(&mut self, user: UserId, now: Timestamp) -> Result<bool>;
    /// Accepts time step `step` for this authenticator, provided that it was not replaced since it was read and `step`
    /// is later than every accepted step (RFC 6238 §5.2). One concurrent caller wins. One round trip.
    async fn accept_step(&mut self, credential: &TotpCredential, step: i64, now: Timestamp) -> Result<bool>;
    /// Removes every second factor and code of the user. Several statements in one transaction. `false`: no such user.
    async fn disable(&mut self, user: UserId, now: Timestamp) -> Result<bool>;

    /// One round trip.
    async fn counts(&mut self) -> Result<FactorCounts>;

    /// Replaces all recovery codes with a new set. Of concurrent calls, one whole set remains. `false`: no such user.
    async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[RecoveryCode],
        now: Timestamp,
    ) -> Result<bool>;
    /// Uses up a recovery code and returns how many unused ones remain. `macs` are the code's MACs under each of the
    /// server's keys; one of them is stored. `None`: no such unused code. One concurrent caller wins. One round trip.
    async fn use_recovery_code(
        &mut self,
        user: UserId,
        macs: &[CodeMac],
        now: Timestamp,
    ) -> Result<Option<u64>>;
    /// Number of unused recovery codes of the user. One round trip.
    async fn unused_recovery_codes(&mut self, user: UserId) -> Result<u64>;

    /// Stores a mailed code. It replaces the user's unused code of the same purpose and slot, whatever interaction that
    /// was for. One round trip.
    async fn issue_email_code(&mut self, code: &EmailCode) -> Result<()>;
    /// Tries a code against the newest one of the interaction. Counts one attempt and, if one MAC matches, uses the code
    /// up, in one guarded statement. One round trip.
    async fn try_email_code(
        &mut self,
        attempt: &EmailCodeAttempt<'_>,
        now: Timestamp,
    ) -> Result<EmailCodeOutcome>;
}
