//! Self-service for a signed-in person's own account.
//!
//! ```text
//! cookie ─► SignedInUser ──auth_time recent──► RecentlyAuthenticated ─► password, factors, other sessions, data export
//!             └─► viewing, revoking grants
//! ```
//!
//! Instead of a cookie the Admin API has an access token, for the session in which the token was authorized.
//!
//! A [`RecentlyAuthenticated`] proves that the person authenticated recently with the factors they have (decision
//! 0036).

use std::sync::Arc;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::user::{CredentialState, User};
use porta_core::{TokenDigest, UserId, settings};
use porta_kv::{KeyName, KvKey, LimitOutcome, RateLimit};
use porta_session::browser_session::{BrowserSession, PresentedSession};
use porta_session::{BackendError, Limited, OperationContext, Tenant};
use serde_json::Value;

use crate::amr::proves_factor;
use crate::browser::NewSessionCookies;
use crate::known_browser::KnownBrowser;
use crate::sign_in_core::SignInCore;

mod data;
mod devices;
mod factor_lock;
mod factor_status;
mod factors;
mod password;
mod setup;

pub(crate) use factor_lock::FactorLock;

pub use data::AccountData;
pub use devices::AccountDevices;
pub use factor_status::FactorStatus;
pub use factors::AccountFactors;
pub use password::{AccountPassword, NewPassword, PasswordOutcome};
pub use setup::{FactorSetup, FactorSetups, SetupStep};

/// A person with a valid session.
#[derive(Debug, Clone)]
pub struct SignedInUser {
    pub user: User,
    pub session: BrowserSession,
    /// Digest of the session cookie, or of the access token.
    digest: TokenDigest,
}

impl SignedInUser {
    /// A person whose client presented a live access token. `session`: that in which the token was authorized, as it
    /// was then. A change that renews a session's cookie finds none under the token's digest and leaves the session as
    /// it is.
    pub fn by_access_token(token: TokenDigest, user: User, session: BrowserSession) -> Self {
        Self { user, session, digest: token }
    }

    /// Audit row for an action of a person on their own account.
    fn event(
        &self,
        core: &SignInCore,
        cx: OperationContext<'_>,
        kind: AuditEventKind,
        metadata: Value,
    ) -> AuditEvent {
        let user = Some(self.user.id);
        AuditEvent { user_id: user, actor_id: user, metadata, ..core.shared.audit.event(cx, kind) }
    }
}

/// A person who authenticated recently (step-up).
#[derive(Debug, Clone, Copy)]
pub struct RecentlyAuthenticated<'a>(&'a SignedInUser);

impl<'a> RecentlyAuthenticated<'a> {
    /// Proof that the person authenticated within `step_up_max_age`, with the second factor they have by now. `None`:
    /// they must authenticate again.
    pub fn of(cx: OperationContext<'_>, signed_in: &'a SignedInUser) -> Option<Self> {
        let age = cx.now.since(signed_in.session.auth_time);
        let is_young = age < cx.tenant.settings.duration(settings::STEP_UP_MAX_AGE);
        let is_strong = signed_in
            .user
            .two_factor_method
            .is_none_or(|method| proves_factor(&signed_in.session.amr, method));
        (is_young && is_strong).then_some(Self(signed_in))
    }

    pub fn signed_in(self) -> &'a SignedInUser {
        self.0
    }
}

/// Result of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    Done,
    /// Done. These are the new credentials, with which the browser gets a new known-browser cookie.
    Credentials(CredentialState),
    /// Done. The session has a higher assurance now, so its browser gets a new session cookie.
    SessionRenewed(NewSessionCookies),
    /// Nothing to do: another window was faster, or the object is not the person's.
    Nothing,
    /// A code was wrong.
    Wrong,
    /// The mailed code is used up or missing: a new one must be sent.
    Exhausted,
    /// The organization requires a second factor.
    Required,
    Limited {
        retry_after: std::time::Duration,
    },
}

/// Limit of the changes of an account, those during a sign-in included.
pub(crate) fn change_limit(tenant: &Tenant, user: UserId) -> RateLimit {
    RateLimit {
        key: KvKey::new(KeyName::LimitAccount, tenant.organization.id).with(user),
        maximum: tenant.settings.number(settings::RATE_LIMIT_ACCOUNT_MAX),
        window: tenant.settings.duration(settings::RATE_LIMIT_ACCOUNT_WINDOW),
    }
}

/// Services of the account pages.
pub struct Account {
    pub(crate) core: Arc<SignInCore>,
    pub data: AccountData,
    pub devices: AccountDevices,
    pub factors: AccountFactors,
    pub password: AccountPassword,
    pub setup: Arc<FactorSetups>,
}

impl Account {
    /// Loads session and person of a cookie; `None` unless both are valid.
    pub async fn signed_in_user(
        &self,
        cx: OperationContext<'_>,
        cookie: Option<&str>,
    ) -> Result<Option<SignedInUser>, BackendError> {
        let Some(presented) = self.core.shared.browser_sessions.find(cx.tenant, cookie).await? else {
            return Ok(None);
        };
        let PresentedSession { session, digest } = presented;
        let (organization, now) = (cx.tenant.organization.id, cx.now);
        let mut repositories = self.core.shared.store().repositories();
        let record = repositories.sessions(organization).by_id(session.key).await?;
        let is_live = record.is_some_and(|record| {
            record.revoked_at.is_none() && now < record.expires_at && record.user_id == session.user
        });
        if !is_live {
            return Ok(None);
        }
        let user = repositories.users(organization).by_id(session.user).await?;
        Ok(user.filter(User::may_continue).map(|user| SignedInUser { user, session, digest }))
    }

    /// Known-browser cookie for the browser in which a person changed their credentials; all others become a stranger's
    /// (decision D22).
    pub fn known_browser_cookie(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
        credentials: CredentialState,
    ) -> String {
        KnownBrowser::cookie_after_change(credentials, tenant, &signed_in.user, self.core.shared.entropy())
    }

    /// Counts a change before it is tried, because mails, hashes and exports are costly. Fails closed.
    pub async fn count_change(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
    ) -> Result<Option<Limited>, BackendError> {
        let limit = change_limit(tenant, signed_in.user.id);
        let maximum = limit.maximum;
        Ok(match self.core.shared.kv().hit(&[limit]).await? {
            LimitOutcome::Allowed => None,
            LimitOutcome::Limited { retry_after } => Some(Limited { retry_after, maximum }),
        })
    }
}
