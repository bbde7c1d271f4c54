//! The contract of the short-lived store on both implementations, and what only Redis can do.

mod memory;
mod redis;
mod support;
