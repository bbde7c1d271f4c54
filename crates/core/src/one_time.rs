//! Single-use links mailed to a person.
//!
//! ```text
//! issued ──consumed──► used
//!   └── expired, withdrawn, or replaced by a newer one of the same purpose: gone
//! ```

use serde::Deserialize as _;
use serde_json::Value;

use crate::mail::SecurityEvent;
use crate::{BearerKind, OneTimeTokenId, OrganizationId, Timestamp, TokenDigest, UserId, string_enum};

string_enum! {
    /// What a link authorises. A token of one purpose is not valid for another.
    pub enum TokenPurpose {
        MagicLink = "magic_link",
        PasswordReset = "password_reset",
        Invitation = "invitation",
        EmailVerification = "email_verification",
    }
}

impl TokenPurpose {
    /// Format of the bearer value in the link.
    pub const fn bearer(self) -> BearerKind {
        match self {
            Self::MagicLink => BearerKind::MagicLink,
            Self::PasswordReset => BearerKind::PasswordReset,
            Self::Invitation => BearerKind::Invitation,
            Self::EmailVerification => BearerKind::EmailVerification,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct OneTimeToken {
    pub id: OneTimeTokenId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub purpose: TokenPurpose,
    pub digest: TokenDigest,
    /// Uid of the interaction that the link continues, if any.
    pub interaction: Option<String>,
    /// Additional data, for instance roles and claims of an invitation.
    pub details: Option<Value>,
    pub invited_by: Option<UserId>,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// Key of [`OneTimeToken::origin`] in the details.
pub(crate) const ORIGIN: &str = "origin";

pub(crate) fn origin_in(details: Option<&Value>) -> Option<SecurityEvent> {
    SecurityEvent::deserialize(details?.get(ORIGIN)?).ok()
}

impl OneTimeToken {
    /// When and from where the sign-in of a magic link began; `None` if an earlier version made the link.
    pub fn origin(&self) -> Option<SecurityEvent> {
        origin_in(self.details.as_ref())
    }

    /// Whether it is neither used nor expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn a_link_of_one_purpose_has_the_shape_of_no_other() {
        for &purpose in TokenPurpose::ALL {
            let value = purpose.bearer().generate(&SeededEntropy::new(1));
            for &other in TokenPurpose::ALL {
                assert_eq!(other.bearer().matches(&value), other == purpose, "{value} as {other}");
            }
        }
    }
}
