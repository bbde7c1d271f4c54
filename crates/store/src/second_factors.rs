//! Second factors of people.
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

/// What came of trying a mailed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailCodeOutcome {
    /// It matched and is used up.
    Accepted,
    /// It did not match, and that was counted.
    Wrong { attempts_left: u64 },
    /// There is no code to match: none was sent for this, or it expired, was used, or was tried too often.
    NothingToMatch,
}

/// Obtained for an organization.
#[async_trait]
pub trait SecondFactorRepository: Send {
    /// The authenticator of a person who has confirmed one. One round trip.
    async fn totp(&mut self, user: UserId) -> Result<Option<TotpCredential>>;
    /// Makes a confirmed authenticator the person's second factor, in one round trip, provided that they have no
    /// authenticator and their method is still `known`. A journey that began before somebody got a factor therefore
    /// cannot replace it (repairs W01). `false`: nothing was written.
    async fn enrol_totp(
        &mut self,
        credential: &TotpCredential,
        known: Option<TwoFactorMethod>,
    ) -> Result<bool>;
    /// Makes mailed codes the second factor of a person who has none. One round trip. `false`: nothing was written.
    async fn enrol_email(&mut self, user: UserId, now: Timestamp) -> Result<bool>;
    /// Accepts the code of `step` for the authenticator as it was read, provided that it is later than every step
    /// accepted so far (RFC 6238 §5.2). Of several at once, one wins. One round trip.
    async fn accept_step(&mut self, credential: &TotpCredential, step: i64, now: Timestamp) -> Result<bool>;
    /// Takes every second factor and every code away, in one round trip. `false`: no such person.
    async fn disable(&mut self, user: UserId, now: Timestamp) -> Result<bool>;

    /// Stores a new set of recovery codes in place of all earlier ones: of several at once, one set is left.
    /// `false`: no such person.
    async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[RecoveryCode],
        now: Timestamp,
    ) -> Result<bool>;
    /// Uses a recovery code up and returns how many unused ones are left; `None`: there is no such unused code. It is
    /// one of `macs`: the code as each of the server's keys would have stored it. Of several at once, one gets it. One
    /// round trip.
    async fn use_recovery_code(
        &mut self,
        user: UserId,
        macs: &[CodeMac],
        now: Timestamp,
    ) -> Result<Option<u64>>;
    /// How many unused recovery codes somebody has. One round trip.
    async fn unused_recovery_codes(&mut self, user: UserId) -> Result<u64>;

    /// Stores a mailed code in place of the person's unused one of that purpose and slot, whatever interaction that was
    /// for. One round trip.
    async fn issue_email_code(&mut self, code: &EmailCode) -> Result<()>;
    /// Tries the interaction's newest code, as each of the server's keys would have stored it: counts one attempt and,
    /// when one of `macs` matches, uses the code up, in one guarded statement. After `max_attempts` nothing matches any more. One round
    /// trip.
    async fn try_email_code(
        &mut self,
        user: UserId,
        purpose: CodePurpose,
        interaction: Option<&str>,
        macs: &[CodeMac],
        max_attempts: u32,
        now: Timestamp,
    ) -> Result<EmailCodeOutcome>;
}
