//! Sessions, grants, token families and tokens.

use std::time::Duration;

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::session::{AccessToken, Grant, RefreshToken, SessionRecord, TokenFamily};
use porta_core::user::User;
use porta_core::{
    ClientKey, GrantId, OrganizationId, SessionKey, Timestamp, TokenDigest, TokenFamilyId, UserId,
};

use crate::{AssignedRights, Cursor, Page, Result};

/// What the authorization endpoint needs about a browser session, read in one round trip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeFacts {
    pub user_id: UserId,
    /// Active or automatically locked: another person's guesses must not end a live session.
    pub user_may_continue: bool,
    pub user_email: String,
    pub user_locale: Option<String>,
    pub session_expires_at: Timestamp,
    pub session_revoked: bool,
    /// The grant this user gave this client, unless it expired.
    pub grant: Option<Grant>,
}

/// What exchanging a code for tokens needs, read in one round trip.
#[derive(Debug, Clone, PartialEq)]
pub struct IssuanceFacts {
    pub user: User,
    pub rights: AssignedRights,
    pub grant_exists: bool,
    /// Not revoked and not past its end.
    pub session_live: bool,
    /// All tokens of the user were revoked since the code was issued.
    pub ended: bool,
    /// A family with this id exists: it was issued already, or stored as revoked.
    pub family_exists: bool,
}

/// What can end a token early, except the status of its client and organization: the caller resolved those and knows
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenValidity {
    /// The family, its session, its grant or all tokens of the user were revoked. Every read checks each of them,
    /// because a revocation misses a family that is being issued at the same moment.
    pub family_revoked: bool,
    /// When the code of the family was issued.
    pub authorized_at: Timestamp,
    pub family_expires_at: Timestamp,
    pub is_offline: bool,
    pub session_live: bool,
    pub user_active: bool,
}

impl TokenValidity {
    /// Whether a token of the family is valid at `now`. The natural end of the session does not end an offline family.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.family_revoked
            && now < self.family_expires_at
            && (self.session_live || self.is_offline)
            && self.user_active
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct AccessTokenFacts {
    pub token: AccessToken,
    /// The client the token was issued to.
    pub client: ClientKey,
    pub user_id: UserId,
    pub validity: TokenValidity,
}

#[derive(Debug, Clone, PartialEq)]
pub struct UserInfoFacts {
    pub access: AccessTokenFacts,
    /// The `claims` parameter of the authorization request.
    pub claims: Option<serde_json::Value>,
    pub user: User,
    pub rights: AssignedRights,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RefreshTokenFacts {
    pub token: RefreshToken,
    pub family: TokenFamily,
    pub validity: TokenValidity,
    pub user: User,
    pub rights: AssignedRights,
    /// The successor was itself rotated, so a retry with this token is a replay (decision D8).
    pub successor_rotated: bool,
    /// When the successor was stored. `None`: there is none.
    pub successor_since: Option<Timestamp>,
}

impl RefreshTokenFacts {
    /// Start of the window in which a retry with the old token is accepted (decision D8). Not `rotated_at` alone, which
    /// is the process's time before the statement: if the row was locked, the rotation happens seconds later, when the
    /// caller may have given up.
    pub fn rotated_since(&self) -> Option<Timestamp> {
        self.token.rotated_at.max(self.successor_since)
    }
}

/// Which token families to revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    Family(TokenFamilyId),
    Session(SessionKey),
    User(UserId),
    Client(ClientKey),
    Grant(GrantId),
    /// All sessions of a user but one, with their families.
    OtherSessions {
        user: UserId,
        keep: SessionKey,
    },
    /// Every family of a user and every code issued to them up to now, but no session.
    TokensOf(UserId),
    /// Every family and session of the organization.
    Everything,
}

/// A grant with the name of its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantWithClient {
    pub grant: Grant,
    pub client_name: String,
}

