//! Integration tests of the Admin API on the whole server in process, on both stores: one module per subject, each test
//! named after what it guarantees.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod access;
mod account;
mod applications;
mod audit;
mod bulk;
mod client;
mod clients;
mod concurrency;
mod config;
mod cors;
mod counts;
mod document;
mod escalation;
mod every_endpoint;
mod examples;
mod histories;
mod idempotency;
mod keys;
mod limits;
mod lists;
mod lookups;
mod me;
mod newcomers;
mod organizations;
mod outbox;
mod people;
mod reference;
mod rights;
mod schema;
mod sdk;
mod search;
mod services;
mod shell;
mod stats;
mod support;
mod system;
mod transfer;
mod users;
mod weaknesses;
