//! Second factors of people, as operators manage them. The person always hears of it by mail.

use porta_core::audit::AuditEventKind;
use porta_core::mail::{Mail, OutgoingEmail, Recipient, SecondFactorChange, SecurityEvent};
use porta_core::organization::Organization;
use porta_core::second_factor::RecoveryCode;
use porta_core::user::User;
use porta_store::Revocation;
use serde_json::json;

use crate::error::changed_concurrently;
use crate::protected::{check_may_change, refuse_super_admin_user};
use crate::users::UserOperations;
use crate::{DirectoryError, Result, Transaction};

/// Operations on second factors.
pub struct SecondFactorOperations<'t> {
    work: &'t mut Transaction,
}

impl<'t> UserOperations<'t> {
    pub fn second_factors(self) -> SecondFactorOperations<'t> {
        SecondFactorOperations { work: self.work }
    }
}

impl SecondFactorOperations<'_> {
    /// Removes all second factors and recovery codes, for a person who lost theirs. Revokes every session and token: the
    /// request may have come from an impostor.
    pub async fn reset(&mut self, organization: &Organization, user: &User) -> Result<()> {
        self.remove(organization, user, AuditEventKind::UserTwoFactorReset).await
    }

    /// The same, for a person who shall not have a second factor any more. If the organization requires one, the person
    /// must set one up at the next sign-in.
    pub async fn disable(&mut self, organization: &Organization, user: &User) -> Result<()> {
        self.remove(organization, user, AuditEventKind::UserTwoFactorDisabled).await
    }

    async fn remove(&mut self, organization: &Organization, user: &User, kind: AuditEventKind) -> Result<()> {
        self.check_may_manage(organization, user).await?;
        let Some(method) = user.two_factor_method else { return Err(has_none(user)) };
        if !self.work.unit.second_factors(organization.id).disable(user.id, self.work.now).await? {
            return Err(DirectoryError::not_found("user", user.id));
        }
        // Read under the lock that the removal took: of several at once, one removes a factor.
        if self.current(organization, user).await?.credential_epoch != user.credential_epoch + 1 {
            return Err(changed_concurrently("user"));
        }
        let ended =
            self.work.unit.tokens(organization.id).revoke(Revocation::User(user.id), self.work.now).await?;
        self.notify(organization, user, SecondFactorChange::Disabled).await?;
        let metadata = json!({ "previousMethod": method });
        let event = AuditEventKind::TwoFactorDisabled;
        self.work.audit(event, Some(organization), Some(user.id), metadata).await?;
        let metadata = json!({ "userId": user.id, "previousMethod": method, "tokenFamiliesEnded": ended });
        self.work.audit(kind, Some(organization), Some(user.id), metadata).await
    }

    /// Replaces the recovery codes of a person who has a second factor.
    pub async fn replace_recovery_codes(
        &mut self,
        organization: &Organization,
        user: &User,
        codes: &[RecoveryCode],
    ) -> Result<()> {
        self.check_may_manage(organization, user).await?;
        let now = self.work.now;
        let mut factors = self.work.unit.second_factors(organization.id);
        if !factors.replace_recovery_codes(user.id, codes, now).await? {
            return Err(DirectoryError::not_found("user", user.id));
        }
        drop(factors);
        // Read under the lock that the replacement took: there are no recovery codes without a factor, and only the set
        // that is shown last works.
        let current = self.current(organization, user).await?;
        if current.two_factor_method.is_none() {
            return Err(has_none(user));
        }
        if current.version != user.version.next() {
            return Err(changed_concurrently("user"));
        }
        self.notify(organization, user, SecondFactorChange::RecoveryCodesReplaced).await?;
        for event in
            [AuditEventKind::TwoFactorRecoveryRegenerated, AuditEventKind::UserTwoFactorCodesRegenerated]
        {
            let metadata = json!({ "userId": user.id });
            self.work.audit(event, Some(organization), Some(user.id), metadata).await?;
        }
        Ok(())
    }

    /// Refuses whoever may not manage the second factors of a user.
    pub async fn check_may_manage(&mut self, organization: &Organization, user: &User) -> Result<()> {
        refuse_super_admin_user(self.work, organization, user, "manage-2fa").await?;
        check_may_change(&self.work.actor, organization, user)
    }

    async fn current(&mut self, organization: &Organization, user: &User) -> Result<User> {
        let current = self.work.unit.users(organization.id).by_id(user.id).await?;
        current.ok_or_else(|| DirectoryError::not_found("user", user.id))
    }

    async fn notify(
        &mut self,
        organization: &Organization,
        user: &User,
        change: SecondFactorChange,
    ) -> Result<()> {
        // The mail does not reveal the operator's IP address.
        let event = SecurityEvent { at: self.work.now, address: None, user_agent: None };
        let outgoing = OutgoingEmail {
            organization_id: organization.id,
            recipient: Recipient::of(user),
            mail: Mail::SecondFactorChanged { change, event },
        };
        let about = format!("{}:{change}:{}", user.id, self.work.now.micros());
        let item =
            outgoing.into_item(&about, &self.work.deps.outbox, self.work.now, &*self.work.deps.entropy);
        self.work.unit.outbox().enqueue(&item).await?;
        Ok(())
    }
}

fn has_none(user: &User) -> DirectoryError {
    DirectoryError::Conflict(format!("{} has no second factor", user.email.shown()))
}
