//! The actor of an operation.

use porta_core::admin::{AdminPermission, AdminPermissions, AdminRole};
use porta_core::{OrganizationId, UserId};

/// Who performs an operation; recorded as the actor of the audit row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Porta itself.
    System,
    /// Somebody with shell access who uses the CLI.
    Cli { os_user: Option<String> },
    /// A signed-in administrator.
    Admin(Box<Administrator>),
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
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
}

impl Administrator {
    pub fn permissions(&self) -> AdminPermissions {
        self.roles.iter().fold(AdminPermissions::default(), |all, role| all.with(role.permissions()))
    }

    /// Whether the administrator has every permission.
    pub fn is_super_admin(&self) -> bool {
        self.permissions() == AdminPermissions::all()
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
        }
    }

    pub fn administrator(&self) -> Option<&Administrator> {
        match self {
            Self::System | Self::Cli { .. } => None,
            Self::Admin(admin) => Some(admin),
        }
    }

    pub fn user(&self) -> Option<UserId> {
        self.administrator().map(|admin| admin.user)
    }

    /// Whether the actor has a permission. Porta itself and whoever has shell access have all.
    pub fn may(&self, permission: AdminPermission) -> bool {
        self.administrator().is_none_or(|admin| admin.permissions().contains(permission))
    }

    /// Whether the actor has every permission.
    pub fn is_super_admin(&self) -> bool {
        self.administrator().is_none_or(Administrator::is_super_admin)
    }
}
