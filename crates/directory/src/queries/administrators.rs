//! Administrators and their sign-in.

use porta_core::admin::SUPER_ADMIN_USER_KEY;
use porta_core::{ClientKey, OrganizationId, Slug, Timestamp, TokenDigest, UserId};
use porta_store::{AdministratorFacts, ServiceFacts};
use uuid::Uuid;

use super::Queries;
use crate::Result;
use crate::protected::super_admin_user;

/// Where administrators sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminSignIn {
    /// Slug of the super-admin organization.
    pub organization: Slug,
    /// Client of the command line.
    pub client_id: Option<String>,
}

pub struct AdministratorQueries<'q>(&'q Queries);

impl Queries {
    pub fn administrators(&self) -> AdministratorQueries<'_> {
        AdministratorQueries(self)
    }
}

impl AdministratorQueries<'_> {
    /// `None`: the installation has no admin application yet.
    pub async fn sign_in(&self) -> Result<Option<AdminSignIn>> {
        let found = self.0.repositories().administrators().sign_in().await?;
        Ok(found.map(|(organization, client_id)| AdminSignIn { organization, client_id }))
    }

    /// The super-admin organization.
    pub async fn organization(&self) -> Result<Option<OrganizationId>> {
        Ok(self.0.repositories().administrators().organization().await?)
    }

    /// A client of the super-admin organization that asks for itself.
    pub async fn service(&self, client: ClientKey, issued_at: Timestamp) -> Result<Option<ServiceFacts>> {
        Ok(self.0.repositories().administrators().service(client, issued_at).await?)
    }

    /// Whether it is the super-admin user, who cannot be taken out of action.
    pub async fn is_super_admin_user(&self, user: UserId) -> Result<bool> {
        let stored = self.0.repositories().settings(None).find(SUPER_ADMIN_USER_KEY).await?;
        Ok(super_admin_user(stored) == Some(user))
    }

    /// Whether something has this id, wherever it belongs.
    pub async fn names_something(&self, id: Uuid) -> Result<bool> {
        Ok(self.0.repositories().administrators().names_something(id).await?)
    }

    /// Who is behind an access token; whether it is still valid is for the caller to decide.
    pub async fn facts(&self, token: &TokenDigest) -> Result<Option<AdministratorFacts>> {
        let now = self.0.deps.clock.now();
        Ok(self.0.repositories().administrators().facts(token, now).await?)
    }
}
