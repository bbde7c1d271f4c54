//! The command line against a running server, on both stores.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod app;
mod client;
mod completion;
mod credentials;
mod files;
mod forms;
mod login;
mod mail;
mod options;
mod org;
mod output;
mod platform;
mod preview;
mod refusals;
mod terminal;
mod tls;
mod two_ways;
mod user;
mod user_rights;
mod wire;
