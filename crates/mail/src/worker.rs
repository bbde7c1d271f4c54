//! Outbox worker. Any number may run: each item is leased to one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::mail::{EmailSummary, MailBody, OutgoingEmail};
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::outbox::{ItemError, OutboxClaim, OutboxKind};
use porta_core::seal::{Keyring, SealError};
use porta_core::{AuditId, Clock, Entropy, Timestamp, metrics};
use porta_store::{Store, StoreError};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backoff::retry_delay;
use crate::transport::{Message, SendError, Transport};

/// Messages sent concurrently.
const CONCURRENCY: usize = 8;
/// Poll interval: for mail whose enqueuing process died before sending it, and for due retries.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// Interval of probes for an unavailable relay. Probes overlap, because one that gets no response hangs for half a
/// minute. Meanwhile nothing is claimed from the outbox.
const PROBE_EVERY: Duration = Duration::from_millis(1_500);
/// Lease of a claimed item, longer than any message takes. If the worker dies, another one takes the item after that.
const LEASE: Duration = Duration::from_mins(3);
/// Items older than this are given up: after a day nobody needs the mail any more.
pub(crate) const GIVE_UP_AFTER: Duration = Duration::from_hours(24);

/// Rendering failed.
#[derive(Debug, thiserror::Error)]
#[error("the message could not be rendered")]
pub struct RenderError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Renders a mail in the recipient's language with the organization's branding.
pub trait Renderer: Send + Sync {
    fn render(
        &self,
        organization: &Organization,
        outgoing: &OutgoingEmail,
        now: Timestamp,
    ) -> Result<MailBody, RenderError>;
}

impl<F> Renderer for F
where
    F: Fn(&Organization, &OutgoingEmail, Timestamp) -> Result<MailBody, RenderError> + Send + Sync,
{
    fn render(
        &self,
        organization: &Organization,
        outgoing: &OutgoingEmail,
        now: Timestamp,
    ) -> Result<MailBody, RenderError> {
        self(organization, outgoing, now)
    }
}

/// Dependencies of a worker.
pub struct WorkerDeps {
    pub store: Arc<dyn Store>,
    /// Keyring for [`porta_core::outbox::SEALING_PURPOSE`].
    pub keyring: Arc<Keyring>,
    pub renderer: Arc<dyn Renderer>,
    pub transport: Arc<dyn Transport>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

#[derive(Clone)]
pub struct Worker {
    pub(crate) deps: Arc<WorkerDeps>,
    /// The relay was unreachable at the last attempt or probe.
    is_unreachable: Arc<AtomicBool>,
}

/// Failed attempt.
pub(crate) struct AttemptError {
    error: String,
    /// The relay is unreachable, whatever the message.
    is_unreachable: bool,
    /// Deadline for retries; `None`: permanent failure.
    until: Option<Timestamp>,
}

impl AttemptError {
    pub(crate) fn permanent(error: impl Into<String>) -> Self {
        Self { error: error.into(), is_unreachable: false, until: None }
    }

    pub(crate) fn retryable(error: &impl ToString, until: Timestamp) -> Self {
        Self { error: error.to_string(), is_unreachable: false, until: Some(until) }
    }

    fn relay_unreachable(error: String, until: Timestamp) -> Self {
        Self { error, is_unreachable: true, until: Some(until) }
    }

    pub(crate) fn unreadable_item(error: &ItemError, until: Timestamp) -> Self {
        match error {
            // Another process may have the key during a key rotation (decision 0039).
            ItemError::Seal(SealError::UnknownKey(_)) => Self::retryable(error, until),
            ItemError::Seal(SealError::Refused) | ItemError::Form => Self::permanent(error.to_string()),
        }
    }
}

impl Worker {
    pub fn new(deps: WorkerDeps) -> Self {
        Self { deps: Arc::new(deps), is_unreachable: Arc::default() }
    }

