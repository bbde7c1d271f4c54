//! A short-lived store that can fail on demand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use porta_kv::{
    ClaimOutcome, ConsumeOutcome, Kv, KvError, KvKey, LimitOutcome, Notice, NoticeEvent, RateLimit, Result,
    ValueState, Write,
};
use tokio::sync::broadcast;

use super::{Barrier, FaultInjector, StoredAnswers};

/// A store whose operations fail by a [`FaultInjector`] and whose writes wait at a [`Barrier`].
pub(super) struct FaultyKv {
    pub(super) inner: Arc<dyn Kv>,
    pub(super) fault: Arc<FaultInjector>,
    pub(super) limits: Arc<FaultInjector>,
    pub(super) writes: Arc<Barrier>,
    pub(super) sessions: Arc<Barrier>,
    pub(super) answers: Arc<StoredAnswers>,
}

impl FaultyKv {
    fn open(&self) -> Result<&dyn Kv> {
        reach(&*self.inner, &self.fault)
    }

    fn open_for_limits(&self) -> Result<&dyn Kv> {
        reach(&*self.inner, &self.limits).and_then(|kv| reach(kv, &self.fault))
    }
}

fn reach<'a>(kv: &'a dyn Kv, fault: &FaultInjector) -> Result<&'a dyn Kv> {
    if fault.fails_next() {
        return Err(KvError::Unavailable("the test took the short-lived store away".to_owned()));
    }
    Ok(kv)
}

#[async_trait]
impl Kv for FaultyKv {
    async fn get(&self, key: &KvKey) -> Result<Option<Bytes>> {
        if key.as_str().contains(":session:") {
            self.sessions.pass().await;
        }
        self.open()?.get(key).await
    }

    async fn put(&self, key: &KvKey, value: Bytes, ttl: Duration) -> Result<()> {
        self.writes.pass().await;
        self.open()?.put(key, value, ttl).await
    }

    async fn put_if_absent(&self, key: &KvKey, value: Bytes, ttl: Duration) -> Result<bool> {
        self.open()?.put_if_absent(key, value, ttl).await
    }

    async fn put_in_group(
        &self,
        group: &KvKey,
        most: usize,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
    ) -> Result<()> {
        self.writes.pass().await;
        self.open()?.put_in_group(group, most, key, value, ttl).await
    }

    async fn take(&self, key: &KvKey) -> Result<Option<Bytes>> {
        self.open()?.take(key).await
    }

    async fn consume(&self, key: &KvKey, remember: Duration) -> Result<ConsumeOutcome> {
        self.open()?.consume(key, remember).await
    }

    async fn peek(&self, key: &KvKey) -> Result<ValueState> {
        self.open()?.peek(key).await
    }

    async fn mark_used(&self, key: &KvKey, remember: Duration) -> Result<ValueState> {
        self.open()?.mark_used(key, remember).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<bool> {
        self.writes.pass().await;
        self.open()?.write(writes).await
    }

    async fn check(&self, limits: &[RateLimit]) -> Result<LimitOutcome> {
        self.open_for_limits()?.check(limits).await
    }

    async fn hit(&self, limits: &[RateLimit]) -> Result<LimitOutcome> {
        self.open_for_limits()?.hit(limits).await
    }

    async fn put_limited(
        &self,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<LimitOutcome> {
        self.writes.pass().await;
        self.open_for_limits()?.put_limited(key, value, ttl, limits).await
    }

    async fn claim(
        &self,
        place: &KvKey,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<ClaimOutcome> {
        let open = if limits.is_empty() { self.open()? } else { self.open_for_limits()? };
        open.claim(place, key, value, ttl, limits).await
    }

    async fn release_and_put(&self, keys: &[KvKey], key: &KvKey, value: Bytes, ttl: Duration) -> Result<()> {
        let open = if keys.is_empty() { self.open()? } else { self.open_for_limits()? };
        self.answers.lock().unwrap().push((key.clone(), value.clone()));
        open.release_and_put(keys, key, value, ttl).await
    }

    async fn release(&self, keys: &[KvKey]) -> Result<()> {
        self.open_for_limits()?.release(keys).await
    }

    async fn clear(&self, keys: &[KvKey]) -> Result<()> {
        self.open_for_limits()?.clear(keys).await
    }

    async fn publish(&self, notice: &Notice) -> Result<()> {
        self.open()?.publish(notice).await
    }

    fn subscribe(&self) -> broadcast::Receiver<NoticeEvent> {
        self.inner.subscribe()
    }

    async fn ping(&self) -> Result<()> {
        self.open()?.ping().await
    }

    fn commands(&self) -> u64 {
        self.inner.commands()
    }
}
