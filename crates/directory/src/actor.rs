//! The actor of an operation.

use porta_core::admin::{AdminPermission, AdminPermissions, AdminRole};
use porta_core::{ClientKey, OrganizationId, UserId};

/// Who performs an operation; recorded as the actor of the audit row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Porta itself.
    System,
    /// Somebody with shell access who uses the CLI.
    Cli { os_user: Option<String> },
    /// A signed-in administrator.
    Admin(Box<Administrator>),
    /// A program with a client of its own.
    Service(Box<ServiceAccount>),
}

/// Where a request comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestOrigin {
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    /// Under which the access log has the request.
    pub request_id: Option<String>,
}

/// An administrator, as far as one request proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    pub user: UserId,
    /// The super-admin organization.
    pub organization: OrganizationId,
    pub email: String,
    /// Full name, for mails in which the administrator is named.
    pub name: Option<String>,
    /// OAuth client that sends the request.
    pub client_id: String,
    pub roles: Vec<AdminRole>,
    pub origin: RequestOrigin,
}

/// A confidential client of the admin application that asks for itself. Its scope names its permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    pub client: ClientKey,
    /// The super-admin organization.
    pub organization: OrganizationId,
    pub client_id: String,
    pub permissions: AdminPermissions,
    pub origin: RequestOrigin,
}

impl Administrator {
    pub fn permissions(&self) -> AdminPermissions {
        self.roles.iter().fold(AdminPermissions::default(), |all, role| all.with(role.permissions()))
    }
}

impl Actor {
    /// Text copied into the audit row, so that the actor stays known after the person is deleted.
    pub fn label(&self) -> String {
        match self {
            Self::System => "system".to_owned(),
            Self::Cli { os_user: None } => "cli".to_owned(),
            Self::Cli { os_user: Some(name) } => format!("cli:{name}"),
            Self::Admin(admin) => admin.email.clone(),
            Self::Service(service) => format!("client:{}", service.client_id),
        }
    }

    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Admin(admin) => Some(admin.user),
            Self::System | Self::Cli { .. } | Self::Service(_) => None,
        }
    }

    pub fn origin(&self) -> Option<&RequestOrigin> {
        match self {
            Self::System | Self::Cli { .. } => None,
            Self::Admin(admin) => Some(&admin.origin),
            Self::Service(service) => Some(&service.origin),
        }
    }

    /// Porta itself and whoever has shell access have all permissions.
    pub fn permissions(&self) -> AdminPermissions {
        match self {
            Self::System | Self::Cli { .. } => AdminPermissions::all(),
            Self::Admin(admin) => admin.permissions(),
            Self::Service(service) => service.permissions,
        }
    }

    pub fn may(&self, permission: AdminPermission) -> bool {
        self.permissions().contains(permission)
    }

    /// Whether the actor has every permission by a role, or by shell access. A service account never has: it cannot make
    /// itself, or others, an administrator.
    pub fn is_super_admin(&self) -> bool {
        match self {
            Self::System | Self::Cli { .. } => true,
            Self::Admin(admin) => admin.permissions() == AdminPermissions::all(),
            Self::Service(_) => false,
        }
    }
}
