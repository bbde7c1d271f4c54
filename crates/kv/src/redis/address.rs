//! Address of the server and how to connect: options are checked once, before anything connects.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use porta_trust::Roots;
use redis::io::tcp::TcpSettings;
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo,
    RedisResult, TlsCertificates,
};
use secrecy::{ExposeSecret, SecretString};

use super::cluster::Node;
use crate::KvError;

/// How to reach Redis (6.2 or newer).
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// `redis://` or `rediss://`, with credentials, IPv6 and database index as needed; or `unix:`.
    pub url: SecretString,
    /// Namespace of every key and channel: letters, digits, `-`, `_`, `.`. A colon is not allowed, because two names
    /// could then lead to the same key.
    pub instance: String,
    /// How long a command may take.
    pub response_timeout: Duration,
    /// How long connecting may take, handshake included.
    pub connection_timeout: Duration,
    /// Certificate authorities trusted for `rediss://`.
    pub roots: Roots,
    /// Sentinels that know the address of the primary; the host in `url` is then the name of the primary.
    pub sentinels: Option<Sentinels>,
}

/// The sentinels of a primary. They use TLS if the primary's URL does.
#[derive(Debug, Clone)]
pub struct Sentinels {
    /// Host and port of each; queried in this order.
    pub addresses: Vec<(String, u16)>,
    pub password: Option<SecretString>,
}

impl RedisOptions {
    /// Default timeouts suit a nearby server: 500 ms for an answer, 1 s to connect. Trusts the certificate authorities
    /// of this machine.
    pub fn new(url: SecretString, instance: impl Into<String>) -> Self {
        Self {
            url,
            instance: instance.into(),
            response_timeout: Duration::from_millis(500),
            connection_timeout: Duration::from_secs(1),
            roots: Roots::system(),
            sentinels: None,
        }
    }
}

/// Why connecting failed. The messages contain no credentials.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Permanent: retrying does not help.
    #[error("redis url is not usable: {0}")]
    Url(String),
    #[error("instance name {0:?} is not usable: letters, digits, '-', '_' and '.' are")]
    Instance(String),
    #[error(
        "rediss:// needs a certificate authority, and this machine knows none; name one in PORTA_CA_FILE"
    )]
    NobodyBelieved,
    /// [`KvError::Unavailable`] is temporary: retrying may help.
    #[error(transparent)]
    Store(#[from] KvError),
}

/// Checked options.
pub(super) struct Address {
    pub(super) client: Client,
    pub(super) sentinels: Option<Sentinels>,
    /// Hash tag of the keys in a cluster.
    pub(super) instance: String,
    /// Last known nodes of the cluster: fallbacks when the configured node is gone.
    nodes: RwLock<Vec<Node>>,
    pub(super) database: i64,
    pub(super) response_timeout: Duration,
    pub(super) connection_timeout: Duration,
}

impl Address {
    pub(super) fn new(options: &RedisOptions) -> Result<Self, ConnectError> {
        check_instance(&options.instance)?;
        let info = parse(options.url.expose_secret())?;
        let database = info.redis_settings().db();
        let found = if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            install_tls_provider();
            if options.roots.is_empty() {
                return Err(ConnectError::NobodyBelieved);
            }
            // Always given; otherwise the library trusts the list that it was built with.
            let root_cert = Some(options.roots.pem().as_bytes().to_vec());
            Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert })
        } else {
            Client::open(info)
        };
        Ok(Self {
            client: found.map_err(|error| ConnectError::Url(error.to_string()))?,
            sentinels: options.sentinels.clone(),
            instance: options.instance.clone(),
            nodes: RwLock::default(),
            database,
            response_timeout: options.response_timeout,
            connection_timeout: options.connection_timeout,
        })
    }

    /// The configured host, or the name of the primary; empty for a Unix socket.
    pub(super) fn host(&self) -> &str {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
            _ => "",
        }
    }

    /// Connection settings for another server: those of the configured one, trusted authorities included.
    fn info_of(&self, (host, port): &Node) -> ConnectionInfo {
        let info = self.client.get_connection_info();
        let mut address = info.addr().clone();
        match &mut address {
            ConnectionAddr::Tcp(old_host, old_port) => (*old_host, *old_port) = (host.clone(), *port),
            ConnectionAddr::TcpTls { host: old_host, port: old_port, .. } => {
                (*old_host, *old_port) = (host.clone(), *port);
            }
            _ => {}
        }
        info.clone().set_addr(address)
    }

    /// A client for another node of the cluster, or for the primary that a sentinel named.
    pub(super) fn client_of(&self, node: &Node) -> RedisResult<Client> {
        Client::open(self.info_of(node))
    }

    /// A client for a sentinel. Sentinels have no databases and do not use the primary's account.
    pub(super) fn client_of_sentinel(
        &self,
        node: &Node,
        password: Option<&SecretString>,
    ) -> RedisResult<Client> {
        let mut settings = RedisConnectionInfo::default();
        if let Some(password) = password {
            settings = settings.set_password(password.expose_secret());
        }
        Client::open(self.info_of(node).set_redis_settings(settings))
    }

    pub(super) fn remember(&self, nodes: Vec<Node>) {
        *self.nodes.write().unwrap_or_else(PoisonError::into_inner) = nodes;
    }

    pub(super) fn nodes(&self) -> Vec<Node> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn check_instance(name: &str) -> Result<(), ConnectError> {
    let is_usable = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_usable { Ok(()) } else { Err(ConnectError::Instance(name.to_owned())) }
}

