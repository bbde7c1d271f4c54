//! The sign-in journey.

pub mod password;
