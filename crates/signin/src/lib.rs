//! Sign-in: from a form to a browser session, and account recovery.
//!
//! ```text
//! form ─► method offered? ─► limits ─► account ─► Argon2id ─► status ─► factors ─► session + interaction, in one write
//!            │ no              │ over    └ unknown: same cost    │ not active
//!            └─ refused        └─ wait                           └─ told only after the right password
//! ```

pub mod account;
mod challenge;
mod dummy_hash;
mod enrolment;
mod factors;
mod flood;
mod invitation;
mod known_browser;
pub mod limits;
mod link_request_handler;
mod links;
mod magic_link;
mod mailed_codes;
mod new_session;
pub mod password;
mod password_queue;
mod recovery;
mod refused_password;
pub mod second_factor;
pub mod sign_in;
pub mod sign_in_steps;
mod verification;

pub use challenge::{CodeKind, FactorOutcome};
pub use dummy_hash::DummyHashCosts;
pub use factors::{AuthenticatorSecret, SecondFactorKeys};
pub use flood::{FloodLevels, Pause};
pub use invitation::Invitee;
pub use link_request_handler::LinkRequestHandler;
pub use links::{LinkError, LinkRequestOutcome};
pub use magic_link::{MagicLanding, MagicLinkOutcome};
pub use password::{HashCost, HashError, PasswordHasher};
pub use password_queue::QueuePriority;
pub use recovery::SetPasswordOutcome;
pub use sign_in::{Browser, NewSessionCookies, PasswordAttempt, SignIn, SignInOutcome};
