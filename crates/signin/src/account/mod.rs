//! What a signed-in person does with their own account.
//!
//! ```text
//! cookie ─► Member ──auth_time young──► Recent ─► password, factors, other sessions, data
//!             └─► looking, withdrawing access
//! ```
//!
//! Whoever holds a [`Recent`] has shown just now who they are, with the factors they have (repairs W01).

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

/// Somebody with a live session.
#[derive(Debug, Clone)]
pub struct Member {
    pub user: User,
    pub session: BrowserSession,
    /// Of the session's cookie.
    digest: TokenDigest,
}

/// Somebody who signed in a moment ago.
#[derive(Debug, Clone, Copy)]
pub struct Recent<'a>(&'a Member);

impl Recent<'_> {
    pub fn member(&self) -> &Member {
        self.0
    }
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    Done,
    /// Done, and from now on these are the person's credentials: the browser it was done in is told, to stay known.
    Credentials(CredentialState),
    /// Done, and the session shows more than before: its browser gets another cookie for it.
    Strengthened(Entered),
    /// There was nothing (more) to do: another window was faster, or what was named is not the person's.
    Nothing,
    /// A code was wrong.
    Wrong,
    /// No code can be right any more: another one must be sent.
    Exhausted,
    /// The organization asks for a second factor.
    Required,
    Limited {
        retry_after: std::time::Duration,
    },
}

impl SignIn {
    /// The person a session cookie stands for, if both still count here.
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

    /// The proof that somebody signed in a moment ago, with the second factor they have by now; `None`: they have to do
    /// it again.
    pub fn recent<'a>(&self, tenant: &Tenant, member: &'a Member) -> Option<Recent<'a>> {
        let age = self.engine.now().since(member.session.auth_time);
        let is_young = age < tenant.settings.duration(settings::STEP_UP_MAX_AGE);
        let is_strong = member.user.two_factor_method.is_none_or(|method| shows(&member.session.amr, method));
        (is_young && is_strong).then_some(Recent(member))
    }

    /// The cookie by which the browser of a member stays known after they changed their credentials in it; every other
    /// browser is a stranger to them (decision D22).
    pub fn known_after(&self, tenant: &Tenant, member: &Member, credentials: CredentialState) -> String {
        Device::with(credentials, tenant, &member.user, self.engine.entropy())
    }

    /// Counts a change before it is tried: letters, hashes and files cost something. Fails closed.
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

    /// An audit row about what somebody did to themselves.
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
