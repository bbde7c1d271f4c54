//! Change notices: what other instances must evict from their caches after a commit.

use std::time::Duration;

use crate::client_id::ClientId;
use crate::{ApplicationId, OrganizationId, Slug};

/// Longest time a process may serve a cached value after a lost notice.
pub const CACHE_LIFETIME: Duration = Duration::from_mins(1);

/// One committed change to something that processes cache.
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
    /// Topic and key, as sent to other instances.
    pub fn to_topic_and_key(&self) -> (&'static str, String) {
        match self {
            Self::Organization(slug) => ("organization", slug.to_string()),
            Self::Client(id) => ("client", id.to_string()),
            Self::Application(id) => ("application", id.to_string()),
            Self::Settings(None) => ("settings", String::new()),
            Self::Settings(Some(id)) => ("settings", id.to_string()),
            Self::SigningKeys(id) => ("signing_keys", id.to_string()),
        }
    }

    /// Parses topic and key. `None` means a notice of a newer version; a listener then evicts everything.
    pub fn from_topic_and_key(topic: &str, key: &str) -> Option<Self> {
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
    fn notices_round_trip_and_unknown_ones_are_noticed() {
        let id = OrganizationId::from_uuid(uuid::Uuid::from_u128(7));
        let slug = Slug::parse("demo").unwrap();
        for change in [
            Change::Organization(slug),
            Change::Settings(None),
            Change::Settings(Some(id)),
            Change::Application(ApplicationId::from_uuid(uuid::Uuid::from_u128(9))),
            Change::SigningKeys(id),
        ] {
            let (topic, key) = change.to_topic_and_key();
            assert_eq!(Change::from_topic_and_key(topic, &key), Some(change));
        }
        assert_eq!(Change::from_topic_and_key("weather", "x"), None);
        assert_eq!(Change::from_topic_and_key("settings", "x"), None);
    }
}
