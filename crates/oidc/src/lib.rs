//! The protocol engine: authorization, tokens, UserInfo, introspection, revocation, logout.
//!
//! No HTTP here: parameters come in as text, decisions go out as values. Each endpoint is a list of named checks, each
//! citing the section it implements.

mod anonymous_start;
mod audit;
pub mod authorize;
pub mod caller;
pub mod client_auth;
pub mod clients;
pub mod cors;
pub mod engine;
pub mod error;
pub mod idempotency;
pub mod interaction;
pub mod introspection;
pub mod keys;
pub mod logout;
pub mod purpose;
mod quota;
pub mod sealed_state;
pub mod secret_use;
pub mod session;
pub mod tenant;
pub mod throttle;
pub mod token;
pub mod userinfo;

pub use caller::Caller;
pub use clients::ProtocolClient;
pub use engine::{Engine, EngineDeps};
pub use error::EngineError;
pub use idempotency::{ClaimState, IDEMPOTENCY_WINDOW, IdempotencyClaim};
pub use purpose::{AccountPage, AccountPurpose, InteractionPurpose};
pub use tenant::{DocumentWithEtag, Tenant, TenantLookup};

/// Authentication context classes: one factor, and two different factors.
pub use porta_protocol::metadata::{ACR_ONE_FACTOR, ACR_TWO_FACTORS};
