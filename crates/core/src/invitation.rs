//! What an invitation grants.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::one_time::OneTimeToken;
use crate::{ClaimDefinitionId, RoleId, Timestamp, string_enum};

/// Maximum length of an inviter's name, in characters.
pub const INVITER_LENGTH: usize = 255;
/// Maximum length of an inviter's message, in characters.
pub const MESSAGE_LENGTH: usize = 500;

string_enum! {
    pub enum InvitationState {
        /// It can be accepted.
        Open = "open",
        /// It was accepted or withdrawn.
        Used = "used",
        Expired = "expired",
    }
}

impl InvitationState {
    pub fn of(link: &OneTimeToken, now: Timestamp) -> Self {
        match link.used_at {
            Some(_) => Self::Used,
            None if now < link.expires_at => Self::Open,
            None => Self::Expired,
        }
    }
}

/// Stored with the invitation's link and granted in the transaction that consumes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// The name of the person who invites.
    pub inviter: Option<String>,
    /// Personal message of the inviter; plain text.
    pub message: Option<String>,
    #[serde(default)]
    pub roles: Vec<RoleId>,
    #[serde(default)]
    pub claims: Vec<(ClaimDefinitionId, Value)>,
}

impl Invitation {
    /// Serializes to the details of a one-time token.
    pub fn details(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }

    /// Parses the details; malformed or unknown ones grant nothing.
    pub fn of(details: Option<&Value>) -> Self {
        details.and_then(|details| serde_json::from_value(details.clone()).ok()).unwrap_or_default()
    }
}
