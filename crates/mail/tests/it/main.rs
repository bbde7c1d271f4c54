//! Tests from the outbox to a transport, and from a transport to a real relay.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

mod again;
mod contents;
mod smtp;
mod support;
mod worker;
