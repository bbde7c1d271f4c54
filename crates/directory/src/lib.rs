//! Room `directory`.
