//! Outbox worker. Any number may run: each item is leased to one of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use porta_core::audit::AuditEvent;
use porta_core::outbox::{OutboxClaim, OutboxKind};
use porta_store::StoreError;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::handler::{AttemptError, Completion, FailedAttempt, Handler, OutboxDeps};
use crate::retry::PROBE_EVERY;

/// Items executed concurrently, of all kinds together: slow attempts of one kind can hold up the others until they end.
const CONCURRENCY: usize = 8;
/// Poll interval: for items whose enqueuing process died before executing them, and for due retries.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// Lease of a claimed item, longer than any attempt takes. If the worker dies, another one takes the item after that.
const LEASE: Duration = Duration::from_mins(3);

/// Executes the items of the kinds that it has handlers for, and leaves others alone: during a rolling upgrade, items of
/// new kinds wait for the newer version.
#[derive(Clone)]
pub struct Worker {
    deps: Arc<OutboxDeps>,
    kinds: Arc<BTreeMap<OutboxKind, KindState>>,
}

struct KindState {
    handler: Arc<dyn Handler>,
    /// The service that the kind needs was unavailable at the last attempt or probe.
    is_unavailable: AtomicBool,
}

impl Worker {
    pub fn new(deps: OutboxDeps, handlers: impl IntoIterator<Item = (OutboxKind, Arc<dyn Handler>)>) -> Self {
        let kinds = handlers
            .into_iter()
            .map(|(kind, handler)| (kind, KindState { handler, is_unavailable: AtomicBool::new(false) }));
        Self { deps: Arc::new(deps), kinds: Arc::new(kinds.collect()) }
    }

    /// Works until `stop`, then finishes what is in progress. If the future is dropped, items in progress are executed
    /// again when their lease expires.
    pub async fn run(self, stop: CancellationToken) {
        let mut attempts = JoinSet::new();
        let mut waits = JoinSet::new();
        let mut waiting: BTreeMap<OutboxKind, AbortHandle> = BTreeMap::new();
        let mut may_have_more = true;
        loop {
            for (kind, state) in &*self.kinds {
                if state.is_unavailable.load(Ordering::Acquire) && !waiting.contains_key(kind) {
                    let handler = Arc::clone(&state.handler);
                    waiting.insert(*kind, waits.spawn(async move { handler.until_available().await }));
                }
            }
            let free = CONCURRENCY - attempts.len();
            let kinds = self.available_kinds();
            if may_have_more && free > 0 && !kinds.is_empty() {
                let claimed = self.claim(&kinds, free).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "the outbox could not be read");
                    Vec::new()
                });
                may_have_more = claimed.len() == free;
                for claim in claimed {
                    let worker = self.clone();
                    attempts.spawn(async move { worker.attempt(&claim).await });
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = attempts.join_next() => {}
                Some(_) = waits.join_next() => {
                    self.resume(&mut waiting);
                    may_have_more = true;
                }
                () = self.deps.store.wait_for_outbox_item() => may_have_more = true,
                () = tokio::time::sleep(POLL_EVERY) => may_have_more = true,
            }
        }
        while attempts.join_next().await.is_some() {}
    }

    fn available_kinds(&self) -> Vec<OutboxKind> {
        let available = self.kinds.iter().filter(|(_, state)| !state.is_unavailable.load(Ordering::Acquire));
        available.map(|(kind, _)| *kind).collect()
    }

    /// Makes the kinds available whose wait is over.
    fn resume(&self, waiting: &mut BTreeMap<OutboxKind, AbortHandle>) {
        for (kind, state) in &*self.kinds {
            if waiting.get(kind).is_some_and(AbortHandle::is_finished) {
                waiting.remove(kind);
                state.is_unavailable.store(false, Ordering::Release);
            }
        }
    }

    /// Attempts every item that is due, one after another, and returns their number.
    pub async fn attempt_due(&self) -> Result<usize, StoreError> {
        let kinds: Vec<OutboxKind> = self.kinds.keys().copied().collect();
        let mut attempts = 0;
        loop {
            let claims = self.claim(&kinds, CONCURRENCY).await?;
            if claims.is_empty() {
                return Ok(attempts);
            }
            for claim in &claims {
                self.attempt(claim).await;
                attempts += 1;
            }
        }
    }

    async fn claim(&self, kinds: &[OutboxKind], limit: usize) -> Result<Vec<OutboxClaim>, StoreError> {
        let now = self.deps.clock.now();
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.deps.store.repositories().outbox().claim(kinds, now, now + LEASE, limit).await
    }

    /// Executes one item and records the result. If recording fails, the item is executed again: at least once rather
    /// than at most once.
    async fn attempt(&self, claim: &OutboxClaim) {
        let Some(state) = self.kinds.get(&claim.kind) else {
            tracing::error!(item = %claim.id, kind = %claim.kind, "an outbox item was claimed that has no handler");
            return;
        };
        let recorded = match state.handler.attempt(claim, &self.deps).await {
            Ok(Completion::Finished) => Ok(()),
            Ok(Completion::Delivered(event)) => self.delivered(claim, &event).await,
            Err(failure) => {
                if failure.is_unavailable {
                    state.is_unavailable.store(true, Ordering::Release);
                }
                self.failed(claim, &*state.handler, failure).await
            }
        };
        if let Err(error) = recorded {
            tracing::error!(%error, item = %claim.id, "the result of an outbox item could not be stored");
        }
    }

    async fn delivered(&self, claim: &OutboxClaim, event: &AuditEvent) -> Result<(), StoreError> {
        let mut unit = self.deps.store.begin().await?;
        if unit.outbox().deliver(claim.id, event.created_at).await? {
            unit.audit().record(event).await?;
        }
        unit.commit().await
    }

    /// Audits the first failure and the last one; those in between are in the log and in the row.
    async fn failed(
        &self,
        claim: &OutboxClaim,
        handler: &dyn Handler,
        failure: AttemptError,
    ) -> Result<(), StoreError> {
        let now = self.deps.clock.now();
        // Due as soon as the service is back: until then this worker claims no item of the kind.
        let wait = if failure.is_unavailable {
            PROBE_EVERY
        } else {
            handler.retry_policy().delay(claim.attempt, &*self.deps.entropy)
        };
        let retry_at = now + wait;
        let will_retry = failure.until.is_some_and(|until| retry_at < until);
        let failed = FailedAttempt { error: failure.error, will_retry, at: now };
        let event = handler.report_failure(claim, &failed, &self.deps);
        let mut unit = self.deps.store.begin().await?;
        let mut outbox = unit.outbox();
        let is_ours = if will_retry {
            outbox.postpone(claim, retry_at, &failed.error, now).await?
        } else {
            // What nobody could use at a later time is of no use again.
            let sendable_until = failure.sendable_until.filter(|until| now < *until);
            outbox.give_up(claim, &failed.error, sendable_until, now).await?
        };
        drop(outbox);
        if is_ours && (!will_retry || claim.attempt == 1) {
            let organization_label = match claim.organization_id {
                Some(id) => unit.organizations().by_id(id).await?.map(|o| o.slug.as_str().to_owned()),
                None => None,
            };
            unit.audit().record(&AuditEvent { organization_label, ..event }).await?;
        }
        unit.commit().await
    }
}
