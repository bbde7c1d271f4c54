//! Who sends a request: an administrator, or a program.

use porta_core::admin::AdminPermissions;
use porta_core::{EntityId as _, OrganizationId};
use porta_directory::{Actor, Administrator, ServiceAccount};
use uuid::Uuid;

/// Who sends a request.
#[derive(Clone)]
pub(crate) enum Principal {
    Person(Box<Administrator>),
    Service(Box<ServiceAccount>),
}

impl Principal {
    pub(crate) fn organization(&self) -> OrganizationId {
        match self {
            Self::Person(person) => person.organization,
            Self::Service(service) => service.organization,
        }
    }

    /// Tells administrators and service accounts apart, whatever token they send.
    pub(crate) fn id(&self) -> Uuid {
        match self {
            Self::Person(person) => person.user.uuid(),
            Self::Service(service) => service.client.uuid(),
        }
    }

    pub(crate) fn permissions(&self) -> AdminPermissions {
        match self {
            Self::Person(person) => person.permissions(),
            Self::Service(service) => service.permissions,
        }
    }

    pub(crate) fn into_actor(self) -> Actor {
        match self {
            Self::Person(person) => Actor::Admin(person),
            Self::Service(service) => Actor::Service(service),
        }
    }
}
