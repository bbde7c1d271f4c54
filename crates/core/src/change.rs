//! What other instances must hear after a commit: which cached thing is out of date.

use std::time::Duration;

use crate::client::ClientId;
use crate::{ApplicationId, OrganizationId, Slug};

/// The longest a process may believe something after a lost notice (the requirement text's one cache budget).
pub const CACHE_LIFETIME: Duration = Duration::from_mins(1);

/// One committed change to something that processes keep in memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Change {
    Organization(Slug),
    Client(ClientId),
    /// Roles, permissions or claim definitions of an application.
    Application(ApplicationId),
    /// `None`: the platform's own settings.
    Settings(Option<OrganizationId>),
    SigningKeys(OrganizationId),
}

impl Change {
    /// The two words that travel.
    pub fn to_words(&self) -> (&'static str, String) {
        match self {
            Self::Organization(slug) => ("organization", slug.to_string()),
            Self::Client(id) => ("client", id.to_string()),
            Self::Application(id) => ("application", id.to_string()),
            Self::Settings(None) => ("settings", String::new()),
            Self::Settings(Some(id)) => ("settings", id.to_string()),
            Self::SigningKeys(id) => ("signing_keys", id.to_string()),
        }
    }

    /// Reads them back; `None` for words of a newer version, which a listener treats as "forget everything".
    pub fn from_words(topic: &str, key: &str) -> Option<Self> {
        match topic {
            "organization" => Some(Self::Organization(Slug::parse(key).ok()?)),
            "client" => Some(Self::Client(ClientId::parse(key).ok()?)),
            "application" => Some(Self::Application(ApplicationId::parse(key)?)),
            "settings" if key.is_empty() => Some(Self::Settings(None)),
            "settings" => Some(Self::Settings(Some(OrganizationId::parse(key)?))),
            "signing_keys" => Some(Self::SigningKeys(OrganizationId::parse(key)?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EntityId as _;

    #[test]
    fn words_round_trip_and_unknown_ones_are_noticed() {
        let id = OrganizationId::from_uuid(uuid::Uuid::from_u128(7));
        let slug = Slug::parse("demo").unwrap();
        for change in [
            Change::Organization(slug),
            Change::Settings(None),
            Change::Settings(Some(id)),
            Change::Application(ApplicationId::from_uuid(uuid::Uuid::from_u128(9))),
            Change::SigningKeys(id),
        ] {
            let (topic, key) = change.to_words();
            assert_eq!(Change::from_words(topic, &key), Some(change));
        }
        assert_eq!(Change::from_words("weather", "x"), None);
        assert_eq!(Change::from_words("settings", "x"), None);
    }
}
