//! What somebody is invited to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ClaimDefinitionId, RoleId};

/// Most characters of an inviter's name.
pub const INVITER_LENGTH: usize = 255;
/// Most characters of what an inviter wants to say.
pub const MESSAGE_LENGTH: usize = 500;

/// Stored with the link of an invitation, and granted in the transaction that uses it up (repairs W24).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// The name of the person who invites.
    pub inviter: Option<String>,
    /// What that person wants to say; plain text.
    pub message: Option<String>,
    #[serde(default)]
    pub roles: Vec<RoleId>,
    #[serde(default)]
    pub claims: Vec<(ClaimDefinitionId, Value)>,
}

impl Invitation {
    /// As the details of a one-time token.
    pub fn details(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }

    /// Reads details back; what another version wrote and this one cannot read grants nothing.
    pub fn of(details: Option<&Value>) -> Self {
        details.and_then(|details| serde_json::from_value(details.clone()).ok()).unwrap_or_default()
    }
}
