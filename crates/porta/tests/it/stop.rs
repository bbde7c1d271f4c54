//! Server shutdown with busy clients and an unresponsive database.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use porta_store::Store as _;
use porta_store_sql::{DatabaseOptions, Target};
use porta_testkit::database;

use crate::support::server::{KEY, Server};
use crate::support::{Installation, WORLD};

const SECRET: &str = "a-secret-of-this-test-0123456789";

fn provisioned() -> Installation {
    let installation = Installation::new();
    let world = WORLD.replace(
        "client_name: Feed,",
        &format!("client_name: Feed, client_id: feed, secret: {{ value: {SECRET} }},"),
    );
    let file = installation.write("world.yaml", &world);
    let key = KEY.repeat(32);
    let environment = [("SIGNING_KEY_ENCRYPTION_KEY", key.as_str())];
    let outcome = installation
        .run_with(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"], &environment);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    installation
}

fn caller(server: &Server, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", server.port)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

fn token_request(body: &str, length: usize) -> String {
    let form = "content-type: application/x-www-form-urlencoded";
    format!(
        "POST /harbor/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{form}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn callers_who_stop_in_the_middle_do_not_make_it_fail() {
    let installation = provisioned();
    let (server, _) = Server::start(&installation, &[("HOST", "127.0.0.1")]);
    let _half_of_its_headers = caller(&server, "GET /harbor/jwks HT");
    let mut half_of_a_form = caller(&server, &token_request("grant_type=", 100));
    std::thread::sleep(Duration::from_millis(100));
    let stopping = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(stopping.elapsed() < Duration::from_secs(10), "the whole grace: {:?}", stopping.elapsed());
    let mut answer = String::new();
    half_of_a_form.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// Load balancers poll every few seconds: readiness must fail while requests are still served.
#[test]
fn a_server_that_stops_says_so_first_and_serves_meanwhile() {
    let installation = provisioned();
    let (server, _) = Server::start(&installation, &[("HOST", "127.0.0.1"), ("DRAIN_SECONDS", "60")]);
    let get = |path: &str| {
        let mut answer = String::new();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        caller(&server, &request).read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(get("/ready").starts_with("HTTP/1.1 200 "));
    server.tell_to_stop();
    server.lines("draining", 1);
    let ready = get("/ready");
    assert!(ready.starts_with("HTTP/1.1 503 ") && ready.contains(r#""error":"draining""#), "{ready}");
    // Longer than a closing server takes to empty its accept queue (250 ms): it must not have closed yet.
    std::thread::sleep(Duration::from_millis(500));
    assert!(get("/harbor/jwks").starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_costs_seconds_and_no_session() {
    let installation = provisioned();
    let (server, _) = Server::start(&installation, &[("HOST", "127.0.0.1")]);
    let body = format!("grant_type=client_credentials&client_id=feed&client_secret={SECRET}");
    let mut answer = String::new();
    caller(&server, &token_request(&body, body.len())).read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // This transaction blocks all other writes, so the last-used time of the secret stays pending.
    let target = Target::Sqlite(installation.path(".porta/porta.sqlite"));
    let database = database::connect(&DatabaseOptions::new(target)).await.unwrap();
    let unit = database.begin().await.unwrap();
    let stopping = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(stopping.elapsed() < Duration::from_secs(7), "{:?}", stopping.elapsed());
    assert!(installation.path(".porta/short-lived.snapshot").exists());
    drop(unit);
}
