//! Where the server is and how to reach it: options checked once, before anything connects.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisResult};
use secrecy::{ExposeSecret, SecretString};

use super::cluster::Node;
use super::link::client;
use crate::KvError;

/// How to reach Redis (6.2 or newer).
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// `redis://` or `rediss://`, with credentials, IPv6 and database index as needed; or `unix:`.
    pub url: SecretString,
    /// Namespace of every key and channel: letters, digits, `-`, `_`, `.`. Without a colon, so that no two names can
    /// lead to the same key.
    pub instance: String,
    /// How long a command may take.
    pub response_timeout: Duration,
    /// How long connecting may take, greeting included.
    pub connection_timeout: Duration,
    /// PEM file with the authorities to trust for `rediss://`, instead of the public ones.
    pub ca_file: Option<PathBuf>,
}

impl RedisOptions {
    /// With the timeouts that suit a server nearby: half a second to answer, one to connect.
    pub fn new(url: SecretString, instance: impl Into<String>) -> Self {
        Self {
            url,
            instance: instance.into(),
            response_timeout: Duration::from_millis(500),
            connection_timeout: Duration::from_secs(1),
            ca_file: None,
        }
    }
}

/// Why a connection was not made. None of the texts holds a credential.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Trying again does not help.
    #[error("redis url is not usable: {0}")]
    Url(String),
    #[error("instance name {0:?} is not usable: letters, digits, '-', '_' and '.' are")]
    Instance(String),
    #[error("certificate file {path} is not usable")]
    CaFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// [`KvError::Unavailable`]: trying again may help.
    #[error(transparent)]
    Store(#[from] KvError),
}

/// Checked options.
pub(super) struct Address {
    pub(super) client: Client,
    info: ConnectionInfo,
    ca_pem: Option<Vec<u8>>,
    /// What keys of a cluster are placed by.
    pub(super) instance: String,
    /// Nodes of a cluster, as last heard: any of them knows the way when the one that was configured is gone.
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
        let is_tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        if is_tls {
            install_tls_provider();
        }
        let ca_pem = match &options.ca_file {
            Some(path) if is_tls => Some(
                std::fs::read(path).map_err(|source| ConnectError::CaFile { path: path.clone(), source })?,
            ),
            Some(_) => return Err(ConnectError::Url("a certificate file needs rediss://".to_owned())),
            None => None,
        };
        let found = client(info.clone(), ca_pem.clone());
        Ok(Self {
            client: found.map_err(|error| ConnectError::Url(error.to_string()))?,
            info,
            ca_pem,
            instance: options.instance.clone(),
            nodes: RwLock::default(),
            database,
            response_timeout: options.response_timeout,
            connection_timeout: options.connection_timeout,
        })
    }

    /// The configured host; empty for a socket.
    pub(super) fn host(&self) -> &str {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
            _ => "",
        }
    }

    /// Reaches another node of a cluster the way the configured one is reached.
    pub(super) fn client_of(&self, (host, port): &Node) -> RedisResult<Client> {
        let mut address = self.info.addr().clone();
        match &mut address {
            ConnectionAddr::Tcp(old_host, old_port) => (*old_host, *old_port) = (host.clone(), *port),
            ConnectionAddr::TcpTls { host: old_host, port: old_port, .. } => {
                (*old_host, *old_port) = (host.clone(), *port);
            }
            _ => {}
        }
        client(self.info.clone().set_addr(address), self.ca_pem.clone())
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
    // The third protocol announces the end of a connection, and lets a subscription be probed with PING.
    let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(redis).set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// The client library takes the provider of the process. Start-up has installed it; a test has not.
fn install_tls_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error says only that somebody else was faster.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_certificate_file_needs_tls_and_must_exist() {
        let mut options = RedisOptions::new("redis://h".to_owned().into(), "porta");
        options.ca_file = Some("/nonexistent/ca.pem".into());
        assert!(matches!(Address::new(&options), Err(ConnectError::Url(_))));
        options.url = "rediss://h".to_owned().into();
        assert!(matches!(Address::new(&options), Err(ConnectError::CaFile { .. })));
    }
}
