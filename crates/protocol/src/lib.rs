//! Wire messages of OAuth 2.0 and OpenID Connect, and the pure rules over them. No I/O, no async, no clock.
//!
//! Reads and writes text that a client sees; `oidc` decides what a client may have.

pub mod authorize;
pub mod claims;
pub mod claims_request;
pub mod client_auth;
pub mod error;
pub mod introspection;
pub mod metadata;
pub mod params;
pub mod pkce;
pub mod prompt;
pub mod redirect_uri;
pub mod request_object;
pub mod response_mode;
pub mod scope;
pub mod token_response;

pub use authorize::{AuthorizationResponse, Delivery};
pub use claims_request::ClaimsRequest;
pub use client_auth::{MalformedCredentials, PresentedCredentials};
pub use error::{ErrorCode, OAuthError};
pub use params::{Params, ParamsError};
pub use pkce::CodeChallenge;
pub use prompt::{Prompt, PromptValue};
pub use request_object::UnverifiedRequestObject;
pub use response_mode::ResponseMode;
pub use scope::Scope;
