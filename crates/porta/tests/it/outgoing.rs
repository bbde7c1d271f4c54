//! Outgoing connections: trusted certificate authorities, and a connection pooler in between.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::{Read as _, Write as _};

use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;
use porta_testkit::pooler::PgBouncer;
use porta_testkit::relay::{CertificateAuthority, Relay};
use serde_json::json;

use crate::support::server::{KEY, Server};
use crate::support::{CommandOutput, Installation};

fn needed(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        unreachable!("{name} is not set: run through scripts/with-services.sh, or add --skip postgres")
    })
}

/// The environment that a server on PostgreSQL and Redis requires, with `url` and `redis` as its stores.
fn production<'a>(url: &'a str, redis: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("NODE_ENV", "development"),
        ("DATABASE_URL", url),
        ("REDIS_URL", redis),
        ("PORTA_INSTANCE", "outgoing"),
        ("ISSUER_BASE_URL", "http://localhost:3000"),
        ("COOKIE_KEYS", "a cookie key of this test alone"),
        ("SIGNING_KEY_ENCRYPTION_KEY", key),
        ("TWO_FACTOR_ENCRYPTION_KEY", "2222222222222222222222222222222222222222222222222222222222222222"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_FROM", "id@example.com"),
        ("HOST", "127.0.0.1"),
        ("DRAIN_SECONDS", "0"),
        ("PORTA_WAIT_TIMEOUT", "3"),
    ]
}

/// The URL of a database with full verification, by the host name of its server's certificate.
fn verified(database: &TestDatabase) -> String {
    let Target::Postgres(url) = &database.target else { unreachable!("a PostgreSQL database was asked for") };
    let mut url = url::Url::parse(url).unwrap();
    url.set_host(Some("localhost")).unwrap();
    url.set_query(Some("sslmode=verify-full"));
    url.into()
}

