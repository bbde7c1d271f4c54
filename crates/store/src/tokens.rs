//! Sessions, grants, and the tokens that descend from them.

use std::time::Duration;

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::session::{AccessToken, Grant, RefreshToken, SessionRecord, TokenFamily};
use porta_core::user::User;
use porta_core::{
    ClientKey, GrantId, OrganizationId, SessionKey, Timestamp, TokenDigest, TokenFamilyId, UserId,
};

use crate::{Cursor, HeldRights, Page, Result};

/// What the authorization endpoint must know about a browser session, read in one round trip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeFacts {
    pub user_id: UserId,
    /// Active, or locked by guessing: somebody else's guesses do not end a session that lives.
    pub user_may_continue: bool,
    pub user_email: String,
    pub user_locale: Option<String>,
    pub session_expires_at: Timestamp,
    pub session_revoked: bool,
    /// The grant this user gave this client, unless it expired.
    pub grant: Option<Grant>,
}

/// What issuing tokens for a code needs, read in one round trip.
#[derive(Debug, Clone, PartialEq)]
pub struct IssuanceFacts {
    pub user: User,
    pub rights: HeldRights,
    pub grant_exists: bool,
    /// Not revoked and not past its end.
    pub session_live: bool,
    /// All tokens of the person were ended since the code was issued.
    pub ended: bool,
    /// The family was revoked (or already issued) under this id.
    pub family_exists: bool,
}

/// What can end a token before its time, apart from its client and its organization: whether these are active is known
/// to whoever resolved them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liveness {
    /// The family itself, its session, its grant or all tokens of the person were ended. Asked of all of them each
    /// time, so that a family that is being issued while one of them ends does not outlive it.
    pub family_revoked: bool,
    /// When the code of the family was issued.
    pub authorized_at: Timestamp,
    pub family_expires_at: Timestamp,
    pub is_offline: bool,
    pub session_live: bool,
    pub user_active: bool,
}

impl Liveness {
    /// Whether a token is honoured at `now`; natural end of the session does not end an offline family.
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
    pub liveness: Liveness,
}

#[derive(Debug, Clone, PartialEq)]
pub struct UserInfoFacts {
    pub access: AccessTokenFacts,
    /// The `claims` parameter of the authorization request.
    pub claims: Option<serde_json::Value>,
    pub user: User,
    pub rights: HeldRights,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RefreshTokenFacts {
    pub token: RefreshToken,
    pub family: TokenFamily,
    pub liveness: Liveness,
    pub user: User,
    pub rights: HeldRights,
    /// The successor was itself used: a retry is no longer honest (decision D8).
    pub successor_rotated: bool,
    /// When the successor came to be. `None`: there is none.
    pub successor_since: Option<Timestamp>,
}

impl RefreshTokenFacts {
    /// From when on an honest retry counts as one. Not from `rotated_at`, which the process took before it asked: a row
    /// that was locked is rotated seconds after that, when whoever asked has given up.
    pub fn rotated_since(&self) -> Option<Timestamp> {
        self.token.rotated_at.max(self.successor_since)
    }
}

/// Whose tokens end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    Family(TokenFamilyId),
    Session(SessionKey),
    User(UserId),
    Client(ClientKey),
    Grant(GrantId),
    /// The other sessions of a person, with what was authorized in them.
    OtherSessions {
        user: UserId,
        keep: SessionKey,
    },
    /// Every family of a person and every code that was issued to them until then, and no session.
    TokensOf(UserId),
    /// Every family and session of the organization.
    Everything,
}

/// A grant with the name of whom it was given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAccess {
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
    /// Slides the end of a session that is not revoked, to no later than `longest` after its last sign-in.
    async fn extend(
        &mut self,
        session: SessionKey,
        expires_at: Timestamp,
        longest: Duration,
        now: Timestamp,
    ) -> Result<bool>;
    /// Ends a session and every family that was authorized in it, with its audit row, in one round trip. `false`: it
    /// had ended already.
    async fn end(&mut self, session: SessionKey, now: Timestamp, event: &AuditEvent) -> Result<bool>;
    /// Adds scopes to the grant of (user, client) or makes one; never takes any away. `known` is the grant as last
    /// read: with it unchanged this is one round trip. An expired grant starts anew. Returns the grant as stored.
    async fn extend_grant(
        &mut self,
        known: Option<&Grant>,
        wanted: &Grant,
        event: Option<&AuditEvent>,
    ) -> Result<Grant>;
    async fn grant(&mut self, user: UserId, client: ClientKey) -> Result<Option<Grant>>;

    /// Sessions of a person, the newest first: those that live at a moment, or all that are stored. One round trip.
    async fn of_user(
        &mut self,
        user: UserId,
        live_at: Option<Timestamp>,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<SessionRecord>>;
    /// Grants of a person that did not expire, the newest first. One round trip.
    async fn grants_of(
        &mut self,
        user: UserId,
        now: Timestamp,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<GivenAccess>>;
    /// Takes a grant of a person away and ends its families, with its audit row, in one round trip. `false`: there is no
    /// such grant of theirs.
    async fn end_grant(
        &mut self,
        user: UserId,
        grant: GrantId,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<bool>;
}

/// Obtained for an organization. Only digests of bearer values come in.
#[async_trait]
pub trait TokenRepository: Send {
    /// One round trip.
    async fn issuance_facts(&mut self, family: &TokenFamily, now: Timestamp)
    -> Result<Option<IssuanceFacts>>;
    /// Stores a new family with its first tokens in one round trip. `false` when the family exists already, which is
    /// how a replayed code that came first blocks the honest one: nothing was written.
    async fn issue(
        &mut self,
        family: &TokenFamily,
        access: &AccessToken,
        refresh: Option<&RefreshToken>,
    ) -> Result<bool>;
    /// A code was used twice: the family is revoked, and if it was not stored yet it is stored as revoked so that it
    /// can never be issued. One round trip.
    async fn forbid_family(&mut self, family: &TokenFamily, now: Timestamp, event: &AuditEvent)
    -> Result<()>;

    /// One round trip, no matter whether expired, rotated or revoked: the caller judges.
    async fn refresh_facts(
        &mut self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<RefreshTokenFacts>>;
    /// Rotates `old` → `successor` and stores `access`, in one guarded statement and one round trip; `by` is what the
    /// caller looks like. `false`: somebody else rotated it, or the family was revoked; nothing was written. The
    /// successor's `created_at` is `now` and the seconds that the row was waited for.
    async fn rotate(
        &mut self,
        old: &TokenDigest,
        successor: &RefreshToken,
        access: &AccessToken,
        by: &TokenDigest,
        now: Timestamp,
    ) -> Result<bool>;
    /// Another access token for a family; storing the same digest again is not an error.
    async fn add_access_token(&mut self, access: &AccessToken) -> Result<()>;
    /// The same for a caller that does not look like the one who was given `successor` first, and notes that several
    /// hold it. One round trip. `true`: that was not known yet.
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

    /// Removes one access token.
    async fn delete_access_token(&mut self, digest: &TokenDigest) -> Result<bool>;
    /// Ends families (and, for user, session and everything, sessions). Returns how many families ended.
    async fn revoke(&mut self, what: Revocation, now: Timestamp) -> Result<u64>;
    /// The organization this repository was obtained for.
    fn organization(&self) -> OrganizationId;
}
