//! Builds requests as bytes.

use std::fmt::Write as _;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The server as the load generator sees it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    host: String,
}

impl Site {
    pub(crate) fn new(port: u16) -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], port)), host: format!("localhost:{port}") }
    }

    /// The origin, configured as the server's base URL.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// The path of an absolute address of this site.
    pub(crate) fn path_of<'u>(&self, url: &'u str) -> Option<&'u str> {
        if url.starts_with('/') {
            return Some(url);
        }
        url.strip_prefix("http://")?.strip_prefix(self.host.as_str()).filter(|path| path.starts_with('/'))
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
        let mut text = self.start("GET", path, headers);
        text.push_str("\r\n");
        text.into_bytes()
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Vec<u8> {
        let body = form(fields);
        let mut text = self.start("POST", path, headers);
        let length = body.len();
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        text.into_bytes()
    }

    fn start(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.host);
        for (name, value) in headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text
    }
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// HTTP Basic credentials: RFC 6749 §2.3.1 form-encodes both halves before joining them.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

/// The value of a query parameter.
pub(crate) fn query_value(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_complete() {
        let site = Site::new(4000);
        assert_eq!(
            site.get("/x", &[("cookie", "a=1")]),
            b"GET /x HTTP/1.1\r\nhost: localhost:4000\r\ncookie: a=1\r\n\r\n"
        );
        let post = String::from_utf8(site.post("/x", &[], &[("a", "1 2"), ("b", "&")])).unwrap();
        assert!(post.ends_with("content-length: 11\r\n\r\na=1+2&b=%26"), "{post}");
    }

    #[test]
    fn only_addresses_of_this_site_have_a_path() {
        let site = Site::new(4000);
        assert_eq!(site.path_of("http://localhost:4000/a?b"), Some("/a?b"));
        assert_eq!(site.path_of("/a"), Some("/a"));
        assert_eq!(site.path_of("http://localhost:40001/a"), None);
        assert_eq!(site.path_of("https://rp.example.test/a"), None);
    }

    #[test]
    fn values_of_a_query_are_decoded() {
        let url = "https://rp.example.test/cb?state=a%20b&code=x%2By";
        assert_eq!(query_value(url, "code").as_deref(), Some("x+y"));
        assert_eq!(query_value(url, "state").as_deref(), Some("a b"));
        assert_eq!(query_value(url, "error"), None);
    }
}
