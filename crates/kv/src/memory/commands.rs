//! Commands of the in-process store.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use super::kinds::Kind;
use super::shard::{Kept, end_of};
use super::{MemoryKv, SHARDS};
use crate::{Claimed, Consumed, Heard, Key, Kv, Limit, Notice, Place, Result, Verdict, Write};

/// Copied to its exact length: the buffer a caller serialised into may have twice the capacity.
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
        // The shards of the members are known only after the group is read, so all are locked; this takes a few
        // look-ups.
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

    async fn peek(&self, key: &Key) -> Result<Place> {
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
        // An error only means that there are no subscribers.
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
