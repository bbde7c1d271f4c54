//! `porta dev` accepts only this machine's own host names (protection against DNS rebinding).
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::{Read as _, Write as _};

use crate::support::Installation;
use crate::support::server::{KEY, Server, free_port};

/// Sends a request with these `Host` lines; returns the status and the whole response as text.
fn ask(port: &str, request: &str, hosts: &[&str]) -> (u16, String) {
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let hosts = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect::<Vec<_>>().concat();
    write!(stream, "{request} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

fn dev(installation: &Installation, more: &[(&str, &str)]) -> (Server, String) {
    let demo = free_port();
    let environment = [&[("PORTA_DEMO_PORT", demo.as_str())], more].concat();
    let (server, said) = Server::run_until(installation, "dev", "confidential:", &environment);
    assert!(said.contains("porta is ready"), "{said}");
    (server, demo)
}

const DISCOVERY: &str = "/demo/.well-known/openid-configuration";

#[test]
fn issuer_and_demo_application_answer_to_local_names_and_no_other() {
    let installation = Installation::new();
    let (server, demo) = dev(&installation, &[]);
    for (port, path) in [(server.port.as_str(), DISCOVERY), (&demo, "/"), (&demo, "/mailbox")] {
        let get = format!("GET {path}");
        for host in ["localhost", "127.0.0.1", "[::1]", "acme.localhost", "LOCALHOST"] {
            for host in [host.to_owned(), format!("{host}:{port}"), format!("{host}:1")] {
                let (status, answer) = ask(port, &get, &[&host]);
                assert_eq!(status, 200, "{host} {path}: {answer}");
            }
        }
        for host in
            ["evil.example", "localhost.evil.example", "10.0.0.1", "evil.example:3000", "a@localhost", ""]
        {
            let (status, answer) = ask(port, &get, &[host]);
            assert_eq!(status, 421, "{host} {path}: {answer}");
            assert!(
                answer.contains("Misdirected Request") && answer.contains("only to localhost"),
                "{answer}"
            );
            assert!(answer.contains("DNS rebinding") && answer.contains("ISSUER_BASE_URL"), "{answer}");
            assert!(
                !answer.contains("evil.example") && !answer.to_lowercase().contains("set-cookie"),
                "{answer}"
            );
        }
        assert_eq!(ask(port, &get, &[]).0, 421, "no Host at all");
        assert_eq!(ask(port, &get, &["localhost", "evil.example"]).0, 421, "two of them");
        assert_eq!(ask(port, &format!("GET http://evil.example{path}"), &["localhost"]).0, 421);
    }
    // The check covers every path and method.
    for request in
        ["GET /nobody", "POST /demo/token", "OPTIONS /demo/token", "GET /health", "GET /demo/account"]
    {
        assert_eq!(ask(&server.port, request, &["evil.example"]).0, 421, "{request}");
        assert_ne!(ask(&server.port, request, &["localhost"]).0, 421, "{request}");
    }
    for request in ["GET /sign-in", "GET /callback?code=x", "POST /"] {
        assert_eq!(ask(&demo, request, &["evil.example"]).0, 421, "{request}");
        assert_ne!(ask(&demo, request, &["localhost"]).0, 421, "{request}");
    }
}

#[test]
fn the_name_of_the_issuer_is_answered_when_somebody_chose_one() {
    let installation = Installation::new();
    let (server, demo) = dev(&installation, &[("ISSUER_BASE_URL", "https://porta.tunnel.example")]);
    for (port, path) in [(server.port.as_str(), DISCOVERY), (&demo, "/")] {
        for host in ["porta.tunnel.example", "porta.tunnel.example:8443", "localhost"] {
            assert_eq!(ask(port, &format!("GET {path}"), &[host]).0, 200, "{host}");
        }
        for host in ["tunnel.example", "evil.example"] {
            assert_eq!(ask(port, &format!("GET {path}"), &[host]).0, 421, "{host}");
        }
    }
}

/// The second start finds the administrator of the first.
#[test]
fn an_administrator_is_ready_and_printed() {
    let installation = Installation::new();
    for _ in 0..2 {
        let demo = free_port();
        let (server, said) =
            Server::run_until(&installation, "dev", "confidential:", &[("PORTA_DEMO_PORT", &demo)]);
        let line = said.lines().find(|line| line.contains("administrator:")).unwrap();
        assert!(line.contains("admin@example.test / admin-Quay-Lantern-41"), "{line}");
        assert!(line.ends_with(&format!(":{}/porta-admin", server.port)), "{line}");
        let discovery = "GET /porta-admin/.well-known/openid-configuration";
        assert_eq!(ask(&server.port, discovery, &["localhost"]).0, 200);
        let key = KEY.repeat(32);
        let refused = installation.run_with(&["init"], &[("SIGNING_KEY_ENCRYPTION_KEY", &key)]);
        assert_eq!(refused.code, 1);
        assert!(refused.stderr.contains("already initialized"), "{}", refused.stderr);
        assert_eq!(server.stop(), Some(0));
    }
}

/// `porta serve` builds no URL from `Host` and so accepts any (decision D10).
#[test]
fn a_server_does_not_look_at_the_host() {
    let installation = Installation::new();
    let (server, _) = Server::start(&installation, &[]);
    assert_eq!(ask(&server.port, "GET /health", &["anything.example"]).0, 200);
}

#[test]
fn a_reset_that_is_refused_deletes_nothing() {
    let installation = Installation::new();
    std::fs::create_dir(installation.path(".porta")).unwrap();
    installation.write(".porta/porta.sqlite", "what somebody has");
    let key = KEY.repeat(32);
    let everywhere = [("HOST", "0.0.0.0"), ("SIGNING_KEY_ENCRYPTION_KEY", &*key)];
    let refused = installation.run_with(&["dev", "--reset"], &everywhere);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("loopback only"), "{}", refused.stderr);
    assert_eq!(
        std::fs::read_to_string(installation.path(".porta/porta.sqlite")).unwrap(),
        "what somebody has"
    );
}
