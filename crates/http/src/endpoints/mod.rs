//! One file per endpoint: extract, call, answer.

pub(crate) mod assets;
pub(crate) mod authorize;
pub(crate) mod cors;
pub(crate) mod discovery;
pub(crate) mod interaction;
pub(crate) mod introspection;
pub(crate) mod logout;
pub(crate) mod probes;
pub(crate) mod root;
pub(crate) mod second_factor;
pub(crate) mod token;
pub(crate) mod userinfo;

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use porta_oidc::Caller;

use crate::middleware::Seen;
use crate::state::AppState;

/// The network side of a request. Takes the headers out, so it comes after every extractor that reads them.
pub(crate) struct From {
    pub caller: Caller,
    pub headers: axum::http::HeaderMap,
    pub seen: Seen,
}

impl FromRequestParts<AppState> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0);
        let caller =
            peer.map(|p| crate::caller::caller(&state.trust_proxy, p, &parts.headers)).unwrap_or_default();
        let seen = parts.extensions.get::<Seen>().cloned().unwrap_or_default();
        Ok(Self { caller, headers: std::mem::take(&mut parts.headers), seen })
    }
}
