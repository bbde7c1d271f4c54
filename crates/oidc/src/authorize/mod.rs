//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

mod check;
mod decide;
mod decline;
mod flow;
mod request;
mod respond;

pub(crate) use check::ui_locales;
pub use check::{AuthorizeError, RedirectTarget};
pub use flow::{AuthorizeOutcome, AuthorizeResult, ResumeOutcome};
pub use request::AuthorizationRequest;
