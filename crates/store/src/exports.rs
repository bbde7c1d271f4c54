//! What exports read of many users at once.

use async_trait::async_trait;
use porta_core::Slug;
use serde_json::Value;

use crate::{Cursor, Result};

/// A role of a user, by the names that operators use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedRole {
    /// Address of the user.
    pub email: String,
    pub application: Slug,
    pub role: Slug,
}

/// A user's value of a custom claim, by the names that operators use.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedValue {
    /// Address of the user.
    pub email: String,
    pub application: Slug,
    pub claim: String,
    pub value: Value,
}

/// Obtained for an organization. Both methods read the users from `first` to `last`, both included, in the order of their
/// creation: those of one page of [`UserRepository::page`](crate::UserRepository::page).
#[async_trait]
pub trait ExportRepository: Send {
    /// One round trip.
    async fn roles(&mut self, first: Cursor, last: Cursor) -> Result<Vec<ExportedRole>>;
    /// One round trip.
    async fn values(&mut self, first: Cursor, last: Cursor) -> Result<Vec<ExportedValue>>;
}
