//! HTTP layer: turns requests into calls of services and their decisions into responses. Contains no rules of its own.

mod body;
mod caller;
mod context;
mod cookies;
mod endpoints;
mod flash;
mod forwarded;
mod idempotency;
mod load_shedding;
mod middleware;
mod observe;
mod pending_interactions;
mod reply;
mod router;
mod state;
mod tenancy;

pub use caller::TrustedProxies;
pub use endpoints::probes::exposition;
pub use forwarded::ForwardedHeader;
pub use router::router;
pub use state::{
    AppState, AppStateParts, MetricsExporter, Observability, Probes, ReadyReport, StateInner, TraceContext,
};
