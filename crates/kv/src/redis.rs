//! Short-lived store in Redis, shared by all processes of an installation.
//!
//! ```text
//! {instance}:v:{key}                value: a string while live, a list of one once consumed
//! {instance}:n:{key}                counter
//! {instance}:g:{key}                group: the keys of its values, oldest first
//! {instance}:notices:{database}     channel; it names the database because channels do not belong to one
//! ```
//!
//! In a Redis Cluster the instance is a hash tag (`{instance}` in literal braces), so all keys are in one slot.

mod address;
mod answers;
mod cluster;
mod connection;
mod notices;
mod scripts;
mod sentinel;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, ErrorKind, ServerErrorKind, Value, cmd};
use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::address::{ConnectError, RedisOptions, Sentinels};

use self::address::Address;
use self::answers::{classify, unexpected, verdict};
use self::connection::ReconnectingConnection;
use self::notices::Subscription;
use self::scripts::{SCRIPTS, Script};
use crate::{
    ClaimOutcome, ConsumeOutcome, Kv, KvError, KvKey, LimitOutcome, NOTICE_BACKLOG, Notice, NoticeEvent,
    RateLimit, Result, ValueState, Write, whole_millis,
};

/// The store in Redis: one multiplexed connection for commands and one for notices. Background tasks keep both
/// connected and end when this is dropped.
pub struct RedisKv {
    connection: Arc<ReconnectingConnection>,
    values: String,
    counters: String,
    groups: String,
    channel: String,
    notices: broadcast::Sender<NoticeEvent>,
    _stop: DropGuard,
}

impl RedisKv {
    /// Connects and subscribes; fails when the server cannot be reached within the connection timeout. If the
    /// connection is lost later, calls fail until it is back.
    pub async fn connect(options: RedisOptions) -> std::result::Result<Self, ConnectError> {
        let address = Arc::new(Address::new(&options)?);
        let notices = broadcast::channel(NOTICE_BACKLOG).0;
        let channel = format!("{}:notices:{}", options.instance, address.database);
        let subscription =
            Subscription { address: Arc::clone(&address), channel: channel.clone(), sender: notices.clone() };

        let (connection, pushes) =
            ReconnectingConnection::connect(address).await.map_err(|error| classify(&error))?;
        connection.send(&cmd("PING")).await.map_err(|error| classify(&error))?;
        let prefix = if connection.is_cluster {
            format!("{{{}}}", options.instance)
        } else {
            options.instance.clone()
        };
        let subscribed = subscription.open().await.map_err(|error| classify(&error))?;

        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&connection).keep(pushes, stop.clone()));
        tokio::spawn(subscription.keep(subscribed, stop.clone()));
        Ok(Self {
            connection,
            values: format!("{prefix}:v:"),
            counters: format!("{prefix}:n:"),
            groups: format!("{prefix}:g:"),
            channel,
            notices,
            _stop: stop.drop_guard(),
        })
    }

    fn value_key(&self, key: &KvKey) -> String {
        [self.values.as_str(), key.as_str()].concat()
    }

    fn counter_key(&self, key: &KvKey) -> String {
        [self.counters.as_str(), key.as_str()].concat()
    }

    async fn send(&self, command: &Cmd) -> Result<Value> {
        self.connection.send(command).await.map_err(|error| classify(&error))
    }

    /// Runs a command that reads a live value. A used value has another type (WRONGTYPE) and counts as absent.
    async fn read_live(&self, verb: &'static str, key: &KvKey) -> Result<Option<Bytes>> {
        match self.connection.send(cmd(verb).arg(self.value_key(key))).await {
            Ok(Value::BulkString(value)) => Ok(Some(value.into())),
            Ok(Value::Nil) => Ok(None),
            Ok(_) => Err(unexpected(verb)),
            Err(error) if error.code() == Some("WRONGTYPE") => Ok(None),
            Err(error) => Err(classify(&error)),
        }
    }

    /// Runs a script by its digest. A restarted or flushed server does not know the script and did nothing; the text is
    /// then sent.
    async fn run(&self, script: &Script, fill: impl Fn(&mut Cmd)) -> Result<Value> {
        let mut by_digest = cmd("EVALSHA");
        fill(by_digest.arg(&script.digest));
        match self.connection.send(&by_digest).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let mut by_text = cmd("EVAL");
                fill(by_text.arg(script.text));
                self.send(&by_text).await
            }
            answer => answer.map_err(|error| classify(&error)),
        }
    }

    async fn run_consume(&self, key: &KvKey, remember: Duration, then: &str) -> Result<ConsumeOutcome> {
        let answer = self.run(&SCRIPTS.consume, |command| {
            command.arg(1).arg(self.value_key(key)).arg(whole_millis(remember)).arg(then);
        });
        let Value::Array(parts) = answer.await? else {
            return Err(unexpected("consume"));
        };
        match <[Value; 2]>::try_from(parts) {
            Ok([Value::Int(0), _]) => Ok(ConsumeOutcome::Absent),
            Ok([Value::Int(1), Value::BulkString(value)]) => Ok(ConsumeOutcome::Fresh(value.into())),
            Ok([Value::Int(2), Value::BulkString(value)]) => Ok(ConsumeOutcome::Replayed(value.into())),
            _ => Err(unexpected("consume")),
        }
    }

    async fn run_limiter(&self, script: &Script, limits: &[RateLimit]) -> Result<LimitOutcome> {
        if limits.is_empty() {
            return Ok(LimitOutcome::Allowed);
        }
        let answer = self.run(script, |command| {
            command.arg(limits.len());
            for limit in limits {
                command.arg(self.counter_key(&limit.key));
            }
            limit_arguments(command, limits);
        });
        verdict(&answer.await?)
    }
}

