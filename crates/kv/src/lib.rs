//! Short-lived store: sessions, interactions, authorization codes, counters, change notices.
//!
//! One trait, two implementations (Redis 7 and in-process), one contract suite. The contents may be lost at any time:
//! users then sign in again. A single-use value is never usable twice.
//!
//! Rules of both implementations, checked by the contract suite:
//!
//! - Lifetimes are truncated to whole milliseconds, so no value outlives its lifetime. A lifetime of zero stores
//!   nothing (and removes the old value, where the call overwrites).
//! - Only `consume` returns the value of a consumed key: `get` and `take` return `None` and keep it, `put_if_absent`
//!   returns `false`, `peek` and `mark_used` report it as used. `put` and a delete replace it.
//! - Counters have a separate namespace: `get` never returns a counter, `clear` never removes a value.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

#[cfg(feature = "contract")]
pub mod contract;
mod key;
pub mod memory;
pub mod redis;

pub use key::{KeyName, KvKey};
pub use memory::MemoryKv;
pub use redis::{RedisKv, RedisOptions, Sentinels};

/// Why the short-lived store could not answer. Callers must not treat an error as "absent".
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    /// No connection, or no answer in time. The store reconnects in the background.
    #[error("short-lived store is unavailable: {0}")]
    Unavailable(String),
    /// The store gave an answer that this program does not understand.
    #[error("short-lived store answered unexpectedly: {0}")]
    Unexpected(String),
}

pub type Result<T> = std::result::Result<T, KvError>;

/// One part of an atomic write.
#[derive(Debug, Clone)]
pub enum Write {
    Put {
        key: KvKey,
        value: Bytes,
        ttl: Duration,
    },
    /// Stores only over a live value, so that a value taken in the meantime does not come back.
    Replace {
        key: KvKey,
        value: Bytes,
        ttl: Duration,
    },
    /// Stores only where the key is free or holds a live value: a used value is not overwritten.
    PutUnlessUsed {
        key: KvKey,
        value: Bytes,
        ttl: Duration,
    },
    Delete {
        key: KvKey,
    },
}

impl Write {
    fn key(&self) -> &KvKey {
        let (Self::Put { key, .. }
        | Self::Replace { key, .. }
        | Self::PutUnlessUsed { key, .. }
        | Self::Delete { key }) = self;
        key
    }
}

/// What is stored under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueState {
    Live(Bytes),
    /// By [`Kv::consume`] or [`Kv::retire`].
    Used,
    Absent,
}

/// Result of a single-use read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsumeOutcome {
    /// First use; nobody else gets this answer.
    Fresh(Bytes),
    /// Already used. The value is kept for a while, so that a replay can be traced.
    Replayed(Bytes),
    Absent,
}

/// A counter over a fixed window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    pub key: KvKey,
    pub maximum: u64,
    pub window: Duration,
}

/// Result of a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitOutcome {
    Allowed,
    /// At least one counter is at its maximum.
    Limited {
        retry_after: Duration,
    },
}

/// Result of [`Kv::claim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// The caller's value was stored.
    First,
    /// An earlier caller claimed it; this is the value stored then.
    Before(Bytes),
    /// Nothing was stored: at least one counter is at its maximum.
    Limited { retry_after: Duration },
}

/// A change that other instances must know: `topic` is its kind, `key` the affected object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Notice {
    pub topic: String,
    pub key: String,
}

/// What a subscriber receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeEvent {
    Notice(Notice),
    /// Notices may have been missed (reconnect, slow subscriber): drop everything cached.
    Gap,
}

