//! Settings of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;

use crate::carrier::Carrier;
use crate::error::Error;
use crate::generated::Client;
use crate::retry::Retries;
use crate::token::TokenSource;
use crate::transport::Transport;

const BASE_PATH: &str = "api/admin";

/// Makes a [`Client`].
#[must_use]
pub struct Builder {
    server: String,
    tokens: Arc<dyn TokenSource>,
    http: reqwest::ClientBuilder,
    carrier: Option<Arc<dyn Carrier>>,
    retries: Retries,
    connect_timeout: Duration,
    timeout: Duration,
    largest_answer: usize,
}

impl Builder {
    /// `server` is the address of the server, such as `https://porta.example`, with the path below which a proxy publishes
    /// it, if there is one.
    pub fn new(server: impl Into<String>, tokens: impl TokenSource + 'static) -> Self {
        Self {
            server: server.into(),
            tokens: Arc::new(tokens),
            http: reqwest::Client::builder().user_agent(concat!("porta-client/", env!("CARGO_PKG_VERSION"))),
            carrier: None,
            retries: Retries::default(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            largest_answer: 32 * 1024 * 1024,
        }
    }

    /// For certificate authorities, a proxy or another `User-Agent`. Redirects and timeouts are set by this builder.
    pub fn http(mut self, http: reqwest::ClientBuilder) -> Self {
        self.http = http;
        self
    }

    /// Answers the requests instead of the server. The settings of HTTP do not count then.
    pub fn carrier(mut self, carrier: impl Carrier + 'static) -> Self {
        self.carrier = Some(Arc::new(carrier));
        self
    }

    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// For the connection. 5 seconds if it is not set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// For each time that a call is sent, or for each piece of a download. 30 seconds if it is not set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Size of an answer that is not a download. 32 MiB if it is not set.
    pub fn largest_answer(mut self, bytes: usize) -> Self {
        self.largest_answer = bytes;
        self
    }

    /// # Panics
    /// If the program has not installed a TLS provider for rustls.
    pub fn build(self) -> Result<Client, Error> {
        let base = base(&self.server).map_err(Error::Usage)?;
        let carrier = match self.carrier {
            Some(carrier) => carrier,
            None => Arc::new(
                self.http
                    .redirect(Policy::none())
                    .referer(false)
                    .connect_timeout(self.connect_timeout)
                    .read_timeout(self.timeout)
                    .build()?,
            ),
        };
        Ok(Client::of(&Arc::new(Transport {
            carrier,
            base,
            tokens: self.tokens,
            retries: self.retries,
            timeout: self.timeout,
            largest_answer: self.largest_answer,
        })))
    }
}

/// Without the token.
impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Builder").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Where the Admin API of a server is.
fn base(server: &str) -> Result<Url, String> {
    let mut url = Url::parse(server).map_err(|error| format!("the address of the server: {error}"))?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !is_plain || url.password().is_some() {
        return Err("the address of the server is not of the form https://host/path".to_owned());
    }
    url.set_path(&format!("{}/{BASE_PATH}", url.path().trim_end_matches('/')));
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_below_the_address_of_the_server() {
        for (server, expected) in [
            ("https://porta.example", "https://porta.example/api/admin"),
            ("https://porta.example/", "https://porta.example/api/admin"),
            ("http://localhost:3000/auth//", "http://localhost:3000/auth/api/admin"),
        ] {
            assert_eq!(base(server).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for server in [
            "",
            "porta.example",
            "localhost:3000",
            "ftp://porta.example",
            "https://ana@porta.example",
            "https://ana:x@porta.example",
            "https://porta.example?x=1",
            "https://porta.example#x",
        ] {
            assert!(base(server).is_err(), "{server}");
        }
    }
}
