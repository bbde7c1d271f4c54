//! What every HTTP server of this repository stands on: the listener and its shutdown, limits, the client address behind
//! proxies, the middleware around every request, cookies, request bodies and plain responses. Knows nothing of OpenID
//! Connect, and needs no store.
//!
//! A server binds a listener, puts [`middleware::with_middleware`] around its routes, and hands both to
//! [`listen::serve`]. Handlers add tenant and client to [`middleware::AccessLogFields`].

pub mod body;
pub mod client_address;
pub mod cookies;
mod forwarded;
pub mod listen;
pub mod load_shedding;
pub mod middleware;
pub mod observe;
pub mod reply;
pub mod request_id;
mod security_headers;
pub mod shutdown;
