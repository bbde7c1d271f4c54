//! Room `store-sql`.
