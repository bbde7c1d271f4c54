//! The short-lived store: sessions, interactions, codes, counters, change notices.
//!
//! One trait, two implementations (Redis 7 and in-process), one contract suite. Everything here may be lost: people
//! then sign in again. Nothing here is ever usable twice.
//!
//! Rules both implementations keep, and the contract suite checks:
//!
//! - Lifetimes count whole milliseconds, a fraction is dropped: no value outlives its word. A lifetime of zero stores
//!   nothing (and removes what was there, where the call overwrites).
//! - A value that was consumed is given by `consume` alone: `get` and `take` answer `None` and leave it, `put_if_absent`
//!   answers `false`, `look` and `retire` say that it was used. `put` and a delete replace it.
//! - Counters have a namespace of their own: `get` never shows one, `clear` never touches a value.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

#[cfg(feature = "contract")]
pub mod contract;
pub mod memory;
pub mod redis;

pub use memory::MemoryKv;
pub use redis::{RedisKv, RedisOptions, Sentinels};

/// Why the short-lived store could not answer. A caller never turns this into "not there".
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    /// No connection, or no answer in time; reconnecting goes on in the background.
    #[error("short-lived store is unavailable: {0}")]
    Unavailable(String),
    /// The store answered something this program does not understand.
    #[error("short-lived store answered unexpectedly: {0}")]
    Unexpected(String),
}

pub type Result<T> = std::result::Result<T, KvError>;

/// A key without the instance prefix, e.g. `{organization}:code:{digest}`. The implementation adds the namespace.
pub type Key = str;

/// One part of an atomic write.
#[derive(Debug, Clone)]
pub enum Write {
    Put {
        key: String,
        value: Bytes,
        ttl: Duration,
    },
    /// Stores over a live value only: what somebody took meanwhile does not come back.
    Replace {
        key: String,
        value: Bytes,
        ttl: Duration,
    },
    /// Stores where nothing is stored or over a live value: what was used meanwhile does not come back.
    PutUnlessUsed {
        key: String,
        value: Bytes,
        ttl: Duration,
    },
    Delete {
        key: String,
    },
}

impl Write {
    fn key(&self) -> &Key {
        let (Self::Put { key, .. }
        | Self::Replace { key, .. }
        | Self::PutUnlessUsed { key, .. }
        | Self::Delete { key }) = self;
        key
    }
}

/// What is stored under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Live(Bytes),
    /// By [`Kv::consume`] or [`Kv::retire`].
    Used,
    Free,
}

/// What was found where a value may be used once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consumed {
    /// First use; nobody else gets this answer.
    Fresh(Bytes),
    /// Already used; the value stays known for a while so that a replay can be traced.
    Replayed(Bytes),
    Absent,
}

/// A counter over a fixed window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub key: String,
    pub maximum: u64,
    pub window: Duration,
}

/// The answer of a limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// At least one counter is at its maximum.
    Limited {
        retry_after: Duration,
    },
}

/// Whether something that is to be done once was claimed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is the caller's.
    First,
    /// By somebody else; this is stored by now.
    Before(Bytes),
    /// Not yet: at least one counter is at its maximum.
    Limited { retry_after: Duration },
}

/// One change that other instances must know: `topic` says what kind, `key` which one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Notice {
    pub topic: String,
    pub key: String,
}

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Notice(Notice),
    /// Notices may have been missed (reconnect, slow subscriber): forget everything cached.
    Gap,
}

