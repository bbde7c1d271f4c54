//! Domain types of Porta: ids, time, randomness, secrets, entities and their rules. No I/O, no async.

pub mod admin;
pub mod application;
pub mod audit;
mod audit_events;
pub mod backoff;
pub mod branding;
pub mod change;
pub mod client;
mod client_id;
mod email;
pub mod entropy;
pub mod ids;
pub mod invitation;
pub mod line;
pub mod link_request;
pub mod mac;
pub mod mail;
pub mod metrics;
pub mod one_time;
pub mod organization;
pub mod outbox;
pub mod password;
pub mod password_hash;
pub mod password_rules;
pub mod seal;
pub mod second_factor;
pub mod secret;
pub mod session;
pub mod settings;
pub mod signing_key;
pub mod slug;
pub mod time;
mod unicode;
pub mod user;
pub mod version;
pub mod weights;

pub use backoff::Backoff;
pub use change::Change;
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use ids::{
    ApplicationId, AuditId, BrandingAssetId, ClaimDefinitionId, ClientKey, ClientSecretId, EmailCodeId,
    EntityId, GrantId, ModuleId, OneTimeTokenId, OrganizationId, OutboxId, PermissionId, RecoveryCodeId,
    RoleId, SessionKey, SigningKeyId, TokenFamilyId, UserId,
};
pub use password::{Password, TypedPassword};
pub use secret::{BearerKind, TokenDigest};
pub use slug::Slug;
pub use time::{Clock, ManualClock, SteadyClock, SystemClock, Timestamp};
pub use version::Version;

/// A value that violates a domain rule; the text is safe to show to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// Field name as the caller knows it.
    pub field: &'static str,
    /// What is wrong and what would be accepted.
    pub problem: String,
}

impl Invalid {
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// Declares an enum of fixed words, with `as_str`, `parse`, serde and `Display`.
#[macro_export]
macro_rules! string_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }
        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word used in storage and in protocols.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            /// Parses the exact word.
            pub fn parse(word: &str) -> Option<Self> { match word { $($word => Some(Self::$variant),)+ _ => None } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    };
}
