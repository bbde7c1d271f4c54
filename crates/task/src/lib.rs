//! Helpers of asynchronous tasks: a timeout that tolerates suspension, and a counter of round trips.

pub mod round_trips;
mod timeout;

pub use timeout::{Elapsed, timeout};
