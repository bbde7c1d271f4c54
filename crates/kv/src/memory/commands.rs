//! Commands of the in-process store.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use super::MemoryKv;
use super::kinds::Kind;
use super::shard::{StoredValue, end_of};
use crate::{
    ClaimOutcome, ConsumeOutcome, Kv, KvKey, LimitOutcome, Notice, NoticeEvent, RateLimit, Result,
    ValueState, Write,
};

/// Copied to its exact length: the buffer a caller serialised into may have twice the capacity.
fn live(value: &Bytes) -> StoredValue {
    StoredValue::Live(Bytes::copy_from_slice(value))
}

#[async_trait]
impl Kv for MemoryKv {
    async fn get(&self, key: &KvKey) -> Result<Option<Bytes>> {
        let (shard, now) = self.enter(key)?;
        Ok(shard.live(key.as_str(), now).cloned())
    }

    async fn put(&self, key: &KvKey, value: Bytes, ttl: Duration) -> Result<()> {
        let (mut shard, now) = self.enter(key)?;
        let kind = shard.put(key, live(&value), end_of(ttl, now), now, &self.usage);
        drop(shard);
        self.evict_excess(kind);
        Ok(())
    }

    async fn put_if_absent(&self, key: &KvKey, value: Bytes, ttl: Duration) -> Result<bool> {
        let (mut shard, now) = self.enter(key)?;
        if shard.values.get(key.as_str(), now).is_some() {
            return Ok(false);
        }
        let kind = shard.put(key, live(&value), end_of(ttl, now), now, &self.usage);
        drop(shard);
        self.evict_excess(kind);
        Ok(true)
    }

