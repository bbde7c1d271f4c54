//! Self-service for a signed-in person's own account.
//!
//! ```text
//! cookie ─► SignedInUser ──auth_time recent──► RecentlyAuthenticated ─► password, factors, other sessions, data export
//!             └─► viewing, revoking grants
//! ```
//!
//! A [`RecentlyAuthenticated`] proves that the person authenticated recently with the factors they have (decision
//! 0036).

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::user::{CredentialState, User};
use porta_core::{TokenDigest, settings};
use porta_kv::{LimitOutcome, RateLimit};
use porta_session::browser_session::{BrowserSession, PresentedSession};
use porta_session::{Caller, EngineError, Limited, Tenant};
use serde_json::Value;

use crate::known_browser::KnownBrowser;
use crate::new_session::proves_factor;
use crate::{NewSessionCookies, SignIn};

mod data;
mod devices;
mod factors;
mod password;
mod setup;

pub use factors::FactorStatus;
pub use password::{NewPassword, PasswordOutcome};
pub use setup::{FactorSetup, SetupStep};

/// A person with a valid session.
#[derive(Debug, Clone)]
pub struct SignedInUser {
    pub user: User,
    pub session: BrowserSession,
    /// Digest of the session cookie.
    digest: TokenDigest,
}

/// A person who authenticated recently (step-up).
#[derive(Debug, Clone, Copy)]
pub struct RecentlyAuthenticated<'a>(&'a SignedInUser);

impl RecentlyAuthenticated<'_> {
    pub fn signed_in(&self) -> &SignedInUser {
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

impl SignIn {
    /// Loads session and person of a cookie; `None` unless both are valid.
    pub async fn signed_in_user(
        &self,
        tenant: &Tenant,
        cookie: Option<&str>,
    ) -> Result<Option<SignedInUser>, EngineError> {
        let Some(presented) = self.engine.browser_sessions.find(tenant, cookie).await? else {
            return Ok(None);
        };
        let PresentedSession { session, digest } = presented;
        let (organization, now) = (tenant.organization.id, self.engine.now());
        let mut repositories = self.engine.store().repositories();
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

    /// Proof that the person authenticated within `step_up_max_age`, with the second factor they have by now. `None`:
    /// they must authenticate again.
    pub fn recent<'a>(
        &self,
        tenant: &Tenant,
        signed_in: &'a SignedInUser,
    ) -> Option<RecentlyAuthenticated<'a>> {
        let age = self.engine.now().since(signed_in.session.auth_time);
        let is_young = age < tenant.settings.duration(settings::STEP_UP_MAX_AGE);
        let is_strong = signed_in
            .user
            .two_factor_method
            .is_none_or(|method| proves_factor(&signed_in.session.amr, method));
        (is_young && is_strong).then_some(RecentlyAuthenticated(signed_in))
    }

    /// Known-browser cookie for the browser in which a person changed their credentials; all others become a stranger's
    /// (decision D22).
    pub fn known_browser_cookie(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
        credentials: CredentialState,
    ) -> String {
        KnownBrowser::cookie_after_change(credentials, tenant, &signed_in.user, self.engine.entropy())
    }

    /// Counts a change before it is tried, because mails, hashes and exports are costly. Fails closed.
    pub async fn count_change(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
    ) -> Result<Option<Limited>, EngineError> {
        let maximum = tenant.settings.number(settings::RATE_LIMIT_ACCOUNT_MAX);
        let limit = RateLimit {
            key: format!("{}:limit:account:{}", tenant.organization.id, signed_in.user.id),
            maximum,
            window: tenant.settings.duration(settings::RATE_LIMIT_ACCOUNT_WINDOW),
        };
        Ok(match self.engine.kv().hit(&[limit]).await? {
            LimitOutcome::Allowed => None,
            LimitOutcome::Limited { retry_after } => Some(Limited { retry_after, maximum }),
        })
    }

    /// Audit row for an action of a person on their own account.
    fn account_event(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
        what: &str,
        category: AuditCategory,
        metadata: Value,
        caller: &Caller,
    ) -> AuditEvent {
        let user = Some(signed_in.user.id);
        AuditEvent {
            user_id: user,
            actor_id: user,
            metadata,
            ..self.engine.audit.event(self.engine.context(tenant, caller), what, category)
        }
    }
}
