//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

mod check;
mod code;
mod decide;
mod decline;
mod flow;
mod respond;

use std::sync::Arc;

use porta_session::SharedServices;

use crate::quota::Quotas;

pub use check::{AuthorizeError, RedirectTarget};
pub(crate) use check::{allowed_scope, ui_locales};
pub use flow::{AuthorizeOutcome, AuthorizeResult, ResumeOutcome};

pub struct AuthorizationEndpoint {
    shared: Arc<SharedServices>,
    quotas: Arc<Quotas>,
}

impl AuthorizationEndpoint {
    pub(crate) fn new(shared: Arc<SharedServices>, quotas: Arc<Quotas>) -> Self {
        Self { shared, quotas }
    }
}
