//! The sign-in journey: from a form to a browser session.
//!
//! ```text
//! form ─► method offered? ─► limits ─► account ─► Argon2id ─► status ─► journey ─► session + interaction, in one write
//!            │ no              │ over    └ unknown: same cost    │ not active
//!            └─ refused        └─ wait                           └─ said only after the right password
//! ```

pub mod account;
mod challenge;
mod enrolment;
mod enter;
mod factors;
pub mod journey;
pub mod limits;
pub mod password;
pub mod password_rules;
pub mod second_factor;
pub mod sign_in;

pub use challenge::{CodeKind, FactorOutcome};
pub use factors::{Factors, Offer};
pub use password::{HashCost, HashError, PasswordHasher};
pub use sign_in::{Attempt, Browser, SignIn, SignInOutcome};
