//! A row with the operation and the demands that belong to it, and the requests that it makes.

use axum::http::{HeaderName, Method, header};
use porta_testkit::Answer;
use serde_json::Value;

use super::operation::Operation;
use super::row::Row;
use super::rows::rows;
use super::specification::Endpoint;
use super::world::Run;
use crate::support::Admin;

/// The user agent of every request.
pub(super) const AGENT: &str = "every-endpoint/1.0";

pub(super) struct Case {
    pub(super) operation: Operation,
    pub(super) row: Row,
    pub(super) endpoint: Endpoint,
}

/// All cases, in the order of the document. `complete` tells what is missing.
pub(super) fn cases() -> Vec<Case> {
    let (mut rows, mut endpoints) = (rows(), Endpoint::all());
    let mut all = Vec::new();
    for operation in Operation::documented() {
        let row = rows.iter().position(|row| row.operation == operation.id);
        let endpoint = endpoints.iter().position(|endpoint| endpoint.operation == operation.id);
        if let (Some(row), Some(endpoint)) = (row, endpoint) {
            let (row, endpoint) = (rows.remove(row), endpoints.remove(endpoint));
            all.push(Case { operation, row, endpoint });
        }
    }
    all
}

/// A request that is not sent yet.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Value>,
}

impl Case {
    pub(super) fn id(&self) -> &str {
        &self.operation.id
    }

    /// The valid request.
    pub(super) fn request(&self, run: &Run) -> Request {
        self.request_with_query(run, &run.fill(self.row.query))
    }

    /// The request with another query.
    pub(super) fn request_with_query(&self, run: &Run, query: &str) -> Request {
        let path = run.fill(&self.operation.path);
        let path = if query.is_empty() { path } else { format!("{path}?{query}") };
        let body = self.row.body.map(|build| build(run));
        Request { method: self.operation.method.clone(), path, body }
    }
}

impl Request {
    pub(super) async fn send(&self, admin: &mut Admin, more: &[(HeaderName, &str)]) -> Answer {
        let mut headers = vec![(header::USER_AGENT, AGENT)];
        headers.extend(more.iter().cloned());
        admin.send_with(self.method.clone(), &self.path, self.body.as_ref(), &headers).await
    }
}
