//! The operations of the OpenAPI document.

use axum::http::Method;
use serde_json::Value;

/// An operation as the document describes it.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) path: String,
    /// Names of the parameters of the query.
    pub(super) query: Vec<String>,
    pub(super) has_body: bool,
    pub(super) has_if_match: bool,
    /// Whether a read may be conditional.
    pub(super) has_if_none_match: bool,
}

impl Operation {
    /// The operations of this version.
    pub(super) fn documented() -> Vec<Self> {
        let document = porta_admin::document().to_json().unwrap();
        Self::all(&serde_json::from_str(&document).unwrap())
    }

    pub(super) fn all(document: &Value) -> Vec<Self> {
        let mut all = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, described) in item.as_object().unwrap() {
                all.push(Self::read(path, method, described));
            }
        }
        all
    }

    fn read(path: &str, method: &str, described: &Value) -> Self {
        let names = |place: &str| -> Vec<String> {
            let all = described["parameters"].as_array().into_iter().flatten();
            let found = all.filter(|parameter| parameter["in"] == place);
            found.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
        };
        Self {
            id: described["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase().parse().unwrap(),
            path: path.to_owned(),
            query: names("query"),
            has_body: described.get("requestBody").is_some(),
            has_if_match: names("header").iter().any(|name| name == "If-Match"),
            has_if_none_match: names("header").iter().any(|name| name == "If-None-Match"),
        }
    }

    /// The names in the path, from left to right.
    pub(super) fn path_names(&self) -> Vec<&str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }

    /// Whether it is no read.
    pub(super) fn changes(&self) -> bool {
        self.method != Method::GET
    }
}
