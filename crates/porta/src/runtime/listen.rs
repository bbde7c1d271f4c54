//! Connections: accepted, given a limit for their request headers, brought to an end in order.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request};
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

/// A caller that takes longer to send its request line and headers holds a connection for nothing. Also bounds how long
/// an idle connection is kept.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
/// Out of file descriptors: wait for some to come back instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A connection on which nothing was read yet is closed at once by an orderly end: the last callers get this long to be
/// heard.
const FIRST_BYTES: Duration = Duration::from_millis(50);

/// More callers than this wait in the kernel: each connection costs memory, whether anything is asked on it or not.
const CONNECTIONS: usize = 10_000;

/// How a listener comes to its end.
#[derive(Clone, Default)]
pub(crate) struct Ending {
    /// From here on every answer asks its caller to connect anew, elsewhere: a proxy that keeps connections for reuse has
    /// none left when the door closes, and so loses no request that it may not repeat.
    pub(crate) draining: CancellationToken,
    /// From here on nobody new is let in.
    pub(crate) closing: CancellationToken,
}

/// Serves until `ending.closing`, then lets requests finish within `grace`; `false` when some did not.
pub(crate) async fn serve(listener: TcpListener, app: Router, ending: Ending, grace: Duration) -> bool {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = ending.closing.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer, place)) => spawn(stream, peer, app.clone(), &ending.draining, place, &graceful),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Callers that were connected but not accepted yet would be cut off, in the middle of a request they may not repeat.
    while let Ok(Ok((stream, peer, place))) = timeout(Duration::ZERO, accept(&listener, &room)).await {
        spawn(stream, peer, app.clone(), &ending.draining, place, &graceful);
    }
    drop(listener);
    tokio::time::sleep(FIRST_BYTES).await;
    timeout(grace, graceful.shutdown()).await.is_ok()
}

/// The next caller, once there is room for one.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

fn spawn(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    draining: &CancellationToken,
    place: OwnedSemaphorePermit,
    graceful: &GracefulShutdown,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let draining = draining.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().oneshot(request.map(Body::new));
        let draining = draining.clone();
        async move {
            let mut answer = answer.await?;
            if draining.is_cancelled() {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = watched.await {
            // Callers go away all the time.
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

#[cfg(test)]
mod tests {
    use std::future::IntoFuture as _;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn start(app: Router) -> (SocketAddr, Ending, tokio::task::JoinHandle<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ending = Ending::default();
        let task = tokio::spawn(serve(listener, app, ending.clone(), Duration::from_secs(5)));
        (address, ending, task)
    }

    #[tokio::test]
    async fn a_request_under_way_finishes_and_no_new_connection_is_taken() {
        let app = Router::new().route(
            "/",
            get(|| async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                "done"
            }),
        );
        let (address, ending, task) = start(app).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        ending.closing.cancel();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("200 OK") && answer.ends_with("done"), "{answer}");
        assert!(task.into_future().await.unwrap(), "everything finished within the grace period");
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn callers_who_are_still_waiting_to_be_accepted_are_served() {
        let (address, ending, task) = start(Router::new().route("/", get(|| async { "done" }))).await;
        let mut callers = Vec::new();
        for _ in 0..20 {
            // On one thread: nothing is accepted between these lines and the end.
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            stream.set_nonblocking(true).unwrap();
            callers.push(TcpStream::from_std(stream).unwrap());
        }
        ending.closing.cancel();
        assert!(task.await.unwrap());
        for mut stream in callers {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.contains("200 OK") && answer.ends_with("done"), "{answer}");
        }
    }

    #[tokio::test]
    async fn an_idle_connection_does_not_hold_up_the_end() {
        let (address, ending, task) = start(Router::new()).await;
        let _idle = TcpStream::connect(address).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        ending.closing.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(2), task).await;
        assert!(ended.unwrap().unwrap());
    }

    #[tokio::test]
    async fn while_draining_every_answer_ends_its_connection() {
        let (address, ending, task) = start(Router::new().route("/", get(|| async { "done" }))).await;
        let mut kept = TcpStream::connect(address).await.unwrap();
        let mut part = [0; 1024];
        kept.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let length = kept.read(&mut part).await.unwrap();
        assert!(!String::from_utf8_lossy(&part[..length]).contains("connection: close"));
        ending.draining.cancel();
        kept.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut last = String::new();
        kept.read_to_string(&mut last).await.unwrap();
        assert!(last.contains("200 OK") && last.contains("connection: close"), "{last}");
        assert!(TcpStream::connect(address).await.is_ok(), "others are still let in");
        ending.closing.cancel();
        assert!(task.await.unwrap());
    }
}
