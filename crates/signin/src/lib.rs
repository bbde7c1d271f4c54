//! Sign-in: from a form to a browser session, and account recovery.
//!
//! ```text
//! form ─► method offered? ─► limits ─► account ─► Argon2id ─► status ─► factors ─► session + interaction, in one write
//!            │ no              │ over    └ unknown: same cost    │ not active
//!            └─ refused        └─ wait                           └─ told only after the right password
//! ```

pub mod account;
mod challenge;
mod decoy;
mod device;
mod enrolment;
mod enter;
mod factors;
mod flood;
mod invitation;
pub mod journey;
pub mod limits;
mod links;
mod magic_link;
mod mailed_codes;
pub mod password;
mod password_queue;
mod recovery;
mod refused;
pub mod second_factor;
pub mod sign_in;
mod verification;

pub use challenge::{CodeKind, FactorOutcome};
pub use decoy::Decoys;
pub use factors::{Factors, Offer};
pub use flood::{Floods, Pause};
pub use invitation::Invitee;
pub use links::{Asked, DeadLink};
pub use magic_link::{Followed, MagicLanding};
pub use password::{HashCost, HashError, PasswordHasher};
pub use password_queue::Turn;
pub use recovery::Chosen;
pub use sign_in::{Attempt, Browser, Entered, SignIn, SignInOutcome};
