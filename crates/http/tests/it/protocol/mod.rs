//! Protocol endpoints.
