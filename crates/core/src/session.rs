//! Browser sessions, grants and what descends from them.

use serde::{Deserialize, Serialize};

use crate::{ClientKey, GrantId, OrganizationId, SessionKey, Timestamp, TokenDigest, TokenFamilyId, UserId};

/// The durable mirror of a browser session: tokens bound to the session ask it whether the session still lives.
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

/// What a person allowed a client to do; extended, never replaced (repairs W06).
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

/// One redeemed authorization: every token that descends from it points here and dies with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFamily {
    pub id: TokenFamilyId,
    pub organization_id: OrganizationId,
    pub client: ClientKey,
    pub user_id: UserId,
    pub grant_id: GrantId,
    /// The session the authorization was given in; also the `sid` claim.
    pub session: SessionKey,
    /// With `offline_access` the family outlives the session's natural end.
    pub is_offline: bool,
    pub scope: String,
    pub nonce: Option<String>,
    pub auth_time: Timestamp,
    pub acr: String,
    pub amr: Vec<String>,
    /// The `claims` request parameter as accepted, to answer UserInfo and refreshes the same way.
    pub claims: Option<serde_json::Value>,
    /// Absolute end of the chain.
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
}

/// An opaque access token at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub digest: TokenDigest,
    pub family: TokenFamilyId,
    pub scope: String,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
}

/// A refresh token at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub digest: TokenDigest,
    pub family: TokenFamilyId,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    pub rotated_at: Option<Timestamp>,
    pub successor: Option<TokenDigest>,
    /// What the caller of the first use looked like; `None` also where a version before this one rotated.
    pub rotated_by: Option<TokenDigest>,
    /// When it was handed to a second caller that did not look like the first one.
    pub shared_at: Option<Timestamp>,
}
