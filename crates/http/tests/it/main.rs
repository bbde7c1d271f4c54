//! Integration tests of the whole server in process, on both stores: one module per subject, each test named after what
//! it guarantees.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop where it is")]

mod protocol;
mod sign_in;