fn limit_arguments(command: &mut Cmd, limits: &[RateLimit]) {
    for limit in limits {
        command.arg(limit.maximum).arg(whole_millis(limit.window));
    }
}

#[async_trait]
impl Kv for RedisKv {
    async fn get(&self, key: &KvKey) -> Result<Option<Bytes>> {
        self.read_live("GET", key).await
    }

    async fn put(&self, key: &KvKey, value: Bytes, ttl: Duration) -> Result<()> {
        let key = self.value_key(key);
        let command = match whole_millis(ttl) {
            0 => Cmd::del(key),
            millis => {
                let mut command = cmd("SET");
                command.arg(key).arg(&*value).arg("PX").arg(millis);
                command
            }
        };
        self.send(&command).await.map(drop)
    }

    async fn put_if_absent(&self, key: &KvKey, value: Bytes, ttl: Duration) -> Result<bool> {
        let key = self.value_key(key);
        let millis = whole_millis(ttl);
        if millis == 0 {
            // Nothing to store, but the caller still asks whether the key is free.
            return match self.send(cmd("EXISTS").arg(key)).await? {
                Value::Int(found) => Ok(found == 0),
                _ => Err(unexpected("EXISTS")),
            };
        }
        match self.send(cmd("SET").arg(key).arg(&*value).arg("NX").arg("PX").arg(millis)).await? {
            Value::Okay => Ok(true),
            Value::Nil => Ok(false),
            _ => Err(unexpected("SET NX")),
        }
    }

    async fn put_in_group(
        &self,
        group: &KvKey,
        most: usize,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
    ) -> Result<()> {
        let answer = self.run(&SCRIPTS.put_in_group, |command| {
            command.arg(2).arg([self.groups.as_str(), group.as_str()].concat()).arg(self.value_key(key));
            command.arg(most.max(1)).arg(whole_millis(ttl)).arg(&*value);
        });
        match answer.await? {
            Value::Int(1) => Ok(()),
            _ => Err(unexpected("put among")),
        }
    }

    async fn take(&self, key: &KvKey) -> Result<Option<Bytes>> {
        self.read_live("GETDEL", key).await
    }

    async fn consume(&self, key: &KvKey, remember: Duration) -> Result<ConsumeOutcome> {
        self.run_consume(key, remember, "keep").await
    }

    async fn peek(&self, key: &KvKey) -> Result<ValueState> {
        match self.connection.send(cmd("GET").arg(self.value_key(key))).await {
            Ok(Value::BulkString(value)) => Ok(ValueState::Live(value.into())),
            Ok(Value::Nil) => Ok(ValueState::Absent),
            Ok(_) => Err(unexpected("GET")),
            Err(error) if error.code() == Some("WRONGTYPE") => Ok(ValueState::Used),
            Err(error) => Err(classify(&error)),
        }
    }

    async fn mark_used(&self, key: &KvKey, remember: Duration) -> Result<ValueState> {
        Ok(match self.run_consume(key, remember, "forget").await? {
            ConsumeOutcome::Fresh(value) => ValueState::Live(value),
            ConsumeOutcome::Replayed(_) => ValueState::Used,
            ConsumeOutcome::Absent => ValueState::Absent,
        })
    }

