//! Accepts connections, limits what they cost, and drains them in order.
//!
//! ```text
//! closing ─► accept queue emptied ─► half the grace: all connections ─► the other half: only requests being answered
//! ```

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

use super::heard::{Heard, Progress};
use super::linger::Linger;
use super::peers::{Admitted, Peers};
use super::unread::Unread;
use super::write_timeout::WriteTimeout;

/// Time limit for the request line and headers. A slower client occupies a connection for nothing.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Maximum size of request line and headers. No browser and no proxy sends more; hyper alone would accept 400 KiB.
const LONGEST_HEADERS: usize = 32 * 1024;
/// Long enough for the largest response over a slow line: the kernel buffers most of one before a write blocks.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Out of file descriptors: wait for some to come back instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A graceful shutdown closes a connection at once if nothing was read on it yet. The connections accepted last get
/// this long to deliver their first bytes.
const FIRST_BYTES: Duration = Duration::from_millis(50);
/// Limit for emptying the accept queue: clients that keep connecting cannot delay the shutdown.
const LAST_CALLERS: Duration = Duration::from_millis(250);

/// Maximum number of open connections; more wait in the kernel. Every connection costs memory, even an idle one.
pub(crate) const CONNECTIONS: usize = 4_000;

/// Signals of a graceful shutdown.
#[derive(Clone, Default)]
pub(crate) struct ShutdownSignals {
    /// From here on every response carries `Connection: close`. A proxy that pools connections has none left when the
    /// listener closes, so it loses no request that it may not retry.
    pub(crate) draining: CancellationToken,
    /// From here on no connection is accepted.
    pub(crate) closing: CancellationToken,
}

/// Serves accepted connections.
struct ConnectionServer {
    app: Router,
    peers: Peers,
    /// How long an idle connection is kept.
    keep_alive: Duration,
    shutdown: ShutdownSignals,
    /// From here on a peer that does not send the rest of a request, or does not read its response, is cut off.
    hurrying: CancellationToken,
    watch: GracefulShutdown,
}

/// Serves until `shutdown.closing`, then lets requests finish within `grace`; `false` when some did not.
pub(crate) async fn serve(
    listener: TcpListener,
    peers: Peers,
    app: Router,
    keep_alive: Duration,
    shutdown: ShutdownSignals,
    grace: Duration,
) -> bool {
    let (hurrying, watch) = (CancellationToken::new(), GracefulShutdown::new());
    let server = ConnectionServer { app, peers, keep_alive, shutdown: shutdown.clone(), hurrying, watch };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = shutdown.closing.cancelled() => break,
        };
        match accepted {
            Ok(caller) => server.serve_connection(caller),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    take_waiting(|| accept(&listener, &room), |caller| server.serve_connection(caller)).await;
    drop(listener);
    tokio::time::sleep(FIRST_BYTES).await;
    let ConnectionServer { hurrying, watch, .. } = server;
    let mut ends = pin!(watch.shutdown());
    if timeout(grace / 2, &mut ends).await.is_ok() {
        return true;
    }
    hurrying.cancel();
    timeout(grace / 2, ends).await.is_ok()
}

struct Caller {
    stream: TcpStream,
    peer: SocketAddr,
    /// Released with the connection.
    place: OwnedSemaphorePermit,
}

/// Accepts the next connection, once fewer than `CONNECTIONS` are open.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> std::io::Result<Caller> {
    let place = Arc::clone(room).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok(Caller { stream, peer, place })
}

/// Takes the connections in the accept queue. Closing the listener would reset them, possibly in the middle of a
/// request that must not be repeated.
async fn take_waiting<T, F>(next: impl Fn() -> F, take: impl Fn(T))
where
    F: Future<Output = std::io::Result<T>>,
{
    let end = Instant::now() + LAST_CALLERS;
    while Instant::now() < end
        && let Ok(Ok(caller)) = timeout(Duration::ZERO, next()).await
    {
        take(caller);
    }
}

impl ConnectionServer {
    fn serve_connection(&self, Caller { stream, peer, place }: Caller) {
        let Some(admitted) = self.peers.admit(peer.ip()) else { return };
        let place: (OwnedSemaphorePermit, Admitted) = (place, admitted);
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let (app, draining) = (self.app.clone(), self.shutdown.draining.clone());
        let progress = Arc::<Progress>::default();
        let heard =
            Heard::within(HEADERS_WITHIN, Arc::clone(&progress), WriteTimeout::new(WRITE_TIMEOUT, stream));
        let stream = Linger::over(heard, Arc::clone(&progress), self.shutdown.closing.clone());
        let served = Arc::clone(&progress);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let (request, unread) = Unread::of(request);
            let answer = app.clone().oneshot(request);
            let (draining, served) = (draining.clone(), Arc::clone(&served));
            async move {
                served.begin();
                let mut answer = answer.await?;
                let is_unread = match unread {
                    // The body timed out already (408): do not wait for the rest again.
                    Some(unread) => {
                        answer.status() == StatusCode::REQUEST_TIMEOUT || !unread.ends_soon().await
                    }
                    None => false,
                };
                served.end(is_unread);
                if draining.is_cancelled() || is_unread {
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.keep_alive)
            .max_header_size(LONGEST_HEADERS)
            .max_buf_size(LONGEST_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        let watched = self.watch.watch(connection);
        let hurrying = self.hurrying.clone();
        let not_waited_for = async move {
            hurrying.cancelled().await;
            if progress.is_served() {
                std::future::pending::<()>().await;
            }
        };
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                ended = watched => if let Err(error) = ended {
                    // Normal: peers disconnect all the time.
                    tracing::debug!(%error, "a connection ended early");
                },
                () = not_waited_for => tracing::debug!("a connection was cut off"),
            }
        });
    }
}

#[cfg(test)]
mod tests;
