//! Every variable the server reads, declared once. The readers and the generated reference page use the same constants,
//! so they cannot differ.

use std::fmt;

/// Format of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// One of these words, in any case.
    OneOf(&'static [&'static str]),
    /// A whole number within bounds.
    Number {
        minimum: u64,
        maximum: u64,
    },
    /// `true`, `1`, `yes`, `on`, `false`, `0`, `no`, `off`, in any case.
    Boolean,
    Url,
    /// Comma separated.
    List,
    /// Keys of 64 hexadecimal digits, at most [`MOST_ENCRYPTION_KEYS`](crate::MOST_ENCRYPTION_KEYS).
    HexKeys,
    Path,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::OneOf(words) => f.write_str(&words.join(", ")),
            Self::Number { minimum, maximum } => write!(f, "number, {minimum} to {maximum}"),
            Self::Boolean => f.write_str("true or false"),
            Self::Url => f.write_str("URL"),
            Self::List => f.write_str("comma separated list"),
            Self::HexKeys => f.write_str("1 to 4 keys of 64 hexadecimal digits, comma separated"),
            Self::Path => f.write_str("path"),
        }
    }
}

/// When a variable must be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    Never,
    /// With `DATABASE_URL`; embedded storage has a default or generates its own.
    WithDatabase,
    /// With `DATABASE_URL`, and in production in any case.
    WithDatabaseOrInProduction,
}

impl fmt::Display for Required {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "no",
            Self::WithDatabase => "with DATABASE_URL",
            Self::WithDatabaseOrInProduction => "with DATABASE_URL or in production",
        })
    }
}

/// Declaration of one variable.
#[derive(Debug, PartialEq, Eq)]
pub struct VariableDoc {
    pub name: &'static str,
    pub kind: Kind,
    /// As an operator would write it; text in parentheses describes a default that depends on other variables.
    pub default: Option<&'static str>,
    pub required: Required,
    /// Never shown, and also read from the file that `<NAME>_FILE` names.
    pub secret: bool,
    pub description: &'static str,
}

macro_rules! variables {
    ($($name:ident, $kind:expr, $default:expr, $required:ident, $secret:literal, $text:literal;)+) => {
        $(pub(crate) const $name: &VariableDoc = &VariableDoc {
            name: stringify!($name), kind: $kind, default: $default, required: Required::$required,
            secret: $secret, description: $text,
        };)+
        /// Every variable, in the order of the documentation.
        pub(crate) const ALL: &[&VariableDoc] = &[$($name),+];
    };
}

const fn number(minimum: u64, maximum: u64) -> Kind {
    Kind::Number { minimum, maximum }
}

pub(crate) const ENVIRONMENTS: &[&str] = &["development", "test", "production"];
pub(crate) const LOG_LEVELS: &[&str] = &["debug", "info", "warn", "error", "fatal"];
pub(crate) const SERVICES: &[&str] = &["server", "admin"];
pub(crate) const PROXY_HEADERS: &[&str] = &["x-forwarded-for", "forwarded"];
pub(crate) const SMTP_TLS_MODES: &[&str] = &["auto", "required", "none"];
pub(crate) const POOLERS: &[&str] = &["none", "transaction"];

