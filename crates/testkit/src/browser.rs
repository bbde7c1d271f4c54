//! A browser without JavaScript, in process: cookies with paths, redirects one at a time, forms by their HTML.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use tower::ServiceExt as _;

use crate::constants::ISSUER_BASE;

/// Prefix of the server's cookie names, because the issuer uses TLS.
pub const SECURE: &str = "__Secure-";

/// Tests name the server's cookies without the prefix.
fn full_name(name: &str) -> String {
    let prefix = if name.starts_with('_') { SECURE } else { "" };
    format!("{prefix}{name}")
}

#[derive(Clone)]
struct StoredCookie {
    name: String,
    value: String,
    path: String,
}

#[derive(Clone)]
pub struct Browser {
    router: Router,
    cookies: Vec<StoredCookie>,
    headers: HeaderMap,
}

/// A response, read completely.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// Target of a redirect.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.body))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {} {}", self.status, self.body))
    }

    /// A query parameter of the redirect's target.
    pub fn query(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(self.location()).ok()?;
        url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
    }

    /// Value of a hidden field.
    pub fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let start = self.body.find(&marker).unwrap_or_else(|| panic!("no field {name}: {}", self.body))
            + marker.len();
        let end = self.body[start..].find('"').expect("the attribute ends") + start;
        self.body[start..end].to_owned()
    }
}

impl Browser {
    /// A browser behind a proxy that reports its address: this machine, unless a test sets another.
    pub fn new(router: Router) -> Self {
        let browser = Self { router, cookies: Vec::new(), headers: HeaderMap::new() };
        browser.with("x-forwarded-for", "127.0.0.1")
    }

    /// Adds a header to every following request.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header value");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// Removes a header from every following request.
    #[must_use]
    pub fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name);
        self
    }

    /// The same browser, connected to another instance.
    #[must_use]
    pub fn through(mut self, router: Router) -> Self {
        self.router = router;
        self
    }

    /// The instance it is connected to.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub async fn get(&mut self, url: &str) -> Answer {
        self.send(Method::GET, url, &[], Body::empty()).await
    }

    pub async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
        self.send(Method::POST, url, &headers, Body::from(body)).await
    }

    /// A POST caused by another site's page, so `SameSite=Lax` cookies are not sent.
    pub async fn cross_site_post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        let kept = std::mem::take(&mut self.cookies);
        let answer = self.post(url, form).await;
        let new = std::mem::replace(&mut self.cookies, kept);
        for cookie in new {
            self.keep(cookie);
        }
        answer
    }

    pub async fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(HeaderName, &str)],
        body: Body,
    ) -> Answer {
        let path = url.strip_prefix(ISSUER_BASE).unwrap_or(url);
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        if let Some(cookies) = self.cookie_header(path) {
            request = request.header(header::COOKIE, cookies);
        }
        let request = request.body(body).expect("a valid request");
        let response = self.router.clone().oneshot(request).await.expect("the router does not fail");
        self.read(response).await
    }

    async fn read(&mut self, response: Response<Body>) -> Answer {
        let (parts, body) = response.into_parts();
        for value in parts.headers.get_all(header::SET_COOKIE) {
            self.store(value.to_str().expect("cookies are ASCII"));
        }
        let bytes = axum::body::to_bytes(body, 16 << 20).await.expect("the body ends");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    fn store(&mut self, text: &str) {
        let mut parts = text.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|p| p.split_once('=')).expect("name=value");
        let attributes: Vec<&str> = parts.collect();
        let path = attributes.iter().find_map(|a| a.strip_prefix("Path=")).unwrap_or("/").to_owned();
        let is_removal = attributes.contains(&"Max-Age=0");
        let cookie = StoredCookie { name: name.to_owned(), value: value.to_owned(), path };
        self.cookies.retain(|c| !(c.name == cookie.name && c.path == cookie.path));
        if !is_removal {
            self.cookies.push(cookie);
        }
    }

    fn keep(&mut self, cookie: StoredCookie) {
        self.cookies.retain(|c| !(c.name == cookie.name && c.path == cookie.path));
        self.cookies.push(cookie);
    }

    /// RFC 6265 §5.4: cookies whose path matches, longer paths first.
    fn cookie_header(&self, path: &str) -> Option<String> {
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let applies = |c: &&StoredCookie| {
            path.strip_prefix(&c.path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || c.path.ends_with('/'))
        };
        let mut found: Vec<&StoredCookie> = self.cookies.iter().filter(applies).collect();
        found.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        let text: Vec<String> = found.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        (!text.is_empty()).then(|| text.join("; "))
    }

    /// What a person sees after submitting a sign-in form: follows the redirect back to the page if it has a message.
    pub async fn follow_flash(&mut self, answer: Answer) -> Answer {
        let said = full_name("_said");
        let mut cookies = answer.headers.get_all(header::SET_COOKIE).iter().filter_map(|c| c.to_str().ok());
        let says = cookies.any(|cookie| cookie.starts_with(&said) && !cookie.contains("Max-Age=0"));
        if answer.status.as_u16() == 303 && says { self.get(answer.location()).await } else { answer }
    }

    /// Number of stored cookies.
    pub fn cookie_count(&self) -> usize {
        self.cookies.len()
    }

    /// Whether a cookie of this name is stored.
    pub fn has_cookie(&self, name: &str) -> bool {
        self.cookies.iter().any(|c| c.name == full_name(name))
    }

    /// Value of a cookie, as sent.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|c| c.name == full_name(name)).map(|c| c.value.as_str())
    }

    /// `Cookie` header sent to a URL.
    pub fn cookies_for(&self, url: &str) -> String {
        self.cookie_header(url.strip_prefix(ISSUER_BASE).unwrap_or(url)).unwrap_or_default()
    }

    /// Plants a cookie, as an attacker would.
    pub fn plant(&mut self, name: &str, value: &str, path: &str) {
        self.plant_exactly(&full_name(name), value, path);
    }

    /// Plants a cookie under exactly this name.
    pub fn plant_exactly(&mut self, name: &str, value: &str, path: &str) {
        self.keep(StoredCookie { name: name.to_owned(), value: value.to_owned(), path: path.to_owned() });
    }
}
