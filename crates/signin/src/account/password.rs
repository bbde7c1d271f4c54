//! Changes the password, or sets the first one.

use std::time::Duration;

use porta_core::audit::AuditCategory;
use porta_core::mail::Mail;
use porta_core::user::{CredentialState, PasswordRefusal};
use porta_core::{Password, TypedPassword};
use porta_oidc::{Caller, EngineError, Tenant};
use porta_store::Revocation;
use serde_json::json;

use super::Recent;
use crate::limits::{Begun, LoginLimits};
use crate::password::HashError;
use crate::{SignIn, Turn};

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
        recent: Recent<'_>,
        form: NewPassword,
        caller: &Caller,
    ) -> Result<PasswordOutcome, EngineError> {
        let member = recent.member();
        let current = member.user.password_hash.as_ref();
        if let Some(stored) = current {
            let limits = LoginLimits::inside(tenant, member.session.key);
            if let Begun::Limited(retry_after) = limits.begin(&**self.engine.kv(), None).await? {
                return Ok(PasswordOutcome::Limited { retry_after });
            }
            match self.hasher.verify(form.current.clone(), stored, Turn::SHOWN).await {
                Ok(verified) if verified.matches => limits.give_back(&**self.engine.kv(), None).await?,
                Ok(_) => {
                    let what = "user.password.change.failed";
                    let event =
                        self.own_event(tenant, member, what, AuditCategory::Security, json!({}), caller);
                    self.engine.store().repositories().audit().record(&event).await?;
                    limits.judged(&**self.engine.kv(), None).await?;
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
        if let Err(refusal) = self.judge_password(&form.new, &member.user, tenant).await? {
            return Ok(PasswordOutcome::Refused(refusal));
        }
        let hash = match self.hasher.hash(form.new).await {
            Ok(hash) => hash,
            Err(HashError::Busy) => return Ok(PasswordOutcome::Busy),
            Err(error) => return Err(EngineError::Unreadable(error.to_string())),
        };
        let (organization, now, user) = (tenant.organization.id, self.engine.now(), member.user.id);
        let mut unit = self.engine.store().begin().await?;
        if !unit.users(organization).change_password(user, current, &hash, now).await? {
            // The password was changed after this page was requested, so the one typed is no longer current.
            return Ok(PasswordOutcome::WrongCurrent);
        }
        let keep = member.session.key;
        let mut tokens = unit.tokens(organization);
        let mut ended = tokens.revoke(Revocation::OtherSessions { user, keep }, now).await?;
        ended += tokens.revoke(Revocation::TokensOf(user), now).await?;
        drop(tokens);
        unit.one_time_tokens(organization).withdraw(user, now).await?;
        let mail = Mail::PasswordChanged { event: self.security_event(caller) };
        self.enqueue(&mut *unit, tenant, &member.user, mail, &format!("{user}:{}", now.micros())).await?;
        let metadata = json!({ "tokenFamiliesEnded": ended });
        let event = self.own_event(
            tenant,
            member,
            "user.password.changed",
            AuditCategory::Security,
            metadata,
            caller,
        );
        unit.audit().record(&event).await?;
        unit.commit().await?;
        // If there was another change in between, this state matches no stored one.
        let epoch = member.user.credential_epoch + 1;
        Ok(PasswordOutcome::Changed(CredentialState { epoch, password_changed_at: Some(now) }))
    }
}
