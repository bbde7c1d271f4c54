//! What the search found.

use porta_core::application::Application;
use porta_core::organization::Organization;
use porta_core::{EntityId, Timestamp};
use porta_directory::FirstRows;
use porta_store::{FoundKey, ListedClient, ListedRole, SessionEntry, UserEntry};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::everything::Kind;

/// What was found, by kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchGroups)]
pub(crate) struct Groups {
    pub(super) data: Vec<Group>,
}

/// What was found of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchGroup)]
pub(crate) struct Group {
    /// `organization`, `application`, `client`, `user`, `role`, `key` or `session`.
    #[serde(rename = "type")]
    kind: &'static str,
    items: Vec<Hit>,
    has_more: bool,
}

/// An entity that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchHit)]
pub(crate) struct Hit {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Uuid,
    label: String,
    /// What tells it from others of its label.
    sublabel: String,
    /// `null`: its kind has none.
    status: Option<&'static str>,
    /// The organization that it belongs to.
    org_id: Option<Uuid>,
    /// The application that it belongs to.
    app_id: Option<Uuid>,
}

impl Group {
    pub(super) fn of<E>(kind: Kind, found: FirstRows<E>, hit: impl FnMut(E) -> Hit) -> Self {
        let items = found.rows.into_iter().map(hit).collect();
        Self { kind: kind.as_str(), items, has_more: found.has_more }
    }
}

fn beside(first: &str, second: &str) -> String {
    format!("{first} · {second}")
}

impl Hit {
    pub(super) fn organization(found: Organization) -> Self {
        Self {
            kind: Kind::Organization.as_str(),
            id: found.id.uuid(),
            label: found.name,
            sublabel: found.slug.to_string(),
            status: Some(found.status.as_str()),
            org_id: None,
            app_id: None,
        }
    }

    pub(super) fn application(found: Application) -> Self {
        Self {
            kind: Kind::Application.as_str(),
            id: found.id.uuid(),
            label: found.name,
            sublabel: found.slug.to_string(),
            status: Some(found.status.as_str()),
            org_id: found.organization_id.map(EntityId::uuid),
            app_id: None,
        }
    }

    pub(super) fn client(found: ListedClient) -> Self {
        let client = found.client;
        Self {
            kind: Kind::Client.as_str(),
            id: client.id.uuid(),
            label: client.client_name,
            sublabel: beside(client.client_id.as_str(), &found.organization_name),
            status: Some(client.status.as_str()),
            org_id: Some(client.organization_id.uuid()),
            app_id: Some(client.application_id.uuid()),
        }
    }

    pub(super) fn user(found: UserEntry) -> Self {
        let user = found.user;
        let (label, sublabel) = match user.profile.full_name() {
            Some(name) => (name, beside(user.email.shown(), &found.organization_name)),
            None => (user.email.shown().to_owned(), found.organization_name),
        };
        Self {
            kind: Kind::User.as_str(),
            id: user.id.uuid(),
            label,
            sublabel,
            status: Some(user.status.as_str()),
            org_id: Some(user.organization_id.uuid()),
            app_id: None,
        }
    }

    pub(super) fn role(found: ListedRole) -> Self {
        let role = found.role;
        Self {
            kind: Kind::Role.as_str(),
            id: role.id.uuid(),
            label: role.name,
            sublabel: beside(role.slug.as_str(), &found.application_name),
            status: None,
            org_id: None,
            app_id: Some(role.application_id.uuid()),
        }
    }

    pub(super) fn key(found: FoundKey) -> Self {
        Self {
            kind: Kind::Key.as_str(),
            id: found.id.uuid(),
            label: found.kid,
            sublabel: beside(found.algorithm.as_str(), &found.organization_name),
            status: Some(found.status.as_str()),
            org_id: Some(found.organization_id.uuid()),
            app_id: None,
        }
    }

    pub(super) fn session(found: SessionEntry, now: Timestamp) -> Self {
        let session = found.session;
        let status = if session.revoked_at.is_some() {
            "revoked"
        } else if session.expires_at <= now {
            "expired"
        } else {
            "active"
        };
        Self {
            kind: Kind::Session.as_str(),
            id: session.id.uuid(),
            label: found.user_email,
            sublabel: found.organization_name,
            status: Some(status),
            org_id: Some(session.organization_id.uuid()),
            app_id: None,
        }
    }
}
