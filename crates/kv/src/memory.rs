//! The short-lived store in this process: for one process without Redis, and for tests.
//!
//! Keys are spread over shards, each with a lock that is held for a few hundred nanoseconds and never across an await.
//! An operation over several keys locks their shards in order, so it stays atomic. A table that grows or shrinks moves
//! the entries of one shard and lets the others go on. What may be held has ceilings, see [`kinds`].

mod expiring;
mod kinds;
mod ledger;
mod shard;
mod snapshot;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use porta_core::{Clock, Timestamp};
use tokio::sync::broadcast;

pub use self::snapshot::{Saved, SnapshotError};

use self::kinds::Kind;
use self::ledger::Ledger;
use self::shard::{Held, Kept, Shard, end_of};
use crate::{
    Claimed, Consumed, Heard, Key, Kv, KvError, Limit, NOTICE_BACKLOG, Notice, Place, Result, Verdict, Write,
};

/// So many that the largest table of one has some thousand entries, which move within a millisecond.
const SHARDS: usize = 64;
/// Entries a sweep removes before it lets others have the lock.
const SWEEP_BATCH: usize = 256;

/// The in-process store. Expiry follows the injected clock exactly.
pub struct MemoryKv {
    clock: Arc<dyn Clock>,
    shards: Vec<Mutex<Shard>>,
    /// Which shard a key is in: keyed by chance, so that nobody fills one on purpose.
    hashing: RandomState,
    ledger: Ledger,
    /// Set once the contents were saved for the next start: from then on they belong to it.
    is_closed: AtomicBool,
    heard: broadcast::Sender<Heard>,
    commands: AtomicU64,
}

