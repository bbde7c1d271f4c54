//! What the domain needs from durable storage: one repository per aggregate, obtained *for* an organization, and a
//! unit of work that must be committed. SQL lives in `store-sql`.
//!
//! Rules every method keeps (the contract suite shows them):
//! - "belongs to another organization" and "does not exist" are the same answer;
//! - lookups return `Option`; a failed query is an `Err` and never turns into `None`;
//! - single use is one guarded statement;
//! - a method documented as *one round trip* sends one statement to PostgreSQL.

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::signing_key::SigningKey;
use porta_core::{OrganizationId, Timestamp, UserId};

pub mod applications;
pub mod branding;
pub mod clients;
#[cfg(feature = "contract")]
pub mod contract;
pub mod keys;
pub mod one_time;
pub mod organizations;
pub mod outbox;
pub mod rights;
pub mod sealed;
pub mod second_factors;
pub mod tokens;
pub mod users;

pub use applications::{ApplicationRepository, HeldClaim, Upserted};
pub use branding::BrandingAssetRepository;
pub use clients::{ClientFacts, ClientRepository, RegisteredAddresses};
pub use keys::SigningKeyRepository;
pub use one_time::OneTimeTokenRepository;
pub use organizations::{OrganizationRepository, SettingRepository};
pub use outbox::OutboxRepository;
pub use rights::{Catalog, CatalogClaim, CatalogRole, CustomClaim, HeldRights, Rights};
pub use sealed::{SealedKind, SealedRepository, SealedRow};
pub use second_factors::{EmailCodeOutcome, SecondFactorRepository};
pub use tokens::{
    AccessTokenFacts, AuthorizeFacts, GivenAccess, IssuanceFacts, Liveness, RefreshTokenFacts, Revocation,
    SessionRepository, TokenRepository, UserInfoFacts,
};
pub use users::{FailureEvents, FailureOutcome, LockPolicy, UserRepository};

/// Why storage could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection, no free connection in time, or the statement ran out of time. Worth a retry.
    #[error("storage is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A unique rule refused the row; names the rule.
    #[error("already taken: {0}")]
    Conflict(String),
    /// The row points at something that is not there.
    #[error("refers to a missing row: {0}")]
    MissingReference(String),
    /// A row holds a combination no code writes.
    #[error("inconsistent row in {table}, column {column}, row {row}")]
    Inconsistent { table: &'static str, column: &'static str, row: String },
    #[error("storage failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// Repositories, either on their own (each call commits by itself) or inside a [`UnitOfWork`].
pub trait Repositories: Send {
    /// Tenants themselves; the one repository that is not *inside* a tenant.
    fn organizations(&mut self) -> Box<dyn OrganizationRepository + '_>;
    fn branding_assets(&mut self, organization: OrganizationId) -> Box<dyn BrandingAssetRepository + '_>;
    /// Settings of the platform (`None`) or of one organization.
    fn settings(&mut self, organization: Option<OrganizationId>) -> Box<dyn SettingRepository + '_>;
    /// Applications an organization owns, and the platform's shared ones for reading.
    fn applications(&mut self, organization: OrganizationId) -> Box<dyn ApplicationRepository + '_>;
    fn clients(&mut self, organization: OrganizationId) -> Box<dyn ClientRepository + '_>;
    fn users(&mut self, organization: OrganizationId) -> Box<dyn UserRepository + '_>;
    fn signing_keys(&mut self, organization: OrganizationId) -> Box<dyn SigningKeyRepository + '_>;
    fn sessions(&mut self, organization: OrganizationId) -> Box<dyn SessionRepository + '_>;
    fn tokens(&mut self, organization: OrganizationId) -> Box<dyn TokenRepository + '_>;
    fn one_time_tokens(&mut self, organization: OrganizationId) -> Box<dyn OneTimeTokenRepository + '_>;
    fn second_factors(&mut self, organization: OrganizationId) -> Box<dyn SecondFactorRepository + '_>;
    fn audit(&mut self) -> Box<dyn AuditRepository + '_>;
    fn outbox(&mut self) -> Box<dyn OutboxRepository + '_>;
    /// Unscoped on purpose: keys are replaced for the whole installation.
    fn sealed(&mut self) -> Box<dyn SealedRepository + '_>;
}

/// Several changes that happen together or not at all. Dropping it without a commit undoes everything.
#[async_trait]
pub trait UnitOfWork: Repositories {
    async fn commit(self: Box<Self>) -> Result<()>;
    /// Marks a point to return to; one level deep, a later mark replaces the earlier one.
    async fn savepoint(&mut self) -> Result<()>;
    /// Undoes everything since the last savepoint; the unit of work stays usable even after a failed statement.
    async fn rollback_to_savepoint(&mut self) -> Result<()>;
}

/// What happened in one sweep (decision D16).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// `false`: another instance holds the lease.
    pub held_lease: bool,
    pub rows: u64,
}

/// Connections to the database at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolState {
    pub in_use: usize,
    pub idle: usize,
    /// Requests that wait for one.
    pub waiting: usize,
}

impl std::ops::Add for PoolState {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            in_use: self.in_use + other.in_use,
            idle: self.idle + other.idle,
            waiting: self.waiting + other.waiting,
        }
    }
}

#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Repositories whose every call commits by itself.
    fn repositories(&self) -> Box<dyn Repositories + '_>;
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>>;
    /// `SELECT 1`.
    async fn ping(&self) -> Result<()>;
    /// Names of migrations this program has and the database has not.
    async fn pending_migrations(&self) -> Result<Vec<String>>;
    /// Removes expired rows, oldest first, at most `batch` per table, under a lease.
    async fn sweep(&self, now: Timestamp, audit_before: Timestamp, batch: u32) -> Result<Swept>;
    /// Returns once something was committed to the outbox through this store and not yet waited for. For one waiter;
    /// what other processes enqueue is found by looking from time to time.
    async fn outbox_filled(&self);
    fn pool(&self) -> PoolState;
    /// An active signing key of whichever organization, to see whether this process can open what the installation
    /// keeps. Unscoped on purpose: it never leaves the readiness check.
    async fn newest_signing_key(&self) -> Result<Option<SigningKey>>;
    /// Since when the oldest active signing key of any organization has been signing.
    async fn oldest_signing_since(&self) -> Result<Option<Timestamp>>;
    /// The address that issuers begin with, as the last server that started was told. `None`: none has.
    async fn issuer_base(&self) -> Result<Option<String>>;
    /// `true`: another one was known, or none.
    async fn remember_issuer_base(&self, issuer_base: &str, now: Timestamp) -> Result<bool>;
    /// Round trips to the database so far, for the budgets of the tests.
    fn round_trips(&self) -> u64;
}

#[async_trait]
pub trait AuditRepository: Send {
    async fn record(&mut self, event: &AuditEvent) -> Result<()>;
    /// Newest first; for tests and the CLI. `organization` narrows.
    async fn recent(&mut self, organization: Option<OrganizationId>, limit: u32) -> Result<Vec<AuditEvent>>;
    /// Rows of an organization that tell what happened to a person or what they did, the newest first. One round trip.
    async fn about(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<AuditEvent>>;
}

/// A keyset page: at most `limit` items and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<Cursor>,
}

/// Position after the last item of a page, ordered by `(created_at, id)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub created_at: Timestamp,
    pub id: uuid::Uuid,
}
