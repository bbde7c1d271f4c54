//! The short-lived store in this process: for one process without Redis, and for tests.
//!
//! One mutex over everything: an operation holds it for a few hundred nanoseconds and never across an await, and
//! operations over several keys stay atomic without an order of locks.

mod expiring;
mod snapshot;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use porta_core::{Clock, Timestamp};
use tokio::sync::broadcast;

pub use self::snapshot::SnapshotError;

use self::expiring::Expiring;
use crate::{
    Consumed, Heard, Key, Kv, KvError, Limit, NOTICE_BACKLOG, Notice, Place, Result, Verdict, Write,
    whole_millis,
};

/// A stored value: [`Kv::consume`] turns the first into the second.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    Live(Bytes),
    Used(Bytes),
}

#[derive(Default)]
struct Room {
    values: Expiring<Kept>,
    counters: Expiring<u64>,
    /// Set once the contents were saved for the next start: from then on they belong to it.
    is_closed: bool,
}

/// The in-process store. Expiry follows the injected clock exactly.
pub struct MemoryKv {
    clock: Arc<dyn Clock>,
    room: Mutex<Room>,
    heard: broadcast::Sender<Heard>,
    commands: AtomicU64,
}

impl MemoryKv {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            room: Mutex::default(),
            heard: broadcast::channel(NOTICE_BACKLOG).0,
            commands: AtomicU64::new(0),
        }
    }

    /// Values and counters held, ended ones included until they are swept.
    pub fn entries(&self) -> usize {
        let room = self.room();
        room.values.len() + room.counters.len()
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        // No operation leaves the room half changed where it could panic, so a poisoned lock protects nothing.
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a command and opens the room; the time is read inside the lock, so that waiting for it cannot bring a
    /// value back that ended meanwhile.
    fn enter(&self) -> Result<(MutexGuard<'_, Room>, Timestamp)> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        let room = self.room();
        if room.is_closed {
            return Err(KvError::Unavailable("closed: contents were saved for the next start".to_owned()));
        }
        let now = self.clock.now();
        Ok((room, now))
    }
}

impl Room {
    fn put(&mut self, key: &Key, value: Kept, ttl: Duration, now: Timestamp) {
        match whole_millis(ttl) {
            0 => drop(self.values.remove(key, now)),
            millis => self.values.insert(key, value, now + Duration::from_millis(millis), now),
        }
    }

    fn place(&self, key: &Key, now: Timestamp) -> Place {
        match self.values.get(key, now) {
            Some((Kept::Live(value), _)) => Place::Live(value.clone()),
            Some((Kept::Used(_), _)) => Place::Used,
            None => Place::Free,
        }
    }

    fn is_live(&self, key: &Key, now: Timestamp) -> bool {
        matches!(self.values.get(key, now), Some((Kept::Live(_), _)))
    }

    fn verdict(&self, limits: &[Limit], now: Timestamp) -> Verdict {
        let longest = limits
            .iter()
            .filter_map(|limit| match self.counters.get(&limit.key, now) {
                Some((count, ends)) if *count >= limit.maximum => Some(ends.since(now)),
                None if limit.maximum == 0 => Some(limit.window),
                Some(_) | None => None,
            })
            .max();
        match longest {
            None => Verdict::Allowed,
            Some(wait) => Verdict::Limited { retry_after: wait.max(Duration::from_millis(1)) },
        }
    }

    fn hit(&mut self, limits: &[Limit], now: Timestamp) -> Verdict {
        let verdict = self.verdict(limits, now);
        if verdict == Verdict::Allowed {
            for limit in limits {
                self.count(limit, now);
            }
        }
        verdict
    }

    fn count(&mut self, limit: &Limit, now: Timestamp) {
        if let Some(count) = self.counters.get_mut(&limit.key, now) {
            *count = count.saturating_add(1);
            return;
        }
        let millis = whole_millis(limit.window);
        if millis > 0 {
            self.counters.insert(&limit.key, 1, now + Duration::from_millis(millis), now);
        }
    }
}

#[async_trait]
impl Kv for MemoryKv {
    async fn get(&self, key: &Key) -> Result<Option<Bytes>> {
        let (room, now) = self.enter()?;
        Ok(match room.values.get(key, now) {
            Some((Kept::Live(value), _)) => Some(value.clone()),
            Some((Kept::Used(_), _)) | None => None,
        })
    }