#[async_trait]
pub trait Kv: Send + Sync + 'static {
    async fn get(&self, key: &Key) -> Result<Option<Bytes>>;
    async fn put(&self, key: &Key, value: Bytes, ttl: Duration) -> Result<()>;
    /// Stores only where nothing is stored; `true` when it was stored (`SET NX`).
    async fn put_if_absent(&self, key: &Key, value: Bytes, ttl: Duration) -> Result<bool>;
    /// Stores a value as the newest of a group; of more than `most` live ones the oldest go. What was taken, used or
    /// has ended does not count, and a used value stays known. One command.
    async fn put_among(&self, group: &Key, most: usize, key: &Key, value: Bytes, ttl: Duration)
    -> Result<()>;
    /// Reads and removes in one step (`GETDEL`).
    async fn take(&self, key: &Key) -> Result<Option<Bytes>>;
    /// Uses a value once in one step. The first caller gets `Fresh`; for `remember` afterwards others get `Replayed`.
    async fn consume(&self, key: &Key, remember: Duration) -> Result<Consumed>;
    /// What a place holds, used or not; changes nothing.
    async fn look(&self, key: &Key) -> Result<Place>;
    /// Takes a live value out in one step. Its place counts as used for `remember`; the value itself is forgotten.
    async fn retire(&self, key: &Key, remember: Duration) -> Result<Place>;
    /// All writes or none, in one command. `false`: a key of a [`Write::Replace`] held no live value when the command
    /// came, or one of a [`Write::PutUnlessUsed`] a used one, and nothing was written.
    async fn write(&self, writes: Vec<Write>) -> Result<bool>;
    /// Whether any counter is at its maximum; counts nothing. One command.
    async fn check(&self, limits: &[Limit]) -> Result<Verdict>;
    /// Adds one to every counter, all or none; a counter already at its maximum refuses the whole and nothing is
    /// counted. One command. The first hit starts the window.
    async fn hit(&self, limits: &[Limit]) -> Result<Verdict>;
    /// Stores a value and counts it with every counter; where one is at its maximum, neither. One command.
    async fn put_limited(&self, key: &Key, value: Bytes, ttl: Duration, limits: &[Limit]) -> Result<Verdict>;
    /// Stores a value as the newest of its place, and counts it with every counter; where one is at its maximum, neither.
    /// Where a value is stored that still is the newest of the place, that is the answer, and nothing is counted. One
    /// command.
    async fn claim(
        &self,
        place: &Key,
        key: &Key,
        value: Bytes,
        ttl: Duration,
        limits: &[Limit],
    ) -> Result<Claimed>;
    /// Takes one back from every counter, as [`Self::release`] does, and stores a value. One command.
    async fn release_and_put(&self, keys: &[String], key: &Key, value: Bytes, ttl: Duration) -> Result<()>;
    /// Takes one back from every counter. One that reaches zero is forgotten, with its window. One command.
    async fn release(&self, keys: &[String]) -> Result<()>;
    /// Forgets counters.
    async fn clear(&self, keys: &[String]) -> Result<()>;
    async fn publish(&self, notice: &Notice) -> Result<()>;
    /// Everything published from now on, by any instance, this one included.
    /// Read it with [`heard`], which turns a slow reader's losses into [`Heard::Gap`].
    fn subscribe(&self) -> broadcast::Receiver<Heard>;
    async fn ping(&self) -> Result<()>;
    /// Commands sent so far, for the round-trip budgets of the tests.
    fn commands(&self) -> u64;
}

/// The next thing a subscriber hears; `None` when the store is gone.
pub async fn heard(receiver: &mut broadcast::Receiver<Heard>) -> Option<Heard> {
    match receiver.recv().await {
        Ok(heard) => Some(heard),
        // The channel dropped what this reader was too slow for.
        Err(broadcast::error::RecvError::Lagged(_)) => Some(Heard::Gap),
        Err(broadcast::error::RecvError::Closed) => None,
    }
}

/// How many notices a subscriber may fall behind before it hears a gap instead.
const NOTICE_BACKLOG: usize = 1024;

/// Longest lifetime: beyond it Redis refuses to add it to the current time.
const LONGEST_MILLIS: u64 = 100 * 365 * 24 * 3_600 * 1_000;

/// A lifetime in the whole milliseconds that Redis keeps.
fn whole_millis(lifetime: Duration) -> u64 {
    u64::try_from(lifetime.as_millis()).map_or(LONGEST_MILLIS, |millis| millis.min(LONGEST_MILLIS))
}
