//! What the Admin API needs of the sign-in and of the pages. The executable connects them.

use async_trait::async_trait;
use porta_core::Timestamp;
use porta_core::mail::{MailBody, OutgoingEmail};
use porta_core::organization::Organization;
use porta_core::second_factor::RecoveryCode;
use porta_core::user::User;

/// A set of recovery codes.
pub struct NewRecoveryCodes {
    /// As people read them.
    pub shown: Vec<String>,
    pub stored: Vec<RecoveryCode>,
}

/// Makes recovery codes: the keys of second factors belong to the sign-in.
pub trait MakeRecoveryCodes: Send + Sync {
    fn make(&self, user: &User, now: Timestamp) -> NewRecoveryCodes;
}

/// A mail could not be rendered.
#[derive(Debug)]
pub struct RenderFailed(pub Box<dyn std::error::Error + Send + Sync>);

/// Renders a mail in the recipient's language with the organization's branding.
pub trait RenderMail: Send + Sync {
    fn render(
        &self,
        organization: &Organization,
        outgoing: &OutgoingEmail,
        now: Timestamp,
    ) -> Result<MailBody, RenderFailed>;
}

/// The relay that mails are handed to.
#[async_trait]
pub trait MailRelay: Send + Sync {
    /// Whether it answers.
    async fn is_reachable(&self) -> bool;
}
