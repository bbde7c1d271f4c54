mod generation;
mod outgoing;
mod refusals;
mod safety;
mod sources;
mod telemetry;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use porta_core::settings::REFRESH_REPLAY_WINDOW;
use porta_core::{OsEntropy, SeededEntropy};
use secrecy::ExposeSecret;

use crate::{
    Config, Environment, LogFormat, LogLevel, MetricsConfig, Pooler, Problem, ProxyHeader, SmtpTls, Source,
    StartConfig, Storage, TrustProxy,
};

/// A temporary directory of the test, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("porta-config-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const SIGNING: &str = "9d1b6fcb0f5f4a0f8e4a1c1f63b4c7d2a5e0937b6c8d4f1e2a3b5c7d9e0f1a2b";
const TWO_FACTOR: &str = "3c5e7a9b1d2f4068a7c9e1b3d5f70819a2b4c6d8e0f1325476980abcdef01234";
const COOKIE: &str = "pQ7s9vBx2cFm4kHn6tRw8yZa1eGj3dLu";

type Pairs = BTreeMap<String, String>;

/// A complete production environment.
fn production() -> Pairs {
    [
        ("NODE_ENV", "production"),
        ("DATABASE_URL", "postgres://porta:n0tPublished@db.internal/porta"),
        ("REDIS_URL", "rediss://:r3disPass@redis.internal:6380/0"),
        ("ISSUER_BASE_URL", "https://id.example.com"),
        ("COOKIE_KEYS", COOKIE),
        ("SIGNING_KEY_ENCRYPTION_KEY", SIGNING),
        ("TWO_FACTOR_ENCRYPTION_KEY", TWO_FACTOR),
        ("SMTP_HOST", "smtp.example.com"),
        ("SMTP_FROM", "no-reply@example.com"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The same with some values changed; an empty value unsets the variable.
fn changed(changes: &[(&str, &str)]) -> Pairs {
    let mut pairs = production();
    for (name, value) in changes {
        pairs.insert((*name).to_owned(), (*value).to_owned());
    }
    pairs
}

fn load(pairs: Pairs) -> Result<Config, Vec<Problem>> {
    Config::load(&Source::of(pairs, "/nonexistent"), &SeededEntropy::new(1))
}

fn keys(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.key.as_str()).collect()
}

#[test]
fn a_complete_production_environment_is_accepted() {
    let config = load(production()).unwrap();
    assert_eq!(config.environment, Environment::Production);
    assert_eq!((config.server.host.as_str(), config.server.port), ("0.0.0.0", 3000));
    assert_eq!(config.server.issuer_base_url.as_str(), "https://id.example.com");
    assert_eq!((config.server.drain.as_secs(), config.server.shutdown_grace.as_secs()), (5, 10));
    assert_eq!(config.server.trust_proxy, TrustProxy::Never);
    assert_eq!((config.log.level, config.log.format), (LogLevel::Info, LogFormat::Json));
    assert_eq!(config.password_hashing.memory_kib, 19_456);
    assert_eq!(config.instance, "porta");
    assert_eq!(config.safety, crate::SafetyReport::default());
    assert_eq!(config.metrics, MetricsConfig::Off);
    assert!(config.traces.is_none());
    let Storage::Production { postgres, redis } = &config.storage else { panic!("{:?}", config.storage) };
    assert_eq!(postgres.url.expose_secret(), "postgres://porta:n0tPublished@db.internal/porta");
    assert_eq!((postgres.pool_max, postgres.statement_timeout.as_secs()), (10, 10));
    assert_eq!(postgres.pooler, Pooler::None);
    assert!(redis.sentinels.is_none());
    // Load balancers close connections that were idle for a minute, and must be the first to do so.
    assert!(config.server.keep_alive.as_secs() > 60);
    let smtp = config.smtp.unwrap();
    assert_eq!((smtp.port, smtp.tls), (587, SmtpTls::Required));
    assert!(smtp.credentials.is_none());
    assert_eq!(config.secrets.cookie_keys.len(), 1);
}

/// Decision 0008: the replay window is longer than a statement may run and a client then waits for the response.
#[test]
fn retries_are_answered_for_longer_than_a_statement_and_its_client_wait() {
    const PATIENT_CLIENT: u64 = 30;
    let config = load(production()).unwrap();
    let Storage::Production { postgres, .. } = &config.storage else { panic!("{:?}", config.storage) };
    let window = REFRESH_REPLAY_WINDOW.default.unsigned_abs();
    assert!(window > postgres.statement_timeout.as_secs() + PATIENT_CLIENT, "{window}");
}

#[test]
fn mail_is_encrypted_in_production_unless_told_otherwise() {
    for (environment, said, expected) in [
        ("production", "", SmtpTls::Required),
        ("production", "auto", SmtpTls::Required),
        ("production", "required", SmtpTls::Required),
        ("production", "none", SmtpTls::None),
        ("development", "", SmtpTls::Auto),
        ("test", "auto", SmtpTls::Auto),
    ] {
        let config = load(changed(&[("NODE_ENV", environment), ("SMTP_TLS", said)])).unwrap();
        assert_eq!(config.smtp.unwrap().tls, expected, "{environment} {said}");
    }
}

#[test]
fn a_database_is_production_unless_told_otherwise() {
    let directory = Directory::new();
    let file = directory.write("url", "postgres://porta:n0tPublished@db.internal/porta");
    let set = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    let url = "postgres://porta:n0tPublished@db.internal/porta";
    for (mut given, alone) in [
        (set("DATABASE_URL", url), Environment::Production),
        (set("DATABASE_URL_FILE", &file), Environment::Production),
        (set("DATABASE_URL_FILE", "nowhere"), Environment::Production),
        (set("DATABASE_URL", " "), Environment::Development),
        (set("PORTA_DATA_DIR", "data"), Environment::Development),
    ] {
        let read =
            |given: &[(&str, String)]| Environment::load(&Source::of(given.to_vec(), &directory.0)).unwrap();
        assert_eq!(read(&given), alone, "{given:?}");
        for name in ["NODE_ENV", "PORTA_ENV"] {
            given.push((name, "development".to_owned()));
            assert_eq!(read(&given), Environment::Development, "{given:?}");
            given.pop();
        }
    }
}

#[test]
fn a_fresh_checkout_runs_with_nothing_set() {
    let directory = Directory::new();
    let source = Source::of(Pairs::new(), &directory.0);
    let config = Config::load(&source, &OsEntropy).unwrap();
    assert_eq!(config.environment, Environment::Development);
    assert_eq!((config.server.host.as_str(), config.server.drain.as_secs()), ("127.0.0.1", 0));
    assert_eq!(config.server.admin_reads_per_minute, Some(6_000));
    assert_eq!(config.server.issuer_base_url.as_str(), "http://localhost:3000");
    assert_eq!(config.log.format, LogFormat::Human);
    assert!(config.smtp.is_none());
    let Storage::Embedded { data_dir } = config.storage else { panic!() };
    assert_eq!(data_dir, directory.0.join(".porta"));
}

#[test]
fn values_are_read_in_every_accepted_form() {
    let config = load(changed(&[
        ("NODE_ENV", ""),
        ("PORTA_ENV", "Production"),
        ("HOST", "[::]"),
        ("PORT", " 8080 "),
        ("COOKIE_KEYS", &format!(" {COOKIE} , {TWO_FACTOR} ")),
        ("LOG_LEVEL", "WARN"),
        ("METRICS_ENABLED", "Yes"),
        ("TRUST_PROXY", "ON"),
        ("TRUST_PROXY_HOPS", "2"),
        ("TRUST_PROXY_HEADER", "Forwarded"),
        ("TRUST_PROXY_CIDRS", "10.0.0.0/8, fd00::/8,192.0.2.7"),
        ("ADMIN_CORS_ORIGINS", "https://admin.example.com, https://Other.example.com:443/"),
        ("ADMIN_READS_PER_MINUTE", "0"),
        ("SMTP_USER", "porta"),
        ("SMTP_PASS", " pass word "),
        ("SMTP_TLS", "required"),
        ("SMTP_PORT", "465"),
        ("DB_POOL_MAX", "25"),
        ("DRAIN_SECONDS", "0"),
    ]))
    .unwrap();
    assert_eq!((config.server.host.as_str(), config.server.port), ("::", 8080));
    assert_eq!(config.secrets.cookie_keys[1].expose_secret(), TWO_FACTOR);
    assert_eq!(config.secrets.cookie_keys[0].expose_secret(), COOKIE);
    assert_eq!(config.log.level, LogLevel::Warn);
    assert_eq!(config.metrics, MetricsConfig::Public);
    assert_eq!(config.server.admin_cors_origins, ["https://admin.example.com", "https://other.example.com"]);
    assert_eq!((config.server.drain.as_secs(), config.server.admin_reads_per_minute), (0, None));
    let smtp = config.smtp.unwrap();
    assert_eq!((smtp.port, smtp.tls), (465, SmtpTls::Required));
    assert_eq!(smtp.credentials.unwrap().password.expose_secret(), " pass word ");
    let networks =
        ["10.0.0.0/8", "fd00::/8", "192.0.2.7/32"].map(|network| network.parse().unwrap()).to_vec();
    let header = Some(ProxyHeader::Forwarded);
    assert_eq!(config.server.trust_proxy, TrustProxy::From { hops: 2, networks, header });
}

#[test]
fn every_variable_read_is_in_the_reference_and_every_entry_is_read() {
    let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let pairs = production();
    let environment = |name: &str| {
        seen.lock().unwrap().insert(name.to_owned());
        pairs.get(name).cloned()
    };
    let source = Source::new(environment, None, "/nonexistent");
    Config::load(&source, &SeededEntropy::new(1)).unwrap();
    StartConfig::load(&source).unwrap();
    Config::load_console_url(&source).unwrap();
    drop(source);
    let mut documented = std::collections::BTreeSet::new();
    for variable in Config::reference() {
        assert!(documented.insert(variable.name.to_owned()), "{} stands twice", variable.name);
        if variable.secret {
            documented.insert(format!("{}_FILE", variable.name));
        }
        assert!(variable.description.ends_with('.'), "{}", variable.name);
    }
    drop(pairs);
    assert_eq!(seen.into_inner().unwrap(), documented);
}

#[test]
fn the_documented_defaults_are_valid() {
    use crate::Kind;
    for variable in Config::reference() {
        let Some(default) = variable.default.filter(|text| !text.starts_with('(')) else { continue };
        let is_valid = match variable.kind {
            Kind::Number { minimum, maximum } => {
                default.parse::<u64>().is_ok_and(|n| (minimum..=maximum).contains(&n))
            }
            Kind::OneOf(words) => words.contains(&default),
            Kind::Boolean => matches!(default, "true" | "false"),
            Kind::Text | Kind::Url | Kind::List | Kind::HexKeys | Kind::Path => true,
        };
        assert!(is_valid, "{}", variable.name);
    }
}

#[test]
fn nothing_secret_is_printed() {
    let secrets = [COOKIE, SIGNING, TWO_FACTOR, "n0tPublished", "r3disPass", "m4ilPass"];
    let config = load(changed(&[("SMTP_USER", "porta"), ("SMTP_PASS", "m4ilPass")])).unwrap();
    let source = Source::of(production(), "/nonexistent");
    for shown in [format!("{config:?}"), format!("{config:#?}"), format!("{source:?}")] {
        for secret in secrets {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}
