//! Executes the items of the outbox: one worker for all kinds of items, one [`Handler`] per kind.
//!
//! ```text
//! request ──commit──► outbox ──claim──► Worker ──► Handler of the kind ──► its effect
//!                       ▲                  └── delivered / retried / given up, with an audit row
//!                       └──────────────────────────────────┘
//! ```
//!
//! Each kind has its own [`RetryPolicy`] and waits alone for a service that is unavailable: mail that waits for its
//! relay holds up nothing else. Handlers are in the crates that know the effect (`mail`, `signin`).

pub mod email;
mod handler;
mod retry;
mod worker;

pub use handler::{AttemptError, Completion, FailedAttempt, Handler, OutboxDeps};
pub use retry::{PROBE_EVERY, RetryPolicy};
pub use worker::Worker;
