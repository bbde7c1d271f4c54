//! Tests of the client against a server of their own, which answers what the OpenAPI document promises or what a test
//! tells it to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod calls;
mod document;
mod failures;
mod pages;
mod server;
mod tester;
