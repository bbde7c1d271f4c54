//! The connection that carries commands, and the task that reconnects it.
//!
//! ```text
//! connected ── closed, or silent to a PING ──▶ down ── attempt succeeds ──▶ connected
//!                                              │  ▲
//!                                              └──┘ attempt fails: wait longer
//! ```
//!
//! While it is down, every command fails fast: requests never wait for a reconnect. No command is sent twice, because
//! one whose answer was lost may have consumed a value. The crate's own `ConnectionManager` makes requests wait for its
//! attempts and keeps a connection that stopped answering.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use porta_core::{Backoff, OsEntropy, metrics};
use porta_task::{Elapsed, round_trips, timeout};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, PushInfo, PushKind, RedisError, RedisResult,
    ServerErrorKind, Value,
};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::address::Address;
use super::cluster::{Placement, placement};
use super::scripts::SCRIPTS;
use super::sentinel;

/// Push messages of the server: subscription messages and the end of the connection.
pub(super) type Pushes = mpsc::UnboundedReceiver<PushInfo>;

/// Commands that may wait for the socket. The crate's default of 50 is too few for bursts.
const QUEUE: usize = 1_024;

/// Effectively disables the crate's own response timeout once a connection carries commands. Ours also accepts answers
/// that arrived while the process was suspended.
const NO_TIMEOUT: Duration = Duration::from_hours(24);

/// Opens a connection within the configured time: to the configured server, or to another known node of its cluster if
/// that fails. With sentinels, to the primary that they name.
pub(super) async fn open(address: &Address) -> RedisResult<(MultiplexedConnection, Pushes)> {
    if let Some(sentinels) = &address.sentinels {
        let primary = sentinel::primary(address, sentinels).await?;
        let (mut connection, pushes) = open_at(&address.client_of(&primary)?, address).await?;
        sentinel::confirm(&mut connection).await?;
        return Ok((connection, pushes));
    }
    let mut outcome = open_at(&address.client, address).await;
    for node in address.nodes() {
        if outcome.is_ok() {
            break;
        }
        outcome = open_at(&address.client_of(&node)?, address).await;
    }
    outcome
}

async fn open_at(client: &Client, address: &Address) -> RedisResult<(MultiplexedConnection, Pushes)> {
    let (sender, pushes) = mpsc::unbounded_channel();
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(address.connection_timeout))
        .set_response_timeout(Some(address.response_timeout))
        .set_pipeline_buffer_size(QUEUE)
        .set_push_sender(sender);
    let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    Ok((connection, pushes))
}

