//! Room `oidc`.
