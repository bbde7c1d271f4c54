//! Mailed codes: rate limits, generation, the mail, and the check of a typed one.

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::AuditEventKind;
use porta_core::mail::Mail;
use porta_core::second_factor::{CodePurpose, CodeSlot, EmailCode};
use porta_core::user::User;
use porta_core::{EmailCodeId, TokenDigest, settings};
use porta_kv::{KeyName, KvKey, RateLimit};
use porta_session::{BackendError, OperationContext, Tenant};
use porta_store::{EmailCodeAttempt, EmailCodeOutcome};

use crate::browser::Browser;
use crate::factor_attempts::CodeCheck;
use crate::known_browser::KnownBrowser;
use crate::limits::{NETWORKS, time_to_wait};
use crate::second_factor::MailedCode;
use crate::sign_in_core::SignInCore;

/// Wrong attempts allowed for one mailed code.
const CODE_ATTEMPTS: u32 = 5;

/// Where a code is requested. Somebody who merely knows the password counts as a stranger: they cannot flood the
/// mailbox, use up what the owner may request in a known browser, or replace the code the owner is waiting for
/// (decision 0027).
#[derive(Clone, Copy)]
pub(crate) enum CodeRequester<'a> {
    /// On the account pages.
    Session,
    Browser(Browser<'a>),
}

impl CodeRequester<'_> {
    fn known_device(&self, tenant: &Tenant, user: &User) -> Option<KnownBrowser> {
        let Self::Browser(browser) = self else { return None };
        KnownBrowser::parse(browser.device, tenant, user.email.key())
            .filter(|device| device.matches_credentials(user))
    }

    fn slot(&self, cx: OperationContext<'_>, user: &User) -> CodeSlot {
        if matches!(self, Self::Session) {
            return CodeSlot::Session;
        }
        if self.known_device(cx.tenant, user).is_some() {
            return CodeSlot::KnownBrowser;
        }
        let [first, ..] = *TokenDigest::of(&cx.caller.network()).as_bytes();
        CodeSlot::Stranger(first % CodeSlot::STRANGERS)
    }

    /// Limits with this `maximum`: the session's or the known browser's own; otherwise the network's, and that of all
    /// networks together.
    fn limits(
        &self,
        cx: OperationContext<'_>,
        user: &User,
        name: KeyName,
        maximum: u64,
        window: Duration,
    ) -> Vec<RateLimit> {
        let of = KvKey::new(name, cx.tenant.organization.id).with(user.id);
        let limit = |key, maximum| RateLimit { key, maximum, window };
        if matches!(self, Self::Session) {
            return vec![limit(of.with("session"), maximum)];
        }
        if let Some(device) = self.known_device(cx.tenant, user) {
            return vec![limit(of.with(device.digest()), maximum)];
        }
        vec![limit(of.clone().with(cx.caller.network()), maximum), limit(of, maximum * NETWORKS)]
    }
}

/// A mailed code: whose it is, what for, and the sign-in or session in which alone it is valid.
#[derive(Clone, Copy)]
pub(crate) struct CodeUse<'a> {
    pub user: &'a User,
    pub purpose: CodePurpose,
    pub place: &'a str,
}

pub(crate) struct MailedCodes {
    core: Arc<SignInCore>,
}

impl MailedCodes {
    pub(crate) fn new(core: Arc<SignInCore>) -> Self {
        Self { core }
    }

    /// Counts a mail before it is written. `Some`: over the limit, time to wait.
    pub(crate) async fn count_mail(
        &self,
        cx: OperationContext<'_>,
        user: &User,
        requester: CodeRequester<'_>,
    ) -> Result<Option<Duration>, BackendError> {
        self.count_mails(cx, user, requester, Vec::new()).await
    }

