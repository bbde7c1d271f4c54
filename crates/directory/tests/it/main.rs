//! Operator operations on a real store, one module per subject. A single binary, because each one costs link time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop where it is")]

#[macro_use]
mod support;

mod admin_clients;
mod installation;
mod installation_steps;
mod keys;
mod operations;
mod password_hashes;
mod people;
mod provisioning;
mod provisioning_references;
mod reseal;
mod rights;
mod unicode;
