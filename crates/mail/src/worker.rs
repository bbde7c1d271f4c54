//! The worker of the outbox. Any number of them may run: a claim is one worker's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::mail::{Letter, LetterSummary, MailBody};
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::outbox::{ItemError, OutboxClaim, OutboxKind};
use porta_core::seal::{Keyring, SealError};
use porta_core::{AuditId, Clock, Entropy, Timestamp, metrics};
use porta_store::{Store, StoreError};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backoff::wait_after;
use crate::transport::{Message, SendError, Transport};

/// Messages under way at once.
const CONCURRENCY: usize = 8;
/// How soon mail goes out that another process enqueued and did not live to send, and how soon retries start.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Between two looks for a relay that is away, whatever became of the look before: one that nobody answers hangs for half
/// a minute. In the meantime nothing is taken from the outbox.
const ASK_EVERY: Duration = Duration::from_millis(1_500);
/// Longer than any message takes; one whose worker died is another's after that.
const CLAIM: Duration = Duration::from_mins(3);
/// Who has waited a day for mail has helped themselves otherwise.
pub(crate) const TRY_FOR: Duration = Duration::from_hours(24);

/// Why a letter has no words.
#[derive(Debug, thiserror::Error)]
#[error("the message could not be rendered")]
pub struct RenderError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Finds the words: the recipient's language, the organization's looks.
pub trait Renderer: Send + Sync {
    fn render(
        &self,
        organization: &Organization,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<MailBody, RenderError>;
}

impl<F> Renderer for F
where
    F: Fn(&Organization, &Letter, Timestamp) -> Result<MailBody, RenderError> + Send + Sync,
{
    fn render(
        &self,
        organization: &Organization,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<MailBody, RenderError> {
        self(organization, letter, now)
    }
}

/// What a worker is made of.
pub struct WorkerDeps {
    pub store: Arc<dyn Store>,
    /// Made for [`porta_core::outbox::SEALING_PURPOSE`].
    pub keyring: Arc<Keyring>,
    pub renderer: Arc<dyn Renderer>,
    pub transport: Arc<dyn Transport>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

#[derive(Clone)]
pub struct Worker {
    pub(crate) deps: Arc<WorkerDeps>,
    /// The relay was not there when it was last asked.
    is_away: Arc<AtomicBool>,
}

/// What became of an attempt that delivered nothing.
pub(crate) struct NotDone {
    error: String,
    /// Nobody was there: the same would have happened to any message.
    is_away: bool,
    /// From when on another attempt makes no sense; `None`: it never will.
    until: Option<Timestamp>,
}

impl NotDone {
    pub(crate) fn for_good(error: impl Into<String>) -> Self {
        Self { error: error.into(), is_away: false, until: None }
    }

    pub(crate) fn yet(error: &impl ToString, until: Timestamp) -> Self {
        Self { error: error.to_string(), is_away: false, until: Some(until) }
    }

    fn away(error: String, until: Timestamp) -> Self {
        Self { error, is_away: true, until: Some(until) }
    }

    pub(crate) fn unreadable(error: &ItemError, until: Timestamp) -> Self {
        match error {
            // Another process may have the key: one is being replaced.
            ItemError::Seal(SealError::UnknownKey(_)) => Self::yet(error, until),
            ItemError::Seal(SealError::Refused) | ItemError::Form => Self::for_good(error.to_string()),
        }
    }
}

impl Worker {
    pub fn new(deps: WorkerDeps) -> Self {
        Self { deps: Arc::new(deps), is_away: Arc::default() }
    }

    /// Works until `stop`, then finishes what is under way. Aborted in the middle, what was under way is sent again
    /// when its claim ends.
    pub async fn run(self, stop: CancellationToken) {
        let mut sending = JoinSet::new();
        let mut asking = JoinSet::new();
        let mut may_have_more = true;
        loop {
            let free = CONCURRENCY - sending.len();
            if self.is_away.load(Ordering::Acquire) {
                if asking.is_empty() {
                    tracing::warn!(event = "email.relay.away", "the mail relay is away; mail waits");
                    asking.spawn(self.clone().until_there());
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
                Some(_) = asking.join_next() => {
                    tracing::info!(event = "email.relay.back", "the mail relay is back");
                    self.is_away.store(false, Ordering::Release);
                    may_have_more = true;
                }
                () = self.deps.store.outbox_filled() => may_have_more = true,
                () = tokio::time::sleep(LOOK_EVERY) => may_have_more = true,
            }
        }
        while sending.join_next().await.is_some() {}
    }

    async fn until_there(self) {
        let mut looks = JoinSet::new();
        let mut next = tokio::time::interval(ASK_EVERY);
        next.reset();
        loop {
            tokio::select! {
                _ = next.tick() => {
                    let transport = Arc::clone(&self.deps.transport);
                    looks.spawn(async move { transport.is_there().await });
                }
                Some(Ok(true)) = looks.join_next() => return,
            }
        }
    }

    /// Attempts everything that is due now, one after the other, and returns how many items that was.
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
        self.deps.store.repositories().outbox().claim(now, now + CLAIM, limit).await
    }

    /// Does what one item asks for and writes down how it went. If the latter fails a letter is sent again: once too
    /// often is better than never.
    pub async fn attempt(&self, claim: &OutboxClaim) {
        let written = match claim.kind {
            OutboxKind::Mail => match self.send(claim).await {
                Ok(organization) => self.delivered(claim, &organization).await,
                Err(not_done) => self.failed(claim, not_done).await,
            },
            OutboxKind::LinkRequest => match self.resolve(claim).await {
                Ok(()) => Ok(()),
                Err(not_done) => self.failed(claim, not_done).await,
            },
        };
        if let Err(error) = written {
            tracing::error!(%error, item = %claim.id, "the outcome of an item of the outbox could not be written");
        }
    }

    async fn send(&self, claim: &OutboxClaim) -> Result<Organization, NotDone> {
        let deps = &*self.deps;
        let now = deps.clock.now();
        let until = claim.created_at + TRY_FOR;
        let letter =
            Letter::open(claim, &deps.keyring).map_err(|error| NotDone::unreadable(&error, until))?;
        let until = letter.mail.expires_at().map_or(until, |expiry| expiry.min(until));
        if now >= until {
            return Err(NotDone::for_good("nobody could use it any more"));
        }
        let found = deps.store.repositories().organizations().by_id(letter.organization_id).await;
        let organization = match found {
            // In the name of a suspended tenant nothing is sent.
            Ok(Some(organization)) if organization.status == OrganizationStatus::Active => organization,
            Ok(_) => return Err(NotDone::for_good("the organization is not active")),
            Err(error) => return Err(NotDone::yet(&error, until)),
        };
        let body = deps.renderer.render(&organization, &letter, now).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, letter = %claim.id, "{error}");
            NotDone::yet(&error, until)
        })?;
        let name = organization.branding.company_name.as_ref().filter(|name| !name.trim().is_empty());
        let message = Message {
            id: claim.id,
            from_name: name.unwrap_or(&organization.name).clone(),
            to: letter.recipient.address,
            body,
            date: now,
        };
        match deps.transport.send(&message).await {
            Ok(()) => Ok(organization),
            Err(SendError::Refused(error)) => Err(NotDone::for_good(error)),
            Err(SendError::Failed(error)) => Err(NotDone::yet(&error, until)),
            Err(SendError::Away(error)) => {
                self.is_away.store(true, Ordering::Release);
                Err(NotDone::away(error, until))
            }
        }
    }