/// Reconnects with backoff until an attempt succeeds; cancelled only by being dropped.
pub(super) async fn reconnect<T, F>(what: &'static str, attempt: impl Fn() -> F) -> T
where
    F: Future<Output = RedisResult<T>>,
{
    // Jitter affects no test and no token, so it needs no injected randomness.
    let mut backoff = Backoff::new(&OsEntropy);
    loop {
        tokio::time::sleep(backoff.wait()).await;
        match attempt().await {
            Ok(opened) => {
                tracing::info!(connection = what, "redis is reachable again");
                return opened;
            }
            Err(error) => tracing::debug!(connection = what, %error, "redis is still unreachable"),
        }
    }
}

pub(super) struct ReconnectingConnection {
    address: Arc<Address>,
    current: RwLock<Option<MultiplexedConnection>>,
    /// A command failed; the connection must be checked.
    suspected: Notify,
    commands: AtomicU64,
    pub(super) is_cluster: bool,
}

impl ReconnectingConnection {
    /// Connects once.
    pub(super) async fn connect(address: Arc<Address>) -> RedisResult<(Arc<Self>, Pushes)> {
        let Established { connection, pushes, is_cluster } = establish(&address).await?;
        let connection = Self {
            address,
            current: RwLock::new(Some(connection)),
            suspected: Notify::new(),
            commands: AtomicU64::new(0),
            is_cluster,
        };
        Ok((Arc::new(connection), pushes))
    }

    pub(super) fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }

    /// Sends one command and waits for its answer, at most for the response timeout.
    pub(super) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let Some(mut connection) = self.current() else {
            ::metrics::counter!(metrics::REDIS_ERRORS).increment(1);
            return Err(RedisError::from((ErrorKind::Io, "not connected")));
        };
        self.commands.fetch_add(1, Ordering::Relaxed);
        round_trips::kv();
        let verb = command.args_iter().next().map(verb);
        let span = tracing::trace_span!(target: "porta::trace", "kv", otel.kind = "client", verb);
        let answer = self.ask(&mut connection, command).instrument(span).await.and_then(Value::extract_error);
        if let Err(error) = &answer {
            ::metrics::counter!(metrics::REDIS_ERRORS).increment(1);
            if matches!(
                error.kind(),
                ErrorKind::Server(
                    ServerErrorKind::ReadOnly | ServerErrorKind::Moved | ServerErrorKind::ClusterDown
                )
            ) {
                // A failover demoted this server or moved the slot: reconnect to find the new owner.
                self.replace(None);
                self.suspected.notify_one();
            } else if error.is_io_error() {
                self.suspected.notify_one();
            }
        }
        answer
    }

    /// Monitors the connection and replaces it, until `stop`.
    pub(super) async fn keep(self: Arc<Self>, mut pushes: Pushes, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = closed(&mut pushes) => {}
                () = self.suspected.notified() => if self.answers().await { continue },
            }
            self.replace(None);
            tracing::warn!("connection to redis lost, reconnecting");
            let opened = tokio::select! {
                () = stop.cancelled() => return,
                opened = reconnect("commands", || establish(&self.address)) => opened,
            };
            pushes = opened.pushes;
            self.replace(Some(opened.connection));
        }
    }

    async fn answers(&self) -> bool {
        match self.current() {
            Some(mut connection) => self.ask(&mut connection, &redis::cmd("PING")).await.is_ok(),
            None => false,
        }
    }

    async fn ask(&self, connection: &mut MultiplexedConnection, command: &Cmd) -> RedisResult<Value> {
        timeout(self.address.response_timeout, connection.send_packed_command(command))
            .await
            .unwrap_or_else(|Elapsed| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }

    fn current(&self) -> Option<MultiplexedConnection> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, connection: Option<MultiplexedConnection>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = connection;
    }
}

struct Established {
    connection: MultiplexedConnection,
    pushes: Pushes,
    is_cluster: bool,
}

/// Connects to the server that owns our keys and loads the scripts, so that each call of a script is one command from
/// the start.
async fn establish(address: &Address) -> RedisResult<Established> {
    let (mut connection, mut pushes) = open(address).await?;
    let placement = placement(&mut connection, &address.instance, address.host()).await?;
    let is_cluster = placement.is_some();
    if let Some(Placement { owner, is_owner, nodes }) = placement {
        address.remember(nodes);
        if !is_owner {
            (connection, pushes) = open_at(&address.client_of(&owner)?, address).await?;
        }
    }
    let mut load = redis::pipe();
    for script in SCRIPTS.all() {
        load.cmd("SCRIPT").arg("LOAD").arg(script.text).ignore();
    }
    match load.exec_async(&mut connection).await {
        Err(error) if error.is_io_error() => return Err(error),
        // Refused, for example by an ACL: the first use of each script then sends its text.
        Ok(()) | Err(_) => {}
    }
    connection.set_response_timeout(NO_TIMEOUT);
    Ok(Established { connection, pushes, is_cluster })
}

/// The name of a command, without its arguments, which hold keys and values.
#[expect(clippy::needless_pass_by_value, reason = "taken by map")]
fn verb(argument: redis::Arg<&[u8]>) -> &str {
    match argument {
        redis::Arg::Simple(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        // A cursor, or a kind that the crate adds later.
        _ => "",
    }
}

async fn closed(pushes: &mut Pushes) {
    while let Some(push) = pushes.recv().await {
        if push.kind == PushKind::Disconnection {
            return;
        }
    }
}