    async fn write(&self, writes: Vec<Write>) -> Result<bool> {
        if writes.is_empty() {
            return Ok(true);
        }
        let answer = self.run(&SCRIPTS.write, |command| {
            command.arg(writes.len());
            for write in &writes {
                command.arg(self.value_key(write.key()));
            }
            for write in &writes {
                match write {
                    Write::Put { value, ttl, .. } => command.arg("put").arg(whole_millis(*ttl)).arg(&**value),
                    Write::Replace { value, ttl, .. } => {
                        command.arg("replace").arg(whole_millis(*ttl)).arg(&**value)
                    }
                    Write::PutUnlessUsed { value, ttl, .. } => {
                        command.arg("unused").arg(whole_millis(*ttl)).arg(&**value)
                    }
                    Write::Delete { .. } => command.arg("delete").arg(0).arg(""),
                };
            }
        });
        match answer.await? {
            Value::Int(1) => Ok(true),
            Value::Int(0) => Ok(false),
            _ => Err(unexpected("write")),
        }
    }

    async fn check(&self, limits: &[RateLimit]) -> Result<LimitOutcome> {
        self.run_limiter(&SCRIPTS.check, limits).await
    }

    async fn hit(&self, limits: &[RateLimit]) -> Result<LimitOutcome> {
        self.run_limiter(&SCRIPTS.hit, limits).await
    }

    async fn put_limited(
        &self,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<LimitOutcome> {
        let answer = self.run(&SCRIPTS.put_limited, |command| {
            command.arg(limits.len() + 1);
            for limit in limits {
                command.arg(self.counter_key(&limit.key));
            }
            command.arg(self.value_key(key));
            limit_arguments(command, limits);
            command.arg(whole_millis(ttl)).arg(&*value);
        });
        verdict(&answer.await?)
    }

    async fn claim(
        &self,
        place: &KvKey,
        key: &KvKey,
        value: Bytes,
        ttl: Duration,
        limits: &[RateLimit],
    ) -> Result<ClaimOutcome> {
        let answer = self.run(&SCRIPTS.claim, |command| {
            command.arg(limits.len() + 2);
            for limit in limits {
                command.arg(self.counter_key(&limit.key));
            }
            command.arg(self.value_key(place)).arg(self.value_key(key));
            limit_arguments(command, limits);
            command.arg(whole_millis(ttl)).arg(&*value);
        });
        match answer.await? {
            Value::BulkString(before) => Ok(ClaimOutcome::Before(before.into())),
            answer => Ok(match verdict(&answer)? {
                LimitOutcome::Allowed => ClaimOutcome::First,
                LimitOutcome::Limited { retry_after } => ClaimOutcome::Limited { retry_after },
            }),
        }
    }

    async fn release_and_put(&self, keys: &[KvKey], key: &KvKey, value: Bytes, ttl: Duration) -> Result<()> {
        let answer = self.run(&SCRIPTS.release_and_put, |command| {
            command.arg(keys.len() + 1);
            for key in keys {
                command.arg(self.counter_key(key));
            }
            command.arg(self.value_key(key)).arg(whole_millis(ttl)).arg(&*value);
        });
        answer.await.map(drop)
    }

    async fn release(&self, keys: &[KvKey]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let answer = self.run(&SCRIPTS.release, |command| {
            command.arg(keys.len());
            for key in keys {
                command.arg(self.counter_key(key));
            }
        });
        answer.await.map(drop)
    }

    async fn clear(&self, keys: &[KvKey]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut command = cmd("DEL");
        for key in keys {
            command.arg(self.counter_key(key));
        }
        self.send(&command).await.map(drop)
    }

    async fn publish(&self, notice: &Notice) -> Result<()> {
        let json = serde_json::to_vec(notice).map_err(|error| KvError::Unexpected(error.to_string()))?;
        self.send(cmd("PUBLISH").arg(&self.channel).arg(json)).await.map(drop)
    }

    fn subscribe(&self) -> broadcast::Receiver<NoticeEvent> {
        self.notices.subscribe()
    }

    async fn ping(&self) -> Result<()> {
        self.send(&cmd("PING")).await.map(drop)
    }

    fn commands(&self) -> u64 {
        self.connection.commands()
    }
}
