//! Traits for durable storage: one repository per aggregate, obtained *for* an organization, and a unit of work that
//! must be committed. The SQL is in `store-sql`.
//!
//! Rules for every method (tested by the contract suite):
//! - "belongs to another organization" and "does not exist" give the same answer;
//! - lookups return `Option`; a failed query is an `Err` and never turns into `None`;
//! - single use is one guarded statement (decision D2);
//! - an `update` writes only if the entity still has the version that was read, and raises it; otherwise it fails with
//!   `Stale`. Every other change that operators see raises the version too; a sign-in does not;
//! - a method documented as *one round trip* sends one statement to PostgreSQL.

use async_trait::async_trait;
use porta_core::signing_key::SigningKey;
use porta_core::{OrganizationId, Timestamp};

pub mod administered_rights;
pub mod administrators;
pub mod applications;
pub mod audit;
pub mod branding;
pub mod clients;
#[cfg(feature = "contract")]
pub mod contract;
pub mod counts;
pub mod exports;
pub mod keys;
pub mod lists;
pub mod one_time;
pub mod organizations;
pub mod outbox;
pub mod people;
pub mod personal_data;
pub mod rights;
pub mod sealed;
pub mod second_factors;
pub mod statistics;
pub mod tokens;
pub mod users;

pub use administered_rights::{
    ClaimValue, DeleteOutcome, HolderSort, RightsRepository, RoleAssignment, RoleHolder,
};
pub use administrators::{AdministratorFacts, AdministratorRepository, ServiceFacts, TokenAuthentication};
pub use applications::{
    AllApplicationRepository, ApplicationRepository, AssignedClaim, ListedRole, UpsertOutcome,
};
pub use audit::{AuditFilter, AuditRepository, AuditRow, EventFilter};
pub use branding::BrandingAssetRepository;
pub use clients::{
    AllClientRepository, ClientFacts, ClientRepository, FoundClient, ListedClient, RegisteredAddresses,
};
pub use counts::{ApplicationCounts, OrganizationCounts, RoleCounts, SecretCounts};
pub use exports::{ExportRepository, ExportedRole, ExportedValue};
pub use keys::SigningKeyRepository;
pub use lists::{
    ALL_ROWS, ApplicationFilter, ApplicationSort, ClientFilter, ClientSort, Direction, InvitationFilter,
    InvitationSort, OrganizationFilter, OrganizationSort, Page, PageRequest, PageStart, RoleFilter, RoleSort,
    SessionFilter, SessionSort, SortValue, SortedCursor, UserFilter, UserSort,
};
pub use one_time::{InvitationEntry, OneTimeTokenRepository};
pub use organizations::{FoundKey, OrganizationRepository, SettingRepository, StoredSetting};
pub use outbox::{OutboxEntry, OutboxFilter, OutboxRepository, OutboxSort};
pub use people::{EndedSessions, PeopleRepository, SessionClient, SessionEntry, SessionsOf, UserEntry};
pub use personal_data::{PersonalData, collect_personal_data};
pub use rights::{AssignedRights, Catalog, CatalogClaim, CatalogRole, CustomClaim, Rights};
pub use sealed::{SealedKind, SealedRepository, SealedRow};
pub use second_factors::{EmailCodeAttempt, EmailCodeOutcome, FactorCounts, SecondFactorRepository};
pub use statistics::{
    EntityCounts, LoginActivity, LoginBucket, LoginCounts, Pending, StatisticsRepository, StatusCounts,
    UserCounts,
};
pub use tokens::{
    AccessTokenFacts, AuthorizeFacts, GrantWithClient, IssuanceFacts, RefreshTokenFacts, Revocation,
    SessionRepository, TokenRepository, TokenValidity, UserInfoFacts,
};
pub use users::{FailureEvents, FailureOutcome, LockPolicy, Purged, UserRepository};

