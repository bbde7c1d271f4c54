//! A running process: services, background tasks, start and stop.

pub(crate) mod background;
pub(crate) mod clock_jump;
pub(crate) mod coalesced_probe;
pub(crate) mod configuration;
pub(crate) mod http_client;
pub(crate) mod log;
pub(crate) mod mail;
pub(crate) mod metrics_exporter;
pub(crate) mod outbox;
pub(crate) mod probes;
pub(crate) mod services;
pub(crate) mod telemetry;
pub(crate) mod tls;
pub(crate) mod traces;
