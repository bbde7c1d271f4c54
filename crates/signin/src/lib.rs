//! The sign-in journey: from a form to a browser session.
//!
//! ```text
//! form ─► method offered? ─► limits ─► account ─► Argon2id ─► status ─► journey ─► session + interaction, in one write
//!            │ no              │ over    └ unknown: same cost    │ not active
//!            └─ refused        └─ wait                           └─ said only after the right password
//! ```

mod enter;
pub mod journey;
pub mod limits;
pub mod password;
pub mod sign_in;

pub use password::{HashCost, HashError, PasswordHasher};
pub use sign_in::{Attempt, Browser, SignIn, SignInOutcome};