/// Obtained for an organization.
#[async_trait]
pub trait SessionRepository: Send {
    /// One round trip. `None`: no such session (or another organization's).
    async fn authorize_facts(
        &mut self,
        session: SessionKey,
        client: ClientKey,
        now: Timestamp,
    ) -> Result<Option<AuthorizeFacts>>;
    async fn by_id(&mut self, session: SessionKey) -> Result<Option<SessionRecord>>;
    /// Extends a session that is neither revoked nor expired to `expires_at`, provided that this is at most `longest`
    /// after its last sign-in. `false`: nothing was written.
    async fn extend(
        &mut self,
        session: SessionKey,
        expires_at: Timestamp,
        longest: Duration,
        now: Timestamp,
    ) -> Result<bool>;
    /// Revokes a session and its families and writes the audit row, in one round trip. `false`: it had ended before.
    async fn end(&mut self, session: SessionKey, now: Timestamp, event: &AuditEvent) -> Result<bool>;
    /// Adds scopes to the grant of (user, client), or creates it; never removes a scope. `known` is the grant as last
    /// read: if it is unchanged, this is one round trip. An expired grant starts anew. Returns the grant as stored.
    async fn extend_grant(
        &mut self,
        known: Option<&Grant>,
        wanted: &Grant,
        event: Option<&AuditEvent>,
    ) -> Result<Grant>;
    async fn grant(&mut self, user: UserId, client: ClientKey) -> Result<Option<Grant>>;

    /// Sessions of a user, newest first: those live at `live_at`, or (`None`) all that are stored. One round trip.
    async fn of_user(
        &mut self,
        user: UserId,
        live_at: Option<Timestamp>,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<SessionRecord>>;
    /// Unexpired grants of a user, newest first. One round trip.
    async fn grants_of(
        &mut self,
        user: UserId,
        now: Timestamp,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<GrantWithClient>>;
    /// Deletes a grant of a user, revokes its families and writes the audit row, in one round trip. `false`: the user
    /// has no such grant.
    async fn end_grant(
        &mut self,
        user: UserId,
        grant: GrantId,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<bool>;
}

/// Obtained for an organization. Takes only digests of bearer values.
#[async_trait]
pub trait TokenRepository: Send {
    /// One round trip.
    async fn issuance_facts(&mut self, family: &TokenFamily, now: Timestamp)
    -> Result<Option<IssuanceFacts>>;
    /// Stores a new family with its first tokens, in one round trip. `false`: the family exists already and nothing was
    /// written; this is how a replay that came first blocks the legitimate exchange.
    async fn issue(
        &mut self,
        family: &TokenFamily,
        access: &AccessToken,
        refresh: Option<&RefreshToken>,
    ) -> Result<bool>;
    /// Revokes the family of a code that was used twice. A family that is not stored yet is stored as revoked, so that
    /// it can never be issued. One round trip.
    async fn forbid_family(&mut self, family: &TokenFamily, now: Timestamp, event: &AuditEvent)
    -> Result<()>;

    /// Reads a refresh token whether or not it is expired, rotated or revoked: the caller decides. One round trip.
    async fn refresh_facts(
        &mut self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<RefreshTokenFacts>>;
    /// Rotates `old` → `successor` and stores `access`, in one guarded statement and one round trip. `by` is the
    /// caller's fingerprint. `false`: the token was already rotated or the family is revoked; nothing was written.
    /// `created_at` of the successor is `now` plus the whole seconds the statement waited for the row.
    async fn rotate(
        &mut self,
        old: &TokenDigest,
        successor: &RefreshToken,
        access: &AccessToken,
        by: &TokenDigest,
        now: Timestamp,
    ) -> Result<bool>;
    /// Adds an access token to a family. Storing the same digest again is not an error.
    async fn add_access_token(&mut self, access: &AccessToken) -> Result<()>;
    /// Like `add_access_token`, for a caller whose fingerprint differs from that of the first recipient of `successor`;
    /// also records that several callers hold that token. One round trip. `true`: this was not recorded before.
    async fn share(&mut self, access: &AccessToken, successor: &TokenDigest) -> Result<bool>;

    /// One round trip.
    async fn userinfo_facts(&mut self, digest: &TokenDigest, now: Timestamp)
    -> Result<Option<UserInfoFacts>>;
    /// One round trip.
    async fn access_facts(
        &mut self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<AccessTokenFacts>>;

    /// Deletes one access token. `false`: it does not exist.
    async fn delete_access_token(&mut self, digest: &TokenDigest) -> Result<bool>;
    /// Revokes families and, for `Session`, `User`, `OtherSessions` and `Everything`, also sessions. Returns the number
    /// of revoked families.
    async fn revoke(&mut self, what: Revocation, now: Timestamp) -> Result<u64>;
    /// The organization this repository was obtained for.
    fn organization(&self) -> OrganizationId;
}
