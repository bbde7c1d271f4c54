//! Tells who is calling, for audit events and rate limits.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use porta_core::Timestamp;
use porta_session::Caller;
use porta_web::client_address::{ClientAddresses, user_agent};

/// Makes the [`Caller`] of a request.
pub(crate) struct Callers(Arc<ClientAddresses>);

impl Callers {
    pub(crate) fn new(addresses: Arc<ClientAddresses>) -> Self {
        Self(addresses)
    }

    pub(crate) fn of(&self, peer: SocketAddr, headers: &HeaderMap, now: Timestamp) -> Caller {
        let (address, user_agent) = (self.0.of(peer, headers, now), user_agent(headers));
        Caller { address, user_agent, request_id: None, actor: None }
    }
}
