use std::future::IntoFuture as _;

use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::client_address::TrustedProxies;

async fn start(app: Router) -> (SocketAddr, ShutdownSignals, tokio::task::JoinHandle<bool>) {
    start_with(app, Duration::from_secs(5)).await
}

async fn start_with(
    app: Router,
    grace: Duration,
) -> (SocketAddr, ShutdownSignals, tokio::task::JoinHandle<bool>) {
    start_timed(app, ConnectionTimeouts::new(KEPT), grace).await
}

/// Longer than any of these tests.
const KEPT: Duration = Duration::from_secs(75);

async fn start_timed(
    app: Router,
    timeouts: ConnectionTimeouts,
    grace: Duration,
) -> (SocketAddr, ShutdownSignals, tokio::task::JoinHandle<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = ShutdownSignals::default();
    let peers = PeerLimits::new(TrustedProxies::Never);
    let task = tokio::spawn(serve(listener, peers, app, timeouts, shutdown.clone(), grace));
    (address, shutdown, task)
}

/// A connection on which `bytes` were sent.
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
    let (address, shutdown, task) = start(app).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    shutdown.closing.cancel();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("200 OK") && answer.ends_with("done"), "{answer}");
    assert!(task.into_future().await.unwrap(), "everything finished within the grace period");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn callers_who_are_still_waiting_to_be_accepted_are_served() {
    let (address, shutdown, task) = start(Router::new().route("/", get(|| async { "done" }))).await;
    let mut callers = Vec::new();
    for _ in 0..20 {
        // Blocking, on a single thread: nothing is accepted until the shutdown below.
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        stream.set_nonblocking(true).unwrap();
        callers.push(TcpStream::from_std(stream).unwrap());
    }
    shutdown.closing.cancel();
    assert!(task.await.unwrap());
    for mut stream in callers {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("200 OK") && answer.ends_with("done"), "{answer}");
    }
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let (address, shutdown, task) = start(Router::new()).await;
    let _idle = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    shutdown.closing.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(2), task).await;
    assert!(ended.unwrap().unwrap());
}

/// A load balancer reuses idle connections, so it must be the first to close them.
#[tokio::test]
async fn a_connection_is_kept_as_long_as_was_said_and_no_longer() {
    let app = Router::new().route("/", get(|| async { "done" }));
    let keep_alive = Duration::from_secs(2);
    let (address, ..) = start_timed(app, ConnectionTimeouts::new(keep_alive), Duration::ZERO).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(GET).await.unwrap();
        assert!(one_answer(&mut stream).await.contains("200 OK"));
        tokio::time::sleep(keep_alive / 2).await;
    }
    stream.write_all(GET).await.unwrap();
    assert!(one_answer(&mut stream).await.contains("200 OK"), "the time begins anew with each request");
    let rested = Instant::now();
    let ended = timeout(Duration::from_secs(20), stream.read(&mut [0])).await.expect("it ends");
    assert_eq!(ended.unwrap(), 0, "in order, and without a word");
    assert!(rested.elapsed() + Duration::from_millis(100) >= keep_alive, "{:?}", rested.elapsed());
}

