//! A running process: services, background tasks, start and stop.

pub(crate) mod background;
pub(crate) mod clock_jump;
pub(crate) mod coalesced_probe;
pub(crate) mod header_timeout;
pub(crate) mod http_client;
pub(crate) mod lingering_close;
pub(crate) mod listen;
pub(crate) mod log;
pub(crate) mod mail;
pub(crate) mod metrics_exporter;
pub(crate) mod outbox;
pub(crate) mod peer_limits;
pub(crate) mod probes;
pub(crate) mod services;
pub(crate) mod telemetry;
pub(crate) mod traces;
pub(crate) mod unread_body;
pub(crate) mod write_timeout;
