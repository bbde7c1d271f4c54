//! Connections to one server. What is trusted here is trusted for this server's client alone.

use std::path::Path;
use std::time::Duration;

use porta_config::{Config, Source};
use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder};
use url::Url;

use crate::failure::Failure;
use crate::output;
use crate::runtime::http_client;

const TIMEOUT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("porta/", env!("CARGO_PKG_VERSION"));

#[derive(Debug, Clone)]
pub(crate) struct Connection {
    certificates: Vec<Certificate>,
    accepts_any: bool,
}

impl Connection {
    /// `ca_file`: trusted beside the authorities of the system and of the configuration.
    pub(super) fn to(url: &str, ca_file: Option<&Path>, accepts_any: bool) -> Result<Self, Failure> {
        let parsed = Url::parse(url).map_err(|e| Failure::general(format!("{url}: {e}")))?;
        let roots = Config::load_roots(&Source::process())?;
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
        Ok(Self { certificates, accepts_any })
    }

    /// For [`porta_client::Builder::http`], which sets timeouts and redirects.
    pub(crate) fn builder(&self) -> ClientBuilder {
        reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .tls_certs_only(self.certificates.clone())
            .tls_danger_accept_invalid_certs(self.accepts_any)
    }

    /// For the OAuth endpoints.
    pub(crate) fn client(&self) -> Result<reqwest::Client, Failure> {
        let builder = self.builder().redirect(Policy::none()).timeout(TIMEOUT);
        builder.build().map_err(|e| Failure::chain(&e))
    }
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let unusable = |why: &dyn std::fmt::Display| Failure::general(format!("{}: {why}", path.display()));
    let text = std::fs::read(path).map_err(|e| unusable(&e))?;
    let found = Certificate::from_pem_bundle(&text).map_err(|_| unusable(&"no certificates in PEM"))?;
    if found.is_empty() { Err(unusable(&"no certificates in PEM")) } else { Ok(found) }
}
