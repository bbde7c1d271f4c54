//! The server process and its mail, with a real relay.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::{Read as _, Write as _};
use std::time::Duration;

use crate::support::server::{KEY, Server};
use crate::support::{Installation, WORLD};
use porta_core::mail::{Mail, OutgoingEmail, Recipient, SecurityEvent};
use porta_core::outbox::{OutboxCounts, OutboxItem, SEALING_PURPOSE};
use porta_core::seal::Keyring;
use porta_core::user::Email;
use porta_core::{Clock as _, OsEntropy, Slug, SystemClock};
use porta_store::Store as _;
use porta_store_sql::{Database, DatabaseOptions, Target};
use porta_testkit::database;
use porta_testkit::relay::{CertificateAuthority, Relay};
use serde_json::json;

/// Opens a server's database from the test process.
async fn database(installation: &Installation) -> Database {
    let target = Target::Sqlite(installation.path(".porta/porta.sqlite"));
    database::connect(&DatabaseOptions::new(target)).await.unwrap()
}

async fn outgoing(database: &Database, event: &str) -> OutboxItem {
    let mut all = database.repositories();
    let organization = all.organizations().by_slug(&Slug::parse("harbor").unwrap()).await.unwrap().unwrap();
    let keyring = Keyring::new(&[[0x11; 32]], SEALING_PURPOSE);
    let outgoing = OutgoingEmail {
        organization_id: organization.id,
        recipient: Recipient {
            user_id: None,
            address: Email::parse("kim@harbor.test").unwrap(),
            full_name: None,
            locale: None,
        },
        mail: Mail::PasswordChanged {
            event: SecurityEvent { at: SystemClock.now(), address: None, user_agent: None },
        },
    };
    let item = outgoing.into_item(event, &keyring, SystemClock.now(), &OsEntropy);
    assert!(all.outbox().enqueue(&item).await.unwrap());
    item
}

