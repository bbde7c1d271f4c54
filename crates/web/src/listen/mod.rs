//! Accepts connections, limits what they cost, and drains them in order.
//!
//! ```text
//! closing ─► accept queue emptied ─► half the grace: all connections ─► the other half: only requests being answered
//! ```

mod header_timeout;
mod lingering_close;
mod peer_limits;
mod unread_body;
mod write_timeout;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use self::header_timeout::{HeaderTimeout, Progress};
use self::lingering_close::LingeringClose;
pub use self::peer_limits::PeerLimits;
use self::peer_limits::{MAX_CONNECTIONS, PeerPermit};
use self::unread_body::UnreadBody;
use self::write_timeout::WriteTimeout;
use crate::shutdown::ShutdownSignals;

/// Time limit for the request line and headers. A slower client occupies a connection for nothing.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of request line and headers. No browser and no proxy sends more; hyper alone would accept 400 KiB.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Long enough for the largest response over a slow line: the kernel buffers most of one before a write blocks.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Out of file descriptors: wait for some to come back instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A graceful shutdown closes a connection at once if nothing was read on it yet. The connections accepted last get
/// this long to deliver their first bytes.
const FIRST_BYTES: Duration = Duration::from_millis(50);
/// Limit for emptying the accept queue: clients that keep connecting cannot delay the shutdown.
const DRAIN_ACCEPT_QUEUE: Duration = Duration::from_millis(250);

/// Time limits of a connection that waits for a request.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionTimeouts {
    /// For the request line and headers.
    headers: Duration,
    /// How long an idle connection is kept.
    keep_alive: Duration,
}

impl ConnectionTimeouts {
    pub fn new(keep_alive: Duration) -> Self {
        Self { headers: HEADER_TIMEOUT, keep_alive }
    }
}

/// Serves accepted connections.
struct ConnectionServer {
    app: Router,
    peers: PeerLimits,
    timeouts: ConnectionTimeouts,
    shutdown: ShutdownSignals,
    /// From here on a peer that does not send the rest of a request, or does not read its response, is cut off.
    force_close: CancellationToken,
    watch: GracefulShutdown,
}

/// Serves until `shutdown.closing`, then lets requests finish within `grace`; `false` when some did not.
pub async fn serve(
    listener: TcpListener,
    peers: PeerLimits,
    app: Router,
    timeouts: ConnectionTimeouts,
    shutdown: ShutdownSignals,
    grace: Duration,
) -> bool {
    let (force_close, watch) = (CancellationToken::new(), GracefulShutdown::new());
    let server = ConnectionServer { app, peers, timeouts, shutdown: shutdown.clone(), force_close, watch };
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = shutdown.closing.cancelled() => break,
        };
        match accepted {
            Ok(accepted) => server.serve_connection(accepted),
            Err(error) => {
                tracing::warn!(%error, "connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drain_accept_queue(|| accept(&listener, &room), |accepted| server.serve_connection(accepted)).await;
    drop(listener);
    tokio::time::sleep(FIRST_BYTES).await;
    let ConnectionServer { force_close, watch, .. } = server;
    let mut ends = pin!(watch.shutdown());
    if timeout(grace / 2, &mut ends).await.is_ok() {
        return true;
    }
    force_close.cancel();
    timeout(grace / 2, ends).await.is_ok()
}

struct AcceptedConnection {
    stream: TcpStream,
    peer: SocketAddr,
    /// Released with the connection.
    permit: OwnedSemaphorePermit,
}

/// Accepts the next connection, once fewer than `MAX_CONNECTIONS` are open.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> std::io::Result<AcceptedConnection> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok(AcceptedConnection { stream, peer, permit })
}

/// Takes the connections in the accept queue. Closing the listener would reset them, possibly in the middle of a
/// request that must not be repeated.
async fn drain_accept_queue<T, F>(next: impl Fn() -> F, take: impl Fn(T))
where
    F: Future<Output = std::io::Result<T>>,
{
    let end = Instant::now() + DRAIN_ACCEPT_QUEUE;
    while Instant::now() < end
        && let Ok(Ok(accepted)) = timeout(Duration::ZERO, next()).await
    {
        take(accepted);
    }
}

impl ConnectionServer {
    fn serve_connection(&self, AcceptedConnection { stream, peer, permit }: AcceptedConnection) {
        let Some(admitted) = self.peers.admit(peer.ip()) else { return };
        let permit: (OwnedSemaphorePermit, PeerPermit) = (permit, admitted);
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let (app, draining) = (self.app.clone(), self.shutdown.draining.clone());
        let progress = Arc::<Progress>::default();
        let header_timeout = HeaderTimeout::new(
            self.timeouts.headers,
            Arc::clone(&progress),
            WriteTimeout::new(WRITE_TIMEOUT, stream),
        );
        let stream =
            LingeringClose::new(header_timeout, Arc::clone(&progress), self.shutdown.closing.clone());
        let served = Arc::clone(&progress);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let (request, unread_body) = UnreadBody::split(request);
            let answer = app.clone().oneshot(request);
            let (draining, served) = (draining.clone(), Arc::clone(&served));
            async move {
                served.begin();
                let mut answer = answer.await?;
                let has_unread_body = match unread_body {
                    // The body timed out already (408): do not wait for the rest again.
                    Some(unread_body) => {
                        answer.status() == StatusCode::REQUEST_TIMEOUT || !unread_body.drain().await
                    }
                    None => false,
                };
                served.end(has_unread_body);
                if draining.is_cancelled() || has_unread_body {
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.timeouts.keep_alive)
            .max_header_size(MAX_HEADER_BYTES)
            .max_buf_size(MAX_HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let watched = self.watch.watch(connection);
        let force_close = self.force_close.clone();
        let grace_over = async move {
            force_close.cancelled().await;
            if progress.is_served() {
                std::future::pending::<()>().await;
            }
        };
        tokio::spawn(async move {
            let _permit = permit;
            tokio::select! {
                ended = watched => if let Err(error) = ended {
                    // Normal: peers disconnect all the time.
                    tracing::debug!(%error, "connection closed with an error");
                },
                () = grace_over => tracing::debug!("connection was closed after the grace period"),
            }
        });
    }
}

#[cfg(test)]
mod tests;