variables! {
    NODE_ENV, Kind::OneOf(ENVIRONMENTS), Some("(development; production with DATABASE_URL)"), Never, false, "Log format, safety checks and redirect URI rules.";
    PORTA_ENV, Kind::OneOf(ENVIRONMENTS), None, Never, false, "Another name for NODE_ENV.";
    HOST, Kind::Text, Some("(127.0.0.1; 0.0.0.0 with DATABASE_URL)"), Never, false, "Address to listen on.";
    PORT, number(1, 65_535), Some("3000"), Never, false, "Port to listen on.";
    ISSUER_BASE_URL, Kind::Url, Some("(http://localhost:PORT)"), WithDatabaseOrInProduction, false, "Public origin, without a path. A tenant's issuer is this, a slash and its slug.";
    DATABASE_URL, Kind::Url, None, Never, true, "PostgreSQL URL. Without it the embedded store is used: PORTA_DATA_DIR and the memory of this process.";
    DB_POOLER, Kind::OneOf(POOLERS), Some("none"), Never, false, "transaction: connections go through a pooler such as PgBouncer in transaction mode, which gives each transaction another connection.";
    DB_POOL_MAX, number(1, 1_000), Some("10"), Never, false, "Maximum of connections to PostgreSQL, plus one for the health checks.";
    DB_STATEMENT_TIMEOUT_MS, number(1, 600_000), Some("10000"), Never, false, "Timeout of one statement, in milliseconds.";
    DB_SLOW_STATEMENT_MS, number(1, 600_000), Some("1000"), Never, false, "Statements that run longer, in milliseconds, are logged by name.";
    REDIS_URL, Kind::Url, None, WithDatabase, true, "Redis for short-lived data; redis:// or rediss://, with the database number.";
    REDIS_SENTINELS, Kind::List, None, Never, false, "Redis Sentinels as host:port. The host in REDIS_URL is then the name of the primary.";
    REDIS_SENTINEL_PASSWORD, Kind::Text, None, Never, true, "Password for the sentinels.";
    PORTA_DATA_DIR, Kind::Path, Some(".porta"), Never, false, "Directory of the embedded store and of generated secrets.";
    PORTA_INSTANCE, Kind::Text, Some("porta"), Never, false, "Prefix of all keys of this installation in Redis.";
    PORTA_CA_FILE, Kind::Path, None, Never, false, "PEM file of CA certificates that outgoing connections trust in addition to the system's.";
    SSL_CERT_FILE, Kind::Path, None, Never, false, "PEM file of CA certificates that replaces the system's.";
    SSL_CERT_DIR, Kind::Path, None, Never, false, "Directories of such files, separated by colons, that replace the system's.";
    COOKIE_KEYS, Kind::List, None, WithDatabase, true, "Keys of at least 16 characters (32 in production). The first signs, all verify.";
    SIGNING_KEY_ENCRYPTION_KEY, Kind::HexKeys, None, WithDatabase, true, "Encrypts the private signing keys at rest. Newest first: the first encrypts, all decrypt.";
    TWO_FACTOR_ENCRYPTION_KEY, Kind::HexKeys, None, WithDatabase, true, "Encrypts second-factor secrets at rest. Newest first: the first encrypts, all decrypt.";
    SMTP_HOST, Kind::Text, None, WithDatabase, false, "Host of the mail relay. Without it no mail is sent.";
    SMTP_PORT, number(1, 65_535), Some("587"), Never, false, "Port of the relay; 465 means TLS from the start.";
    SMTP_USER, Kind::Text, None, Never, false, "User name at the relay. Without it Porta does not authenticate there.";
    SMTP_PASS, Kind::Text, None, Never, true, "Password of SMTP_USER.";
    SMTP_FROM, Kind::Text, None, WithDatabase, false, "Sender of all mail: name@example.com or Name <name@example.com>.";
    SMTP_TLS, Kind::OneOf(SMTP_TLS_MODES), Some("auto"), Never, false, "required: always TLS. auto: TLS is required in production or with SMTP_USER, else used if the relay offers it. none: never TLS.";
    TEMPLATE_DIR, Kind::Path, None, Never, false, "Directory of your own templates for pages and mails, read at start.";
    LOG_LEVEL, Kind::OneOf(LOG_LEVELS), Some("info"), Never, false, "Minimum level of the log lines that are written.";
    METRICS_ENABLED, Kind::Boolean, Some("(false; true with METRICS_BIND)"), Never, false, "Serves /metrics.";
    METRICS_BIND, Kind::Text, None, Never, false, "Address and port of a separate listener for /metrics; the public port then does not serve it.";
    OTEL_EXPORTER_OTLP_ENDPOINT, Kind::Url, None, Never, false, "URL of the trace collector (OTLP over HTTP), without /v1/traces. Without it there are no traces.";
    OTEL_EXPORTER_OTLP_HEADERS, Kind::List, None, Never, true, "Headers for requests to the collector: name=value.";
    OTEL_SERVICE_NAME, Kind::Text, Some("porta"), Never, false, "Name of this service in traces.";
    OTEL_TRACES_SAMPLER_ARG, Kind::Text, Some("1"), Never, false, "Share of the traces started here that are sent, 0 to 1.";
    ADMIN_CORS_ORIGINS, Kind::List, None, Never, false, "Browser origins allowed on /api/admin.";
    ADMIN_READS_PER_MINUTE, number(0, 10_000_000), Some("6000"), Never, false, "How many reads of one administrator or program each process answers on /api/admin within a minute; 0 for any number.";
    TRUST_PROXY, Kind::Boolean, Some("false"), Never, false, "Takes the client's address from the proxies' header.";
    TRUST_PROXY_HOPS, number(1, 16), Some("1"), Never, false, "Number of proxies in front of Porta.";
    TRUST_PROXY_HEADER, Kind::OneOf(PROXY_HEADERS), Some("(x-forwarded-for; forwarded where there is none)"), Never, false, "The header that the proxies write; the other one is then ignored.";
    TRUST_PROXY_CIDRS, Kind::List, None, Never, false, "Networks from which the nearest proxy connects. Empty trusts every peer, which is refused in production.";
    ARGON2_MEMORY_KIB, number(1_024, 4_194_304), Some("19456"), Never, false, "Argon2id memory of one password hash, in KiB.";
    ARGON2_ITERATIONS, number(1, 100), Some("2"), Never, false, "Argon2id iterations of one password hash.";
    ARGON2_PARALLELISM, number(1, 64), Some("1"), Never, false, "Argon2id lanes of one password hash.";
    DRAIN_SECONDS, number(0, 300), Some("(0; 5 in production)"), Never, false, "How long /ready answers 503 at shutdown before Porta stops listening.";
    SHUTDOWN_GRACE_SECONDS, number(0, 600), Some("10"), Never, false, "How long running requests may take to finish.";
    KEEP_ALIVE_SECONDS, number(1, 3_600), Some("75"), Never, false, "How long an idle connection is kept open. Must be longer than the proxy in front keeps it.";
    PORTA_SERVICE, Kind::OneOf(SERVICES), Some("server"), Never, false, "For porta start: the role of this process.";
    PORTA_AUTO_MIGRATE, Kind::Boolean, Some("true"), Never, false, "For porta start: migrates the database before serving.";
    PORTA_WAIT_TIMEOUT, number(0, 3_600), Some("60"), Never, false, "For porta start: how many seconds to wait for PostgreSQL and Redis.";
    PORTA_ADMIN_PUBLIC_URL, Kind::Url, Some("http://localhost:4002"), Never, false, "For porta init: public origin of the admin console, without a path.";
    PORTA_SKIP_PROD_SAFETY, Kind::Boolean, Some("false"), Never, false, "Starts despite failed safety checks and logs each one.";
}
