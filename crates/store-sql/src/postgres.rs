//! Connecting to PostgreSQL: URL, trusted certificate authorities, session settings.

use std::sync::Arc;
use std::time::Duration;

use porta_store::{Result, StoreError};
use porta_trust::Roots;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use crate::kernel::Connector;
use crate::options::{DatabaseOptions, STATEMENT_CACHE};

pub(crate) fn connector(url: &str, options: &DatabaseOptions) -> Result<Connector> {
    let server = server(url, &options.roots)?;
    Ok(if options.is_pooled {
        let (server, begin) = lent(server, options.statement_timeout);
        Connector::Pooled(Box::new(server), begin)
    } else {
        Connector::Postgres(Box::new(with_session_settings(server, options.statement_timeout)))
    })
}

fn server(url: &str, roots: &Roots) -> Result<PgConnectOptions> {
    let unusable = || StoreError::Failed("the database URL is not of the form postgres://…".into());
    let url = Url::parse(url).map_err(|_| unusable())?;
    let mut options = PgConnectOptions::from_url(&url).map_err(|_| unusable())?;
    // The driver keeps the brackets of an IPv6 address in the URL and would resolve it as a host name.
    let bare =
        options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']')).map(str::to_owned);
    if let Some(host) = bare {
        options = options.host(&host);
    }
    let verifies = matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    if verifies && !names_an_authority(&url) {
        if roots.is_empty() {
            let problem = "sslmode asks for a certificate authority, and this machine knows none; name one in \
                           PORTA_CA_FILE";
            return Err(StoreError::Failed(problem.into()));
        }
        options = options.ssl_root_cert_from_pem(roots.pem().as_bytes().to_vec());
    }
    // The kernel logs slow statements by name.
    Ok(options.application_name("porta").disable_statement_logging())
}

/// Whether the URL or `PGSSLROOTCERT` names a certificate authority for this server (as in libpq), which then replaces
/// the common ones. `system` means the common ones.
fn names_an_authority(url: &Url) -> bool {
    const NAMES: [&str; 3] = ["sslrootcert", "ssl-root-cert", "ssl-ca"];
    let said = url.query_pairs().filter(|(name, _)| NAMES.contains(&&**name)).last();
    match said {
        Some((_, file)) => file != "system",
        // The driver reads this variable itself.
        None => std::env::var_os("PGSSLROOTCERT").is_some(),
    }
}