/// Why a storage operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection, no free connection in time, or the statement timed out. Worth a retry.
    #[error("storage is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A unique constraint refused the row; carries the name of the constraint.
    #[error("already taken: {0}")]
    Conflict(String),
    /// The row refers to a row that does not exist.
    #[error("refers to a missing row: {0}")]
    MissingReference(String),
    /// The row was changed since it was read: its version is another one. Carries the kind of the entity.
    #[error("the {0} was changed since it was read")]
    Stale(&'static str),
    /// The position of a list belongs to one with another sort column.
    #[error("the cursor belongs to another sort column")]
    UnfitCursor,
    /// A row holds a combination of values that the code never writes.
    #[error("inconsistent row in {table}, column {column}, row {row}")]
    Inconsistent { table: &'static str, column: &'static str, row: String },
    #[error("storage failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// Repositories. Outside a [`UnitOfWork`] each call commits by itself; inside one the unit commits.
pub trait Repositories: Send {
    /// The tenants. Not scoped to an organization.
    fn organizations(&mut self) -> Box<dyn OrganizationRepository + '_>;
    fn branding_assets(&mut self, organization: OrganizationId) -> Box<dyn BrandingAssetRepository + '_>;
    /// Settings of the platform (`None`) or of one organization.
    fn settings(&mut self, organization: Option<OrganizationId>) -> Box<dyn SettingRepository + '_>;
    /// Applications that the organization owns; reads include the shared ones of the platform.
    fn applications(&mut self, organization: OrganizationId) -> Box<dyn ApplicationRepository + '_>;
    /// Not scoped to an organization: operators name an application without its owner.
    fn all_applications(&mut self) -> Box<dyn AllApplicationRepository + '_>;
    /// Roles, permissions and claims of those applications, and which of them the organization's users have.
    fn rights(&mut self, organization: OrganizationId) -> Box<dyn RightsRepository + '_>;
    fn clients(&mut self, organization: OrganizationId) -> Box<dyn ClientRepository + '_>;
    /// Not scoped to an organization: operators name a client without its owner, and list the clients of all.
    fn all_clients(&mut self) -> Box<dyn AllClientRepository + '_>;
    fn users(&mut self, organization: OrganizationId) -> Box<dyn UserRepository + '_>;
    fn exports(&mut self, organization: OrganizationId) -> Box<dyn ExportRepository + '_>;
    fn signing_keys(&mut self, organization: OrganizationId) -> Box<dyn SigningKeyRepository + '_>;
    fn sessions(&mut self, organization: OrganizationId) -> Box<dyn SessionRepository + '_>;
    fn tokens(&mut self, organization: OrganizationId) -> Box<dyn TokenRepository + '_>;
    fn one_time_tokens(&mut self, organization: OrganizationId) -> Box<dyn OneTimeTokenRepository + '_>;
    fn second_factors(&mut self, organization: OrganizationId) -> Box<dyn SecondFactorRepository + '_>;
    /// Not scoped to an organization: it tells whose token a request of the Admin API carries.
    fn administrators(&mut self) -> Box<dyn AdministratorRepository + '_>;
    /// Not scoped to an organization: operators look at people of all of them.
    fn people(&mut self) -> Box<dyn PeopleRepository + '_>;
    fn audit(&mut self) -> Box<dyn AuditRepository + '_>;
    /// Not scoped to an organization: operators count them all.
    fn statistics(&mut self) -> Box<dyn StatisticsRepository + '_>;
    fn outbox(&mut self) -> Box<dyn OutboxRepository + '_>;
    /// Not scoped to an organization: encryption keys are replaced for the whole installation.
    fn sealed(&mut self) -> Box<dyn SealedRepository + '_>;
}

/// A transaction. Dropping it without a commit rolls back.
#[async_trait]
pub trait UnitOfWork: Repositories {
    async fn commit(self: Box<Self>) -> Result<()>;
    /// Sets the savepoint. There is one level: a later savepoint replaces the earlier one.
    async fn savepoint(&mut self) -> Result<()>;
    /// Rolls back to the last savepoint. The unit of work stays usable, even after a failed statement.
    async fn rollback_to_savepoint(&mut self) -> Result<()>;
}

/// Outcome of one sweep (decision D16).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepOutcome {
    /// `false`: another instance holds the lease.
    pub held_lease: bool,
    pub rows: u64,
}

/// Snapshot of the connection pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolState {
    pub in_use: usize,
    pub idle: usize,
    /// Requests that wait for a connection.
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
    /// Names of the migrations of this program that the database has not applied.
    async fn pending_migrations(&self) -> Result<Vec<String>>;
    /// Deletes expired rows, oldest first, at most `batch` per table, under a lease.
    async fn sweep(&self, now: Timestamp, audit_before: Timestamp, batch: u32) -> Result<SweepOutcome>;
    /// Returns once an item was committed to the outbox through this store since the last call returned. Supports one
    /// waiter. Items of other processes are not signalled: the caller must also poll.
    async fn wait_for_outbox_item(&self);
    fn pool(&self) -> PoolState;
    /// The newest active signing key of any organization. The readiness check opens it to see whether this process has
    /// the encryption keys of the installation. Not scoped to an organization: the key must not leave that check.
    async fn newest_signing_key(&self) -> Result<Option<SigningKey>>;
    /// When the active signing key with the earliest activation, of any organization, was activated.
    async fn oldest_signing_key_activation(&self) -> Result<Option<Timestamp>>;
    /// The base address of all issuers, as the last server that started had it configured. `None`: no server has stored
    /// one.
    async fn issuer_base(&self) -> Result<Option<String>>;
    /// Stores the base address of all issuers. `true`: a different one was stored, or none.
    async fn remember_issuer_base(&self, issuer_base: &str, now: Timestamp) -> Result<bool>;
    /// Number of round trips to the database so far. Tests check budgets with it.
    fn round_trips(&self) -> u64;
}

/// Position after the last item of a page, ordered by `(created_at, id)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub created_at: Timestamp,
    pub id: uuid::Uuid,
}
