//! The public origin that every issuer starts with.

use std::fmt;

use porta_core::Slug;
use url::{Host, Url};

/// `scheme://host[:port]`, nothing more: a tenant's issuer is this, a slash and its slug.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuerBase {
    text: String,
    url: Url,
}

impl IssuerBase {
    /// Parses an origin into canonical form: host names in lower case, default ports dropped. The error says what is
    /// wrong without quoting the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| "it is not a URL")?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err("the scheme is neither https nor http");
        }
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err("it contains a user name or password");
        }
        let rest = text.split_once("://").map(|(_, rest)| rest).ok_or("it is not a URL")?;
        if rest.ends_with('/') && rest.matches('/').count() == 1 {
            return Err("it ends in a slash");
        }
        if rest.contains('?') || rest.contains('#') {
            return Err("it has a query or fragment");
        }
        if rest.contains(['/', '\\']) {
            return Err("it has a path");
        }
        if rest.contains(char::is_whitespace) || rest.contains(char::is_control) {
            return Err("it contains blanks");
        }
        Ok(Self { text: url.origin().ascii_serialization(), url })
    }

    /// `http://localhost:{port}`, for development.
    pub(crate) fn localhost(port: u16) -> Option<Self> {
        Self::parse(&format!("http://localhost:{port}")).ok()
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A tenant's issuer.
    pub fn issuer_of(&self, slug: &Slug) -> String {
        format!("{}/{slug}", self.text)
    }

    /// Whether cookies are `Secure` and HSTS is sent.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// `localhost`, `127.0.0.1` or `[::1]`: the only hosts that may be reached without TLS in production.
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
            Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
            None => false,
        }
    }
}

impl fmt::Display for IssuerBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for IssuerBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerBase({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_in_its_canonical_form() {
        for (given, kept) in [
            ("https://id.example.com", "https://id.example.com"),
            ("https://ID.Example.com:443", "https://id.example.com"),
            (" http://localhost:3000 ", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(IssuerBase::parse(given).unwrap().as_str(), kept);
        }
        let slug = Slug::parse("acme").unwrap();
        assert_eq!(
            IssuerBase::parse("https://id.example").unwrap().issuer_of(&slug),
            "https://id.example/acme"
        );
    }

    #[test]
    fn anything_beyond_an_origin_is_refused() {
        for bad in [
            "",
            "id.example.com",
            "ftp://id.example",
            "https://",
            "https:id.example",
            "https://id.example/",
            "https://id.example/auth",
            "https://id.example//",
            "https://id.example?x=1",
            "https://id.example#x",
            "https://user@id.example",
            "https://user:pw@id.example",
            "https://@id.example",
            "https://id.example\\x",
            "https://id.exa mple",
            "https://id.example/.",
            "https://id.ex\tample",
            "https://id.example:99999",
            "//id.example",
        ] {
            assert!(IssuerBase::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn loopback_hosts() {
        for (text, expected) in [
            ("http://localhost:3000", true),
            ("http://LOCALHOST", true),
            ("http://127.0.0.1", true),
            ("http://[::1]", true),
            ("http://[0:0:0:0:0:0:0:1]:3000", true),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example", false),
            ("http://0.0.0.0", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(IssuerBase::parse(text).unwrap().is_loopback(), expected, "{text}");
        }
    }
}
