//! HTTP handlers, one file per endpoint: extract the request, call a service, build the response.

pub(crate) mod account;
pub(crate) mod assets;
pub(crate) mod authorize;
pub(crate) mod cors;
pub(crate) mod discovery;
mod form;
mod form_action;
mod form_flash;
pub(crate) mod form_result;
mod form_session;
pub(crate) mod interaction;
pub(crate) mod introspection;
pub(crate) mod invitation;
pub(crate) mod logout;
pub(crate) mod magic_link;
mod mailed_links;
mod new_password;
pub(crate) mod probes;
pub(crate) mod recovery;
pub(crate) mod root;
pub(crate) mod second_factor;
pub(crate) mod temporary_password;
pub(crate) mod token;
mod unavailable_interaction;
pub(crate) mod userinfo;
pub(crate) mod verification;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use porta_session::{Caller, IdempotencyClaim, OperationContext, Tenant};
use porta_signin::Browser;
use porta_web::middleware::AccessLogFields;

use crate::context::RequestContext;
use crate::cookies;
use crate::state::{AppState, StateInner};

/// Client address, headers and query of a request. Takes the headers out of the request, so it must be the last extractor
/// that reads them.
pub(crate) struct ClientInfo {
    pub caller: Caller,
    pub headers: axum::http::HeaderMap,
    pub log_fields: AccessLogFields,
    /// The idempotency claim of a form (decision 0044).
    claim: Option<Arc<IdempotencyClaim>>,
    query: Option<String>,
}

/// Cookies that a sign-in reads.
pub(crate) struct SignInCookies {
    session: Option<String>,
    device: Option<String>,
    pause: Option<String>,
}

impl ClientInfo {
    pub(crate) fn sign_in_cookies(&self, state: &StateInner, tenant: &RequestContext) -> SignInCookies {
        let read = |name| state.cookies.read(tenant, &self.headers, name);
        SignInCookies {
            session: read(cookies::SESSION),
            device: read(cookies::DEVICE),
            pause: read(cookies::PAUSE),
        }
    }

    /// Context of an operation that begins now.
    pub(crate) fn operation<'a>(&'a self, state: &StateInner, tenant: &'a Tenant) -> OperationContext<'a> {
        state.shared.context(tenant, &self.caller)
    }

    pub(crate) fn browser<'a>(&'a self, cookies: &'a SignInCookies) -> Browser<'a> {
        Browser {
            cookie: cookies.session.as_deref(),
            device: cookies.device.as_deref(),
            pause: cookies.pause.as_deref(),
            claim: self.claim.as_deref(),
        }
    }
}

impl FromRequestParts<AppState> for ClientInfo {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        let known = parts.extensions.remove::<Caller>();
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0);
        let caller = known
            .or_else(|| Some(state.callers.of(peer?, &parts.headers, state.clock.now())))
            .unwrap_or_default();
        let log_fields = parts.extensions.get::<AccessLogFields>().cloned().unwrap_or_default();
        let claim = parts.extensions.get::<Arc<IdempotencyClaim>>().cloned();
        let query = parts.uri.query().map(str::to_owned);
        Ok(Self { caller, headers: std::mem::take(&mut parts.headers), log_fields, claim, query })
    }
}
