//! What the protocol endpoints and the sign-in share: tenants, clients, signing keys, browser sessions, interactions,
//! idempotent forms, sealed values and the audit log.
//!
//! Each service is a small struct over one [`Backend`]; [`SharedServices`] gathers them. Operations that somebody asks
//! for take an [`OperationContext`].

mod anonymous_start;
pub mod audit;
pub mod authorization_request;
pub mod backend;
pub mod browser_session;
pub mod caches;
pub mod caller;
pub mod client;
pub mod client_token;
pub mod clients;
pub mod context;
pub mod document;
pub mod error;
pub mod idempotency;
pub mod interaction;
pub mod interactions;
pub mod limited;
pub mod purpose;
pub mod sealed_state;
pub mod services;
pub mod short_lived;
pub mod signing_keys;
pub mod tenant;
pub mod tenant_keys;
pub mod tenants;

pub use authorization_request::AuthorizationRequest;
pub use backend::Backend;
pub use caller::{Caller, KnownActor};
pub use client::ProtocolClient;
pub use client_token::ClientTokenRecord;
pub use context::OperationContext;
pub use document::DocumentWithEtag;
pub use error::BackendError;
pub use idempotency::{ClaimState, IDEMPOTENCY_WINDOW, IdempotencyClaim};
pub use limited::Limited;
pub use purpose::{AccountPage, AccountPurpose, InteractionPurpose};
pub use services::{ServiceKeys, SharedServices};
pub use tenant::{Tenant, TenantLookup};

/// Authentication context classes: one factor, and two different factors.
pub use porta_protocol::metadata::{ACR_ONE_FACTOR, ACR_TWO_FACTORS};