    async fn delivered(&self, claim: &OutboxClaim, organization: &Organization) -> Result<(), StoreError> {
        let now = self.deps.clock.now();
        let summary = LetterSummary::of(claim);
        let template = summary.map_or("unknown", |s| s.template.as_str());
        let slug = organization.slug.as_str();
        tracing::info!(
            event = "email.sent",
            template,
            tenant = slug,
            attempt = claim.attempt,
            "mail was sent"
        );
        counted(template, "delivered");
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

    /// The first failure and the last one are audited: what happens in between is in the log and in the row.
    async fn failed(&self, claim: &OutboxClaim, not_done: NotDone) -> Result<(), StoreError> {
        let now = self.deps.clock.now();
        // What met a relay that is away is due as soon as it is back: until then nobody takes it.
        let wait = if not_done.is_away { ASK_EVERY } else { wait_after(claim.attempt, &*self.deps.entropy) };
        let retry_at = now + wait;
        let will_retry = not_done.until.is_some_and(|until| retry_at < until);
        let (summary, error) = (LetterSummary::of(claim), not_done.error);
        let template = summary.map_or("unknown", |s| s.template.as_str());
        tracing::warn!(
            event = "email.send.failed",
            template,
            letter = %claim.id,
            attempt = claim.attempt,
            will_retry,
            error,
            "mail was not sent"
        );
        counted(template, if will_retry { "postponed" } else { "given_up" });
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

    /// No address in it: the user's id says to whom (oidc-and-login §11).
    pub(crate) fn event(
        &self,
        claim: &OutboxClaim,
        summary: Option<LetterSummary>,
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

fn counted(template: &'static str, result: &'static str) {
    ::metrics::counter!(metrics::EMAIL_SEND, "template" => template, "result" => result).increment(1);
}