/// However long idle connections are kept.
#[tokio::test]
async fn who_sends_half_a_request_head_is_disconnected() {
    let timeouts = ConnectionTimeouts::new(KEPT);
    assert_eq!(timeouts.headers, Duration::from_secs(10));
    let app = Router::new().route("/", get(|| async { "done" }));
    let headers = Duration::from_millis(300);
    let (address, ..) = start_timed(app, ConnectionTimeouts { headers, ..timeouts }, Duration::ZERO).await;
    for is_first in [true, false] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        if !is_first {
            stream.write_all(GET).await.unwrap();
            assert!(one_answer(&mut stream).await.contains("200 OK"));
            tokio::time::sleep(headers * 2).await;
        }
        let begun = Instant::now();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        let ended = timeout(Duration::from_secs(10), stream.read(&mut [0])).await.expect("it ends");
        assert_eq!(ended.unwrap_or(0), 0, "without an answer");
        assert!(begun.elapsed() + Duration::from_millis(100) >= headers, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn while_draining_every_answer_ends_its_connection() {
    let (address, shutdown, task) = start(Router::new().route("/", get(|| async { "done" }))).await;
    let mut kept = TcpStream::connect(address).await.unwrap();
    let mut part = [0; 1024];
    kept.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let length = kept.read(&mut part).await.unwrap();
    assert!(!String::from_utf8_lossy(&part[..length]).contains("connection: close"));
    shutdown.draining.cancel();
    kept.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut last = String::new();
    kept.read_to_string(&mut last).await.unwrap();
    assert!(last.contains("200 OK") && last.contains("connection: close"), "{last}");
    assert!(TcpStream::connect(address).await.is_ok(), "others are still let in");
    shutdown.closing.cancel();
    assert!(task.await.unwrap());
}

#[tokio::test]
async fn headers_have_a_limit_that_is_told() {
    let (address, ..) = start(Router::new().route("/", get(|| async { "done" }))).await;
    let asking = |length: usize| {
        let head = format!("GET /?{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "a".repeat(length));
        async move {
            let mut answer = Vec::new();
            caller(address, head.as_bytes()).await.read_to_end(&mut answer).await.unwrap();
            String::from_utf8(answer).unwrap()
        }
    };
    let fits = asking(MAX_HEADER_BYTES - 100).await;
    assert!(fits.contains("200 OK"), "{fits}");
    let refused = asking(MAX_HEADER_BYTES).await;
    assert!(refused.starts_with("HTTP/1.1 431 "), "{refused}");
}

#[tokio::test]
async fn who_stops_in_the_middle_does_not_make_the_end_fail() {
    let large = Router::new().route("/", get(|| async { vec![b'x'; 64 << 20] }));
    let (address, shutdown, task) = start_with(large, Duration::from_secs(1)).await;
    let _half_a_request = caller(address, b"GET / HT").await;
    let _unread = caller(address, GET).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    shutdown.closing.cancel();
    assert!(timeout(Duration::from_secs(3), task).await.unwrap().unwrap(), "nobody was being served");
}

#[tokio::test]
async fn who_is_served_has_the_whole_grace() {
    let slow = get(|| async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        "done"
    });
    let (address, shutdown, task) = start_with(Router::new().route("/", slow), Duration::from_secs(1)).await;
    let mut served = caller(address, GET).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    shutdown.closing.cancel();
    let mut answer = String::new();
    served.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    assert!(task.await.unwrap());
}

#[tokio::test]
async fn who_does_not_finish_makes_the_end_fail() {
    let app = Router::new().route("/", get(std::future::pending::<&str>));
    let (address, shutdown, task) = start_with(app, Duration::from_millis(200)).await;
    let _waits = caller(address, GET).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    shutdown.closing.cancel();
    assert!(!timeout(Duration::from_secs(3), task).await.unwrap().unwrap());
}

#[tokio::test]
async fn callers_who_keep_coming_do_not_put_off_the_end() {
    let begun = Instant::now();
    let too_long = || assert!(begun.elapsed() < Duration::from_secs(5), "it does not end");
    drain_accept_queue(|| std::future::ready(Ok(())), |()| too_long()).await;
}

/// A server with one route that refuses without reading the body, and one that reads forms.
async fn start_refusing() -> SocketAddr {
    let refuse = || async { (axum::http::StatusCode::PAYLOAD_TOO_LARGE, "too much") };
    let read = |body: axum::body::Bytes| async move { body.len().to_string() };
    let app = Router::new().route("/", axum::routing::any(refuse)).route("/read", axum::routing::post(read));
    start(app).await.0
}

/// Sends a body of `length` to its end and returns the response. Fails when the connection is reset.
async fn answer_to(address: SocketAddr, head: &str, length: usize) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    for _ in 0..length / 1000 {
        stream.write_all(&[b'x'; 1000]).await?;
        tokio::task::yield_now().await;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// RFC 9112 §9.6: a client that is still sending its body can read the response.
#[tokio::test]
async fn a_refused_body_is_taken_and_the_answer_arrives() {
    let address = start_refusing().await;
    for (path, code) in [("/", 413), ("/nowhere", 404), ("/read", 405)] {
        for method in ["GET", "PUT", "DELETE", "PROPFIND"] {
            let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n");
            let answer = answer_to(address, &head, 900_000).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{method} {path}: {answer}");
            assert!(answer.contains("connection: close"), "{method} {path}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_small_body_is_read_and_the_connection_kept() {
    let address = start_refusing().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(&vec![b'x'; 60_000]).await.unwrap();
        let answer = one_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 413 ") && !answer.contains("connection: close"), "{answer}");
    }
    stream
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
        .await
        .unwrap();
    assert!(!one_answer(&mut stream).await.contains("connection: close"));
    stream.write_all(b"POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\na=1").await.unwrap();
    let answer = one_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with('3'), "{answer}");
}

/// A response with a short body, as far as it has arrived.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut part = [0; 1024];
    let length = stream.read(&mut part).await.unwrap();
    String::from_utf8_lossy(&part[..length]).into_owned()
}

#[tokio::test]
async fn a_body_without_an_end_is_cut() {
    let address = start_refusing().await;
    let mut stream =
        caller(address, b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let begun = Instant::now();
    let mut sent = 0_usize;
    while stream.write_all(b"3e8\r\n").await.is_ok()
        && stream.write_all(&[b'x'; 1000]).await.is_ok()
        && stream.write_all(b"\r\n").await.is_ok()
    {
        sent += 1000;
        assert!(sent < 64 << 20, "all of it is taken");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "by bytes and not by time: {:?}", begun.elapsed());
}

#[tokio::test]
async fn who_sends_a_refused_body_slowly_is_answered_at_once_and_cut() {
    let address = start_refusing().await;
    let mut stream = caller(address, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n").await;
    let begun = Instant::now();
    let answer = one_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("connection: close"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    while stream.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(begun.elapsed() < Duration::from_secs(15), "never cut");
    }
}

/// RFC 9110 §10.1.1: no `100 Continue` when the body is not wanted.
#[tokio::test]
async fn a_body_that_was_not_asked_for_is_not_waited_for() {
    let address = start_refusing().await;
    let head = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n";
    let answer = one_answer(&mut caller(address, head).await).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn an_end_in_order_cuts_no_refused_body_off() {
    let refuse = || async { axum::http::StatusCode::PAYLOAD_TOO_LARGE };
    let (address, shutdown, task) = start(Router::new().route("/", axum::routing::any(refuse))).await;
    let mut stream = caller(address, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    shutdown.closing.cancel();
    for _ in 0..900 {
        stream.write_all(&[b'x'; 1000]).await.unwrap();
    }
    assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 413 "));
    drop(stream);
    assert!(task.await.unwrap());
}

/// A connection from an address other than 127.0.0.1, which is therefore untrusted.
async fn stranger(from: u8, to: SocketAddr) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, from], 0))).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test]
async fn half_open_connections_of_one_stranger_starve_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/", get(|| async { "done" }));
    let peers = PeerLimits::limited(TrustedProxies::Never, 20, 50);
    let timeouts = ConnectionTimeouts::new(KEPT);
    tokio::spawn(serve(listener, peers, app, timeouts, ShutdownSignals::default(), Duration::ZERO));
    let mut half_open = Vec::new();
    for _ in 0..60 {
        let mut stream = stranger(9, address).await;
        stream.write_all(b"GET / HTTP/1.1\r\n").await.ok();
        half_open.push(stream);
    }
    let mut refused = 0;
    for stream in &mut half_open {
        let ended = timeout(Duration::from_millis(20), stream.read(&mut [0])).await;
        refused += usize::from(ended.is_ok());
    }
    assert_eq!(refused, 40);
    let served = async |mut stream: TcpStream| {
        stream.write_all(GET).await.ok();
        let mut part = [0; 1024];
        let length = stream.read(&mut part).await.unwrap_or_default();
        String::from_utf8_lossy(&part[..length]).contains("200 OK")
    };
    assert!(served(stranger(10, address).await).await, "another stranger");
    for from in 11..13 {
        for _ in 0..20 {
            half_open.push(stranger(from, address).await);
        }
    }
    assert!(served(TcpStream::connect(address).await.unwrap()).await, "a probe");
    half_open.clear();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(served(stranger(9, address).await).await, "who has closed what he had");
}
