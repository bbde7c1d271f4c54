//! The sign-in journey: from a form to a browser session.
//!
//! ```text
//! form ─► method offered? ─► limits ─► account ─► Argon2id ─► status ─► session + interaction, in one write
//!            │ no              │ over    └ unknown: same cost    │ not active
//!            └─ refused        └─ wait                           └─ said only after the right password
//! ```

pub mod limits;
pub mod password;
pub mod password_rules;
pub mod second_factor;
pub mod sign_in;

pub use password::{HashCost, HashError, PasswordHasher};
pub use sign_in::{Attempt, SignIn, SignInOutcome};
