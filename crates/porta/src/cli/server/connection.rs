//! Connections to one server. What is trusted here is trusted for this server's client alone.

use std::path::Path;
use std::time::Duration;

use porta_config::{Config, Source};
use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder};
use url::{Host, Url};

use crate::failure::Failure;
use crate::output;
use crate::runtime::http_client;

const TIMEOUT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("porta/", env!("CARGO_PKG_VERSION"));

#[derive(Debug, Clone)]
pub(crate) struct Connection {
    certificates: Vec<Certificate>,
    accepts_any: bool,
    is_local: bool,
}

impl Connection {
    /// `ca_file`: trusted beside the authorities of the system and of the configuration.
    pub(crate) fn to(url: &str, ca_file: Option<&Path>, accepts_any: bool) -> Result<Self, Failure> {
        let parsed = Url::parse(url).map_err(|e| Failure::general(format!("{url}: {e}")))?;
        let roots = Config::load_roots(&Source::without_dotenv())?;
        let mut certificates =
            http_client::trusted_certificates(&roots, &parsed).map_err(|e| Failure::chain(&e))?;
        if let Some(path) = ca_file {
            certificates.extend(authorities(path)?);
        }
        if accepts_any {
            output::warning(format_args!(
                "any certificate of {url} is accepted: whoever is in between can read along"
            ));
        }
        Ok(Self { certificates, accepts_any, is_local: is_this_machine(&parsed) })
    }

    /// For [`porta_client::Builder::http`], which sets timeouts and redirects.
    pub(crate) fn builder(&self) -> ClientBuilder {
        let builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .tls_certs_only(self.certificates.clone())
            .tls_danger_accept_invalid_certs(self.accepts_any);
        // A proxy has another machine of that name, and would see the token.
        if self.is_local { builder.no_proxy() } else { builder }
    }

    /// For the OAuth endpoints.
    pub(crate) fn client(&self) -> Result<reqwest::Client, Failure> {
        let builder = self.builder().redirect(Policy::none()).timeout(TIMEOUT);
        builder.build().map_err(|e| Failure::chain(&e))
    }
}

/// Whether an address leads to this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let unusable = |why: &dyn std::fmt::Display| Failure::general(format!("{}: {why}", path.display()));
    let text = std::fs::read(path).map_err(|e| unusable(&e))?;
    let found = Certificate::from_pem_bundle(&text).map_err(|_| unusable(&"no certificates in PEM"))?;
    if found.is_empty() { Err(unusable(&"no certificates in PEM")) } else { Ok(found) }
}
