//! A short-lived store that can fail on demand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use porta_kv::{Claimed, Consumed, Heard, Key, Kv, KvError, Limit, Notice, Place, Result, Verdict, Write};
use tokio::sync::broadcast;

use super::{Fuse, Gate};

/// A store whose operations fail by a [`Fuse`] and whose writes wait at a [`Gate`].
pub(in super::super) struct FusedKv {
    pub(super) inner: Arc<dyn Kv>,
    pub(super) fuse: Arc<Fuse>,
    pub(super) limits: Arc<Fuse>,
    pub(super) writes: Arc<Gate>,
    pub(super) sessions: Arc<Gate>,
}

impl FusedKv {
    fn open(&self) -> Result<&dyn Kv> {
        reach(&*self.inner, &self.fuse)
    }

    fn open_for_limits(&self) -> Result<&dyn Kv> {
        reach(&*self.inner, &self.limits).and_then(|kv| reach(kv, &self.fuse))
    }
}

fn reach<'a>(kv: &'a dyn Kv, fuse: &Fuse) -> Result<&'a dyn Kv> {
    if fuse.burns() {
        return Err(KvError::Unavailable("the test took the short-lived store away".to_owned()));
    }
    Ok(kv)
}

#[async_trait]
impl Kv for FusedKv {
    async fn get(&self, key: &Key) -> Result<Option<Bytes>> {
        if key.contains(":session:") {
            self.sessions.pass().await;
        }
        self.open()?.get(key).await
    }

    async fn put(&self, key: &Key, value: Bytes, ttl: Duration) -> Result<()> {
        self.writes.pass().await;
        self.open()?.put(key, value, ttl).await
    }

    async fn put_if_absent(&self, key: &Key, value: Bytes, ttl: Duration) -> Result<bool> {
        self.open()?.put_if_absent(key, value, ttl).await
    }

    async fn put_among(
        &self,
        group: &Key,
        most: usize,
        key: &Key,
        value: Bytes,
        ttl: Duration,
    ) -> Result<()> {
        self.writes.pass().await;
        self.open()?.put_among(group, most, key, value, ttl).await
    }

    async fn take(&self, key: &Key) -> Result<Option<Bytes>> {
        self.open()?.take(key).await
    }

    async fn consume(&self, key: &Key, remember: Duration) -> Result<Consumed> {
        self.open()?.consume(key, remember).await
    }

    async fn peek(&self, key: &Key) -> Result<Place> {
        self.open()?.peek(key).await
    }

    async fn retire(&self, key: &Key, remember: Duration) -> Result<Place> {
        self.open()?.retire(key, remember).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<bool> {
        self.writes.pass().await;
        self.open()?.write(writes).await
    }

    async fn check(&self, limits: &[Limit]) -> Result<Verdict> {
        self.open_for_limits()?.check(limits).await
    }

    async fn hit(&self, limits: &[Limit]) -> Result<Verdict> {
        self.open_for_limits()?.hit(limits).await
    }

    async fn put_limited(&self, key: &Key, value: Bytes, ttl: Duration, limits: &[Limit]) -> Result<Verdict> {
        self.writes.pass().await;
        self.open_for_limits()?.put_limited(key, value, ttl, limits).await
    }

    async fn claim(
        &self,
        place: &Key,
        key: &Key,
        value: Bytes,
        ttl: Duration,
        limits: &[Limit],
    ) -> Result<Claimed> {
        let open = if limits.is_empty() { self.open()? } else { self.open_for_limits()? };
        open.claim(place, key, value, ttl, limits).await
    }

    async fn release_and_put(&self, keys: &[String], key: &Key, value: Bytes, ttl: Duration) -> Result<()> {
        let open = if keys.is_empty() { self.open()? } else { self.open_for_limits()? };
        open.release_and_put(keys, key, value, ttl).await
    }

    async fn release(&self, keys: &[String]) -> Result<()> {
        self.open_for_limits()?.release(keys).await
    }

    async fn clear(&self, keys: &[String]) -> Result<()> {
        self.open_for_limits()?.clear(keys).await
    }

    async fn publish(&self, notice: &Notice) -> Result<()> {
        self.open()?.publish(notice).await
    }

    fn subscribe(&self) -> broadcast::Receiver<Heard> {
        self.inner.subscribe()
    }

    async fn ping(&self) -> Result<()> {
        self.open()?.ping().await
    }

    fn commands(&self) -> u64 {
        self.inner.commands()
    }
}
