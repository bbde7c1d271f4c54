//! Mailed codes: rate limits, generation and the mail.

use std::time::Duration;

use porta_core::mail::Mail;
use porta_core::second_factor::{CodePurpose, CodeSlot, EmailCode};
use porta_core::user::User;
use porta_core::{EmailCodeId, TokenDigest, settings};
use porta_kv::RateLimit;
use porta_session::{Caller, EngineError, Tenant};

use crate::known_browser::KnownBrowser;
use crate::limits::{NETWORKS, time_to_wait};
use crate::second_factor::MailedCode;
use crate::{Browser, SignIn};

/// Where a code is requested. Somebody who merely knows the password counts as a stranger: they cannot flood the
/// mailbox, use up what the owner may request in a known browser, or replace the code the owner is waiting for
/// (decision 0027).
#[derive(Clone, Copy)]
pub(crate) enum CodeRequester<'a> {
    /// On the account pages.
    Session(&'a Caller),
    Browser(&'a Browser<'a>),
}

impl CodeRequester<'_> {
    fn caller(&self) -> &Caller {
        match self {
            Self::Session(caller) => caller,
            Self::Browser(browser) => browser.caller,
        }
    }

    fn known_device(&self, tenant: &Tenant, user: &User) -> Option<KnownBrowser> {
        let Self::Browser(browser) = self else { return None };
        KnownBrowser::parse(browser.device, tenant, user.email.key())
            .filter(|device| device.matches_credentials(user))
    }

    fn slot(&self, tenant: &Tenant, user: &User) -> CodeSlot {
        if matches!(self, Self::Session(_)) {
            return CodeSlot::Session;
        }
        if self.known_device(tenant, user).is_some() {
            return CodeSlot::KnownBrowser;
        }
        let [first, ..] = *TokenDigest::of(&self.caller().network()).as_bytes();
        CodeSlot::Stranger(first % CodeSlot::STRANGERS)
    }

    /// Limits with this `maximum`: the session's or the known browser's own; otherwise the network's, and that of all
    /// networks together.
    fn limits(
        &self,
        tenant: &Tenant,
        user: &User,
        what: &str,
        maximum: u64,
        window: Duration,
    ) -> Vec<RateLimit> {
        let of = format!("{}:limit:{what}:{}", tenant.organization.id, user.id);
        let limit = |key, maximum| RateLimit { key, maximum, window };
        if matches!(self, Self::Session(_)) {
            return vec![limit(format!("{of}:session"), maximum)];
        }
        if let Some(device) = self.known_device(tenant, user) {
            return vec![limit(format!("{of}:{}", device.digest()), maximum)];
        }
        vec![limit(format!("{of}:{}", self.caller().network()), maximum), limit(of, maximum * NETWORKS)]
    }
}

impl SignIn {
    /// Counts a mail before it is written. `Some`: over the limit, time to wait.
    pub(crate) async fn count_mail(
        &self,
        tenant: &Tenant,
        user: &User,
        requester: CodeRequester<'_>,
    ) -> Result<Option<Duration>, EngineError> {
        self.count_mails(tenant, user, requester, Vec::new()).await
    }

    async fn count_mails(
        &self,
        tenant: &Tenant,
        user: &User,
        requester: CodeRequester<'_>,
        mut limits: Vec<RateLimit>,
    ) -> Result<Option<Duration>, EngineError> {
        let maximum = tenant.settings.number(settings::RATE_LIMIT_2FA_MAIL_MAX);
        let window = tenant.settings.duration(settings::RATE_LIMIT_2FA_MAIL_WINDOW);
        limits.extend(requester.limits(tenant, user, "2fa-mail", maximum, window));
        Ok(time_to_wait(self.engine.kv().hit(&limits).await?))
    }

    /// Sends another code. `Some`: over the limit, time to wait.
    pub(crate) async fn mail_code_again(
        &self,
        tenant: &Tenant,
        place: &str,
        user: &User,
        purpose: CodePurpose,
        requester: CodeRequester<'_>,
    ) -> Result<Option<Duration>, EngineError> {
        let maximum = tenant.settings.number(settings::RATE_LIMIT_2FA_RESEND_MAX);
        let window = tenant.settings.duration(settings::RATE_LIMIT_2FA_RESEND_WINDOW);
        let again = requester.limits(tenant, user, "2fa-resend", maximum, window);
        if let Some(retry_after) = self.count_mails(tenant, user, requester, again).await? {
            return Ok(Some(retry_after));
        }
        self.mail_code(tenant, place, user, purpose, requester).await?;
        let event = self.event(tenant, Some(user.id), "2fa.otp.resent", requester.caller());
        self.engine.store().repositories().audit().record(&event).await?;
        Ok(None)
    }

    /// Makes a code that is valid in one interaction or session only, and enqueues its mail in the same transaction: no
    /// code without its mail.
    pub(crate) async fn mail_code(
        &self,
        tenant: &Tenant,
        place: &str,
        user: &User,
        purpose: CodePurpose,
        requester: CodeRequester<'_>,
    ) -> Result<(), EngineError> {
        let (now, entropy) = (self.engine.now(), self.engine.entropy());
        let expires_at = now + tenant.settings.duration(settings::TWO_FACTOR_CODE_TTL);
        let code = MailedCode::generate(entropy);
        let row = EmailCode {
            id: EmailCodeId::new(now, entropy),
            user_id: user.id,
            purpose,
            slot: requester.slot(tenant, user),
            interaction: Some(place.to_owned()),
            mac: code.mac(self.factors.codes.current(), user.id, purpose, Some(place)),
            expires_at,
            created_at: now,
        };
        let mut unit = self.engine.store().begin().await?;
        unit.second_factors(tenant.organization.id).issue_email_code(&row).await?;
        let mail = Mail::EmailCode { code: code.expose().to_owned(), expires_at };
        self.enqueue(&mut *unit, tenant, user, mail, &row.id.to_string()).await?;
        let event = self.event(tenant, Some(user.id), "2fa.otp.sent", requester.caller());
        unit.audit().record(&event).await?;
        Ok(unit.commit().await?)
    }
}