    async fn put_in_group(
        &self,
        group: &KvKey,
        most: usize,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
    ) -> Result<()> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        // The shards of the members are known only after the group is read, so all are locked; this takes a few
        // look-ups.
        let mut held = self.shards.lock_all();
        let now = self.now()?;
        let (mut members, mut until) = match held.shard_of(group.as_str()).groups.get(group.as_str(), now) {
            Some((members, ends)) => (members.clone(), Some(ends)),
            None => (Vec::new(), None),
        };
        members
            .retain(|member| **member != *key.as_str() && held.shard_of(member).live(member, now).is_some());
        let too_many = (members.len() + 1).saturating_sub(most.max(1));
        for oldest in members.drain(..too_many) {
            held.shard_of(&oldest).values.remove(&oldest, now, &self.usage);
        }
        let end = end_of(ttl, now);
        let kind = held.shard_of(key.as_str()).put(key, live(&value), end, now, &self.usage);
        if end.is_some() {
            members.push(key.as_str().into());
            until = until.max(end);
        }
        let groups = &mut held.shard_of(group.as_str()).groups;
        match until.filter(|_| !members.is_empty()) {
            Some(until) => groups.insert(group.as_str(), (Kind::Group, members), until, now, &self.usage),
            None => drop(groups.remove(group.as_str(), now, &self.usage)),
        }
        drop(held);
        self.evict_excess_of(vec![kind, Kind::Group]);
        Ok(())
    }

    async fn take(&self, key: &KvKey) -> Result<Option<Bytes>> {
        let (mut shard, now) = self.enter(key)?;
        if shard.live(key.as_str(), now).is_none() {
            return Ok(None);
        }
        let taken = shard.values.remove(key.as_str(), now, &self.usage);
        Ok(taken.map(|(StoredValue::Live(value) | StoredValue::Used(value))| value))
    }

    async fn consume(&self, key: &KvKey, remember: Duration) -> Result<ConsumeOutcome> {
        let (mut shard, now) = self.enter(key)?;
        let value = match shard.values.get(key.as_str(), now) {
            None => return Ok(ConsumeOutcome::Absent),
            Some((StoredValue::Used(value), _)) => return Ok(ConsumeOutcome::Replayed(value.clone())),
            Some((StoredValue::Live(value), _)) => value.clone(),
        };
        let kind = shard.put(key, StoredValue::Used(value.clone()), end_of(remember, now), now, &self.usage);
        drop(shard);
        self.evict_excess(kind);
        Ok(ConsumeOutcome::Fresh(value))
    }

    async fn peek(&self, key: &KvKey) -> Result<ValueState> {
        let (shard, now) = self.enter(key)?;
        Ok(shard.place(key.as_str(), now))
    }

    async fn mark_used(&self, key: &KvKey, remember: Duration) -> Result<ValueState> {
        let (mut shard, now) = self.enter(key)?;
        let place = shard.place(key.as_str(), now);
        if matches!(place, ValueState::Live(_)) {
            let kind =
                shard.put(key, StoredValue::Used(Bytes::new()), end_of(remember, now), now, &self.usage);
            drop(shard);
            self.evict_excess(kind);
        }
        Ok(place)
    }

    async fn write(&self, writes: Vec<Write>) -> Result<bool> {
        if writes.is_empty() {
            return Ok(true);
        }
        let (mut held, now) = self.enter_each(writes.iter().map(Write::key))?;
        let mut is_gone = |write: &Write| match write {
            Write::Replace { key, .. } => held.shard_of(key.as_str()).live(key.as_str(), now).is_none(),
            Write::PutUnlessUsed { key, .. } => {
                held.shard_of(key.as_str()).place(key.as_str(), now) == ValueState::Used
            }
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
                    let shard = held.shard_of(key.as_str());
                    kinds.push(shard.put(&key, live(&value), end_of(ttl, now), now, &self.usage));
                }
                Write::Delete { key } => {
                    drop(held.shard_of(key.as_str()).values.remove(key.as_str(), now, &self.usage));
                }
            }
        }
        drop(held);
        self.evict_excess_of(kinds);
        Ok(true)
    }

    async fn check(&self, limits: &[RateLimit]) -> Result<LimitOutcome> {
        if limits.is_empty() {
            return Ok(LimitOutcome::Allowed);
        }
        let (mut held, now) = self.enter_each(limits.iter().map(|limit| &limit.key))?;
        Ok(held.check(limits, now))
    }

    async fn hit(&self, limits: &[RateLimit]) -> Result<LimitOutcome> {
        if limits.is_empty() {
            return Ok(LimitOutcome::Allowed);
        }
        let (mut held, now) = self.enter_each(limits.iter().map(|limit| &limit.key))?;
        let mut kinds = Vec::with_capacity(limits.len());
        let verdict = held.count(limits, now, &self.usage, &mut kinds);
        drop(held);
        self.evict_excess_of(kinds);
        Ok(verdict)
    }

    async fn put_limited(
        &self,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<LimitOutcome> {
        let keys = limits.iter().map(|limit| &limit.key).chain([key]);
        let (mut held, now) = self.enter_each(keys)?;
        let mut kinds = Vec::with_capacity(limits.len() + 1);
        let verdict = held.count(limits, now, &self.usage, &mut kinds);
        if verdict == LimitOutcome::Allowed {
            let shard = held.shard_of(key.as_str());
            kinds.push(shard.put(key, live(&value), end_of(ttl, now), now, &self.usage));
        }
        drop(held);
        self.evict_excess_of(kinds);
        Ok(verdict)
    }

    async fn claim(
        &self,
        place: &KvKey,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<ClaimOutcome> {
        let keys = limits.iter().map(|limit| &limit.key).chain([place, key]);
        let (mut held, now) = self.enter_each(keys)?;
        let newest = held.shard_of(place.as_str()).live(place.as_str(), now).cloned();
        if newest.is_some_and(|newest| *newest == *key.as_str().as_bytes())
            && let Some(before) = held.shard_of(key.as_str()).live(key.as_str(), now)
        {
            return Ok(ClaimOutcome::Before(before.clone()));
        }
        let mut kinds = Vec::with_capacity(limits.len() + 2);
        let verdict = held.count(limits, now, &self.usage, &mut kinds);
        let claimed = match verdict {
            LimitOutcome::Limited { retry_after } => ClaimOutcome::Limited { retry_after },
            LimitOutcome::Allowed => {
                let newest = Bytes::copy_from_slice(key.as_str().as_bytes());
                for (key, value) in [(place, &newest), (key, &value)] {
                    let shard = held.shard_of(key.as_str());
                    kinds.push(shard.put(key, live(value), end_of(ttl, now), now, &self.usage));
                }
                ClaimOutcome::First
            }
        };
        drop(held);
        self.evict_excess_of(kinds);
        Ok(claimed)
    }

    async fn release_and_put(&self, keys: &[KvKey], key: &KvKey, value: Bytes, ttl: Duration) -> Result<()> {
        let all = keys.iter().chain([key]);
        let (mut held, now) = self.enter_each(all)?;
        for key in keys {
            held.shard_of(key.as_str()).decrement(key.as_str(), now, &self.usage);
        }
        let kind = held.shard_of(key.as_str()).put(key, live(&value), end_of(ttl, now), now, &self.usage);
        drop(held);
        self.evict_excess(kind);
        Ok(())
    }

    async fn release(&self, keys: &[KvKey]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (mut held, now) = self.enter_each(keys.iter())?;
        for key in keys {
            held.shard_of(key.as_str()).decrement(key.as_str(), now, &self.usage);
        }
        Ok(())
    }

    async fn clear(&self, keys: &[KvKey]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (mut held, now) = self.enter_each(keys.iter())?;
        for key in keys {
            held.shard_of(key.as_str()).counters.remove(key.as_str(), now, &self.usage);
        }
        Ok(())
    }

    async fn publish(&self, notice: &Notice) -> Result<()> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        self.now()?;
        // An error only means that there are no subscribers.
        let _ = self.notices.send(NoticeEvent::Notice(notice.clone()));
        Ok(())
    }

    fn subscribe(&self) -> broadcast::Receiver<NoticeEvent> {
        self.notices.subscribe()
    }

    async fn ping(&self) -> Result<()> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        self.now().map(drop)
    }

    fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }
}