    async fn count_mails(
        &self,
        cx: OperationContext<'_>,
        user: &User,
        requester: CodeRequester<'_>,
        mut limits: Vec<RateLimit>,
    ) -> Result<Option<Duration>, BackendError> {
        let maximum = cx.tenant.settings.number(settings::RATE_LIMIT_2FA_MAIL_MAX);
        let window = cx.tenant.settings.duration(settings::RATE_LIMIT_2FA_MAIL_WINDOW);
        limits.extend(requester.limits(cx, user, KeyName::LimitTwoFactorMail, maximum, window));
        Ok(time_to_wait(self.core.shared.kv().hit(&limits).await?))
    }

    /// Sends another code. `Some`: over the limit, time to wait.
    pub(crate) async fn send_again(
        &self,
        cx: OperationContext<'_>,
        code: CodeUse<'_>,
        requester: CodeRequester<'_>,
    ) -> Result<Option<Duration>, BackendError> {
        let maximum = cx.tenant.settings.number(settings::RATE_LIMIT_2FA_RESEND_MAX);
        let window = cx.tenant.settings.duration(settings::RATE_LIMIT_2FA_RESEND_WINDOW);
        let again = requester.limits(cx, code.user, KeyName::LimitTwoFactorResend, maximum, window);
        if let Some(retry_after) = self.count_mails(cx, code.user, requester, again).await? {
            return Ok(Some(retry_after));
        }
        self.send(cx, code, requester).await?;
        let event = self.core.event(cx, Some(code.user.id), AuditEventKind::TwoFactorOtpResent);
        self.core.shared.audit.record(&event).await?;
        Ok(None)
    }

    /// Makes a code and enqueues its mail in the same transaction: no code without its mail.
    pub(crate) async fn send(
        &self,
        cx: OperationContext<'_>,
        CodeUse { user, purpose, place }: CodeUse<'_>,
        requester: CodeRequester<'_>,
    ) -> Result<(), BackendError> {
        let (organization, entropy) = (cx.tenant.organization.id, self.core.shared.entropy());
        let expires_at = cx.now + cx.tenant.settings.duration(settings::TWO_FACTOR_CODE_TTL);
        let code = MailedCode::generate(entropy);
        let row = EmailCode {
            id: EmailCodeId::new(cx.now, entropy),
            user_id: user.id,
            purpose,
            slot: requester.slot(cx, user),
            interaction: Some(place.to_owned()),
            mac: code.mac(self.core.factors.codes.current(), user.id, purpose, Some(place)),
            expires_at,
            created_at: cx.now,
        };
        let mut unit = self.core.shared.store().begin().await?;
        unit.second_factors(organization).issue_email_code(&row).await?;
        let mail = Mail::EmailCode { code: code.expose().to_owned(), expires_at };
        self.core.enqueue(&mut *unit, cx, user, mail, &row.id.to_string()).await?;
        let event = self.core.event(cx, Some(user.id), AuditEventKind::TwoFactorOtpSent);
        unit.audit().record(&event).await?;
        Ok(unit.commit().await?)
    }

    /// Checks a typed code; a right one is used up.
    pub(crate) async fn check(
        &self,
        cx: OperationContext<'_>,
        CodeUse { user, purpose, place }: CodeUse<'_>,
        typed: &str,
    ) -> Result<CodeCheck, BackendError> {
        let Some(macs) = self.core.factors.email_macs(user, purpose, place, typed) else {
            return Ok(CodeCheck::Wrong);
        };
        let attempt = EmailCodeAttempt {
            user: user.id,
            purpose,
            interaction: Some(place),
            macs: &macs,
            max_attempts: CODE_ATTEMPTS,
        };
        let mut repositories = self.core.shared.store().repositories();
        let outcome =
            repositories.second_factors(cx.tenant.organization.id).try_email_code(&attempt, cx.now).await?;
        Ok(match outcome {
            EmailCodeOutcome::Accepted => CodeCheck::Right,
            EmailCodeOutcome::Wrong { attempts_left: 0 } | EmailCodeOutcome::NothingToMatch => {
                CodeCheck::Exhausted
            }
            EmailCodeOutcome::Wrong { .. } => CodeCheck::Wrong,
        })
    }
}
