//! The contract of the short-lived store on both implementations, and what only Redis supports.

mod memory;
mod redis;
mod support;
