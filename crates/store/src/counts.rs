//! Numbers of what belongs to the entities of a page. All of a page are counted by one statement.

use porta_core::Timestamp;

/// What belongs to an organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrganizationCounts {
    pub users: u64,
    pub clients: u64,
}

/// What belongs to an application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApplicationCounts {
    pub modules: u64,
    pub clients: u64,
    pub roles: u64,
}

/// The secrets of a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecretCounts {
    /// Neither revoked nor expired.
    pub usable: u64,
    /// When the first of the usable ones expires.
    pub next_expiry: Option<Timestamp>,
    /// When one of all secrets was last used.
    pub last_used_at: Option<Timestamp>,
}

/// What a role confers, and how many users have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoleCounts {
    pub permissions: u64,
    pub users: u64,
}