/// Options for direct connections, whose sessions belong to this process.
fn with_session_settings(server: PgConnectOptions, statement_timeout: Duration) -> PgConnectOptions {
    let timeout = statement_timeout.as_millis().to_string();
    server.statement_cache_capacity(STATEMENT_CACHE).options([
        ("statement_timeout", timeout.as_str()),
        // An abandoned unit of work must not hold locks.
        ("idle_in_transaction_session_timeout", "60000"),
        // Nor must a host that vanished: the server notices within half a minute instead of two hours. No effect on a
        // Unix socket.
        ("tcp_keepalives_idle", "15"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
        // Every statement finds its rows by key. Planning again for each set of arguments costs more than running it,
        // and JIT compilation costs far more.
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
    ])
}

/// Options for connections through a transaction pooler, and the commands that begin a transaction. No prepared
/// statement and no setting may outlive a transaction, and poolers refuse startup options.
fn lent(server: PgConnectOptions, statement_timeout: Duration) -> (PgConnectOptions, Arc<str>) {
    let begin = format!(
        "BEGIN; SET LOCAL statement_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = 60000; \
         SET LOCAL jit = off",
        statement_timeout.as_millis()
    );
    (server.statement_cache_capacity(0).extra_float_digits(None::<i8>), begin.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use porta_trust::Certificates;

    use super::*;

    const ISRG: &str = include_str!("../../trust/testdata/isrg-root-x2.pem");

    fn reached(url: &str) -> PgConnectOptions {
        server(url, &Roots::only(Certificates::parse(ISRG.as_bytes()).certificates)).unwrap()
    }

    #[test]
    fn an_address_loses_the_brackets_of_the_url() {
        for (url, host, port) in [
            ("postgres://u:p@[::1]/porta", "::1", 5432),
            ("postgres://u:p@[::1]:5433/porta", "::1", 5433),
            ("postgresql://[2001:db8::7]:6432/porta?sslmode=disable", "2001:db8::7", 6432),
            ("postgres://u:p@127.0.0.1/porta", "127.0.0.1", 5432),
            ("postgres://u:p@db.internal:5432/porta", "db.internal", 5432),
            ("postgres:///porta?host=::1", "::1", 5432),
        ] {
            let options = reached(url);
            assert_eq!((options.get_host(), options.get_port()), (host, port), "{url}");
            assert!(options.get_socket().is_none(), "{url}");
        }
        let socket = reached("postgres://%2Frun%2Fpostgresql/porta");
        assert_eq!(socket.get_socket().map(std::path::PathBuf::as_path), Some(Path::new("/run/postgresql")));
    }

    #[tokio::test]
    async fn an_address_is_connected_to() {
        let Ok(listener) = tokio::net::TcpListener::bind("[::1]:0").await else {
            println!("this machine has no IPv6");
            return;
        };
        let url =
            format!("postgres://u:p@[::1]:{}/porta?sslmode=disable", listener.local_addr().unwrap().port());
        let options = reached(&url);
        let connecting = tokio::spawn(async move { options.connect().await.map(drop) });
        let accepted = tokio::time::timeout(Duration::from_secs(10), listener.accept()).await;
        drop(accepted.expect("it is asked").unwrap());
        assert!(connecting.await.unwrap().is_err(), "nobody answered");
    }

    /// The URL is the only place where the driver shows its root certificate.
    fn believes_isrg(options: &PgConnectOptions) -> bool {
        let url = options.to_url_lossy();
        let found = url.query_pairs().find(|(name, _)| name == "sslrootcert");
        found.is_some_and(|(_, value)| value.contains(ISRG.trim_end()))
    }

    #[test]
    fn who_is_believed_by_all_is_believed_where_something_is_verified() {
        for (query, expected) in [
            ("sslmode=verify-full", true),
            ("sslmode=verify-ca", true),
            ("sslmode=VERIFY-FULL", true),
            ("sslmode=verify-full&sslrootcert=system", true),
            ("sslmode=verify-full&sslrootcert=/etc/own.pem", false),
            ("sslmode=verify-full&ssl-ca=/etc/own.pem", false),
            ("sslmode=verify-full&sslrootcert=system&sslrootcert=/etc/own.pem", false),
            ("sslmode=require", false),
            ("sslmode=prefer", false),
            ("sslmode=disable", false),
            ("", false),
        ] {
            let options = reached(&format!("postgres://u:p@db.internal/porta?{query}"));
            assert_eq!(believes_isrg(&options), expected, "{query}");
        }
    }

    #[test]
    fn nothing_is_verified_with_nobody_to_believe() {
        let nobody = Roots::only(Certificates::default());
        let refused = server("postgres://u:hunter2@h/d?sslmode=verify-full", &nobody).unwrap_err();
        let text = format!("{refused} {refused:?}");
        assert!(text.contains("PORTA_CA_FILE") && !text.contains("hunter2"), "{text}");
        assert!(server("postgres://u:p@h/d?sslmode=require", &nobody).is_ok());
    }

    #[test]
    fn a_lent_session_begins_with_no_setting_and_sets_each_transaction() {
        let (options, begin) = lent(reached("postgres://u:p@h/d"), Duration::from_millis(1_500));
        assert_eq!(options.get_options(), None);
        assert!(options.to_url_lossy().as_str().contains("statement-cache-capacity=0"));
        assert!(
            begin.starts_with("BEGIN; ") && begin.contains("SET LOCAL statement_timeout = 1500;"),
            "{begin}"
        );
        let options = with_session_settings(reached("postgres://u:p@h/d"), Duration::from_millis(1_500));
        assert!(options.get_options().is_some_and(|text| text.contains("statement_timeout=1500")));
    }

    /// The keepalive settings that the server reports for a session with our options.
    async fn keepalives(url: &str) -> Vec<String> {
        let mut connection =
            with_session_settings(reached(url), Duration::from_secs(10)).connect().await.unwrap();
        let mut found = Vec::new();
        for name in ["idle", "interval", "count"] {
            let sql = sqlx::AssertSqlSafe(format!("SHOW tcp_keepalives_{name}"));
            found.push(sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap());
        }
        found
    }

    #[tokio::test]
    async fn postgres_soon_notices_that_a_host_vanished() {
        let url =
            std::env::var("TEST_DATABASE_URL").expect("tests with `postgres` in their name need a server");
        assert_eq!(keepalives(&url).await, ["15", "5", "3"]);
    }

    #[tokio::test]
    async fn postgres_does_not_mind_on_a_unix_socket() {
        let url =
            std::env::var("TEST_DATABASE_URL").expect("tests with `postgres` in their name need a server");
        let mut connection = reached(&url).connect().await.unwrap();
        let sql = "SELECT split_part(current_setting('unix_socket_directories'), ',', 1)";
        let directory: String = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        // The socket of a server in a container is not reachable.
        if !directory.is_empty() && Path::new(&directory).is_dir() {
            let mark = if url.contains('?') { '&' } else { '?' };
            assert_eq!(keepalives(&format!("{url}{mark}host={directory}")).await, ["0", "0", "0"]);
        }
    }
}
