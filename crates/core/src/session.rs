//! Browser sessions, grants and the tokens derived from them.

use serde::{Deserialize, Serialize};

use crate::{ClientKey, GrantId, OrganizationId, SessionKey, Timestamp, TokenDigest, TokenFamilyId, UserId};

/// Durable copy of a browser session: bound tokens are checked against it to see whether the session is still alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    pub id: SessionKey,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_activity_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// What a person allowed a client to do; grants are extended, never replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub client: ClientKey,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// One redeemed authorization: all tokens derived from it belong to this family and are revoked with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFamily {
    pub id: TokenFamilyId,
    pub organization_id: OrganizationId,
    pub client: ClientKey,
    pub user_id: UserId,
    pub grant_id: GrantId,
    /// Session in which the authorization was given; also the `sid` claim.
    pub session: SessionKey,
    /// With `offline_access` the family outlives the normal end of the session.
    pub is_offline: bool,
    pub scope: String,
    pub nonce: Option<String>,
    pub auth_time: Timestamp,
    pub acr: String,
    pub amr: Vec<String>,
    /// The `claims` request parameter as accepted; UserInfo and refreshes use it again.
    pub claims: Option<serde_json::Value>,
    /// Absolute end of the family.
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
}

/// An opaque access token as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub digest: TokenDigest,
    pub family: TokenFamilyId,
    pub scope: String,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
}

/// A refresh token as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub digest: TokenDigest,
    pub family: TokenFamilyId,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    pub rotated_at: Option<Timestamp>,
    pub successor: Option<TokenDigest>,
    /// Fingerprint of the caller that rotated it; `None` if not rotated, or rotated by an earlier version.
    pub rotated_by: Option<TokenDigest>,
    /// When this token was also given to a second caller, whose fingerprint differs from the first one's.
    pub shared_at: Option<Timestamp>,
}
