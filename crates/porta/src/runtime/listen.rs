//! Connections: accepted, given limits for what they cost, brought to an end in order.
//!
//! ```text
//! closing ─► the last callers ─► half the grace: everybody ─► the other half: only who is being served
//! ```

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

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

use super::taken::Taken;

/// A caller that takes longer to send its request line and headers holds a connection for nothing. Also bounds how long
/// an idle connection is kept.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
/// Request line and headers. No browser and no proxy sends more; hyper would take 400 KiB of everybody.
const LONGEST_HEADERS: usize = 32 * 1024;
/// Enough for the largest answer over a slow line: the kernel takes most of one before anybody waits.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// Out of file descriptors: wait for some to come back instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A connection on which nothing was read yet is closed at once by an orderly end: the last callers get this long to be
/// heard.
const FIRST_BYTES: Duration = Duration::from_millis(50);
/// Callers that keep coming cannot put off the end.
const LAST_CALLERS: Duration = Duration::from_millis(250);

/// More callers than this wait in the kernel: each connection costs memory, whether anything is asked on it or not.
const CONNECTIONS: usize = 4_000;

/// How a listener comes to its end.
#[derive(Clone, Default)]
pub(crate) struct Ending {
    /// From here on every answer asks its caller to connect anew, elsewhere: a proxy that keeps connections for reuse has
    /// none left when the door closes, and so loses no request that it may not repeat.
    pub(crate) draining: CancellationToken,
    /// From here on nobody new is let in.
    pub(crate) closing: CancellationToken,
}

/// What every connection runs with.
struct Door {
    app: Router,
    draining: CancellationToken,
    /// From here on nobody is waited for who does not send the rest of a request, or does not take an answer.
    hurrying: CancellationToken,
    watch: GracefulShutdown,
}

/// Serves until `ending.closing`, then lets requests finish within `grace`; `false` when some did not.
pub(crate) async fn serve(listener: TcpListener, app: Router, ending: Ending, grace: Duration) -> bool {
    let (draining, hurrying, watch) = (ending.draining, CancellationToken::new(), GracefulShutdown::new());
    let door = Door { app, draining, hurrying, watch };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = ending.closing.cancelled() => break,
        };
        match accepted {
            Ok(caller) => door.let_in(caller),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    take_waiting(|| accept(&listener, &room), |caller| door.let_in(caller)).await;
    drop(listener);
    tokio::time::sleep(FIRST_BYTES).await;
    let Door { hurrying, watch, .. } = door;
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
    /// Given back with the connection.
    place: OwnedSemaphorePermit,
}

/// The next caller, once there is room for one.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> std::io::Result<Caller> {
    let place = Arc::clone(room).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok(Caller { stream, peer, place })
}

/// Callers that were connected but not accepted yet would be cut off, in the middle of a request they may not repeat.
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

impl Door {
    fn let_in(&self, Caller { stream, peer, place }: Caller) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let (app, draining) = (self.app.clone(), self.draining.clone());
        let is_served = Arc::new(AtomicBool::new(false));
        let served = Arc::clone(&is_served);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = app.clone().oneshot(request.map(Body::new));
            let (draining, served) = (draining.clone(), Arc::clone(&served));
            async move {
                served.store(true, Ordering::Release);
                let mut answer = answer.await?;
                served.store(false, Ordering::Release);
                if draining.is_cancelled() {
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .max_header_size(LONGEST_HEADERS)
            .max_buf_size(LONGEST_HEADERS)
            .serve_connection(TokioIo::new(Taken::within(TAKEN_WITHIN, stream)), service);
        let watched = self.watch.watch(connection);
        let hurrying = self.hurrying.clone();
        let not_waited_for = async move {
            hurrying.cancelled().await;
            if is_served.load(Ordering::Acquire) {
                std::future::pending::<()>().await;
            }
        };
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                ended = watched => if let Err(error) = ended {
                    // Callers go away all the time.
                    tracing::debug!(%error, "a connection ended early");
                },
                () = not_waited_for => tracing::debug!("a connection was cut off"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::future::IntoFuture as _;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn start(app: Router) -> (SocketAddr, Ending, tokio::task::JoinHandle<bool>) {
        start_with(app, Duration::from_secs(5)).await
    }

    async fn start_with(app: Router, grace: Duration) -> (SocketAddr, Ending, tokio::task::JoinHandle<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ending = Ending::default();
        let task = tokio::spawn(serve(listener, app, ending.clone(), grace));
        (address, ending, task)
    }

    /// Connected, with `bytes` on the way.
    async fn caller(address: SocketAddr, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

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

    #[tokio::test]
    async fn headers_have_a_limit_that_is_told() {
        let (address, ..) = start(Router::new().route("/", get(|| async { "done" }))).await;
        let asking = |length: usize| {
            let head =
                format!("GET /?{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "a".repeat(length));
            async move {
                let mut answer = Vec::new();
                // What was not read when the connection ended makes the end a reset.
                caller(address, head.as_bytes()).await.read_to_end(&mut answer).await.ok();
                String::from_utf8(answer).unwrap()
            }
        };
        let fits = asking(LONGEST_HEADERS - 100).await;
        assert!(fits.contains("200 OK"), "{fits}");
        let refused = asking(LONGEST_HEADERS).await;
        assert!(refused.starts_with("HTTP/1.1 431 "), "{refused}");
    }

    #[tokio::test]
    async fn who_stops_in_the_middle_does_not_make_the_end_fail() {
        let large = Router::new().route("/", get(|| async { vec![b'x'; 64 << 20] }));
        let (address, ending, task) = start_with(large, Duration::from_secs(1)).await;
        let _half_a_request = caller(address, b"GET / HT").await;
        let _unread = caller(address, GET).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        ending.closing.cancel();
        assert!(timeout(Duration::from_secs(3), task).await.unwrap().unwrap(), "nobody was being served");
    }

    #[tokio::test]
    async fn who_is_served_has_the_whole_grace() {
        let slow = get(|| async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            "done"
        });
        let (address, ending, task) =
            start_with(Router::new().route("/", slow), Duration::from_secs(1)).await;
        let mut served = caller(address, GET).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        ending.closing.cancel();
        let mut answer = String::new();
        served.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done"), "{answer}");
        assert!(task.await.unwrap());
    }

    #[tokio::test]
    async fn who_does_not_finish_makes_the_end_fail() {
        let app = Router::new().route("/", get(std::future::pending::<&str>));
        let (address, ending, task) = start_with(app, Duration::from_millis(200)).await;
        let _waits = caller(address, GET).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        ending.closing.cancel();
        assert!(!timeout(Duration::from_secs(3), task).await.unwrap().unwrap());
    }

    #[tokio::test]
    async fn callers_who_keep_coming_do_not_put_off_the_end() {
        let begun = Instant::now();
        let too_long = || assert!(begun.elapsed() < Duration::from_secs(5), "it does not end");
        take_waiting(|| std::future::ready(Ok(())), |()| too_long()).await;
    }
}
