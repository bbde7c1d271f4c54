//! Rows of exports. Hashes, secrets, keys and tokens are not among them.

use porta_core::EntityId as _;
use porta_core::application::{Application, ClaimDefinition, Permission, Role};
use porta_core::audit::AuditEvent;
use porta_core::client::{Client, GrantType};
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_core::{ModuleId, UserId};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::format::Row;
use crate::answer::{optional_time, time};

/// Declares rows: a field is a column.
macro_rules! rows {
    ($(
        $(#[$meta:meta])*
        $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? }
    )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Serialize, ToSchema)]
        pub(crate) struct $name { $($(#[$field_meta])* $field: $type),+ }

        impl Row for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn values(&self) -> Vec<Value> {
                vec![$(json!(self.$field)),+]
            }
        }
    )+ };
}

rows! {
    /// An organization in an export.
    OrganizationRow {
        id: Uuid,
        name: String,
        slug: String,
        status: &'static str,
        is_super_admin: bool,
        default_locale: String,
        created_at: String,
        updated_at: String,
    }

    /// A user in an export.
    UserRow {
        id: Uuid,
        email: String,
        status: &'static str,
        given_name: Option<String>,
        family_name: Option<String>,
        nickname: Option<String>,
        locale: Option<String>,
        email_verified: bool,
        phone_number: Option<String>,
        created_at: String,
        updated_at: String,
        last_login_at: Option<String>,
        login_count: i64,
    }

    /// A client in an export.
    ClientRow {
        id: Uuid,
        client_id: String,
        client_name: String,
        client_type: &'static str,
        status: &'static str,
        application_type: &'static str,
        grant_types: Vec<&'static str>,
        redirect_uris: Vec<String>,
        created_at: String,
        updated_at: String,
    }

    /// An application in an export.
    ApplicationRow {
        id: Uuid,
        name: String,
        slug: String,
        description: Option<String>,
        status: &'static str,
        created_at: String,
        updated_at: String,
    }

    /// A role in an export.
    RoleRow {
        id: Uuid,
        name: String,
        slug: String,
        description: Option<String>,
        created_at: String,
    }

    /// A permission in an export.
    PermissionRow {
        id: Uuid,
        name: String,
        slug: String,
        description: Option<String>,
        module_id: Option<Uuid>,
        created_at: String,
    }

    /// A custom claim in an export.
    ClaimRow {
        id: Uuid,
        name: String,
        claim_name: String,
        claim_type: &'static str,
        description: Option<String>,
        include_in_id_token: bool,
        include_in_access_token: bool,
        include_in_userinfo: bool,
        created_at: String,
        updated_at: String,
    }

    /// An event of the audit log in an export.
    AuditRow {
        id: Uuid,
        event_type: String,
        event_category: &'static str,
        /// User who acted.
        actor_id: Option<Uuid>,
        #[schema(value_type = Object)]
        metadata: Value,
        ip_address: Option<String>,
        created_at: String,
    }
}

impl From<Organization> for OrganizationRow {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id.uuid(),
            name: organization.name,
            slug: organization.slug.to_string(),
            status: organization.status.as_str(),
            is_super_admin: organization.is_super_admin,
            default_locale: organization.default_locale,
            created_at: time(organization.created_at),
            updated_at: time(organization.updated_at),
        }
    }
}

impl From<User> for UserRow {
    fn from(user: User) -> Self {
        let profile = user.profile;
        Self {
            id: user.id.uuid(),
            email: user.email.shown().to_owned(),
            status: user.status.as_str(),
            given_name: profile.given_name,
            family_name: profile.family_name,
            nickname: profile.nickname,
            locale: profile.locale,
            email_verified: user.email_verified,
            phone_number: profile.phone_number,
            created_at: time(user.created_at),
            updated_at: time(user.updated_at),
            last_login_at: optional_time(user.last_login_at),
            login_count: user.login_count,
        }
    }
}

impl From<Client> for ClientRow {
    fn from(client: Client) -> Self {
        Self {
            id: client.id.uuid(),
            client_id: client.client_id.to_string(),
            client_name: client.client_name,
            client_type: client.client_type.as_str(),
            status: client.status.as_str(),
            application_type: client.application_type.as_str(),
            grant_types: client.grant_types.into_iter().map(GrantType::as_str).collect(),
            redirect_uris: client.redirect_uris,
            created_at: time(client.created_at),
            updated_at: time(client.updated_at),
        }
    }
}

impl From<Application> for ApplicationRow {
    fn from(application: Application) -> Self {
        Self {
            id: application.id.uuid(),
            name: application.name,
            slug: application.slug.to_string(),
            description: application.description,
            status: application.status.as_str(),
            created_at: time(application.created_at),
            updated_at: time(application.updated_at),
        }
    }
}

impl From<Role> for RoleRow {
    fn from(role: Role) -> Self {
        Self {
            id: role.id.uuid(),
            name: role.name,
            slug: role.slug.to_string(),
            description: role.description,
            created_at: time(role.created_at),
        }
    }
}

impl From<Permission> for PermissionRow {
    fn from(permission: Permission) -> Self {
        Self {
            id: permission.id.uuid(),
            name: permission.name,
            slug: permission.slug,
            description: permission.description,
            module_id: permission.module_id.map(ModuleId::uuid),
            created_at: time(permission.created_at),
        }
    }
}

impl From<ClaimDefinition> for ClaimRow {
    fn from(claim: ClaimDefinition) -> Self {
        Self {
            id: claim.id.uuid(),
            name: claim.display_name.unwrap_or_else(|| claim.claim_name.clone()),
            claim_name: claim.claim_name,
            claim_type: claim.claim_type.as_str(),
            description: claim.description,
            include_in_id_token: claim.include_in_id_token,
            include_in_access_token: claim.include_in_access_token,
            include_in_userinfo: claim.include_in_userinfo,
            created_at: time(claim.created_at),
            updated_at: time(claim.updated_at),
        }
    }
}

impl From<AuditEvent> for AuditRow {
    fn from(event: AuditEvent) -> Self {
        // Rows without details have an empty object.
        let metadata = if event.metadata.is_object() { event.metadata } else { json!({}) };
        Self {
            id: event.id.uuid(),
            event_type: event.event_type,
            event_category: event.category.as_str(),
            actor_id: event.actor_id.map(UserId::uuid),
            metadata,
            ip_address: event.ip_address,
            created_at: time(event.created_at),
        }
    }
}

/// An export as JSON.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Writer` writes")]
pub(crate) struct ExportFile<T: ToSchema> {
    data: Vec<T>,
    exported_at: String,
    /// Number of rows.
    total: u64,
    /// Whether there are more rows than an export has.
    truncated: Option<bool>,
}
