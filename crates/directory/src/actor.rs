//! The actor of an operation.

use porta_core::UserId;

/// Who performs an operation; recorded as the actor of the audit row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Porta itself.
    System,
    /// Somebody with shell access who uses the CLI.
    Cli { os_user: Option<String> },
    /// A signed-in administrator.
    Admin { user: UserId, email: String, ip_address: Option<String>, user_agent: Option<String> },
}

impl Actor {
    /// Text copied into the audit row, so that the actor stays known after the person is deleted.
    pub fn label(&self) -> String {
        match self {
            Self::System => "system".to_owned(),
            Self::Cli { os_user: None } => "cli".to_owned(),
            Self::Cli { os_user: Some(name) } => format!("cli:{name}"),
            Self::Admin { email, .. } => email.clone(),
        }
    }

    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::System | Self::Cli { .. } => None,
            Self::Admin { user, .. } => Some(*user),
        }
    }

    pub(crate) fn ip_address(&self) -> Option<String> {
        match self {
            Self::System | Self::Cli { .. } => None,
            Self::Admin { ip_address, .. } => ip_address.clone(),
        }
    }

    pub(crate) fn user_agent(&self) -> Option<String> {
        match self {
            Self::System | Self::Cli { .. } => None,
            Self::Admin { user_agent, .. } => user_agent.clone(),
        }
    }
}
