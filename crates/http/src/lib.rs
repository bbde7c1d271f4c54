//! HTTP layer: turns requests into calls of the engine and its decisions into responses. Contains no rules of its own.

mod body;
mod caller;
mod context;
mod cookies;
mod crowd;
mod endpoints;
mod flash;
mod forwarded;
mod middleware;
mod observe;
mod pending;
mod repeated;
mod reply;
mod router;
mod state;
mod tenancy;

pub use caller::TrustedProxies;
pub use endpoints::probes::exposition;
pub use forwarded::ForwardedHeader;
pub use router::router;
pub use state::{AppState, MetricsExporter, Observers, Parts, Probes, ReadyReport, StateInner, Traces};
