//! Changes the password, or sets the first one.

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::AuditEventKind;
use porta_core::mail::Mail;
use porta_core::user::{CredentialState, PasswordRefusal};
use porta_core::{Password, TypedPassword};
use porta_session::{BackendError, OperationContext};
use porta_store::Revocation;
use serde_json::json;

use super::RecentlyAuthenticated;
use crate::limits::{AttemptDecision, LoginLimits};
use crate::password::HashError;
use crate::password_queue::QueuePriority;
use crate::password_rules::check_password_rules;
use crate::sign_in_core::{SignInCore, security_event};

/// Content of the form.
pub struct NewPassword {
    /// The current password; ignored if the person has none.
    pub current: TypedPassword,
    pub new: Password,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordOutcome {
    Changed(CredentialState),
    WrongCurrent,
    Refused(PasswordRefusal),
    /// The new password equals the current one.
    Unchanged,
    Limited {
        retry_after: Duration,
    },
    /// The password queue is full.
    Busy,
}

pub struct AccountPassword {
    pub(crate) core: Arc<SignInCore>,
}

impl AccountPassword {
    /// Sets a new password. Revokes every other session and every token of the person, and withdraws links mailed to
    /// them; the current session stays.
    pub async fn change(
        &self,
        cx: OperationContext<'_>,
        recent: RecentlyAuthenticated<'_>,
        form: NewPassword,
    ) -> Result<PasswordOutcome, BackendError> {
        let signed_in = recent.signed_in();
        let current = signed_in.user.password_hash.as_ref();
        if let Some(stored) = current {
            let limits = LoginLimits::inside(cx.tenant, signed_in.session.key);
            if let AttemptDecision::Limited(retry_after) =
                limits.begin(&**self.core.shared.kv(), None).await?
            {
                return Ok(PasswordOutcome::Limited { retry_after });
            }
            match self.core.hasher.verify(form.current.clone(), stored, QueuePriority::PROVEN).await {
                Ok(verified) if verified.matches => limits.give_back(&**self.core.shared.kv(), None).await?,
                Ok(_) => {
                    let event =
                        signed_in.event(&self.core, cx, AuditEventKind::UserPasswordChangeFailed, json!({}));
                    self.core.shared.audit.record(&event).await?;
                    limits.free_slot(&**self.core.shared.kv(), None).await?;
                    return Ok(PasswordOutcome::WrongCurrent);
                }
                Err(HashError::Busy) => {
                    limits.give_back(&**self.core.shared.kv(), None).await?;
                    return Ok(PasswordOutcome::Busy);
                }
                Err(error) => return Err(BackendError::Unreadable(error.to_string())),
            }
            if form.current.normal() == Some(&form.new) {
                return Ok(PasswordOutcome::Unchanged);
            }
        }
        if let Err(refusal) = check_password_rules(&form.new, &signed_in.user, cx.tenant).await? {
            return Ok(PasswordOutcome::Refused(refusal));
        }
        let hash = match self.core.hasher.hash(form.new).await {
            Ok(hash) => hash,
            Err(HashError::Busy) => return Ok(PasswordOutcome::Busy),
            Err(error) => return Err(BackendError::Unreadable(error.to_string())),
        };
        // The hashes took a while, and the revocation covers tokens issued until `now`.
        let cx = OperationContext { now: self.core.shared.now(), ..cx };
        let (organization, now, user) = (cx.tenant.organization.id, cx.now, signed_in.user.id);
        let mut unit = self.core.shared.store().begin().await?;
        if !unit.users(organization).change_password(user, current, &hash, now).await? {
            // The password was changed after this page was requested, so the one typed is no longer current.
            return Ok(PasswordOutcome::WrongCurrent);
        }
        let keep = signed_in.session.key;
        let mut tokens = unit.tokens(organization);
        let mut ended = tokens.revoke(Revocation::OtherSessions { user, keep }, now).await?;
        ended += tokens.revoke(Revocation::TokensOf(user), now).await?;
        drop(tokens);
        unit.one_time_tokens(organization).withdraw(user, now).await?;
        let mail = Mail::PasswordChanged { event: security_event(cx) };
        let about = format!("{user}:{}", now.micros());
        self.core.enqueue(&mut *unit, cx, &signed_in.user, mail, &about).await?;
        let (what, metadata) = (AuditEventKind::UserPasswordChanged, json!({ "tokenFamiliesEnded": ended }));
        let event = signed_in.event(&self.core, cx, what, metadata);
        unit.audit().record(&event).await?;
        unit.commit().await?;
        // If there was another change in between, this state matches no stored one.
        let epoch = signed_in.user.credential_epoch + 1;
        Ok(PasswordOutcome::Changed(CredentialState { epoch, password_changed_at: Some(now) }))
    }
}
