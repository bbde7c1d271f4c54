//! Who sends a request: an administrator, a program, or somebody with shell access.

use porta_core::admin::AdminPermissions;
use porta_core::{EntityId as _, OrganizationId};
use porta_directory::{Actor, Administrator, ServiceAccount};
use porta_signin::account::SignedInUser;
use uuid::Uuid;

/// An administrator, with what their token proves of the sign-in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) administrator: Administrator,
    pub(crate) signed_in: SignedInUser,
}

/// Somebody with shell access, whose command contains this API and has opened the database itself. Only the process can
/// add it to a request, as an extension: nothing that arrives over a connection becomes one.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Name of the operating-system user, for the audit log.
    pub os_user: Option<String>,
    /// Name for mails that say who acts.
    pub name: Option<String>,
}

/// Who sends a request.
#[derive(Clone)]
pub(crate) enum Principal {
    Person(Box<Person>),
    Service(Box<ServiceAccount>),
    Shell(Shell),
}

impl Principal {
    pub(crate) fn organization(&self) -> OrganizationId {
        match self {
            Self::Person(person) => person.administrator.organization,
            Self::Service(service) => service.organization,
            Self::Shell(_) => OrganizationId::from_uuid(Uuid::nil()),
        }
    }

    /// The name under which somebody with shell access acts.
    pub(crate) fn shell_name(&self) -> Option<String> {
        match self {
            Self::Shell(shell) => shell.name.clone(),
            Self::Person(_) | Self::Service(_) => None,
        }
    }

    /// Tells administrators and service accounts apart, whatever token they send.
    pub(crate) fn id(&self) -> Uuid {
        match self {
            Self::Person(person) => person.administrator.user.uuid(),
            Self::Service(service) => service.client.uuid(),
            Self::Shell(_) => Uuid::nil(),
        }
    }

    pub(crate) fn permissions(&self) -> AdminPermissions {
        match self {
            Self::Person(person) => person.administrator.permissions(),
            Self::Service(service) => service.permissions,
            Self::Shell(_) => AdminPermissions::all(),
        }
    }

    pub(crate) fn into_actor(self) -> Actor {
        match self {
            Self::Person(person) => Actor::Admin(Box::new(person.administrator)),
            Self::Service(service) => Actor::Service(service),
            Self::Shell(shell) => Actor::Cli { os_user: shell.os_user },
        }
    }
}
