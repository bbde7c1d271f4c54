//! What all services of the sign-in share: the services of the session crate, the password hasher and the keys; audit
//! rows and mails.

use std::sync::Arc;

use porta_core::UserId;
use porta_core::audit::{AuditCategory, AuditEvent, AuditEventKind};
use porta_core::mail::{Mail, OutgoingEmail, Recipient, SecurityEvent};
use porta_core::user::User;
use porta_session::{BackendError, OperationContext, SharedServices};
use porta_store::UnitOfWork;

use crate::password::PasswordHasher;
use crate::second_factor_keys::SecondFactorKeys;

/// Dependencies of the services.
pub struct SignInCore {
    pub shared: Arc<SharedServices>,
    pub hasher: Arc<PasswordHasher>,
    pub factors: SecondFactorKeys,
}

impl SignInCore {
    /// Builds an audit row; the caller adds details.
    pub(crate) fn event(
        &self,
        cx: OperationContext<'_>,
        user: Option<UserId>,
        kind: AuditEventKind,
    ) -> AuditEvent {
        let event = self.shared.audit.event(cx, kind);
        let authenticating = user.filter(|_| kind.category() == AuditCategory::Authentication);
        AuditEvent { user_id: user, actor_id: event.actor_id.or(authenticating), ..event }
    }

    /// Puts a mail into the outbox. `about` is its idempotency key: the same one again adds nothing.
    pub(crate) async fn enqueue(
        &self,
        unit: &mut dyn UnitOfWork,
        cx: OperationContext<'_>,
        user: &User,
        mail: Mail,
        about: &str,
    ) -> Result<(), BackendError> {
        let organization_id = cx.tenant.organization.id;
        let outgoing = OutgoingEmail { organization_id, recipient: Recipient::of(user), mail };
        let item = outgoing.into_item(about, self.factors.outbox(), cx.now, self.shared.entropy());
        unit.outbox().enqueue(&item).await?;
        Ok(())
    }
}

/// Time and origin of a change, for the mail to the account's owner.
pub(crate) fn security_event(cx: OperationContext<'_>) -> SecurityEvent {
    SecurityEvent { at: cx.now, address: cx.caller.address_text(), user_agent: cx.caller.user_agent.clone() }
}
