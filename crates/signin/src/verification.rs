//! Confirms an email address with a mailed link.

use std::time::Duration;

use porta_core::mail::Mail;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::user::User;
use porta_core::{OneTimeTokenId, TokenDigest, settings};
use porta_session::{Caller, EngineError, Tenant};

use crate::SignIn;
use crate::links::LinkError;
use crate::mailed_codes::CodeRequester;

impl SignIn {
    /// Mails a signed-in person a link that confirms their address. `Some`: over the limit, time to wait. An address
    /// that is verified already gets no mail.
    pub async fn mail_verification(
        &self,
        tenant: &Tenant,
        user: &User,
        caller: &Caller,
    ) -> Result<Option<Duration>, EngineError> {
        if user.email_verified {
            return Ok(None);
        }
        if let Some(retry_after) = self.count_mail(tenant, user, CodeRequester::Session(caller)).await? {
            return Ok(Some(retry_after));
        }
        let (now, entropy) = (self.engine.now(), self.engine.entropy());
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
        let mut unit = self.engine.store().begin().await?;
        if !unit.one_time_tokens(tenant.organization.id).issue(&token, &user.email).await? {
            // The address was changed in the meantime; the new one gets its own mail.
            return Ok(None);
        }
        let mail = Mail::EmailVerification { url, expires_at };
        self.enqueue(&mut *unit, tenant, user, mail, &token.id.to_string()).await?;
        unit.commit().await?;
        Ok(None)
    }

    /// Confirms the address by the button on the link's landing page.
    pub async fn verify_email(
        &self,
        tenant: &Tenant,
        value: &str,
        caller: &Caller,
    ) -> Result<Result<User, LinkError>, EngineError> {
        let purpose = TokenPurpose::EmailVerification;
        let user = match self.person_of_link(tenant, purpose, value, caller).await? {
            Ok(user) => user,
            Err(dead) => return Ok(Err(dead)),
        };
        let (organization, now) = (tenant.organization.id, self.engine.now());
        let mut unit = self.engine.store().begin().await?;
        let digest = TokenDigest::of(value);
        if unit.one_time_tokens(organization).consume(&digest, purpose, now).await?.is_none() {
            return Ok(Err(LinkError::Used));
        }
        unit.users(organization).verify_email(user.id, now).await?;
        let Some(after) = unit.users(organization).by_id(user.id).await? else {
            return Ok(Err(LinkError::Unknown));
        };
        for event in self.mail_received_events(tenant, &user, &after, caller) {
            unit.audit().record(&event).await?;
        }
        unit.commit().await?;
        Ok(Ok(after))
    }
}
