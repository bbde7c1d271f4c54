//! Who sends a request: an administrator, or a program.

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

/// Who sends a request.
#[derive(Clone)]
pub(crate) enum Principal {
    Person(Box<Person>),
    Service(Box<ServiceAccount>),
}

impl Principal {
    pub(crate) fn organization(&self) -> OrganizationId {
        match self {
            Self::Person(person) => person.administrator.organization,
            Self::Service(service) => service.organization,
        }
    }

    /// Tells administrators and service accounts apart, whatever token they send.
    pub(crate) fn id(&self) -> Uuid {
        match self {
            Self::Person(person) => person.administrator.user.uuid(),
            Self::Service(service) => service.client.uuid(),
        }
    }

    pub(crate) fn permissions(&self) -> AdminPermissions {
        match self {
            Self::Person(person) => person.administrator.permissions(),
            Self::Service(service) => service.permissions,
        }
    }

    pub(crate) fn into_actor(self) -> Actor {
        match self {
            Self::Person(person) => Actor::Admin(Box::new(person.administrator)),
            Self::Service(service) => Actor::Service(service),
        }
    }
}
