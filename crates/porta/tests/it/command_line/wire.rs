//! What leaves the machine.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use super::refusals;
use crate::support::{Installation, WORLD};

/// Refuses one request; returns the address, and what was sent in the end.
fn listening() -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut sent, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            sent += &line;
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(refusal.as_bytes()).unwrap();
        sent + &String::from_utf8(body).unwrap()
    });
    (address, server)
}

/// The reference sends the password, and the server forgets it.
#[test]
fn passwords_of_a_file_are_hashed_before_they_are_sent() {
    for command in ["provision", "plan", "apply", "drift"] {
        let installation = Installation::new();
        let (address, server) = listening();
        installation.write("world.yaml", WORLD);
        let outcome = refusals::run(&installation, &address, &[command, "-f", "world.yaml"]);
        assert_eq!(outcome.code, 2, "{command}: {}", outcome.stderr);
        let sent = server.join().unwrap();
        assert!(sent.starts_with("POST /api/admin/import"), "{command}: {sent}");
        assert!(sent.contains("kim@harbor.test") && sent.contains("$argon2id$"), "{command}: {sent}");
        assert!(!sent.contains("lantern-Quay-41"), "{command}: {sent}");
    }
}
