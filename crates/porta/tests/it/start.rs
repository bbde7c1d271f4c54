//! `porta start`: waits, migrates, serves; and the metrics, logs and traces of the resulting server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use porta_core::metrics;
use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;

use crate::support::server::{KEY, Server, free_port};
use crate::support::{CommandOutput, Installation, WORLD};

/// Sends a GET request; returns the status and the whole response as text.
fn get(port: &str, path: &str, headers: &str) -> (u16, String) {
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn production(database: &TestDatabase, instance: &str) -> Vec<(&'static str, String)> {
    let Target::Postgres(url) = &database.target else { panic!("a PostgreSQL database was asked for") };
    let redis = std::env::var("TEST_REDIS_URL").expect("run through scripts/with-services.sh");
    vec![
        ("NODE_ENV", "development".to_owned()),
        ("DATABASE_URL", url.clone()),
        ("REDIS_URL", redis),
        ("PORTA_INSTANCE", instance.to_owned()),
        ("ISSUER_BASE_URL", "http://localhost:3000".to_owned()),
        ("COOKIE_KEYS", "a cookie key of this test alone".to_owned()),
        ("TWO_FACTOR_ENCRYPTION_KEY", "22".repeat(32)),
        ("SMTP_HOST", "127.0.0.1".to_owned()),
        ("SMTP_FROM", "id@example.com".to_owned()),
        ("HOST", "127.0.0.1".to_owned()),
    ]
}

fn changed(
    mut environment: Vec<(&'static str, String)>,
    with: &[(&'static str, &str)],
) -> Vec<(&'static str, String)> {
    environment.retain(|(name, _)| !with.iter().any(|(changed, _)| changed == name));
    environment.extend(with.iter().map(|(name, value)| (*name, (*value).to_owned())));
    environment
}

fn pairs<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Provisions with the signing-key encryption key of the servers.
#[track_caller]
fn provision(installation: &Installation, environment: &[(&str, &str)]) {
    let file = installation.write("world.yaml", WORLD);
    let key = KEY.repeat(32);
    let all = [environment, &[("SIGNING_KEY_ENCRYPTION_KEY", &key)]].concat();
    let done =
        installation.run_with(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"], &all);
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[track_caller]
fn refused(outcome: &CommandOutput, because: &str) {
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains(because), "{}", outcome.stderr);
}

#[test]
fn roles_that_are_not_here_end_the_start() {
    let installation = Installation::new();
    refused(&installation.run_with(&["start"], &[("PORTA_SERVICE", "admin")]), "not in this build");
    refused(&installation.run_with(&["start"], &[("PORTA_SERVICE", "worker")]), "PORTA_SERVICE");
    refused(&installation.run_with(&["start"], &[("PORTA_WAIT_TIMEOUT", "soon")]), "PORTA_WAIT_TIMEOUT");
    assert!(!installation.path(".porta").exists(), "nothing was made");
}

#[test]
fn what_is_wrong_is_said_at_once_and_not_after_a_minute() {
    let installation = Installation::new();
    let started = Instant::now();
    let nowhere =
        [("DATABASE_URL", "postgres://porta@127.0.0.1:9/porta"), ("REDIS_URL", "redis://127.0.0.1:9")];
    refused(&installation.run_with(&["start"], &nowhere), "ISSUER_BASE_URL");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_or_redis_that_stays_away_ends_the_start() {
    let installation = Installation::new();
    let database = TestDatabase::empty_postgres().await;
    let base = changed(production(&database, "start-away"), &[("PORTA_WAIT_TIMEOUT", "1")]);
    // A listener that never replies: an open port alone does not count as an answer.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = format!("redis://127.0.0.1:{}", mute.local_addr().unwrap().port());
    for (name, url, because) in [
        ("DATABASE_URL", "postgres://porta@127.0.0.1:9/porta", "PostgreSQL did not answer within"),
        ("REDIS_URL", "redis://127.0.0.1:9", "Redis did not answer within"),
        ("REDIS_URL", &mute, "Redis did not answer within"),
    ] {
        let environment = changed(base.clone(), &[(name, url)]);
        let outcome = tokio::task::block_in_place(|| {
            let key = KEY.repeat(32);
            let mut all = pairs(&environment);
            all.push(("SIGNING_KEY_ENCRYPTION_KEY", &key));
            installation.run_with(&["start"], &all)
        });
        refused(&outcome, because);
    }
    assert_eq!(
        porta_store::Store::pending_migrations(&*database.database).await.unwrap().len(),
        database.database.migrations().await.unwrap().len()
    );
}

/// A stop signal ends the wait.
#[test]
fn a_start_that_waits_can_be_stopped() {
    let installation = Installation::new();
    let key = KEY.repeat(32);
    let environment = [
        ("NODE_ENV", "development"),
        ("DATABASE_URL", "postgres://porta@127.0.0.1:9/porta"),
        ("REDIS_URL", "redis://127.0.0.1:9"),
        ("ISSUER_BASE_URL", "http://localhost:3000"),
        ("COOKIE_KEYS", "a cookie key of this test alone"),
        ("SIGNING_KEY_ENCRYPTION_KEY", &key),
        ("TWO_FACTOR_ENCRYPTION_KEY", &"22".repeat(32)),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_FROM", "id@example.com"),
    ];
    let (server, _) = Server::run_until(&installation, "start", "does not answer yet", &environment);
    let stopping = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(stopping.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_migrated_and_served_and_a_foreign_key_is_not_ready() {
    let installation = Installation::new();
    let database = TestDatabase::empty_postgres().await;
    let environment = production(&database, "start-serve");
    let environment = changed(environment, &[("METRICS_ENABLED", "true"), ("DRAIN_SECONDS", "0")]);
    let foreign = changed(environment.clone(), &[("SIGNING_KEY_ENCRYPTION_KEY", &"33".repeat(32))]);
    tokio::task::block_in_place(|| {
        // While the database has no keys, a foreign encryption key cannot be detected.
        let (early, _) = Server::run(&installation, "start", &pairs(&foreign));
        assert_eq!(get(&early.port, "/ready", "").0, 200);

        let (server, _) = Server::run(&installation, "start", &pairs(&environment));
        assert_eq!(get(&server.port, "/ready", "").0, 200);
        provision(&installation, &pairs(&environment));
        assert_eq!(get(&server.port, "/harbor/jwks", "").0, 200);
        metrics_of(&server.port);
        is_foreign(&early);
        assert_eq!(server.stop(), Some(0));

        // The schema exists, but the encryption key opens none of the signing keys.
        let (server, _) = Server::run(&installation, "start", &pairs(&foreign));
        is_foreign(&server);
        assert_eq!(server.stop(), Some(0));
    });
}

#[track_caller]
fn is_foreign(server: &Server) {
    let (status, ready) = get(&server.port, "/ready", "");
    assert_eq!(status, 503);
    assert!(ready.contains(r#""process":{"error":"signing_keys_sealed","ok":false}"#), "{ready}");
    assert_eq!(get(&server.port, "/health", "").0, 200, "a restart would not help");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_stays_as_it_is_when_told_so() {
    let installation = Installation::new();
    let database = TestDatabase::empty_postgres().await;
    let environment = changed(production(&database, "start-still"), &[("PORTA_AUTO_MIGRATE", "false")]);
    tokio::task::block_in_place(|| {
        let (server, _) = Server::run(&installation, "start", &pairs(&environment));
        let (status, ready) = get(&server.port, "/ready", "");
        assert_eq!(status, 503);
        assert!(ready.contains("migrations_pending"), "{ready}");
    });
}

/// Metrics that need no event exist from the start.
#[track_caller]
fn metrics_of(port: &str) {
    let (status, text) = get(port, "/metrics", "");
    assert_eq!(status, 200);
    assert!(text.contains("content-type: text/plain; version=0.0.4"), "{text}");
    for metric in metrics::ALL {
        let comes_with_events = !metric.labels.is_empty() && metric.name != metrics::BUILD_INFO;
        let is_http = metric.name == metrics::HTTP_REQUESTS || metric.name == metrics::HTTP_DURATION;
        if metric.name.starts_with("porta_short_lived_") {
            assert!(!text.contains(metric.name), "Redis holds them: {text}");
        } else if !comes_with_events || is_http {
            assert!(text.contains(&format!("# HELP {} ", metric.name)), "{}\n{text}", metric.name);
        }
        let types = text.matches(&format!("# TYPE {} ", metric.name)).count();
        assert!(types <= 1, "{} has {types} types", metric.name);
    }
    assert!(
        text.contains(r#"porta_http_requests_total{method="GET",route="/{org}/jwks",status="200"} 1"#),
        "{text}"
    );
    for word in ["harbor", "kim@"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[test]
fn metrics_are_nowhere_beside_the_rest_or_on_a_port_of_their_own() {
    let installation = Installation::new();
    let (server, _) = Server::run(&installation, "start", &[]);
    assert_eq!(get(&server.port, "/metrics", "").0, 404);
    drop(server);

    let private = free_port();
    let (server, _) =
        Server::run(&installation, "start", &[("METRICS_BIND", &format!("127.0.0.1:{private}"))]);
    assert_eq!(get(&server.port, "/metrics", "").0, 404);
    let (status, text) = get(&private, "/metrics", "");
    assert_eq!(status, 200);
    assert!(text.contains("\nporta_short_lived_entries 0\n"), "{text}");
    assert!(
        text.contains(r#"route="/metrics",status="404""#),
        "what the other port answered is counted: {text}"
    );
    assert_eq!(get(&private, "/ready", "").0, 404, "nothing else is there");
    drop(server);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let holder = std::net::TcpListener::bind(taken).unwrap();
    let outcome =
        installation.run_with(&["serve"], &[("METRICS_BIND", &taken.to_string()), ("PORT", &free_port())]);
    refused(&outcome, "METRICS_BIND");
    drop(holder);
}

/// Failed authentications are counted in the short-lived store; nothing is written to it afterwards.
#[test]
fn a_server_at_rest_gives_up_what_has_expired() {
    let installation = Installation::new();
    provision(&installation, &[]);
    let key = KEY.repeat(32);
    let window = ["config", "set", "rate_limit_token_window", "1", "--direct"];
    let set = installation.run_with(&window, &[("SIGNING_KEY_ENCRYPTION_KEY", &key)]);
    assert_eq!(set.code, 0, "{}", set.stderr);
    let private = free_port();
    let metrics_bind = format!("127.0.0.1:{private}");
    let (server, _) = Server::run(&installation, "start", &[("METRICS_BIND", &metrics_bind)]);
    let is_empty = || get(&private, "/metrics", "").1.contains("\nporta_short_lived_entries 0\n");
    let fail = || {
        let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{}", server.port)).unwrap();
        let form = "grant_type=client_credentials&client_id=nobody&client_secret=wrong";
        write!(
            stream,
            "POST /harbor/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{form}",
            form.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    };
    // On a busy machine the first entries may be gone before they are seen.
    let is_counted = (0..10).any(|_| {
        fail();
        !is_empty()
    });
    assert!(is_counted);
    let until = Instant::now() + Duration::from_secs(10);
    while !is_empty() {
        assert!(Instant::now() < until, "the entries stay");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Decision 0042.
#[test]
fn a_proxy_that_says_nothing_is_counted_each_time_and_in_the_log_once() {
    let installation = Installation::new();
    provision(&installation, &[]);
    let environment = [
        ("TRUST_PROXY", "true"),
        ("TRUST_PROXY_CIDRS", "127.0.0.0/8"),
        ("METRICS_ENABLED", "true"),
        ("LOG_LEVEL", "info"),
        ("NODE_ENV", "development"),
    ];
    let (server, _) = Server::run(&installation, "start", &environment);
    for headers in [
        "",
        "",
        "x-forwarded-for: unknown\r\n",
        "x-forwarded-for: 203.0.113.7:51234\r\n",
        "forwarded: for=\"[2001:db8::1]:443\"\r\n",
    ] {
        let (status, _) = get(&server.port, "/harbor/auth", headers);
        assert!(status < 500, "{status}");
    }
    let (_, text) = get(&server.port, "/metrics", "");
    for (reason, times) in [("missing", 2), ("no_address", 1)] {
        let counted = format!("porta_proxy_caller_unknown_total{{reason=\"{reason}\"}} {times}\n");
        assert!(text.contains(&counted), "{text}");
    }
    assert_eq!(server.lines("proxy.caller_unknown", 1).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_redis_round_trips_and_slow_statements_are_in_the_log() {
    let installation = Installation::new();
    let database = TestDatabase::empty_postgres().await;
    let environment = production(&database, "start-log");
    let environment = changed(environment, &[("NODE_ENV", "production"), ("PORTA_SKIP_PROD_SAFETY", "true")]);
    let environment = changed(environment, &[("DB_SLOW_STATEMENT_MS", "1"), ("DRAIN_SECONDS", "0")]);
    tokio::task::block_in_place(|| {
        let (server, _) = Server::run(&installation, "start", &pairs(&environment));
        provision(&installation, &pairs(&environment));
        let query = "client_id=dock-web&redirect_uri=https%3A%2F%2Fa.example%2Fcb&response_type=code\
                     &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
                     &scope=openid";
        for path in ["/harbor/jwks", "/harbor/jwks", &format!("/harbor/auth?{query}")] {
            assert!(get(&server.port, path, "").0 < 400, "{path}");
        }
        let line = |text: &String| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let jwks: Vec<_> = server.lines(r#""route":"/{org}/jwks""#, 2).iter().map(line).collect();
        assert!(jwks[0]["sql"].as_u64().unwrap() > 0, "read once: {}", jwks[0]);
        assert_eq!((&jwks[1]["sql"], &jwks[1]["kv"]), (&0.into(), &0.into()), "{}", jwks[1]);
        let auth = line(&server.lines(r#""route":"/{org}/auth""#, 1)[0]);
        assert_eq!(auth["kv"], 0, "what a stranger begins is not stored: {auth}");
        // Some statement of the start or the first two requests takes longer than 1 ms in a debug build.
        let slow = line(&server.lines("db.slow_statement", 1)[0]);
        assert!(slow["statement"].as_str().unwrap().starts_with("porta_store_sql::"), "{slow}");
        assert_eq!(server.stop(), Some(0));
    });
}

/// The bytes a collector received.
type Received = Arc<Mutex<Vec<u8>>>;

/// Starts a trace collector that accepts POST requests to `/v1/traces`.
async fn collector() -> (String, Received) {
    let received = Received::default();
    let sink = Arc::clone(&received);
    let take = axum::routing::post(async move |body: axum::body::Body| {
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        sink.lock().unwrap().extend_from_slice(&bytes);
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/v1/traces", take);
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, received)
}

fn has(received: &Received, needle: &[u8]) -> bool {
    received.lock().unwrap().windows(needle.len()).any(|part| part == needle)
}

const TRACE: [u8; 16] =
    [0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36];
const TRACEPARENT: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn traces_go_from_the_request_to_the_statement_and_carry_no_value() {
    let installation = Installation::new();
    let (address, received) = collector().await;
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()),
        ("TRUST_PROXY", "true"),
        ("TRUST_PROXY_CIDRS", "127.0.0.0/8"),
        ("LOG_LEVEL", "info"),
        ("NODE_ENV", "development"),
    ];
    tokio::task::block_in_place(|| {
        provision(&installation, &[]);
        let (server, _) = Server::run(&installation, "start", &environment);
        let query = "client_id=dock-web&redirect_uri=https%3A%2F%2Fa.example%2Fcb&response_type=code\
                     &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
                     &scope=openid&state=unspeakable";
        let (status, _) = get(&server.port, &format!("/harbor/auth?{query}"), TRACEPARENT);
        assert!([302, 303].contains(&status), "{status}");
        assert_eq!(server.stop(), Some(0), "what is left is sent before the end");
    });
    for needed in ["GET /{org}/auth", "oidc.authorize", "sql", "porta_store_sql::"] {
        assert!(has(&received, needed.as_bytes()), "{needed}");
    }
    assert!(has(&received, &TRACE), "the proxy's trace goes on");
    for secret in ["unspeakable", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw", "kim@harbor.test", "dock-web"] {
        assert!(!has(&received, secret.as_bytes()), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_trace_is_not_gone_on_with_and_a_collector_that_is_away_costs_nothing() {
    let installation = Installation::new();
    let (address, received) = collector().await;
    tokio::task::block_in_place(|| {
        let (server, _) = Server::run(&installation, "start", &[("OTEL_EXPORTER_OTLP_ENDPOINT", &address)]);
        get(&server.port, "/robots.txt", TRACEPARENT);
        assert_eq!(server.stop(), Some(0));
        assert!(has(&received, b"GET /robots.txt"));
        assert!(!has(&received, &TRACE));

        let away = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")];
        let (server, _) = Server::run(&installation, "start", &away);
        assert_eq!(get(&server.port, "/ready", "").0, 200);
        let stopping = Instant::now();
        assert_eq!(server.stop(), Some(0));
        assert!(stopping.elapsed() < Duration::from_secs(10));
    });
}
