//! Confirms an email address with a mailed link.

use std::sync::Arc;
use std::time::Duration;

use porta_core::mail::Mail;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::user::User;
use porta_core::{OneTimeTokenId, TokenDigest, settings};
use porta_session::{BackendError, OperationContext};

use crate::links::{LinkError, MailedLinks};
use crate::mailed_codes::{CodeRequester, MailedCodes};
use crate::sign_in_core::SignInCore;

pub struct EmailVerification {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) codes: Arc<MailedCodes>,
    pub(crate) links: Arc<MailedLinks>,
}

impl EmailVerification {
    /// Mails a signed-in person a link that confirms their address. `Some`: over the limit, time to wait. An address
    /// that is verified already gets no mail.
    pub async fn send_link(
        &self,
        cx: OperationContext<'_>,
        user: &User,
    ) -> Result<Option<Duration>, BackendError> {
        if user.email_verified {
            return Ok(None);
        }
        if let Some(retry_after) = self.codes.count_mail(cx, user, CodeRequester::Session).await? {
            return Ok(Some(retry_after));
        }
        let OperationContext { tenant, now, .. } = cx;
        let entropy = self.core.shared.entropy();
        let value = TokenPurpose::EmailVerification.bearer().generate(entropy);
        let expires_at = now + tenant.settings.duration(settings::EMAIL_VERIFICATION_TTL);
        let token = OneTimeToken {
            id: OneTimeTokenId::new(now, entropy),
            organization_id: tenant.organization.id,
            user_id: user.id,
            purpose: TokenPurpose::EmailVerification,
            digest: TokenDigest::of(&value),
            interaction: None,
            details: None,
            invited_by: None,
            expires_at,
            used_at: None,
            created_at: now,
        };
        let url = format!("{}/auth/verify-email/{value}", tenant.issuer);
        let mut unit = self.core.shared.store().begin().await?;
        if !unit.one_time_tokens(tenant.organization.id).issue(&token, &user.email).await? {
            // The address was changed in the meantime; the new one gets its own mail.
            return Ok(None);
        }
        let mail = Mail::EmailVerification { url, expires_at };
        self.core.enqueue(&mut *unit, cx, user, mail, &token.id.to_string()).await?;
        unit.commit().await?;
        Ok(None)
    }

    /// Returns the person a link belongs to, without using it up.
    pub async fn person_of_link(
        &self,
        cx: OperationContext<'_>,
        value: &str,
    ) -> Result<Result<User, LinkError>, BackendError> {
        self.links.person_of(cx, TokenPurpose::EmailVerification, value).await
    }

    /// Confirms the address by the button on the link's landing page.
    pub async fn confirm(
        &self,
        cx: OperationContext<'_>,
        value: &str,
    ) -> Result<Result<User, LinkError>, BackendError> {
        let user = match self.person_of_link(cx, value).await? {
            Ok(user) => user,
            Err(dead) => return Ok(Err(dead)),
        };
        let (organization, now) = (cx.tenant.organization.id, cx.now);
        let mut unit = self.core.shared.store().begin().await?;
        let (digest, purpose) = (TokenDigest::of(value), TokenPurpose::EmailVerification);
        if unit.one_time_tokens(organization).consume(&digest, purpose, now).await?.is_none() {
            return Ok(Err(LinkError::Used));
        }
        unit.users(organization).verify_email(user.id, now).await?;
        let Some(after) = unit.users(organization).by_id(user.id).await? else {
            return Ok(Err(LinkError::Unknown));
        };
        for event in self.links.mail_received_events(cx, &user, &after) {
            unit.audit().record(&event).await?;
        }
        unit.commit().await?;
        Ok(Ok(after))
    }
}
