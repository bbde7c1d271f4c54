//! Listener, issuer, trusted proxies and shutdown of the server.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use porta_core::string_enum;
use url::Url;

use crate::reader::Reader;
use crate::source::Source;
use crate::variable::{
    ADMIN_CORS_ORIGINS, ADMIN_READS_PER_MINUTE, DATABASE_URL, DRAIN_SECONDS, HOST, ISSUER_BASE_URL,
    KEEP_ALIVE_SECONDS, NODE_ENV, PORT, PORTA_ENV, SHUTDOWN_GRACE_SECONDS, TRUST_PROXY, TRUST_PROXY_CIDRS,
    TRUST_PROXY_HEADER, TRUST_PROXY_HOPS,
};
use crate::{IssuerBase, Problem};

string_enum! {
    pub enum Environment { Development = "development", Test = "test", Production = "production" }
}

impl Environment {
    /// For commands that need the environment only.
    pub fn load(source: &Source<'_>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let environment = Self::read(&mut reader);
        reader.finish(environment)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let node = reader.word(NODE_ENV);
        let porta = reader.word(PORTA_ENV);
        if let (Some(node), Some(porta)) = (node, porta)
            && node != porta
        {
            let message = format!("it says {porta} and NODE_ENV says {node}");
            reader.note(PORTA_ENV, message, "set one of the two");
        }
        node.or(porta).and_then(Self::parse).unwrap_or_else(|| Self::default_for(reader.source()))
    }

    /// Default without `NODE_ENV` and `PORTA_ENV`: production if `DATABASE_URL` is set, because that is an installation
    /// in use, otherwise development.
    fn default_for(source: &Source<'_>) -> Self {
        // A `DATABASE_URL` that cannot be read counts as set; its own reader notes the problem.
        if matches!(source.find(DATABASE_URL), Ok(None)) { Self::Development } else { Self::Production }
    }

