//! What a call sends.

use std::fmt::{self, Display};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use crate::etag::ETag;

/// What a path segment may contain as it is: the unreserved characters of RFC 3986 §2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Below the base path, encoded.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) if_match: Option<ETag>,
    pub(crate) idempotency_key: Option<String>,
    /// Whether the operation needs a token.
    pub(crate) is_authorized: bool,
    /// Whether the caller reads the answer piece by piece.
    pub(crate) is_streamed: bool,
    /// Why it cannot be sent.
    pub(crate) problem: Option<String>,
}

impl Request {
    /// `template` is the path of the document; `arguments` are its parameters in order.
    fn new(method: Method, template: &str, arguments: &[&dyn Display]) -> Self {
        let (path, problem) = match fill(template, arguments) {
            Ok(path) => (path, None),
            Err(problem) => (String::new(), Some(problem)),
        };
        Self {
            method,
            path,
            query: Vec::new(),
            body: None,
            if_match: None,
            idempotency_key: None,
            is_authorized: true,
            is_streamed: false,
            problem,
        }
    }

    pub(crate) fn get(template: &str, arguments: &[&dyn Display]) -> Self {
        Self::new(Method::GET, template, arguments)
    }

    pub(crate) fn post(template: &str, arguments: &[&dyn Display]) -> Self {
        Self::new(Method::POST, template, arguments)
    }

    pub(crate) fn put(template: &str, arguments: &[&dyn Display]) -> Self {
        Self::new(Method::PUT, template, arguments)
    }

    pub(crate) fn delete(template: &str, arguments: &[&dyn Display]) -> Self {
        Self::new(Method::DELETE, template, arguments)
    }

    /// Adds a parameter that the operation demands.
    pub(crate) fn parameter(mut self, name: &str, value: &dyn Display) -> Self {
        self.query.push((name.to_owned(), format!("{value}")));
        self
    }

    /// Adds the parameters that are there.
    pub(crate) fn query(mut self, query: &impl Serialize) -> Self {
        match serde_json::to_value(query) {
            Ok(Value::Object(fields)) => {
                self.query.extend(fields.into_iter().map(|(name, value)| (name, text(value))));
            }
            Ok(_) => self.problem = Some("the query has no fields".to_owned()),
            Err(error) => self.problem = Some(error.to_string()),
        }
        self
    }

    /// Sets a parameter, whether it is there or not.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.query.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.query.retain(|(other, _)| other != name);
    }

    pub(crate) fn body(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.body = Some(body),
            Err(error) => self.problem = Some(error.to_string()),
        }
        self
    }

    pub(crate) fn if_match(mut self, version: Option<&ETag>) -> Self {
        self.if_match = version.cloned();
        self
    }

    pub(crate) fn without_token(mut self) -> Self {
        self.is_authorized = false;
        self
    }

    pub(crate) fn streamed(mut self) -> Self {
        self.is_streamed = true;
        self
    }

    /// Whether sending it a second time is the same as sending it once. After a lost answer, a second deletion would be
    /// told that there is nothing to delete, and a second change that its version is an old one.
    pub(crate) fn is_repeatable(&self) -> bool {
        match self.method {
            Method::GET => true,
            Method::POST => self.idempotency_key.is_some(),
            Method::PUT => self.if_match.is_none(),
            _ => false,
        }
    }
}

/// Without query and body, which may tell of persons, or contain a secret.
impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

/// Fills in the parameters. An empty one, `.` or `..` would name another path, and so another operation.
fn fill(template: &str, arguments: &[&dyn Display]) -> Result<String, String> {
    let mut arguments = arguments.iter();
    let mut path = String::new();
    for segment in template.split('/').skip(1) {
        path.push('/');
        if !segment.starts_with('{') {
            path.push_str(segment);
            continue;
        }
        let Some(argument) = arguments.next() else { return Err(format!("{segment} is missing")) };
        let value = format!("{argument}");
        if matches!(value.as_str(), "" | "." | "..") {
            return Err(format!("{segment} cannot be {value:?}"));
        }
        path.extend(utf8_percent_encode(&value, ENCODED));
    }
    Ok(path)
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stays_in_its_segment() {
        let filled = |value: &str| fill("/organizations/{orgId}/users", &[&value]);
        assert_eq!(filled("acme").unwrap(), "/organizations/acme/users");
        assert_eq!(filled("../x?y#z%2e").unwrap(), "/organizations/..%2Fx%3Fy%23z%252e/users");
        assert_eq!(filled("a\tb ü").unwrap(), "/organizations/a%09b%20%C3%BC/users");
        for value in ["", ".", ".."] {
            assert!(filled(value).is_err(), "{value:?}");
        }
        assert!(fill("/users/{userId}", &[]).is_err());
    }

    #[test]
    fn only_what_is_safe_is_sent_twice() {
        let tag = ETag::new("W/\"a-1\"");
        let keyed = |mut request: Request| {
            request.idempotency_key = Some("k".to_owned());
            request
        };
        assert!(Request::get("/users", &[]).is_repeatable());
        assert!(Request::put("/users", &[]).is_repeatable());
        assert!(keyed(Request::post("/users", &[])).is_repeatable());
        assert!(!Request::post("/users", &[]).is_repeatable());
        assert!(!Request::put("/users", &[]).if_match(Some(&tag)).is_repeatable());
        assert!(!Request::delete("/users", &[]).is_repeatable());
    }
}