impl MemoryKv {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with(clock, Ledger::default())
    }

    fn with(clock: Arc<dyn Clock>, ledger: Ledger) -> Self {
        Self {
            clock,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hashing: RandomState::new(),
            ledger,
            is_closed: AtomicBool::new(false),
            heard: broadcast::channel(NOTICE_BACKLOG).0,
            commands: AtomicU64::new(0),
        }
    }

    /// Values and counters held, ended ones included until they are swept.
    pub fn entries(&self) -> usize {
        self.ledger.all_entries()
    }

    /// What they take, as reckoned for the ceilings.
    pub fn bytes(&self) -> usize {
        self.ledger.all_bytes()
    }

    /// By kind what had to go before its end because there was no room, so far.
    pub fn evicted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Kind::all().map(|kind| (kind.name(), self.ledger.evicted(kind)))
    }

    /// Removes what ended and gives memory back: for a background task, since what nobody asks for any more is swept by
    /// nobody's request. Says how many entries went.
    pub async fn sweep(&self) -> usize {
        let mut swept = 0;
        for number in 0..SHARDS {
            loop {
                let batch = self.lock(number).sweep(self.clock.now(), SWEEP_BATCH, &self.ledger);
                swept += batch;
                // Requests of this thread go first.
                tokio::task::yield_now().await;
                if batch < SWEEP_BATCH {
                    break;
                }
            }
            self.lock(number).shrink();
        }
        swept
    }

    fn number(&self, key: &Key) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "a remainder below 64")]
        let number = (self.hashing.hash_one(key) % SHARDS as u64) as usize;
        number
    }

    fn lock(&self, number: usize) -> MutexGuard<'_, Shard> {
        // No operation leaves a shard half changed where it could panic, so a poisoned lock protects nothing.
        self.shards[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses once the store is closed, and reads the time. Both while the shards are locked: whoever saves them sets
    /// the mark before it locks any, and waiting for a lock cannot bring a value back that ended meanwhile.
    fn now(&self) -> Result<Timestamp> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(KvError::Unavailable("closed: contents were saved for the next start".to_owned()));
        }
        Ok(self.clock.now())
    }

    /// Counts a command and opens the shard of a key.
    fn enter(&self, key: &Key) -> Result<(MutexGuard<'_, Shard>, Timestamp)> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        let shard = self.lock(self.number(key));
        let now = self.now()?;
        Ok((shard, now))
    }

    /// Counts a command and opens the shards with these numbers.
    fn enter_all(&self, mut numbers: Vec<usize>) -> Result<(Held<'_>, Timestamp)> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        numbers.sort_unstable();
        numbers.dedup();
        let held = Held::new(numbers.into_iter().map(|number| (number, self.lock(number))).collect());
        let now = self.now()?;
        Ok((held, now))
    }

    fn numbers<'a>(&self, keys: impl Iterator<Item = &'a str>) -> Vec<usize> {
        keys.map(|key| self.number(key)).collect()
    }

    /// Brings a kind under its ceiling again, and everything under that of all. Called with no shard locked.
    fn relieve(&self, kind: Kind) {
        while self.ledger.is_over(kind) && self.evict(kind) {}
        while self.ledger.first_to_go().is_some_and(|first| self.evict(first)) {}
    }

    /// Removes the entry of a kind that ends soonest.
    fn evict(&self, kind: Kind) -> bool {
        let soonest =
            (0..SHARDS).filter_map(|number| self.lock(number).soonest(kind).map(|ends| (ends, number))).min();
        let Some((ends, number)) = soonest else { return false };
        // Somebody else may have taken it meanwhile; then the next of this shard goes, or the caller looks again.
        if self.lock(number).drop_soonest(kind, &self.ledger) && self.clock.now() < ends {
            self.ledger.note_evicted(kind);
        }
        true
    }

    fn verdict(&self, held: &mut Held<'_>, limits: &[Limit], now: Timestamp) -> Verdict {
        let waits = limits.iter().filter_map(|limit| held.shard(self.number(&limit.key)).wait(limit, now));
        match waits.max() {
            None => Verdict::Allowed,
            Some(wait) => Verdict::Limited { retry_after: wait.max(Duration::from_millis(1)) },
        }
    }

    /// Counts, unless a counter is at its maximum. `kinds` learns what there may be more of.
    fn count(&self, held: &mut Held<'_>, limits: &[Limit], now: Timestamp, kinds: &mut Vec<Kind>) -> Verdict {
        let verdict = self.verdict(held, limits, now);
        if verdict == Verdict::Allowed {
            for limit in limits {
                kinds.push(held.shard(self.number(&limit.key)).count(limit, now, &self.ledger));
            }
        }
        verdict
    }

    fn relieve_all(&self, mut kinds: Vec<Kind>) {
        kinds.dedup();
        for kind in kinds {
            self.relieve(kind);
        }
    }
}

/// Of its own length: what a caller serialised into may be twice that.
fn live(value: &Bytes) -> Kept {
    Kept::Live(Bytes::copy_from_slice(value))
}

#[async_trait]
impl Kv for MemoryKv {
    async fn get(&self, key: &Key) -> Result<Option<Bytes>> {
        let (shard, now) = self.enter(key)?;
        Ok(shard.live(key, now).cloned())
    }

    async fn put(&self, key: &Key, value: Bytes, ttl: Duration) -> Result<()> {
        let (mut shard, now) = self.enter(key)?;
        let kind = shard.put(key, live(&value), end_of(ttl, now), now, &self.ledger);
        drop(shard);
        self.relieve(kind);
        Ok(())
    }

    async fn put_if_absent(&self, key: &Key, value: Bytes, ttl: Duration) -> Result<bool> {
        let (mut shard, now) = self.enter(key)?;
        if shard.values.get(key, now).is_some() {
            return Ok(false);
        }
        let kind = shard.put(key, live(&value), end_of(ttl, now), now, &self.ledger);
        drop(shard);
        self.relieve(kind);
        Ok(true)
    }

