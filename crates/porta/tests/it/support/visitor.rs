//! A person at a browser, for sign-ins by the command line: plain HTTP, cookies with paths, redirects, one form.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

pub(crate) struct Visitor {
    /// Port of the server, whatever its issuer is called.
    port: String,
    /// Path, name and value.
    cookies: Vec<(String, String, String)>,
}

pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

impl Visitor {
    pub(crate) fn new(port: &str) -> Self {
        Self { port: port.to_owned(), cookies: Vec::new() }
    }

    /// Signs in at an authorization URL; returns the address to which the server sends the browser in the end.
    pub(crate) fn sign_in(&mut self, url: &str, email: &str, password: &str) -> String {
        let start = self.get(url);
        let page_url = start.location.unwrap();
        let page = self.get(&page_url);
        assert_eq!(page.status, 200, "{}", page.body);
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("_csrf", &field(&page.body, "_csrf"))
            .append_pair("email", email)
            .append_pair("password", password)
            .finish();
        let mut answer = self.send("POST", &action(&page.body), &form);
        for _ in 0..5 {
            let location = answer
                .location
                .unwrap_or_else(|| unreachable!("not signed in: {} {}", answer.status, answer.body));
            if location.starts_with("http://127.0.0.1:") {
                return location;
            }
            answer = self.get(&location);
        }
        unreachable!("redirects do not end")
    }

    fn get(&mut self, url: &str) -> Page {
        self.send("GET", url, "")
    }

    fn send(&mut self, method: &str, url: &str, body: &str) -> Page {
        let path = path_of(url);
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|(prefix, _, _)| path.starts_with(prefix.as_str()))
            .map(|(_, name, value)| format!("{name}={value}"))
            .collect();
        let cookies =
            if cookies.is_empty() { String::new() } else { format!("cookie: {}\r\n", cookies.join("; ")) };
        let form = if body.is_empty() {
            String::new()
        } else {
            format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n", body.len())
        };
        let (head, body) = exchange(
            &self.port,
            &format!("{method} {path} HTTP/1.0\r\nhost: localhost\r\n{cookies}{form}\r\n{body}"),
        );
        for line in head.lines().filter(|line| line.to_lowercase().starts_with("set-cookie: ")) {
            self.store(&line["set-cookie: ".len()..]);
        }
        let location = head.lines().find(|line| line.to_lowercase().starts_with("location: "));
        Page {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            location: location.map(|line| line["location: ".len()..].trim().to_owned()),
            body,
        }
    }

    fn store(&mut self, text: &str) {
        let mut parts = text.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<&str> = parts.collect();
        let path = attributes.iter().find_map(|a| a.strip_prefix("Path=")).unwrap_or("/").to_owned();
        self.cookies.retain(|(other, known, _)| !(known == name && *other == path));
        if !attributes.contains(&"Max-Age=0") {
            self.cookies.push((path, name.to_owned(), value.to_owned()));
        }
    }
}

/// Opens an address of this machine, such as the listener of the command line.
pub(crate) fn open(url: &str) -> Page {
    let parsed = url::Url::parse(url).unwrap();
    let port = parsed.port().unwrap().to_string();
    let (head, body) = exchange(&port, &format!("GET {} HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n", path_of(url)));
    Page { status: head.split(' ').nth(1).unwrap().parse().unwrap(), location: None, body }
}

fn exchange(port: &str, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Path and query of an address.
fn path_of(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(url) => url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path())),
        Err(_) => url.to_owned(),
    }
}

/// Where the first form of a page is sent.
fn action(page: &str) -> String {
    let (_, rest) = page.split_once("<form method=\"post\" action=\"").unwrap();
    rest.split('"').next().unwrap().replace("&amp;", "&").replace("&#x2f;", "/")
}

/// Value of a hidden field.
fn field(page: &str, name: &str) -> String {
    let marker = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&marker).unwrap_or_else(|| unreachable!("no field {name}: {page}"));
    rest.split('"').next().unwrap().to_owned()
}