    pub fn is_production(self) -> bool {
        self == Self::Production
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// An address or a host name; IPv6 without brackets.
    pub host: String,
    pub port: u16,
    pub issuer_base_url: IssuerBase,
    pub trust_proxy: TrustProxy,
    /// Origins in the form that browsers send; empty: none is allowed.
    pub admin_cors_origins: Vec<String>,
    /// Limit of the reads of one administrator; `None`: there is none.
    pub admin_reads_per_minute: Option<u64>,
    /// How long an idle connection is kept open.
    pub keep_alive: Duration,
    /// How long `/ready` answers 503 before the listener closes.
    pub drain: Duration,
    /// How long running requests may take after that.
    pub shutdown_grace: Duration,
}

impl ServerConfig {
    pub(crate) fn read(reader: &mut Reader<'_>, environment: Environment, is_embedded: bool) -> Option<Self> {
        let host = read_host(reader, is_embedded);
        let port = u16::try_from(reader.number_or_default(PORT)).unwrap_or(3000);
        let issuer = read_issuer(reader, environment, is_embedded, port);
        let drain = reader.number(DRAIN_SECONDS).unwrap_or(if environment.is_production() { 5 } else { 0 });
        let server = Self {
            host,
            port,
            // `None` only if a problem was noted.
            issuer_base_url: issuer.or_else(|| IssuerBase::localhost(port))?,
            trust_proxy: TrustProxy::read(reader),
            admin_cors_origins: read_origins(reader),
            admin_reads_per_minute: Some(reader.number_or_default(ADMIN_READS_PER_MINUTE)).filter(|n| *n > 0),
            keep_alive: Duration::from_secs(reader.number_or_default(KEEP_ALIVE_SECONDS)),
            drain: Duration::from_secs(drain),
            shutdown_grace: Duration::from_secs(reader.number_or_default(SHUTDOWN_GRACE_SECONDS)),
        };
        Some(server)
    }
}

fn read_host(reader: &mut Reader<'_>, is_embedded: bool) -> String {
    let Some(host) = reader.text(HOST) else {
        // Embedded storage is for one machine; a container with a database must be reachable.
        return if is_embedded { "127.0.0.1" } else { "0.0.0.0" }.to_owned();
    };
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(&host);
    let is_name = bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if bare.parse::<IpAddr>().is_err() && !is_name {
        reader.note(
            HOST,
            "it is neither an address nor a host name",
            "use for example 0.0.0.0, :: or 127.0.0.1",
        );
    }
    bare.to_owned()
}

fn read_issuer(
    reader: &mut Reader<'_>,
    environment: Environment,
    is_embedded: bool,
    port: u16,
) -> Option<IssuerBase> {
    const REMEDY: &str = "use an origin such as https://id.example.com";
    let Some(text) = reader.text(ISSUER_BASE_URL) else {
        if is_embedded && !environment.is_production() {
            return IssuerBase::localhost(port);
        }
        reader.note(ISSUER_BASE_URL, "it is not set", format!("set the public origin; {REMEDY}"));
        return None;
    };
    match IssuerBase::parse(&text) {
        Ok(issuer) => Some(issuer),
        Err(message) => {
            reader.note(ISSUER_BASE_URL, message, REMEDY);
            None
        }
    }
}

fn read_origins(reader: &mut Reader<'_>) -> Vec<String> {
    let mut origins = Vec::new();
    for item in reader.list(ADMIN_CORS_ORIGINS) {
        let origin = Url::parse(&item).ok().filter(|url| {
            matches!(url.scheme(), "https" | "http")
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        match origin {
            Some(url) => origins.push(url.origin().ascii_serialization()),
            None => reader.note(
                ADMIN_CORS_ORIGINS,
                format!("item {} is not an origin", origins.len() + 1),
                "use origins such as https://admin.example.com",
            ),
        }
    }
    origins
}

string_enum! {
    /// A header in which proxies pass on the client address.
    pub enum ProxyHeader { XForwardedFor = "x-forwarded-for", Forwarded = "forwarded" }
}

/// Whether forwarded headers are trusted, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustProxy {
    Never,
    From {
        /// Number of proxies in front; the client address is that many entries from the end.
        hops: u8,
        /// Networks the nearest proxy connects from; empty: any.
        networks: Vec<IpNet>,
        /// The one header that is read; `None`: `X-Forwarded-For`, or `Forwarded` if that is missing.
        header: Option<ProxyHeader>,
    },
}

impl TrustProxy {
    fn read(reader: &mut Reader<'_>) -> Self {
        let enabled = reader.boolean(TRUST_PROXY);
        let hops = reader.number(TRUST_PROXY_HOPS);
        let header = reader.word(TRUST_PROXY_HEADER).and_then(ProxyHeader::parse);
        let mut networks = Vec::new();
        let items = reader.list(TRUST_PROXY_CIDRS);
        for (index, item) in items.iter().enumerate() {
            match item.parse::<IpNet>().or_else(|_| item.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => networks.push(network),
                Err(_) => reader.note(
                    TRUST_PROXY_CIDRS,
                    format!("item {} is not a network", index + 1),
                    "use for example 10.0.0.0/8 or fd00::/8",
                ),
            }
        }
        if enabled.is_none() && (hops.is_some() || header.is_some() || !networks.is_empty()) {
            let message = "it is not set, but TRUST_PROXY_HOPS, TRUST_PROXY_HEADER or TRUST_PROXY_CIDRS is";
            reader.note(TRUST_PROXY, message, "set TRUST_PROXY=true, or false to switch all of it off");
        }
        // Also if a network could not be parsed, which was noted: trust nobody.
        if enabled != Some(true) || networks.len() < items.len() {
            return Self::Never;
        }
        Self::From { hops: hops.and_then(|n| u8::try_from(n).ok()).unwrap_or(1), networks, header }
    }
}