#[async_trait]
pub trait Kv: Send + Sync + 'static {
    async fn get(&self, key: &KvKey) -> Result<Option<Bytes>>;
    async fn put(&self, key: &KvKey, value: Bytes, ttl: Duration) -> Result<()>;
    /// Stores only if the key is free; `true` when it was stored (`SET NX`).
    async fn put_if_absent(&self, key: &KvKey, value: Bytes, ttl: Duration) -> Result<bool>;
    /// Stores a value as the newest of a group and deletes the oldest live ones beyond `most`. Taken, used and expired
    /// values do not count; used values stay known. One command.
    async fn put_in_group(
        &self,
        group: &KvKey,
        most: usize,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
    ) -> Result<()>;
    /// Reads and removes in one step (`GETDEL`).
    async fn take(&self, key: &KvKey) -> Result<Option<Bytes>>;
    /// Uses a value once, atomically. The first caller gets `Fresh`; later callers get `Replayed` for `remember`.
    async fn consume(&self, key: &KvKey, remember: Duration) -> Result<ConsumeOutcome>;
    /// Returns what is stored under the key; changes nothing.
    async fn peek(&self, key: &KvKey) -> Result<ValueState>;
    /// Removes a live value atomically. The key counts as used for `remember`; the value itself is not kept.
    async fn mark_used(&self, key: &KvKey, remember: Duration) -> Result<ValueState>;
    /// Carries out all writes or none, in one command. Returns `false`, having written nothing, when the key of a
    /// [`Write::Replace`] holds no live value or that of a [`Write::PutUnlessUsed`] a used one.
    async fn write(&self, writes: Vec<Write>) -> Result<bool>;
    /// Whether any counter is at its maximum. Does not count. One command.
    async fn check(&self, limits: &[RateLimit]) -> Result<LimitOutcome>;
    /// Adds one to every counter, or to none when one of them is at its maximum. One command. The first hit starts the
    /// window.
    async fn hit(&self, limits: &[RateLimit]) -> Result<LimitOutcome>;
    /// Stores a value and adds one to every counter, or does neither when a counter is at its maximum. One command.
    async fn put_limited(
        &self,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<LimitOutcome>;
    /// Stores a value as the newest of `place` and adds one to every counter, or does neither when a counter is at its
    /// maximum. If `key` is already the newest of the place and its value is live, returns that value and counts
    /// nothing. One command.
    async fn claim(
        &self,
        place: &KvKey,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<ClaimOutcome>;
    /// Subtracts one from every counter, as [`Self::release`] does, and stores a value. One command.
    async fn release_and_put(&self, keys: &[KvKey], key: &KvKey, value: Bytes, ttl: Duration) -> Result<()>;
    /// Subtracts one from every counter. A counter that reaches zero is deleted, with its window. One command.
    async fn release(&self, keys: &[KvKey]) -> Result<()>;
    /// Deletes counters.
    async fn clear(&self, keys: &[KvKey]) -> Result<()>;
    async fn publish(&self, notice: &Notice) -> Result<()>;
    /// Receives everything published from now on by any instance, including this one. Read it with [`next_notice`],
    /// which turns lost notices of a slow reader into [`NoticeEvent::Gap`].
    fn subscribe(&self) -> broadcast::Receiver<NoticeEvent>;
    async fn ping(&self) -> Result<()>;
    /// Number of commands sent so far, for the round-trip budgets of the tests.
    fn commands(&self) -> u64;
}

/// Waits for the next notice; `None` when the store is gone.
pub async fn next_notice(receiver: &mut broadcast::Receiver<NoticeEvent>) -> Option<NoticeEvent> {
    match receiver.recv().await {
        Ok(event) => Some(event),
        // The reader was too slow and the channel dropped notices.
        Err(broadcast::error::RecvError::Lagged(_)) => Some(NoticeEvent::Gap),
        Err(broadcast::error::RecvError::Closed) => None,
    }
}

/// How many notices a subscriber may lag behind before it receives a gap instead.
const NOTICE_BACKLOG: usize = 1024;

/// Longest lifetime. Redis rejects one that overflows when added to the current time.
const LONGEST_MILLIS: u64 = 100 * 365 * 24 * 3_600 * 1_000;

/// The lifetime in whole milliseconds, as Redis keeps it.
fn whole_millis(lifetime: Duration) -> u64 {
    u64::try_from(lifetime.as_millis()).map_or(LONGEST_MILLIS, |millis| millis.min(LONGEST_MILLIS))
}