async fn until(database: &Database, expected: OutboxCounts) {
    let waiting = async {
        while database.repositories().outbox().counts(None).await.unwrap() != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

fn provisioned() -> Installation {
    let installation = Installation::new();
    let file = installation.write("world.yaml", WORLD);
    let key = KEY.repeat(32);
    let environment = [("SIGNING_KEY_ENCRYPTION_KEY", key.as_str())];
    let outcome = installation
        .run_with(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"], &environment);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    installation
}

mod smtp {
    use super::*;

    /// Messages stay in the outbox while the relay's certificate is not trusted.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_relay_of_an_unknown_authority_gets_nothing() {
        let (installation, authority, other) =
            (provisioned(), CertificateAuthority::make(), CertificateAuthority::make());
        let relay = Relay::start(authority.relay("starttls")).await;
        let (port, roots) = (relay.port.to_string(), other.file());
        let (server, _) = Server::start(
            &installation,
            &[
                ("SMTP_HOST", "localhost"),
                ("SMTP_PORT", &port),
                ("SMTP_FROM", "no-reply@harbor.test"),
                ("SMTP_TLS", "required"),
                ("PORTA_CA_FILE", &roots),
            ],
        );
        let database = database(&installation).await;
        outgoing(&database, "1").await;
        server.lines("email.send.failed", 1);
        assert_eq!(server.stop(), Some(0));
        until(&database, OutboxCounts { pending: 1, ..OutboxCounts::default() }).await;
        assert!(relay.stop().await.iter().all(|event| event["event"] != "message"));
    }

    /// Only the environment of the server process trusts the certificate authority.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_sends_what_waits_over_a_verified_connection() {
        let (installation, authority) = (provisioned(), CertificateAuthority::make());
        let mut options = authority.relay("starttls");
        options["login"] = json!(["porta", "right"]);
        let mut relay = Relay::start(options).await;
        let (roots, port) = (authority.file(), relay.port.to_string());
        let (server, _) = Server::start(
            &installation,
            &[
                ("SMTP_HOST", "localhost"),
                ("SMTP_PORT", &port),
                ("SMTP_FROM", "Harbor Mail <no-reply@harbor.test>"),
                ("SMTP_USER", "porta"),
                ("SMTP_PASS", "right"),
                ("SSL_CERT_FILE", &roots),
            ],
        );
        let database = database(&installation).await;
        let item = outgoing(&database, "1").await;
        assert_eq!(relay.event("login").await["tls"], true);
        let message = relay.event("message").await;
        assert_eq!((&message["login"], &message["hello"]), (&json!("porta"), &json!("localhost")));
        let data = message["data"].as_str().unwrap();
        assert!(data.contains("From: Harbor <no-reply@harbor.test>\r\n"), "{data}");
        assert!(data.contains(&format!("Message-ID: <{}@harbor.test>\r\n", item.id)), "{data}");
        until(&database, OutboxCounts { delivered: 1, ..OutboxCounts::default() }).await;
        assert_eq!(server.stop(), Some(0));
        // A message enqueued while no server ran is sent by the next process.
        outgoing(&database, "2").await;
        let (_server, _) = Server::start(
            &installation,
            &[
                ("SMTP_HOST", "localhost"),
                ("SMTP_PORT", &port),
                ("SMTP_FROM", "no-reply@harbor.test"),
                ("SMTP_USER", "porta"),
                ("SMTP_PASS", "right"),
                ("PORTA_CA_FILE", &roots),
            ],
        );
        until(&database, OutboxCounts { delivered: 2, ..OutboxCounts::default() }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_relay_says_so_once_and_lets_nothing_wait() {
    let installation = provisioned();
    let (server, said) = Server::start(&installation, &[]);
    assert_eq!(said.matches("no mail is sent: SMTP_HOST is not set").count(), 1, "{said}");
    let database = database(&installation).await;
    outgoing(&database, "1").await;
    until(&database, OutboxCounts { given_up: 1, ..OutboxCounts::default() }).await;
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_shows_the_templates_of_its_operator_and_its_own_beside_them() {
    let installation = provisioned();
    std::fs::create_dir_all(installation.path("own/harbor")).unwrap();
    installation.write("own/harbor/logout-success.html", "<h1>Fair winds from {{ company_name }}</h1>");
    let (server, said) = Server::start(&installation, &[("TEMPLATE_DIR", "own")]);
    let port: String =
        said.split("127.0.0.1:").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    let get = |path: &str| {
        let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(get("/harbor/session/end/success").contains("<h1>Fair winds from Harbor</h1>"));
    let error = get("/harbor/auth?client_id=nobody");
    assert!(error.contains("<!doctype html>") && !error.contains("Fair winds"), "{error}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn templates_that_cannot_be_used_stop_the_start() {
    let installation = Installation::new();
    let start = |directory: &str| installation.run_with(&["serve"], &[("TEMPLATE_DIR", directory)]);
    std::fs::create_dir_all(installation.path("own/default/emails")).unwrap();
    installation.write("own/default/login.html", "one\n{% if %}");
    installation.write("own/default/emails/otp-code.txt", "{{ mail.code");
    let outcome = start("own");
    assert_eq!(outcome.code, 1);
    for problem in ["default/login.html does not compile: ", "default/emails/otp-code.txt does not compile: "]
    {
        let line = format!("FATAL config.invalid TEMPLATE_DIR: {problem}");
        assert!(outcome.stderr.contains(&line), "{}", outcome.stderr);
    }
    let outcome = start("nowhere");
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("FATAL config.invalid TEMPLATE_DIR: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("nowhere cannot be read"), "{}", outcome.stderr);
}

#[test]
fn a_sender_that_is_no_address_stops_the_start() {
    let installation = Installation::new();
    let outcome = installation.run_with(
        &["serve"],
        &[("SMTP_HOST", "relay.test"), ("SMTP_FROM", "a@b, c@d"), ("SMTP_PORT", "2525")],
    );
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("SMTP_FROM"), "{}", outcome.stderr);
}
