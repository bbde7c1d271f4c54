//! A short-lived store that a test takes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use porta_kv::{
    ClaimOutcome, ConsumeOutcome, Kv, KvError, KvKey, LimitOutcome, Notice, NoticeEvent, RateLimit, Result,
    ValueState, Write,
};
use tokio::sync::broadcast;

/// Another store, whose every command fails while it is switched off.
pub struct SwitchedKv {
    inner: Arc<dyn Kv>,
    is_off: AtomicBool,
}

impl SwitchedKv {
    pub fn over(inner: Arc<dyn Kv>) -> Self {
        Self { inner, is_off: AtomicBool::new(false) }
    }

    pub fn switch_off(&self, is_off: bool) {
        self.is_off.store(is_off, Ordering::SeqCst);
    }

    fn open(&self) -> Result<&dyn Kv> {
        if self.is_off.load(Ordering::SeqCst) {
            return Err(KvError::Unavailable("the test took the short-lived store away".to_owned()));
        }
        Ok(&*self.inner)
    }
}

#[async_trait]
impl Kv for SwitchedKv {
    async fn get(&self, key: &KvKey) -> Result<Option<Bytes>> {
        self.open()?.get(key).await
    }

    async fn put(&self, key: &KvKey, value: Bytes, ttl: Duration) -> Result<()> {
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
        self.open()?.write(writes).await
    }

    async fn check(&self, limits: &[RateLimit]) -> Result<LimitOutcome> {
        self.open()?.check(limits).await
    }

    async fn hit(&self, limits: &[RateLimit]) -> Result<LimitOutcome> {
        self.open()?.hit(limits).await
    }

    async fn put_limited(
        &self,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<LimitOutcome> {
        self.open()?.put_limited(key, value, ttl, limits).await
    }

    async fn claim(
        &self,
        place: &KvKey,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<ClaimOutcome> {
        self.open()?.claim(place, key, value, ttl, limits).await
    }

    async fn release_and_put(&self, keys: &[KvKey], key: &KvKey, value: Bytes, ttl: Duration) -> Result<()> {
        self.open()?.release_and_put(keys, key, value, ttl).await
    }

    async fn release(&self, keys: &[KvKey]) -> Result<()> {
        self.open()?.release(keys).await
    }

    async fn clear(&self, keys: &[KvKey]) -> Result<()> {
        self.open()?.clear(keys).await
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
