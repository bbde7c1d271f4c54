//! Sign-in: from a form to a browser session, and account recovery.
//!
//! ```text
//! form ─► method offered? ─► limits ─► account ─► Argon2id ─► status ─► factors ─► session + interaction, in one write
//!            │ no              │ over    └ unknown: same cost    │ not active
//!            └─ refused        └─ wait                           └─ told only after the right password
//! ```

pub mod account;
mod account_status;
mod amr;
mod browser;
mod challenge;
mod dummy_hash;
mod enrolment;
mod factor_attempts;
mod factor_changes;
mod flood;
mod invitation;
mod known_browser;
pub mod limits;
mod link_request_handler;
mod links;
mod login_methods;
mod login_metric;
mod magic_link;
mod mailed_codes;
mod new_session;
mod outcome;
pub mod password;
mod password_queue;
mod password_rules;
mod password_sign_in;
mod pending_sign_in;
mod recovery;
mod refused_password;
pub mod second_factor;
mod second_factor_keys;
mod sign_in;
mod sign_in_core;
pub mod sign_in_steps;
mod temporary_password;
mod verification;

pub use account::Account;
pub use browser::{Browser, NewSessionCookies};
pub use challenge::SecondFactorChallenge;
pub use enrolment::Enrolment;
pub use factor_attempts::CodeKind;
pub use flood::Pause;
pub use invitation::{Invitations, Invitee};
pub use link_request_handler::LinkRequestHandler;
pub use links::{LinkError, LinkRequestOutcome};
pub use login_methods::LoginMethods;
pub use magic_link::{MagicLanding, MagicLinkOutcome, MagicLinks};
pub use outcome::{FactorOutcome, SignInOutcome};
pub use password::{HashCost, HashError, PasswordHasher};
pub use password_queue::QueuePriority;
pub use password_sign_in::{PasswordAttempt, PasswordSignIn};
pub use pending_sign_in::PendingSignIns;
pub use recovery::{Recovery, SetPasswordOutcome};
pub use second_factor_keys::{AuthenticatorSecret, SecondFactorKeys};
pub use sign_in::SignIn;
pub use sign_in_core::SignInCore;
pub use temporary_password::{ReplacePasswordOutcome, TemporaryPasswords};
pub use verification::EmailVerification;
