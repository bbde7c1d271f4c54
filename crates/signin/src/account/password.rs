//! Changes the password, or sets the first one.

use std::time::Duration;

use porta_core::audit::AuditCategory;
use porta_core::mail::Mail;
use porta_core::user::{CredentialState, PasswordRefusal};
use porta_core::{Password, TypedPassword};
use porta_session::{Caller, EngineError, Tenant};
use porta_store::Revocation;
use serde_json::json;

use super::RecentlyAuthenticated;
use crate::limits::{AttemptDecision, LoginLimits};
use crate::password::HashError;
use crate::{QueuePriority, SignIn};

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

impl SignIn {
    /// Sets a new password. Revokes every other session and every token of the person, and withdraws links mailed to
    /// them; the current session stays.
    pub async fn change_password(
        &self,
        tenant: &Tenant,
        recent: RecentlyAuthenticated<'_>,
        form: NewPassword,
        caller: &Caller,
    ) -> Result<PasswordOutcome, EngineError> {
        let signed_in = recent.signed_in();
        let current = signed_in.user.password_hash.as_ref();
        if let Some(stored) = current {
            let limits = LoginLimits::inside(tenant, signed_in.session.key);
            if let AttemptDecision::Limited(retry_after) = limits.begin(&**self.engine.kv(), None).await? {
                return Ok(PasswordOutcome::Limited { retry_after });
            }
            match self.hasher.verify(form.current.clone(), stored, QueuePriority::PROVEN).await {
                Ok(verified) if verified.matches => limits.give_back(&**self.engine.kv(), None).await?,
                Ok(_) => {
                    let what = "user.password.change.failed";
                    let event = self.account_event(
                        tenant,
                        signed_in,
                        what,
                        AuditCategory::Security,
                        json!({}),
                        caller,
                    );
                    self.engine.store().repositories().audit().record(&event).await?;
                    limits.free_slot(&**self.engine.kv(), None).await?;
                    return Ok(PasswordOutcome::WrongCurrent);
                }
                Err(HashError::Busy) => {
                    limits.give_back(&**self.engine.kv(), None).await?;
                    return Ok(PasswordOutcome::Busy);
                }
                Err(error) => return Err(EngineError::Unreadable(error.to_string())),
            }
            if form.current.normal() == Some(&form.new) {
                return Ok(PasswordOutcome::Unchanged);
            }
        }
        if let Err(refusal) = self.check_password_rules(&form.new, &signed_in.user, tenant).await? {
            return Ok(PasswordOutcome::Refused(refusal));
        }
        let hash = match self.hasher.hash(form.new).await {
            Ok(hash) => hash,
            Err(HashError::Busy) => return Ok(PasswordOutcome::Busy),
            Err(error) => return Err(EngineError::Unreadable(error.to_string())),
        };
        let (organization, now, user) = (tenant.organization.id, self.engine.now(), signed_in.user.id);
        let mut unit = self.engine.store().begin().await?;
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
        let mail = Mail::PasswordChanged { event: self.security_event(caller) };
        self.enqueue(&mut *unit, tenant, &signed_in.user, mail, &format!("{user}:{}", now.micros())).await?;
        let metadata = json!({ "tokenFamiliesEnded": ended });
        let event = self.account_event(
            tenant,
            signed_in,
            "user.password.changed",
            AuditCategory::Security,
            metadata,
            caller,
        );
        unit.audit().record(&event).await?;
        unit.commit().await?;
        // If there was another change in between, this state matches no stored one.
        let epoch = signed_in.user.credential_epoch + 1;
        Ok(PasswordOutcome::Changed(CredentialState { epoch, password_changed_at: Some(now) }))
    }
}
