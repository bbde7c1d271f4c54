//! Users.

use std::time::Duration;

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::session::SessionRecord;
use porta_core::user::{Email, PasswordHash, User, UserStatus};
use porta_core::{Timestamp, UserId};

use crate::{Cursor, Page, PageRequest, Result, SortedCursor, UserFilter, UserSort};

/// Threshold and duration of the automatic account lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockPolicy {
    pub max_failed_logins: u64,
    pub lockout: Duration,
}

/// Audit rows of a failed password. The statement that counts the failure adds the counts to their metadata.
#[derive(Debug, Clone, Copy)]
pub struct FailureEvents<'a> {
    /// Always written; with `failedCount` and `autoLocked` if the address belongs to a user.
    pub failed: &'a AuditEvent,
    /// Written if this failure locks the account, with `failedCount` and `threshold`.
    pub locked: &'a AuditEvent,
    /// Written if an automatic lock had run out and is lifted.
    pub unlocked: &'a AuditEvent,
}

/// Outcome of a wrong password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureOutcome {
    pub failed_login_count: i64,
    /// This failure locked the account.
    pub locked_now: bool,
}

/// Number of rows that a purge deleted or changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    pub roles: u64,
    pub claims: u64,
    /// Authenticators, recovery codes and mailed codes.
    pub second_factors: u64,
    /// Sessions, token families and grants.
    pub sign_in_data: u64,
    /// Audit rows that no longer tell who the person was.
    pub audit_rows: u64,
}

/// Obtained for an organization.
#[async_trait]
pub trait UserRepository: Send {
    /// Finds a user by address in any spelling ([`porta_core::user::Email::spellings`]); of several users, the one
    /// stored exactly as typed. One round trip.
    async fn by_email(&mut self, address: &str) -> Result<Option<User>>;
    async fn by_id(&mut self, id: UserId) -> Result<Option<User>>;
    /// `Conflict`: the address is taken. Addresses that earlier versions stored under another key are not compared.
    async fn insert(&mut self, user: &User) -> Result<()>;
    /// Updates address, verification and profile; not password, status or counters. `false`: no such user. `Stale`: the
    /// user was changed since it was read. Sign-ins do not count as changes.
    async fn update(&mut self, user: &User) -> Result<bool>;
    /// Changes the status `from` → `to` in one guarded statement. Leaving `locked` clears the lock columns and the
    /// failure counter.
    async fn set_status(
        &mut self,
        id: UserId,
        from: UserStatus,
        to: UserStatus,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool>;
    /// Sets or removes the password. `is_temporary`: it is somebody else's, so a sign-in with it asks for a new one.
    async fn set_password(
        &mut self,
        id: UserId,
        hash: Option<&PasswordHash>,
        is_temporary: bool,
        now: Timestamp,
    ) -> Result<bool>;
    /// Replaces the password by one that is not temporary, provided that the stored hash is still `from` (`None`: no password yet). One concurrent
    /// caller wins. One round trip.
    async fn change_password(
        &mut self,
        id: UserId,
        from: Option<&PasswordHash>,
        to: &PasswordHash,
        now: Timestamp,
    ) -> Result<bool>;
    /// Stores the same password hashed with the current parameters, provided that the stored hash is still `from`. Does
    /// not count as a change of password. One round trip.
    async fn rehash(&mut self, id: UserId, from: &PasswordHash, to: &PasswordHash) -> Result<bool>;
    /// Sets a password chosen through a mailed link; it is not temporary. Because the link arrived, this also verifies the address and lifts
    /// an automatic lock with its failure counter; any other status stays. The counter of wrong second factors is reset
    /// at most once a day (decision 0037). One round trip.
    async fn recover_password(&mut self, id: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool>;
    /// Verifies the address after a mailed link arrived, and lifts an automatic lock with its failure counter as
    /// [`recover_password`](Self::recover_password) does. One round trip.
    async fn verify_email(&mut self, id: UserId, now: Timestamp) -> Result<bool>;
    /// Erases what is stored about the user, in one transaction: profile, password and counters; second factors, roles
    /// and claims; sessions, tokens and grants; mailed links and emails that are not sent yet; and address, reasons and
    /// origin in the user's audit rows. An inactive user with the address `anonymous` stays. `None`: no such user.
    /// `Stale`: the user was changed since it was read. `Conflict`: the address is taken.
    async fn purge(&mut self, user: &User, anonymous: &Email, now: Timestamp) -> Result<Option<Purged>>;
    /// Stored hashes in groups of equal function and cost: one hash of each group, with the number of users who have
    /// such a hash. From at most 100,000 users.
    async fn hash_samples(&mut self) -> Result<Vec<(PasswordHash, u64)>>;
    async fn page(&mut self, after: Option<Cursor>, limit: u32) -> Result<Page<User>>;
    async fn list(
        &mut self,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Result<Page<User, SortedCursor>>;
    /// Number of users that a list with this filter has on all its pages, counted up to `at_most`.
    async fn count(&mut self, filter: &UserFilter, at_most: u64) -> Result<u64>;

    /// Records a successful sign-in in one round trip: counters, last login, audit row, and the session row (inserted,
    /// or extended if it is this user's and not revoked). Condition: the user is active or has an automatic lock at
    /// least `lockout` old, which this lifts, and their credentials are still those in `user`, which was read before
    /// verification (decision D22).
    /// `false`: the condition does not hold; nothing was written.
    async fn record_sign_in(
        &mut self,
        user: &User,
        lockout: Duration,
        session: &SessionRecord,
        event: &AuditEvent,
    ) -> Result<bool>;

    /// Records a correct first factor that needs a second one, in one round trip: only the audit row, under the
    /// conditions of [`record_sign_in`](Self::record_sign_in). `false`: nothing was written.
    async fn record_challenge(&mut self, user: &User, lockout: Duration, event: &AuditEvent) -> Result<bool>;

    /// Adds one to the counter of wrong second factors and returns the new value. `None`: no such user. One round trip.
    async fn count_factor_failure(&mut self, user: UserId) -> Result<Option<i64>>;
    /// Resets the counter of wrong second factors, after a correct one.
    async fn reset_factor_failures(&mut self, user: UserId) -> Result<()>;

    /// Records a wrong password with its [`FailureEvents`], in one round trip whether or not the address exists. Counts
    /// the failure of an existing user and locks an active account at the threshold. An automatic lock that has run out
    /// is lifted and the count restarts at one. Failures during a lock do not prolong it. `None`: no such user.
    async fn record_sign_in_failure(
        &mut self,
        email_key: &str,
        policy: LockPolicy,
        now: Timestamp,
        events: FailureEvents<'_>,
    ) -> Result<Option<FailureOutcome>>;
}
