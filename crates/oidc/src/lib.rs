//! The endpoints of the OpenID provider: authorization, tokens, UserInfo, introspection, revocation, logout.
//!
//! No HTTP here: parameters come in as text, decisions go out as values. Each endpoint is a list of named checks, each
//! citing the section it implements.

mod administration;
pub mod authorize;
pub mod client_auth;
pub mod cors;
mod id_token_hint;
pub mod introspection;
pub mod logout;
pub mod preview;
mod provider;
mod quota;
pub mod secret_use;
mod throttle;
pub mod token;
pub mod userinfo;

pub use provider::OpenIdProvider;
