//! One type per kind of id, so that a client's key cannot be passed where a user's id is expected.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::{Uuid, timestamp::Timestamp as UuidTime};

use crate::{Entropy, Timestamp};

/// Common interface of all id types; lets storage bind and read any of them.
pub trait EntityId: Copy + Send + Sync + 'static {
    fn from_uuid(uuid: Uuid) -> Self;
    fn uuid(self) -> Uuid;
}

fn uuid_v7(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let since_epoch = Duration::from_micros(u64::try_from(now.micros()).unwrap_or(0));
    let random = entropy.bytes::<10>();
    // v7 keeps creation order in the index (RFC 9562 §5.7), built from injected time and bytes.
    let millis = u64::try_from(since_epoch.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Smallest id of the millisecond of `at`: for ranges by creation time.
pub fn first_of(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.micros()).unwrap_or(0) / 1_000;
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// Creation time in a v7 id; `None` for other versions.
pub fn created_at(uuid: Uuid) -> Option<Timestamp> {
    let (seconds, nanos) = uuid.get_timestamp().map(|t: UuidTime| t.to_unix())?;
    Some(Timestamp::from_micros(i64::try_from(seconds).ok()? * 1_000_000 + i64::from(nanos / 1_000)))
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id that sorts by creation time.
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }

            /// Parses the hyphenated form.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl EntityId for $name {
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            fn uuid(self) -> Uuid { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(&self.0, f) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+ };
}

ids! {
    OrganizationId,
    ApplicationId,
    ModuleId,
    /// Internal key of a client; the public identifier is [`crate::client::ClientId`].
    ClientKey,
    ClientSecretId,
    /// Used as the `sub` claim.
    UserId,
    RoleId,
    PermissionId,
    ClaimDefinitionId,
    SigningKeyId,
    AuditId,
    OutboxId,
    GrantId,
    /// All tokens derived from one authorization; revoked together.
    TokenFamilyId,
    /// Stable key of a browser session; also the `sid` claim. Not the cookie value.
    SessionKey,
    OneTimeTokenId,
    EmailCodeId,
    RecoveryCodeId,
    /// One uploaded picture; also its public name.
    BrandingAssetId,
}

impl OrganizationId {
    /// The super-admin organization, in every installation. Migrations write this id.
    pub const ADMIN: Self = Self(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn ids_sort_by_creation() {
        let entropy = SeededEntropy::new(1);
        let early = UserId::new(Timestamp::from_seconds(1_000), &entropy);
        let late = UserId::new(Timestamp::from_seconds(1_001), &entropy);
        assert!(early < late);
        assert_eq!(created_at(early.uuid()), Some(Timestamp::from_seconds(1_000)));
    }

    #[test]
    fn parse_refuses_anything_but_a_uuid() {
        assert!(UserId::parse("nope").is_none());
        assert!(UserId::parse("").is_none());
    }
}
