//! People.

use std::time::Duration;

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::session::SessionRecord;
use porta_core::user::{PasswordHash, User, UserStatus};
use porta_core::{Timestamp, UserId};

use crate::{Cursor, Page, Result};

/// When guessing locks an account, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockPolicy {
    pub max_failed_logins: u64,
    pub lockout: Duration,
}

/// The audit rows a wrong password may lead to. What was counted is added to their metadata where it is counted.
#[derive(Debug, Clone, Copy)]
pub struct FailureEvents<'a> {
    /// Always written; when somebody has the address with the user, `failedCount` and `autoLocked`.
    pub failed: &'a AuditEvent,
    /// Written when this failure locks the account, with `failedCount` and `threshold`.
    pub locked: &'a AuditEvent,
    /// Written when a lock that was over is lifted.
    pub unlocked: &'a AuditEvent,
}

/// What a wrong password led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureOutcome {
    pub failed_login_count: i64,
    /// This failure locked the account.
    pub locked_now: bool,
}

/// Obtained for an organization.
#[async_trait]
pub trait UserRepository: Send {
    /// By the address, however it is typed ([`porta_core::user::Email::spellings`]): of several, whoever has it exactly so.
    /// One round trip.
    async fn by_email(&mut self, address: &str) -> Result<Option<User>>;
    async fn by_id(&mut self, id: UserId) -> Result<Option<User>>;
    /// Refuses a taken address with `Conflict`. What versions before this one stored under another key is not compared.
    async fn insert(&mut self, user: &User) -> Result<()>;
    /// Rewrites address, verification, profile; not password, status or counters.
    async fn update(&mut self, user: &User) -> Result<bool>;
    /// One guarded statement; leaving `locked` clears lock columns and the failure counter.
    async fn set_status(
        &mut self,
        id: UserId,
        from: UserStatus,
        to: UserStatus,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool>;
    async fn set_password(&mut self, id: UserId, hash: Option<&PasswordHash>, now: Timestamp)
    -> Result<bool>;
    /// Another password in place of the one `from` is of, or a first one. Of several at once, one wins. One round trip.
    async fn change_password(
        &mut self,
        id: UserId,
        from: Option<&PasswordHash>,
        to: &PasswordHash,
        now: Timestamp,
    ) -> Result<bool>;
    /// The same password with today's parameters, provided that it is still the one `from` is of. Not a change of
    /// password. One round trip.
    async fn rehash(&mut self, id: UserId, from: &PasswordHash, to: &PasswordHash) -> Result<bool>;
    /// A password that somebody chose with a mailed link: sets it, and because the link arrived, verifies the address
    /// and lifts an automatic lock with its failures; any other status stays (oidc-and-login §6.7, §6.8). Wrong second
    /// factors in a row are forgotten once a day at most. One round trip.
    async fn recover_password(&mut self, id: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool>;
    /// A mailed link arrived: verifies the address and lifts an automatic lock with its failures, as
    /// [`recover_password`](Self::recover_password) does. One round trip.
    async fn verify_email(&mut self, id: UserId, now: Timestamp) -> Result<bool>;
    /// The Argon2id parameters of stored hashes (`m=…,t=…,p=…`) and how many have them, of at most 100,000 people.
    async fn hash_parameters(&mut self) -> Result<Vec<(String, u64)>>;
    async fn page(&mut self, after: Option<Cursor>, limit: u32) -> Result<Page<User>>;

    /// A right password, in one round trip: counters, last login, the session's row (new, or extended when this user's
    /// row of that id is there and not revoked) and the audit row, provided the user may sign in (active, or an
    /// automatic lock at least `lockout` old, which this lifts) and has the credentials of `user`, which is what was
    /// read before they were verified (decision D22).
    /// `false`: the user may not sign in any more, or not with these; nothing was written.
    async fn record_sign_in(
        &mut self,
        user: &User,
        lockout: Duration,
        session: &SessionRecord,
        event: &AuditEvent,
    ) -> Result<bool>;

    /// A first factor that was right and does not suffice, in one round trip: the audit row, under the conditions of
    /// [`record_sign_in`](Self::record_sign_in). `false`: nothing was written.
    async fn record_challenge(&mut self, user: &User, lockout: Duration, event: &AuditEvent) -> Result<bool>;

    /// Adds one to the wrong second factors in a row and returns them. One round trip.
    async fn count_factor_failure(&mut self, user: UserId) -> Result<Option<i64>>;
    /// A right second factor ends the row.
    async fn forget_factor_failures(&mut self, user: UserId) -> Result<()>;

    /// A wrong password, in one round trip whether or not anybody has this key, with its [`FailureEvents`]: an existing
    /// user's failures are counted and an active account is locked at the threshold. An automatic lock that is
    /// over is lifted and counts from one again; failures during a lock do not prolong it.
    async fn record_sign_in_failure(
        &mut self,
        email_key: &str,
        policy: LockPolicy,
        now: Timestamp,
        events: FailureEvents<'_>,
    ) -> Result<Option<FailureOutcome>>;
}