    async fn put_among(
        &self,
        group: &Key,
        most: usize,
        key: &Key,
        value: Bytes,
        ttl: Duration,
    ) -> Result<()> {
        // The group knows which keys, so which shards: all of them, for as long as a few look-ups take.
        let (mut held, now) = self.enter_all((0..SHARDS).collect())?;
        let home = self.number(group);
        let (mut members, mut until) = match held.shard(home).groups.get(group, now) {
            Some((members, ends)) => (members.clone(), Some(ends)),
            None => (Vec::new(), None),
        };
        members
            .retain(|member| **member != *key && held.shard(self.number(member)).live(member, now).is_some());
        let too_many = (members.len() + 1).saturating_sub(most.max(1));
        for oldest in members.drain(..too_many) {
            held.shard(self.number(&oldest)).values.remove(&oldest, now, &self.ledger);
        }
        let end = end_of(ttl, now);
        let kind = held.shard(self.number(key)).put(key, live(&value), end, now, &self.ledger);
        if end.is_some() {
            members.push(key.into());
            until = until.max(end);
        }
        let groups = &mut held.shard(home).groups;
        match until.filter(|_| !members.is_empty()) {
            Some(until) => groups.insert(group, (Kind::Group, members), until, now, &self.ledger),
            None => drop(groups.remove(group, now, &self.ledger)),
        }
        drop(held);
        self.relieve_all(vec![kind, Kind::Group]);
        Ok(())
    }

    async fn take(&self, key: &Key) -> Result<Option<Bytes>> {
        let (mut shard, now) = self.enter(key)?;
        if shard.live(key, now).is_none() {
            return Ok(None);
        }
        let taken = shard.values.remove(key, now, &self.ledger);
        Ok(taken.map(|(Kept::Live(value) | Kept::Used(value))| value))
    }

    async fn consume(&self, key: &Key, remember: Duration) -> Result<Consumed> {
        let (mut shard, now) = self.enter(key)?;
        let value = match shard.values.get(key, now) {
            None => return Ok(Consumed::Absent),
            Some((Kept::Used(value), _)) => return Ok(Consumed::Replayed(value.clone())),
            Some((Kept::Live(value), _)) => value.clone(),
        };
        let kind = shard.put(key, Kept::Used(value.clone()), end_of(remember, now), now, &self.ledger);
        drop(shard);
        self.relieve(kind);
        Ok(Consumed::Fresh(value))
    }

    async fn look(&self, key: &Key) -> Result<Place> {
        let (shard, now) = self.enter(key)?;
        Ok(shard.place(key, now))
    }

    async fn retire(&self, key: &Key, remember: Duration) -> Result<Place> {
        let (mut shard, now) = self.enter(key)?;
        let place = shard.place(key, now);
        if matches!(place, Place::Live(_)) {
            let kind = shard.put(key, Kept::Used(Bytes::new()), end_of(remember, now), now, &self.ledger);
            drop(shard);
            self.relieve(kind);
        }
        Ok(place)
    }

    async fn write(&self, writes: Vec<Write>) -> Result<bool> {
        if writes.is_empty() {
            return Ok(true);
        }
        let (mut held, now) = self.enter_all(self.numbers(writes.iter().map(Write::key)))?;
        let mut is_gone = |write: &Write| match write {
            Write::Replace { key, .. } => held.shard(self.number(key)).live(key, now).is_none(),
            Write::PutUnlessUsed { key, .. } => held.shard(self.number(key)).place(key, now) == Place::Used,
            Write::Put { .. } | Write::Delete { .. } => false,
        };
        if writes.iter().any(&mut is_gone) {
            return Ok(false);
        }
        let mut kinds = Vec::with_capacity(writes.len());
        for write in writes {
            match write {
                Write::Put { key, value, ttl }
                | Write::Replace { key, value, ttl }
                | Write::PutUnlessUsed { key, value, ttl } => {
                    let shard = held.shard(self.number(&key));
                    kinds.push(shard.put(&key, live(&value), end_of(ttl, now), now, &self.ledger));
                }
                Write::Delete { key } => {
                    drop(held.shard(self.number(&key)).values.remove(&key, now, &self.ledger));
                }
            }
        }
        drop(held);
        self.relieve_all(kinds);
        Ok(true)
    }

    async fn check(&self, limits: &[Limit]) -> Result<Verdict> {
        if limits.is_empty() {
            return Ok(Verdict::Allowed);
        }
        let (mut held, now) = self.enter_all(self.numbers(limits.iter().map(|limit| &*limit.key)))?;
        Ok(self.verdict(&mut held, limits, now))
    }

