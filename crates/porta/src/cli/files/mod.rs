//! Configuration as code: `porta provision`, `plan`, `apply`, `export` and `drift`.
//!
//! ```text
//! file ─► values with places ─► document ─► passwords are hashed ─► manifest ─► import of the Admin API ─► report
//! manifest of each organization ─► values ─► file
//! ```

pub(super) mod apply;
mod compare;
mod credentials;
pub(super) mod drift;
pub(super) mod export;
mod flatten;
mod import;
mod input;
mod nest;
pub(super) mod plan;
#[cfg(test)]
mod properties;
pub(super) mod provision;
mod show;
