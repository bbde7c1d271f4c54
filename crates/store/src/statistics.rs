//! Numbers of entities and sign-ins, as operators see them. Each answer reads whole tables or indexes: callers keep it for
//! a while.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use porta_core::{OrganizationId, Timestamp};

use crate::Result;

/// Number of entities by status.
pub type StatusCounts = BTreeMap<String, u64>;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntityCounts {
    pub organizations: StatusCounts,
    pub applications: StatusCounts,
    pub clients: StatusCounts,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserCounts {
    pub by_status: StatusCounts,
    /// Created in the last seven days.
    pub new_last_7d: u64,
    pub new_last_30d: u64,
    /// Signed in within the last thirty days.
    pub active_last_30d: u64,
}

/// Sign-ins that succeeded and that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoginCounts {
    pub successful: u64,
    pub failed: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoginActivity {
    pub last_24h: LoginCounts,
    pub last_7d: LoginCounts,
    pub last_30d: LoginCounts,
}

/// What waits or is about to end, in all organizations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pending {
    pub active_sessions: u64,
    /// Secrets of clients that expire within thirty days.
    pub expiring_secrets: u64,
    pub pending_invitations: u64,
}

/// Sign-ins of one kind in one bucket of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginBucket {
    /// Number of the bucket since the epoch.
    pub number: i64,
    pub event_type: String,
    pub count: u64,
}

/// Of the platform, or (`Some`) of one organization. One round trip each.
#[async_trait]
pub trait StatisticsRepository: Send {
    /// An organization has clients only.
    async fn entities(&mut self, organization: Option<OrganizationId>) -> Result<EntityCounts>;
    async fn users(&mut self, organization: Option<OrganizationId>, now: Timestamp) -> Result<UserCounts>;
    async fn logins(&mut self, organization: Option<OrganizationId>, now: Timestamp)
    -> Result<LoginActivity>;
    async fn pending(&mut self, now: Timestamp) -> Result<Pending>;
    /// Sign-ins from `from` (included) to `to` (excluded), counted in buckets of whole seconds, which begin at the epoch.
    /// Buckets without a sign-in are missing.
    async fn login_series(
        &mut self,
        organization: Option<OrganizationId>,
        from: Timestamp,
        to: Timestamp,
        bucket: Duration,
    ) -> Result<Vec<LoginBucket>>;
}
