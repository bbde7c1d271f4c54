//! What pickers show.

use porta_core::EntityId;
use porta_core::application::Application;
use porta_core::organization::Organization;
use porta_directory::FirstRows;
use porta_store::{ListedClient, ListedRole, UserEntry};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The first of what was looked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LookupList<T: ToSchema> {
    data: Vec<T>,
    has_more: bool,
}

impl<T: ToSchema> LookupList<T> {
    pub(super) fn of<E: Into<T>>(found: FirstRows<E>) -> Self {
        Self { data: found.rows.into_iter().map(Into::into).collect(), has_more: found.has_more }
    }
}

/// The name of an organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationLabel {
    id: Uuid,
    name: String,
    slug: String,
    /// `active`, `suspended` or `archived`.
    status: &'static str,
    is_super_admin: bool,
}

impl From<Organization> for OrganizationLabel {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id.uuid(),
            name: organization.name,
            slug: organization.slug.to_string(),
            status: organization.status.as_str(),
            is_super_admin: organization.is_super_admin,
        }
    }
}

/// The name of an application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationLabel {
    id: Uuid,
    name: String,
    slug: String,
    /// `active`, `inactive` or `archived`.
    status: &'static str,
    /// The owner. `null`: every organization may use it.
    organization_id: Option<Uuid>,
}

impl From<Application> for ApplicationLabel {
    fn from(application: Application) -> Self {
        Self {
            id: application.id.uuid(),
            name: application.name,
            slug: application.slug.to_string(),
            status: application.status.as_str(),
            organization_id: application.organization_id.map(EntityId::uuid),
        }
    }
}

/// The name of a client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientLabel {
    id: Uuid,
    name: String,
    /// The OAuth client id.
    client_id: String,
    /// `active`, `inactive` or `revoked`.
    status: &'static str,
    organization_id: Uuid,
    application_id: Uuid,
}

impl From<ListedClient> for ClientLabel {
    fn from(listed: ListedClient) -> Self {
        let client = listed.client;
        Self {
            id: client.id.uuid(),
            name: client.client_name,
            client_id: client.client_id.to_string(),
            status: client.status.as_str(),
            organization_id: client.organization_id.uuid(),
            application_id: client.application_id.uuid(),
        }
    }
}

/// The name of a role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleLabel {
    id: Uuid,
    name: String,
    slug: String,
    application_id: Uuid,
    application_name: String,
}

impl From<ListedRole> for RoleLabel {
    fn from(listed: ListedRole) -> Self {
        Self {
            id: listed.role.id.uuid(),
            name: listed.role.name,
            slug: listed.role.slug.to_string(),
            application_id: listed.role.application_id.uuid(),
            application_name: listed.application_name,
        }
    }
}

/// The name of a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserLabel {
    id: Uuid,
    /// `null`: the user has given none.
    name: Option<String>,
    email: String,
    /// `active`, `inactive`, `suspended` or `locked`.
    status: &'static str,
    organization_id: Uuid,
    organization_name: String,
}

impl From<UserEntry> for UserLabel {
    fn from(entry: UserEntry) -> Self {
        let user = entry.user;
        Self {
            id: user.id.uuid(),
            name: user.profile.full_name(),
            email: user.email.shown().to_owned(),
            status: user.status.as_str(),
            organization_id: user.organization_id.uuid(),
            organization_name: entry.organization_name,
        }
    }
}