fn ready(port: &str) -> String {
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.write_all(b"GET /ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[track_caller]
fn refused(outcome: &CommandOutput, because: &[&str]) {
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    for words in because {
        assert!(outcome.stderr.contains(words), "{words}\n{}", outcome.stderr);
    }
}

#[test]
fn an_authority_that_cannot_be_read_stops_whatever_would_need_it() {
    let installation = Installation::new();
    installation.write("empty.pem", "");
    let url = ("DATABASE_URL", "postgres://porta@127.0.0.1:9/porta");
    for (name, file, because) in [
        ("PORTA_CA_FILE", "missing.pem", "cannot be read"),
        ("PORTA_CA_FILE", "empty.pem", "holds no certificate"),
        ("SSL_CERT_FILE", "missing.pem", "cannot be read"),
        ("SSL_CERT_FILE", "empty.pem", "holds no certificate"),
        ("SSL_CERT_DIR", "missing", "cannot be read"),
    ] {
        for command in ["serve", "start"] {
            refused(&installation.run_with(&[command], &[(name, file)]), &["config.invalid", name, because]);
        }
        refused(&installation.run_with(&["migrate", "up"], &[url, (name, file)]), &[name, because]);
        let health = ["health", "--server", "https://localhost:9"];
        refused(&installation.run_with(&health, &[(name, file)]), &[name, because]);
    }
    assert!(!installation.path(".porta").exists(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_redis_are_believed_by_whoever_knows_their_authority() {
    let (installation, database) = (Installation::new(), TestDatabase::postgres().await);
    let (url, redis, ours) = (verified(&database), needed("TEST_REDIS_TLS_URL"), needed("TEST_CA_FILE"));
    let (ours, other) = (ours.as_str(), CertificateAuthority::make());
    std::fs::create_dir(installation.path("authorities")).unwrap();
    std::fs::copy(ours, installation.path("authorities/ours.pem")).unwrap();
    let both = installation.write("both.pem", &format!("{}{}", read(&other.file()), read(ours)));
    let (other, both) = (other.file(), both.display().to_string());
    let ask = |named: &[(&str, &str)]| {
        let stores = [("DATABASE_URL", url.as_str()), ("REDIS_URL", redis.as_str())];
        let outcome =
            installation.run_with(&["health", "--direct", "--json"], &[&stores[..], named].concat());
        (outcome.code, outcome.json())
    };
    let believed = (0, json!({"database": "ok", "redis": "ok"}));
    let not_believed = (1, json!({"database": "error", "redis": "error"}));
    tokio::task::block_in_place(|| {
        let nobody: &[(&str, &str)] = &[];
        for named in [nobody, &[("PORTA_CA_FILE", &*other)], &[("SSL_CERT_FILE", &*other)]] {
            assert_eq!(ask(named), not_believed, "{named:?}");
        }
        for named in [
            &[("PORTA_CA_FILE", ours)][..],
            &[("PORTA_CA_FILE", &*both)],
            &[("SSL_CERT_FILE", ours)],
            &[("SSL_CERT_DIR", "authorities")],
            &[("SSL_CERT_FILE", &*other), ("PORTA_CA_FILE", ours)],
        ] {
            assert_eq!(ask(named), believed, "{named:?}");
        }
        installation.write(".env", &format!("PORTA_CA_FILE='{ours}'\n"));
        assert_eq!(ask(&[]), believed, "and by .env");
    });
}

/// `--insecure` and `--ca-file` are about the server that a command asks, and about nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_not_believed_because_a_server_is() {
    let (installation, database) = (Installation::new(), TestDatabase::postgres().await);
    let (url, redis, ours) = (verified(&database), needed("TEST_REDIS_TLS_URL"), needed("TEST_CA_FILE"));
    let key = KEY.repeat(32);
    let environment = production(&url, &redis, &key);
    let list = ["org", "list", "--direct"];
    tokio::task::block_in_place(|| {
        for options in [&["--insecure"][..], &["--ca-file", &ours]] {
            let arguments = [&list[..], options].concat();
            refused(&installation.run_with(&arguments, &environment), &["the database cannot be reached"]);
        }
        let known = [&environment[..], &[("PORTA_CA_FILE", ours.as_str())]].concat();
        let outcome = installation.run_with(&list, &known);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    });
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_redis_over_tls_serve_and_strangers_end_the_start() {
    let (installation, database) = (Installation::new(), TestDatabase::empty_postgres().await);
    let (url, redis, ours) = (verified(&database), needed("TEST_REDIS_TLS_URL"), needed("TEST_CA_FILE"));
    let key = KEY.repeat(32);
    let mut environment = production(&url, &redis, &key);
    tokio::task::block_in_place(|| {
        refused(
            &installation.run_with(&["start"], &environment),
            &["did not answer within", "UnknownIssuer"],
        );
        environment.push(("PORTA_CA_FILE", &ours));
        let (server, _) = Server::run(&installation, "start", &environment);
        assert!(ready(&server.port).contains("200 OK"));
        assert_eq!(server.stop(), Some(0));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_behind_a_pooler_is_migrated_and_served_when_it_is_said() {
    let (installation, database) = (Installation::new(), TestDatabase::empty_postgres().await);
    let Target::Postgres(direct) = &database.target else {
        unreachable!("a PostgreSQL database was asked for")
    };
    let pooler = PgBouncer::before(direct, 5).await;
    let (url, redis, key) = (pooler.through(direct), needed("TEST_REDIS_URL"), KEY.repeat(32));
    let mut environment = production(&url, &redis, &key);
    tokio::task::block_in_place(|| {
        refused(&installation.run_with(&["start"], &environment), &["unsupported startup parameter"]);
        environment.push(("DB_POOLER", "transaction"));
        let (server, _) = Server::run(&installation, "start", &environment);
        assert!(ready(&server.port).contains("200 OK"));
        assert_eq!(server.stop(), Some(0));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_go_to_a_collector_whose_authority_is_known_and_to_no_other() {
    let (installation, authority, other) =
        (Installation::new(), CertificateAuthority::make(), CertificateAuthority::make());
    let (known, unknown) = (authority.file(), other.file());
    for (named, arrives) in [
        (None, false),
        (Some(("PORTA_CA_FILE", &*unknown)), false),
        (Some(("PORTA_CA_FILE", &*known)), true),
        (Some(("SSL_CERT_FILE", &*known)), true),
    ] {
        let collector = Relay::collector(&authority).await;
        let endpoint = format!("https://localhost:{}", collector.port);
        let mut environment =
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("DRAIN_SECONDS", "0")];
        environment.extend(named);
        tokio::task::block_in_place(|| {
            let (server, _) = Server::start(&installation, &environment);
            assert!(ready(&server.port).contains("200 OK"), "whatever becomes of traces");
            assert_eq!(server.stop(), Some(0), "what is left is sent before the end");
        });
        let told = collector.stop().await;
        let posted = told.iter().any(|event| event["event"] == "posted" && event["path"] == "/v1/traces");
        assert_eq!(posted, arrives, "{named:?}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_a_server_is_believed_by_whoever_knows_its_authority() {
    let (installation, authority) = (Installation::new(), CertificateAuthority::make());
    let server = Relay::collector(&authority).await;
    let (address, known) = (format!("https://localhost:{}", server.port), authority.file());
    let ask = |named: &[(&str, &str)]| {
        installation.run_with(&["health", "--server", address.as_str(), "--json"], named)
    };
    tokio::task::block_in_place(|| {
        let outcome = ask(&[]);
        assert_eq!((outcome.code, outcome.json()), (1, json!({"server": "error"})));
        let outcome = ask(&[("PORTA_CA_FILE", &known)]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(outcome.json(), json!({"server": "ok", "database": "ok", "redis": "ok"}));
    });
}