    async fn hit(&self, limits: &[Limit]) -> Result<Verdict> {
        if limits.is_empty() {
            return Ok(Verdict::Allowed);
        }
        let (mut held, now) = self.enter_all(self.numbers(limits.iter().map(|limit| &*limit.key)))?;
        let mut kinds = Vec::with_capacity(limits.len());
        let verdict = self.count(&mut held, limits, now, &mut kinds);
        drop(held);
        self.relieve_all(kinds);
        Ok(verdict)
    }

    async fn put_limited(&self, key: &Key, value: Bytes, ttl: Duration, limits: &[Limit]) -> Result<Verdict> {
        let keys = limits.iter().map(|limit| &*limit.key).chain([key]);
        let (mut held, now) = self.enter_all(self.numbers(keys))?;
        let mut kinds = Vec::with_capacity(limits.len() + 1);
        let verdict = self.count(&mut held, limits, now, &mut kinds);
        if verdict == Verdict::Allowed {
            let shard = held.shard(self.number(key));
            kinds.push(shard.put(key, live(&value), end_of(ttl, now), now, &self.ledger));
        }
        drop(held);
        self.relieve_all(kinds);
        Ok(verdict)
    }

    async fn claim(
        &self,
        place: &Key,
        key: &Key,
        value: Bytes,
        ttl: Duration,
        limits: &[Limit],
    ) -> Result<Claimed> {
        let keys = limits.iter().map(|limit| &*limit.key).chain([place, key]);
        let (mut held, now) = self.enter_all(self.numbers(keys))?;
        let newest = held.shard(self.number(place)).live(place, now).cloned();
        if newest.is_some_and(|newest| *newest == *key.as_bytes())
            && let Some(before) = held.shard(self.number(key)).live(key, now)
        {
            return Ok(Claimed::Before(before.clone()));
        }
        let mut kinds = Vec::with_capacity(limits.len() + 2);
        let verdict = self.count(&mut held, limits, now, &mut kinds);
        let claimed = match verdict {
            Verdict::Limited { retry_after } => Claimed::Limited { retry_after },
            Verdict::Allowed => {
                let newest = Bytes::copy_from_slice(key.as_bytes());
                for (key, value) in [(place, &newest), (key, &value)] {
                    let shard = held.shard(self.number(key));
                    kinds.push(shard.put(key, live(value), end_of(ttl, now), now, &self.ledger));
                }
                Claimed::First
            }
        };
        drop(held);
        self.relieve_all(kinds);
        Ok(claimed)
    }

    async fn release_and_put(&self, keys: &[String], key: &Key, value: Bytes, ttl: Duration) -> Result<()> {
        let all = keys.iter().map(String::as_str).chain([key]);
        let (mut held, now) = self.enter_all(self.numbers(all))?;
        for key in keys {
            held.shard(self.number(key)).uncount(key, now, &self.ledger);
        }
        let kind = held.shard(self.number(key)).put(key, live(&value), end_of(ttl, now), now, &self.ledger);
        drop(held);
        self.relieve(kind);
        Ok(())
    }

    async fn release(&self, keys: &[String]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (mut held, now) = self.enter_all(self.numbers(keys.iter().map(String::as_str)))?;
        for key in keys {
            held.shard(self.number(key)).uncount(key, now, &self.ledger);
        }
        Ok(())
    }

    async fn clear(&self, keys: &[String]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (mut held, now) = self.enter_all(self.numbers(keys.iter().map(String::as_str)))?;
        for key in keys {
            held.shard(self.number(key)).counters.remove(key, now, &self.ledger);
        }
        Ok(())
    }

    async fn publish(&self, notice: &Notice) -> Result<()> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        self.now()?;
        // An error says only that nobody listens.
        let _ = self.heard.send(Heard::Notice(notice.clone()));
        Ok(())
    }

    fn subscribe(&self) -> broadcast::Receiver<Heard> {
        self.heard.subscribe()
    }

    async fn ping(&self) -> Result<()> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        self.now().map(drop)
    }

    fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
