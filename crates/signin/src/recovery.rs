//! Password reset by a mailed link.

use porta_core::link_request::{LinkKind, LinkRequest};
use porta_core::mail::Mail;
use porta_core::one_time::TokenPurpose;
use porta_core::password_rules::{ContextWords, check_new_password};
use porta_core::user::{PasswordRefusal, User};
use porta_core::{Password, TokenDigest, settings};
use porta_session::{Caller, EngineError, Tenant};
use porta_store::{Revocation, UnitOfWork};

use crate::links::{LinkError, LinkQuota, LinkRequestOutcome};
use crate::{Browser, SignIn};

/// Result of setting a chosen password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetPasswordOutcome {
    Done,
    Refused(PasswordRefusal),
    LinkFailed(LinkError),
    /// The password queue is full.
    Busy,
}

impl SignIn {
    /// Requests a reset link to be mailed, if the address is known. `interaction`: the sign-in to continue afterwards.
    pub async fn ask_for_reset(
        &self,
        tenant: &Tenant,
        address: &str,
        interaction: Option<&str>,
        locale: &str,
        browser: Browser<'_>,
    ) -> Result<LinkRequestOutcome, EngineError> {
        let caller = browser.caller;
        if !tenant.offers_passwords() {
            return Ok(LinkRequestOutcome::MethodDisabled);
        }
        let may = self.count_link(tenant, LinkKind::PasswordReset, address, &browser).await?;
        let only_if_none_live = match may {
            LinkQuota::Refused(asked) => return Ok(asked),
            may => matches!(may, LinkQuota::OnlyIfNoneLive),
        };
        let value = TokenPurpose::PasswordReset.bearer().generate(self.engine.entropy());
        let wanted = LinkRequest {
            kind: LinkKind::PasswordReset,
            address: address.to_owned(),
            digest: TokenDigest::of(&value),
            url: format!("{}/auth/reset-password/{value}", tenant.issuer),
            code: None,
            interaction: interaction.map(str::to_owned),
            application: None,
            details: None,
            locale: locale.to_owned(),
            only_if_none_live,
            expires_at: self.engine.now() + tenant.settings.duration(settings::PASSWORD_RESET_TTL),
            ip_address: caller.address_text(),
            user_agent: caller.user_agent.clone(),
        };
        self.enqueue_link_request(tenant, wanted).await?;
        Ok(LinkRequestOutcome::Sent)
    }

    /// Returns the person a link belongs to, without using it up.
    pub async fn person_of_link(
        &self,
        tenant: &Tenant,
        purpose: TokenPurpose,
        value: &str,
        caller: &Caller,
    ) -> Result<Result<User, LinkError>, EngineError> {
        let link = match self.open_link(tenant, purpose, value, caller).await? {
            Ok(link) => link,
            Err(dead) => return Ok(Err(dead)),
        };
        let mut repositories = self.engine.store().repositories();
        let user = repositories.users(tenant.organization.id).by_id(link.user_id).await?;
        Ok(user.filter(User::may_continue).ok_or(LinkError::Unknown))
    }

    /// Sets the password and revokes every session and token of the person, so whoever knew the old password is signed
    /// out. The second factor stays and is asked for at the next sign-in.
    pub async fn reset_password(
        &self,
        tenant: &Tenant,
        value: &str,
        password: Password,
        caller: &Caller,
    ) -> Result<SetPasswordOutcome, EngineError> {
        let purpose = TokenPurpose::PasswordReset;
        let user = match self.person_of_link(tenant, purpose, value, caller).await? {
            Ok(user) => user,
            Err(dead) => return Ok(SetPasswordOutcome::LinkFailed(dead)),
        };
        if let Err(refusal) = self.check_password_rules(&password, &user, tenant).await? {
            return Ok(SetPasswordOutcome::Refused(refusal));
        }
        let Ok(hash) = self.hasher.hash(password).await else { return Ok(SetPasswordOutcome::Busy) };
        let (organization, now) = (tenant.organization.id, self.engine.now());
        let mut unit = self.engine.store().begin().await?;
        let digest = TokenDigest::of(value);
        if unit.one_time_tokens(organization).consume(&digest, purpose, now).await?.is_none() {
            // Another request used the link while this one hashed.
            return Ok(SetPasswordOutcome::LinkFailed(LinkError::Used));
        }
        unit.users(organization).recover_password(user.id, &hash, now).await?;
        let after = unit.users(organization).by_id(user.id).await?;
        let Some(after) = after.filter(User::may_continue) else {
            return Ok(SetPasswordOutcome::LinkFailed(LinkError::Unknown));
        };
        self.revoke_sessions_and_links(&mut *unit, tenant, &user, caller).await?;
        for event in self.mail_received_events(tenant, &user, &after, caller) {
            unit.audit().record(&event).await?;
        }
        let event = self.event(tenant, Some(user.id), "user.password_reset.completed", caller);
        unit.audit().record(&event).await?;
        unit.commit().await?;
        Ok(SetPasswordOutcome::Done)
    }

    /// After a password reset: revokes every session and token, withdraws mailed links that are still valid, and mails
    /// the person.
    async fn revoke_sessions_and_links(
        &self,
        unit: &mut dyn UnitOfWork,
        tenant: &Tenant,
        user: &User,
        caller: &Caller,
    ) -> Result<(), EngineError> {
        let (organization, now) = (tenant.organization.id, self.engine.now());
        unit.tokens(organization).revoke(Revocation::User(user.id), now).await?;
        unit.one_time_tokens(organization).withdraw(user.id, now).await?;
        let about = format!("{}:{}", user.id, now.micros());
        let mail = Mail::PasswordChanged { event: self.security_event(caller) };
        self.enqueue(unit, tenant, user, mail, &about).await
    }

    /// Checks the password rules. Runs on a blocking thread, because it takes milliseconds.
    pub(crate) async fn check_password_rules(
        &self,
        password: &Password,
        user: &User,
        tenant: &Tenant,
    ) -> Result<Result<(), PasswordRefusal>, EngineError> {
        let (password, context) = (password.clone(), ContextWords::of(user, &tenant.organization));
        let judged = tokio::task::spawn_blocking(move || check_new_password(&password, &context));
        judged.await.map_err(|_| EngineError::Unreadable("a password could not be judged".to_owned()))
    }
}