    /// Works until `stop`, then finishes what is in progress. If the future is dropped, items in progress are sent
    /// again when their lease expires.
    pub async fn run(self, stop: CancellationToken) {
        let mut sending = JoinSet::new();
        let mut probing = JoinSet::new();
        let mut may_have_more = true;
        loop {
            let free = CONCURRENCY - sending.len();
            if self.is_unreachable.load(Ordering::Acquire) {
                if probing.is_empty() {
                    tracing::warn!(event = "email.relay.away", "the mail relay is unreachable; mail waits");
                    probing.spawn(self.clone().until_reachable());
                }
            } else if may_have_more && free > 0 {
                let claimed = self.claim(free).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "the outbox could not be read");
                    Vec::new()
                });
                may_have_more = claimed.len() == free;
                for claim in claimed {
                    let worker = self.clone();
                    sending.spawn(async move { worker.attempt(&claim).await });
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = sending.join_next() => {}
                Some(_) = probing.join_next() => {
                    tracing::info!(event = "email.relay.back", "the mail relay is reachable again");
                    self.is_unreachable.store(false, Ordering::Release);
                    may_have_more = true;
                }
                () = self.deps.store.wait_for_outbox_item() => may_have_more = true,
                () = tokio::time::sleep(POLL_EVERY) => may_have_more = true,
            }
        }
        while sending.join_next().await.is_some() {}
    }

    async fn until_reachable(self) {
        let mut probes = JoinSet::new();
        let mut next = tokio::time::interval(PROBE_EVERY);
        next.reset();
        loop {
            tokio::select! {
                _ = next.tick() => {
                    let transport = Arc::clone(&self.deps.transport);
                    probes.spawn(async move { transport.is_reachable().await });
                }
                Some(Ok(true)) = probes.join_next() => return,
            }
        }
    }

    /// Attempts every item that is due, one after another, and returns their number.
    pub async fn attempt_due(&self) -> Result<usize, StoreError> {
        let mut attempts = 0;
        loop {
            let claims = self.claim(CONCURRENCY).await?;
            if claims.is_empty() {
                return Ok(attempts);
            }
            for claim in &claims {
                self.attempt(claim).await;
                attempts += 1;
            }
        }
    }

    async fn claim(&self, limit: usize) -> Result<Vec<OutboxClaim>, StoreError> {
        let now = self.deps.clock.now();
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.deps.store.repositories().outbox().claim(now, now + LEASE, limit).await
    }

    /// Processes one item and records the result. If recording fails, the mail is sent again: at least once rather than
    /// at most once.
    pub async fn attempt(&self, claim: &OutboxClaim) {
        let written = match claim.kind {
            OutboxKind::Mail => match self.send(claim).await {
                Ok(organization) => self.delivered(claim, &organization).await,
                Err(failure) => self.failed(claim, failure).await,
            },
            OutboxKind::LinkRequest => match self.resolve(claim).await {
                Ok(()) => Ok(()),
                Err(failure) => self.failed(claim, failure).await,
            },
        };
        if let Err(error) = written {
            tracing::error!(%error, item = %claim.id, "the result of an outbox item could not be stored");
        }
    }

    async fn send(&self, claim: &OutboxClaim) -> Result<Organization, AttemptError> {
        let deps = &*self.deps;
        let now = deps.clock.now();
        let until = claim.created_at + GIVE_UP_AFTER;
        let outgoing = OutgoingEmail::open(claim, &deps.keyring)
            .map_err(|error| AttemptError::unreadable_item(&error, until))?;
        let until = outgoing.mail.expires_at().map_or(until, |expiry| expiry.min(until));
        if now >= until {
            return Err(AttemptError::permanent("nobody could use it any more"));
        }
        let found = deps.store.repositories().organizations().by_id(outgoing.organization_id).await;
        let organization = match found {
            // Nothing is sent for a suspended tenant.
            Ok(Some(organization)) if organization.status == OrganizationStatus::Active => organization,
            Ok(_) => return Err(AttemptError::permanent("the organization is not active")),
            Err(error) => return Err(AttemptError::retryable(&error, until)),
        };
        let body = deps.renderer.render(&organization, &outgoing, now).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, outgoing = %claim.id, "{error}");
            AttemptError::retryable(&error, until)
        })?;
        let name = organization.branding.company_name.as_ref().filter(|name| !name.trim().is_empty());
        let message = Message {
            id: claim.id,
            from_name: name.unwrap_or(&organization.name).clone(),
            to: outgoing.recipient.address,
            body,
            date: now,
        };
        match deps.transport.send(&message).await {
            Ok(()) => Ok(organization),
            Err(SendError::Refused(error)) => Err(AttemptError::permanent(error)),
            Err(SendError::Failed(error)) => Err(AttemptError::retryable(&error, until)),
            Err(SendError::Unreachable(error)) => {
                self.is_unreachable.store(true, Ordering::Release);
                Err(AttemptError::relay_unreachable(error, until))
            }
        }
    }

    async fn delivered(&self, claim: &OutboxClaim, organization: &Organization) -> Result<(), StoreError> {
        let now = self.deps.clock.now();
        let summary = EmailSummary::of(claim);
        let template = summary.map_or("unknown", |s| s.template.as_str());
        let slug = organization.slug.as_str();
        tracing::info!(
            event = "email.sent",
            template,
            tenant = slug,
            attempt = claim.attempt,
            "mail was sent"
        );
        count_send(template, "delivered");
        let event = AuditEvent {
            organization_label: Some(slug.to_owned()),
            metadata: json!({"template": template, "attempt": claim.attempt}),
            ..self.event(claim, summary, format!("email.send.{template}"), now)
        };
        let mut unit = self.deps.store.begin().await?;
        if unit.outbox().deliver(claim.id, now).await? {
            unit.audit().record(&event).await?;
        }
        unit.commit().await
    }

    /// Audits the first failure and the last one; those in between are in the log and in the row.
    async fn failed(&self, claim: &OutboxClaim, failure: AttemptError) -> Result<(), StoreError> {
        let now = self.deps.clock.now();
        // Due as soon as the relay is back: until then this worker claims nothing.
        let wait = if failure.is_unreachable {
            PROBE_EVERY
        } else {
            retry_delay(claim.attempt, &*self.deps.entropy)
        };
        let retry_at = now + wait;
        let will_retry = failure.until.is_some_and(|until| retry_at < until);
        let (summary, error) = (EmailSummary::of(claim), failure.error);
        let template = summary.map_or("unknown", |s| s.template.as_str());
        tracing::warn!(
            event = "email.send.failed",
            template,
            outgoing = %claim.id,
            attempt = claim.attempt,
            will_retry,
            error,
            "mail was not sent"
        );
        count_send(template, if will_retry { "postponed" } else { "given_up" });
        let mut unit = self.deps.store.begin().await?;
        let mut outbox = unit.outbox();
        let is_ours = if will_retry {
            outbox.postpone(claim, retry_at, &error, now).await?
        } else {
            outbox.give_up(claim, &error, now).await?
        };
        drop(outbox);
        if is_ours && (!will_retry || claim.attempt == 1) {
            let label = match claim.organization_id {
                Some(id) => unit.organizations().by_id(id).await?.map(|o| o.slug.as_str().to_owned()),
                None => None,
            };
            let event = AuditEvent {
                organization_label: label,
                metadata: json!({
                    "template": template, "error": error, "attempt": claim.attempt, "willRetry": will_retry,
                }),
                ..self.event(claim, summary, "email.send.failed".to_owned(), now)
            };
            unit.audit().record(&event).await?;
        }
        unit.commit().await
    }

    /// Contains no address: the user id identifies the recipient.
    pub(crate) fn event(
        &self,
        claim: &OutboxClaim,
        summary: Option<EmailSummary>,
        event_type: String,
        now: Timestamp,
    ) -> AuditEvent {
        AuditEvent {
            id: AuditId::new(now, &*self.deps.entropy),
            organization_id: claim.organization_id,
            organization_label: None,
            user_id: summary.and_then(|s| s.user_id),
            actor_id: None,
            actor_label: Some("system".to_owned()),
            event_type,
            category: AuditCategory::Authentication,
            description: None,
            metadata: serde_json::Value::Null,
            ip_address: None,
            user_agent: None,
            created_at: now,
        }
    }
}

fn count_send(template: &'static str, result: &'static str) {
    ::metrics::counter!(metrics::EMAIL_SEND, "template" => template, "result" => result).increment(1);
}
