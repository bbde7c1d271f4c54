//! Password reset by a mailed link.

use std::sync::Arc;

use porta_core::audit::AuditEventKind;
use porta_core::link_request::{LinkKind, LinkRequest};
use porta_core::mail::Mail;
use porta_core::one_time::TokenPurpose;
use porta_core::user::{PasswordRefusal, User};
use porta_core::{Password, TokenDigest, settings};
use porta_session::{BackendError, OperationContext};
use porta_store::{Revocation, UnitOfWork};

use crate::browser::Browser;
use crate::links::{LinkError, LinkQuota, LinkRequestOutcome, MailedLinks};
use crate::password_rules::check_password_rules;
use crate::sign_in_core::{SignInCore, security_event};

/// Result of setting a chosen password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetPasswordOutcome {
    Done,
    Refused(PasswordRefusal),
    LinkFailed(LinkError),
    /// The password queue is full.
    Busy,
}

/// Resets forgotten passwords.
pub struct Recovery {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) links: Arc<MailedLinks>,
}

impl Recovery {
    /// Requests a reset link to be mailed, if the address is known. `interaction`: the sign-in to continue afterwards.
    pub async fn request_link(
        &self,
        cx: OperationContext<'_>,
        address: &str,
        interaction: Option<&str>,
        locale: &str,
        browser: Browser<'_>,
    ) -> Result<LinkRequestOutcome, BackendError> {
        let OperationContext { tenant, caller, now } = cx;
        if !tenant.offers_passwords() {
            return Ok(LinkRequestOutcome::MethodDisabled);
        }
        let may = self.links.count_request(cx, LinkKind::PasswordReset, address, browser).await?;
        let only_if_none_live = match may {
            LinkQuota::Refused(asked) => return Ok(asked),
            may => matches!(may, LinkQuota::OnlyIfNoneLive),
        };
        let value = TokenPurpose::PasswordReset.bearer().generate(self.core.shared.entropy());
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
            expires_at: now + tenant.settings.duration(settings::PASSWORD_RESET_TTL),
            ip_address: caller.address_text(),
            user_agent: caller.user_agent.clone(),
        };
        self.links.enqueue_request(cx, wanted).await?;
        Ok(LinkRequestOutcome::Sent)
    }

    /// Returns the person a reset link belongs to, without using it up.
    pub async fn person_of_link(
        &self,
        cx: OperationContext<'_>,
        value: &str,
    ) -> Result<Result<User, LinkError>, BackendError> {
        self.links.person_of(cx, TokenPurpose::PasswordReset, value).await
    }

    /// Sets the password and revokes every session and token of the person, so whoever knew the old password is signed
    /// out. The second factor stays and is asked for at the next sign-in.
    pub async fn set_password(
        &self,
        cx: OperationContext<'_>,
        value: &str,
        password: Password,
    ) -> Result<SetPasswordOutcome, BackendError> {
        let user = match self.person_of_link(cx, value).await? {
            Ok(user) => user,
            Err(dead) => return Ok(SetPasswordOutcome::LinkFailed(dead)),
        };
        if let Err(refusal) = check_password_rules(&password, &user, cx.tenant).await? {
            return Ok(SetPasswordOutcome::Refused(refusal));
        }
        let Ok(hash) = self.core.hasher.hash(password).await else { return Ok(SetPasswordOutcome::Busy) };
        // The hash took a while: the link may have expired, and the revocation covers tokens issued until `now`.
        let cx = OperationContext { now: self.core.shared.now(), ..cx };
        let (organization, now) = (cx.tenant.organization.id, cx.now);
        let mut unit = self.core.shared.store().begin().await?;
        let (digest, purpose) = (TokenDigest::of(value), TokenPurpose::PasswordReset);
        if unit.one_time_tokens(organization).consume(&digest, purpose, now).await?.is_none() {
            // Another request used the link while this one hashed.
            return Ok(SetPasswordOutcome::LinkFailed(LinkError::Used));
        }
        unit.users(organization).recover_password(user.id, &hash, now).await?;
        let after = unit.users(organization).by_id(user.id).await?;
        let Some(after) = after.filter(User::may_continue) else {
            return Ok(SetPasswordOutcome::LinkFailed(LinkError::Unknown));
        };
        self.revoke_sessions_and_links(&mut *unit, cx, &user).await?;
        for event in self.links.mail_received_events(cx, &user, &after) {
            unit.audit().record(&event).await?;
        }
        let event = self.core.event(cx, Some(user.id), AuditEventKind::UserPasswordResetCompleted);
        unit.audit().record(&event).await?;
        unit.commit().await?;
        Ok(SetPasswordOutcome::Done)
    }

    /// After a password reset: revokes every session and token, withdraws mailed links that are still valid, and mails
    /// the person.
    async fn revoke_sessions_and_links(
        &self,
        unit: &mut dyn UnitOfWork,
        cx: OperationContext<'_>,
        user: &User,
    ) -> Result<(), BackendError> {
        let (organization, now) = (cx.tenant.organization.id, cx.now);
        unit.tokens(organization).revoke(Revocation::User(user.id), now).await?;
        unit.one_time_tokens(organization).withdraw(user.id, now).await?;
        let about = format!("{}:{}", user.id, now.micros());
        let mail = Mail::PasswordChanged { event: security_event(cx) };
        self.core.enqueue(unit, cx, user, mail, &about).await
    }
}
