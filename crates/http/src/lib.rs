//! HTTP layer: turns requests into calls of services and their decisions into responses. Contains no rules of its own.

mod body;
mod callers;
mod context;
mod cookies;
mod endpoints;
mod error;
mod flash;
mod idempotency;
mod pending_interactions;
mod reply;
mod router;
mod state;
mod tenancy;

pub use router::router;
pub use state::{AppState, AppStateParts, Probes, ReadyReport, StateInner};
