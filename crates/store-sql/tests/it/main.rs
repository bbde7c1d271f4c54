//! The store on both databases, one module per subject. A single binary, because each one costs link time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod contract;
mod copy;
mod examine;
mod lease;
mod leftovers;
mod migrations;
mod outage;
mod outbox;
mod postgres_pooler;
mod postgres_tls;
mod schema;
mod search;
mod statements;
