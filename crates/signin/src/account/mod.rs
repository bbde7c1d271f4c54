//! Self-service for a signed-in person's own account.
//!
//! ```text
//! cookie ─► Member ──auth_time recent──► Recent ─► password, factors, other sessions, data export
//!             └─► viewing, revoking grants
//! ```
//!
//! A [`Recent`] proves that the person authenticated recently with the factors they have (decision 0036).

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::user::{CredentialState, User};
use porta_core::{TokenDigest, settings};
use porta_kv::{Limit, Verdict};
use porta_oidc::session::{BrowserSession, PresentedSession};
use porta_oidc::throttle::Limited;
use porta_oidc::{Caller, EngineError, Tenant};
use serde_json::Value;

use crate::device::Device;
use crate::enter::shows;
use crate::{Entered, SignIn};

mod data;
mod devices;
mod factors;
mod password;
mod setup;

pub use factors::Held;
pub use password::{NewPassword, PasswordOutcome};
pub use setup::{Setup, SetupStep};

/// A person with a valid session.
#[derive(Debug, Clone)]
pub struct Member {
    pub user: User,
    pub session: BrowserSession,
    /// Digest of the session cookie.
    digest: TokenDigest,
}

/// A person who authenticated recently (step-up).
#[derive(Debug, Clone, Copy)]
pub struct Recent<'a>(&'a Member);

impl Recent<'_> {
    pub fn member(&self) -> &Member {
        self.0
    }
}

/// Result of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    Done,
    /// Done. These are the new credentials, with which the browser gets a new known-browser cookie.
    Credentials(CredentialState),
    /// Done. The session has a higher assurance now, so its browser gets a new session cookie.
    Strengthened(Entered),
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
    pub async fn member(&self, tenant: &Tenant, cookie: Option<&str>) -> Result<Option<Member>, EngineError> {
        let Some(presented) = self.engine.session(tenant, cookie).await? else { return Ok(None) };
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
        Ok(user.filter(User::may_continue).map(|user| Member { user, session, digest }))
    }

    /// Proof that the person authenticated within `step_up_max_age`, with the second factor they have by now. `None`:
    /// they must authenticate again.
    pub fn recent<'a>(&self, tenant: &Tenant, member: &'a Member) -> Option<Recent<'a>> {
        let age = self.engine.now().since(member.session.auth_time);
        let is_young = age < tenant.settings.duration(settings::STEP_UP_MAX_AGE);
        let is_strong = member.user.two_factor_method.is_none_or(|method| shows(&member.session.amr, method));
        (is_young && is_strong).then_some(Recent(member))
    }

    /// Known-browser cookie for the browser in which a person changed their credentials; all others become a stranger's
    /// (decision D22).
    pub fn known_after(&self, tenant: &Tenant, member: &Member, credentials: CredentialState) -> String {
        Device::with(credentials, tenant, &member.user, self.engine.entropy())
    }

    /// Counts a change before it is tried, because mails, hashes and exports are costly. Fails closed.
    pub async fn count_change(
        &self,
        tenant: &Tenant,
        member: &Member,
    ) -> Result<Option<Limited>, EngineError> {
        let maximum = tenant.settings.number(settings::RATE_LIMIT_ACCOUNT_MAX);
        let limit = Limit {
            key: format!("{}:limit:account:{}", tenant.organization.id, member.user.id),
            maximum,
            window: tenant.settings.duration(settings::RATE_LIMIT_ACCOUNT_WINDOW),
        };
        Ok(match self.engine.kv().hit(&[limit]).await? {
            Verdict::Allowed => None,
            Verdict::Limited { retry_after } => Some(Limited { retry_after, maximum }),
        })
    }

    /// Audit row for an action of a person on their own account.
    fn own_event(
        &self,
        tenant: &Tenant,
        member: &Member,
        what: &str,
        category: AuditCategory,
        metadata: Value,
        caller: &Caller,
    ) -> AuditEvent {
        let user = Some(member.user.id);
        AuditEvent {
            user_id: user,
            actor_id: user,
            metadata,
            ..self.engine.event(tenant, what, category, caller)
        }
    }
}