fn parse(url: &str) -> Result<ConnectionInfo, ConnectError> {
    let info = url.into_connection_info().map_err(|error| ConnectError::Url(error.to_string()))?;
    if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
        return Err(ConnectError::Url("#insecure would accept any certificate".to_owned()));
    }
    if info.redis_settings().db() < 0 {
        return Err(ConnectError::Url("database index is negative".to_owned()));
    }
    // RESP3 announces the end of a connection and allows PING on a subscription.
    let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(redis).set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// The client library uses the crypto provider of the process. Start-up installs it; tests may not have.
fn install_tls_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error only means that another thread was faster.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use porta_trust::Certificates;

    use super::*;

    const ISRG: &str = include_str!("../../../trust/testdata/isrg-root-x2.pem");

    fn address(url: &str) -> Result<Address, ConnectError> {
        Address::new(&RedisOptions::new(url.to_owned().into(), "porta"))
    }

    #[test]
    fn urls_in_use_are_understood() {
        for (url, host, database) in [
            ("redis://localhost", "localhost", 0),
            ("redis://:p%40ss@10.0.0.1:6380/3", "10.0.0.1", 3),
            ("redis://user:secret@[2001:db8::1]:6379/1", "2001:db8::1", 1),
            ("rediss://user:secret@cache.example/2", "cache.example", 2),
        ] {
            let address = address(url).unwrap();
            assert_eq!(address.database, database, "{url}");
            match address.client.get_connection_info().addr() {
                ConnectionAddr::Tcp(found, _) | ConnectionAddr::TcpTls { host: found, .. } => {
                    assert_eq!(found, host);
                }
                other => panic!("{other:?}"),
            }
        }
        let address = address("redis://user:p%40ss@h").unwrap();
        let settings = address.client.get_connection_info().redis_settings();
        assert_eq!((settings.username(), settings.password()), (Some("user"), Some("p@ss")));
    }

    #[test]
    fn unusable_urls_are_refused_without_naming_the_password() {
        for url in [
            "",
            "http://:hunter2@h",
            "redis://:hunter2@h/x",
            "redis://:hunter2@h/-1",
            "rediss://:hunter2@h/#insecure",
            "redis://:hunter2@0.0.0.0",
            "redis://:hunter2@h:notaport",
        ] {
            let error = address(url).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|text| !text.contains("hunter2")), "{url}: {error:?}");
        }
    }

    #[test]
    fn instance_names_cannot_run_into_keys() {
        for name in ["", "a:b", "a b", "ä", "a*"] {
            let options = RedisOptions::new("redis://h".to_owned().into(), name);
            assert!(matches!(Address::new(&options), Err(ConnectError::Instance(_))), "{name:?}");
        }
    }

    #[test]
    fn options_do_not_print_the_password() {
        let options = RedisOptions::new("redis://:hunter2@h".to_owned().into(), "porta");
        assert!(!format!("{options:?}").contains("hunter2"));
    }

    #[test]
    fn tls_needs_somebody_to_believe() {
        let mut options = RedisOptions::new("rediss://h".to_owned().into(), "porta");
        options.roots = Roots::only(Certificates::default());
        assert!(matches!(Address::new(&options), Err(ConnectError::NobodyBelieved)));
        options.url = "redis://h".to_owned().into();
        assert!(Address::new(&options).is_ok());
    }

    #[test]
    fn other_servers_are_reached_as_the_configured_one_is() {
        let mut options = RedisOptions::new("rediss://user:pass@primary/3".to_owned().into(), "porta");
        options.roots = Roots::only(Certificates::parse(ISRG.as_bytes()).certificates);
        let address = Address::new(&options).unwrap();
        assert_eq!(address.host(), "primary");
        let node = ("10.0.0.7".to_owned(), 7_000);
        let client = address.client_of(&node).unwrap();
        let ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: Some(_) } =
            client.get_connection_info().addr()
        else {
            panic!("{:?}", client.get_connection_info())
        };
        assert_eq!((host.as_str(), *port), ("10.0.0.7", 7_000));
        let settings = client.get_connection_info().redis_settings();
        assert_eq!(
            (settings.username(), settings.password(), settings.db()),
            (Some("user"), Some("pass"), 3)
        );

        let sentinel = address.client_of_sentinel(&node, Some(&"other".to_owned().into())).unwrap();
        let info = sentinel.get_connection_info();
        assert!(matches!(info.addr(), ConnectionAddr::TcpTls { tls_params: Some(_), .. }));
        let settings = info.redis_settings();
        assert_eq!((settings.username(), settings.password(), settings.db()), (None, Some("other"), 0));
        let sentinel = address.client_of_sentinel(&node, None).unwrap();
        assert_eq!(sentinel.get_connection_info().redis_settings().password(), None);
    }
}