    async fn put(&self, key: &Key, value: Bytes, ttl: Duration) -> Result<()> {
        let (mut room, now) = self.enter()?;
        room.put(key, Kept::Live(value), ttl, now);
        Ok(())
    }

    async fn put_if_absent(&self, key: &Key, value: Bytes, ttl: Duration) -> Result<bool> {
        let (mut room, now) = self.enter()?;
        if room.values.get(key, now).is_some() {
            return Ok(false);
        }
        room.put(key, Kept::Live(value), ttl, now);
        Ok(true)
    }

    async fn take(&self, key: &Key) -> Result<Option<Bytes>> {
        let (mut room, now) = self.enter()?;
        if !room.is_live(key, now) {
            return Ok(None);
        }
        Ok(room.values.remove(key, now).map(|(Kept::Live(value) | Kept::Used(value))| value))
    }

    async fn consume(&self, key: &Key, remember: Duration) -> Result<Consumed> {
        let (mut room, now) = self.enter()?;
        let value = match room.values.get(key, now) {
            None => return Ok(Consumed::Absent),
            Some((Kept::Used(value), _)) => return Ok(Consumed::Replayed(value.clone())),
            Some((Kept::Live(value), _)) => value.clone(),
        };
        room.put(key, Kept::Used(value.clone()), remember, now);
        Ok(Consumed::Fresh(value))
    }

    async fn look(&self, key: &Key) -> Result<Place> {
        let (room, now) = self.enter()?;
        Ok(room.place(key, now))
    }

    async fn retire(&self, key: &Key, remember: Duration) -> Result<Place> {
        let (mut room, now) = self.enter()?;
        let place = room.place(key, now);
        if matches!(place, Place::Live(_)) {
            room.put(key, Kept::Used(Bytes::new()), remember, now);
        }
        Ok(place)
    }

    async fn write(&self, writes: Vec<Write>) -> Result<bool> {
        if writes.is_empty() {
            return Ok(true);
        }
        let (mut room, now) = self.enter()?;
        let is_gone = |write: &Write| match write {
            Write::Replace { key, .. } => !room.is_live(key, now),
            Write::PutUnlessUsed { key, .. } => room.place(key, now) == Place::Used,
            Write::Put { .. } | Write::Delete { .. } => false,
        };
        if writes.iter().any(is_gone) {
            return Ok(false);
        }
        for write in writes {
            match write {
                Write::Put { key, value, ttl }
                | Write::Replace { key, value, ttl }
                | Write::PutUnlessUsed { key, value, ttl } => {
                    room.put(&key, Kept::Live(value), ttl, now);
                }
                Write::Delete { key } => drop(room.values.remove(&key, now)),
            }
        }
        Ok(true)
    }

    async fn check(&self, limits: &[Limit]) -> Result<Verdict> {
        if limits.is_empty() {
            return Ok(Verdict::Allowed);
        }
        let (room, now) = self.enter()?;
        Ok(room.verdict(limits, now))
    }

    async fn hit(&self, limits: &[Limit]) -> Result<Verdict> {
        if limits.is_empty() {
            return Ok(Verdict::Allowed);
        }
        let (mut room, now) = self.enter()?;
        Ok(room.hit(limits, now))
    }

    async fn put_limited(&self, key: &Key, value: Bytes, ttl: Duration, limits: &[Limit]) -> Result<Verdict> {
        let (mut room, now) = self.enter()?;
        let verdict = room.hit(limits, now);
        if verdict == Verdict::Allowed {
            room.put(key, Kept::Live(value), ttl, now);
        }
        Ok(verdict)
    }

    async fn clear(&self, keys: &[String]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (mut room, now) = self.enter()?;
        for key in keys {
            room.counters.remove(key, now);
        }
        Ok(())
    }

    async fn publish(&self, notice: &Notice) -> Result<()> {
        drop(self.enter()?);
        // An error says only that nobody listens.
        let _ = self.heard.send(Heard::Notice(notice.clone()));
        Ok(())
    }

    fn subscribe(&self) -> broadcast::Receiver<Heard> {
        self.heard.subscribe()
    }

    async fn ping(&self) -> Result<()> {
        drop(self.enter()?);
        Ok(())
    }

    fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }
}
