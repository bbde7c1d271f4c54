//! Mailed links: requesting one, and opening one.
//!
//! ```text
//! form ─► limits ─► outbox (sealed request) ─► "if the address is known, mail is on its way"
//!                      └─► worker: known address? token + mail + audit row, one transaction : nothing
//! link ─► GET shows what it is for ─► POST uses it up          (GET changes nothing: mail scanners open links)
//! ```

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::link_request::{LinkKind, LinkRequest};
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::user::{Email, User};
use porta_core::{TokenDigest, settings};
use porta_session::{BackendError, OperationContext};

use crate::browser::Browser;
use crate::flood::{FloodCounter, FloodGuard, Pause};
use crate::known_browser::KnownBrowser;
use crate::limits::{device_link_limit, link_limits, network_link_limits, time_to_wait};
use crate::sign_in_core::SignInCore;

/// Result of requesting a link. Does not reveal whether the address is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkRequestOutcome {
    Sent,
    Limited {
        retry_after: Duration,
    },
    Paused(Pause),
    MethodDisabled,
    /// The interaction ended while the form was processed.
    Gone,
}

/// Result of the rate limits for a link request.
pub(crate) enum LinkQuota {
    Allowed,
    /// Too many requests for this account. The answer is the usual one, and a link is sent only if no other is valid
    /// (decision 0041): the mailbox is not flooded, and its owner is not locked out.
    OnlyIfNoneLive,
    Refused(LinkRequestOutcome),
}

/// Why a link does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkError {
    Expired,
    Used,
    /// Never issued here, replaced by a newer one, or of another organization: not distinguished.
    Unknown,
    /// Too many broken links from this network.
    Limited {
        retry_after: Duration,
    },
}

/// Counts, enqueues and opens mailed links.
pub(crate) struct MailedLinks {
    core: Arc<SignInCore>,
    flood: Arc<FloodGuard>,
}

impl MailedLinks {
    pub(crate) fn new(core: Arc<SignInCore>, flood: Arc<FloodGuard>) -> Self {
        Self { core, flood }
    }

    /// Counts a link request against the rate limits. Fails closed if the store does not respond.
    pub(crate) async fn count_request(
        &self,
        cx: OperationContext<'_>,
        kind: LinkKind,
        address: &str,
        browser: Browser<'_>,
    ) -> Result<LinkQuota, BackendError> {
        let OperationContext { tenant, caller, .. } = cx;
        let kv = self.core.shared.kv();
        let email_key = Email::key_of(address);
        let known = KnownBrowser::parse(browser.device, tenant, &email_key);
        let (hard, soft) = if let Some(device) = &known {
            (vec![device_link_limit(tenant, kind, device)], Vec::new())
        } else {
            let mut hard = network_link_limits(tenant, caller);
            hard.push(FloodCounter::Links.counter(tenant));
            (hard, link_limits(tenant, kind, &email_key, caller))
        };
        if let Some(retry_after) = time_to_wait(kv.hit(&hard).await?) {
            self.note_limited(cx, kind, retry_after).await?;
            return Ok(LinkQuota::Refused(LinkRequestOutcome::Limited { retry_after }));
        }
        if known.is_some() {
            return Ok(LinkQuota::Allowed);
        }
        if let Some(pause) = self.flood.pause(cx, FloodCounter::Links, browser.pause).await? {
            kv.release(&hard.into_iter().map(|limit| limit.key).collect::<Vec<_>>()).await?;
            return Ok(LinkQuota::Refused(LinkRequestOutcome::Paused(pause)));
        }
        let Some(wait) = time_to_wait(kv.hit(&soft).await?) else { return Ok(LinkQuota::Allowed) };
        self.note_limited(cx, kind, wait).await?;
        Ok(LinkQuota::OnlyIfNoneLive)
    }

    async fn note_limited(
        &self,
        cx: OperationContext<'_>,
        kind: LinkKind,
        window: Duration,
    ) -> Result<(), BackendError> {
        let event = self.core.event(cx, None, kind.limited_event());
        self.core.shared.audit.record_once(cx, event, window).await
    }

    /// Enqueues a request: one statement, the same for every address.
    pub(crate) async fn enqueue_request(
        &self,
        cx: OperationContext<'_>,
        request: LinkRequest,
    ) -> Result<(), BackendError> {
        let (organization, entropy) = (cx.tenant.organization.id, self.core.shared.entropy());
        let item = request.into_item(organization, self.core.factors.outbox(), cx.now, entropy);
        self.core.shared.store().repositories().outbox().enqueue(&item).await?;
        Ok(())
    }

    /// Returns the valid link for a value without using it up. Counts and audits one that does not work.
    pub(crate) async fn open(
        &self,
        cx: OperationContext<'_>,
        purpose: TokenPurpose,
        value: &str,
    ) -> Result<Result<OneTimeToken, LinkError>, BackendError> {
        let OperationContext { tenant, caller, now } = cx;
        let network = network_link_limits(tenant, caller);
        if let Some(retry_after) = time_to_wait(self.core.shared.kv().check(&network).await?) {
            return Ok(Err(LinkError::Limited { retry_after }));
        }
        let found = if purpose.bearer().matches(value) {
            let mut repositories = self.core.shared.store().repositories();
            let mut tokens = repositories.one_time_tokens(tenant.organization.id);
            tokens.find(&TokenDigest::of(value), purpose).await?
        } else {
            None
        };
        let dead = match found {
            Some(link) if link.is_live(now) => return Ok(Ok(link)),
            Some(link) if link.used_at.is_some() => LinkError::Used,
            Some(_) => LinkError::Expired,
            None => LinkError::Unknown,
        };
        self.core.shared.kv().hit(&network).await?;
        let what = match purpose {
            TokenPurpose::MagicLink => AuditEventKind::UserMagicLinkFailed,
            TokenPurpose::PasswordReset => AuditEventKind::UserPasswordResetFailed,
            TokenPurpose::Invitation => AuditEventKind::UserInviteFailed,
            TokenPurpose::EmailVerification => AuditEventKind::UserEmailVerificationFailed,
        };
        let window = tenant.settings.duration(settings::RATE_LIMIT_LINK_WINDOW);
        let event = self.core.event(cx, None, what);
        self.core.shared.audit.record_once(cx, event, window).await?;
        Ok(Err(dead))
    }

    /// Returns the person a link belongs to, without using it up.
    pub(crate) async fn person_of(
        &self,
        cx: OperationContext<'_>,
        purpose: TokenPurpose,
        value: &str,
    ) -> Result<Result<User, LinkError>, BackendError> {
        let link = match self.open(cx, purpose, value).await? {
            Ok(link) => link,
            Err(dead) => return Ok(Err(dead)),
        };
        let mut repositories = self.core.shared.store().repositories();
        let user = repositories.users(cx.tenant.organization.id).by_id(link.user_id).await?;
        Ok(user.filter(User::may_continue).ok_or(LinkError::Unknown))
    }

    /// Audit rows for what a received mail proved or lifted: a verified address, an automatic lock.
    pub(crate) fn mail_received_events(
        &self,
        cx: OperationContext<'_>,
        before: &User,
        after: &User,
    ) -> Vec<AuditEvent> {
        let mut events = Vec::new();
        if !before.email_verified {
            events.push(self.core.event(cx, Some(before.id), AuditEventKind::UserEmailVerified));
        }
        if before.status != after.status {
            events.push(self.core.event(cx, Some(before.id), AuditEventKind::UserAutoUnlocked));
        }
        events
    }
}
