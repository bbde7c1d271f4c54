//! Room `signin`.
