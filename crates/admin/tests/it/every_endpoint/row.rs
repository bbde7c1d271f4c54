//! One row of the table: a valid request, and what it does.

use axum::http::Method;
use serde_json::{Value, json};

use super::colleague::OwnAccount;
use super::world::{Kind, Run};

/// Most bytes of a body, unless a row says otherwise.
const BODY_BYTES: usize = 100 * 1024;

/// Makes a body for a run.
pub(super) type Build = fn(&Run) -> Value;

/// What happens before the request.
pub(super) enum Step {
    /// An entity is made for the request alone; the path names it.
    New(Kind),
    /// A request of a super-admin.
    Send(Method, &'static str, Build),
}

/// A rule from which a row may be excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// A name in the path that is well formed and unknown: 404.
    Unknown,
    /// A name in the path that is no id and no known slug: 404.
    Malformed,
    /// A name in the path that belongs to another tenant: 404.
    Twin,
    /// A parameter of the query that is not understood: it is ignored.
    UnknownParameter,
    /// A field of the body that is not understood: it is ignored.
    UnknownField,
}

/// An exception from a rule.
pub(super) struct Exception {
    pub(super) rule: Rule,
    /// The name in the path, or what the exception is about.
    pub(super) subject: &'static str,
    /// The status instead.
    pub(super) status: u16,
    pub(super) reason: &'static str,
}

/// A row of the table. By default: no body, nothing to prepare, nothing is recorded.
pub(super) struct Row {
    pub(super) operation: &'static str,
    /// Status of success.
    pub(super) status: u16,
    pub(super) steps: Vec<Step>,
    /// A newcomer with this account sends the request.
    pub(super) own_account: Option<OwnAccount>,
    pub(super) body: Option<Build>,
    /// Template of the query.
    pub(super) query: &'static str,
    /// Events that the request records, in alphabetical order.
    pub(super) records: &'static [&'static str],
    /// Status of the same request if it is sent again; of changes only.
    pub(super) again: Option<u16>,
    /// Whether it is refused if it names an older version.
    pub(super) is_editable: bool,
    /// Whether a request without a body means something.
    pub(super) needs_no_body: bool,
    pub(super) body_bytes: usize,
    pub(super) exceptions: Vec<Exception>,
}

impl Row {
    pub(super) fn new(operation: &'static str, status: u16) -> Self {
        Self {
            operation,
            status,
            steps: Vec::new(),
            own_account: None,
            body: None,
            query: "",
            records: &[],
            again: None,
            is_editable: false,
            needs_no_body: false,
            body_bytes: BODY_BYTES,
            exceptions: Vec::new(),
        }
    }

    pub(super) fn records(mut self, events: &'static [&'static str]) -> Self {
        self.records = events;
        self
    }

    /// The request is about the account of whoever sends it.
    pub(super) fn of_own(mut self, account: OwnAccount) -> Self {
        self.own_account = Some(account);
        self
    }

    /// An entity is made first.
    pub(super) fn makes(mut self, kind: Kind) -> Self {
        self.steps.push(Step::New(kind));
        self
    }

    /// A POST with an empty object comes first.
    pub(super) fn after(mut self, path: &'static str) -> Self {
        self.steps.push(Step::Send(Method::POST, path, |_| json!({})));
        self
    }

    /// A PUT comes first.
    pub(super) fn after_put(mut self, path: &'static str, body: Build) -> Self {
        self.steps.push(Step::Send(Method::PUT, path, body));
        self
    }

    pub(super) fn body(mut self, body: Build) -> Self {
        self.body = Some(body);
        self
    }

    pub(super) fn query(mut self, template: &'static str) -> Self {
        self.query = template;
        self
    }

    pub(super) fn again(mut self, status: u16) -> Self {
        self.again = Some(status);
        self
    }

    pub(super) fn editable(mut self) -> Self {
        self.is_editable = true;
        self
    }

    pub(super) fn needs_no_body(mut self) -> Self {
        self.needs_no_body = true;
        self
    }

    pub(super) fn at_most(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    pub(super) fn except(
        mut self,
        rule: Rule,
        subject: &'static str,
        status: u16,
        reason: &'static str,
    ) -> Self {
        self.exceptions.push(Exception { rule, subject, status, reason });
        self
    }

    /// Whether the request ends the token that it is sent with.
    pub(super) fn ends_its_token(&self) -> bool {
        self.again == Some(401)
    }

    pub(super) fn exception(&self, rule: Rule, subject: &str) -> Option<&Exception> {
        self.exceptions.iter().find(|one| one.rule == rule && one.subject == subject)
    }
}
