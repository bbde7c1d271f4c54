//! Idle timeout of client connections, as an operator sets it (`KEEP_ALIVE_SECONDS`).
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::Installation;
use crate::support::server::Server;

fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /robots.txt HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut part = [0; 4096];
    let length = stream.read(&mut part).unwrap();
    String::from_utf8_lossy(&part[..length]).into_owned()
}

#[test]
fn a_connection_rests_as_long_as_was_said() {
    let installation = Installation::new();
    let (server, _) = Server::start(&installation, &[("KEEP_ALIVE_SECONDS", "2")]);
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", server.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for _ in 0..2 {
        assert!(ask(&mut stream).contains("200 OK"));
        std::thread::sleep(Duration::from_secs(1));
    }
    let rested = Instant::now();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(rested.elapsed() < Duration::from_secs(10), "{:?}", rested.elapsed());
}

#[test]
fn what_is_no_time_to_rest_is_refused() {
    let installation = Installation::new();
    for wrong in ["0", "3601", "-1", "1m", "for ever"] {
        let outcome = installation.run_with(&["serve"], &[("KEEP_ALIVE_SECONDS", wrong)]);
        assert_eq!(outcome.code, 1, "{wrong}");
        assert!(outcome.stderr.contains("config.invalid KEEP_ALIVE_SECONDS"), "{}", outcome.stderr);
    }
}
