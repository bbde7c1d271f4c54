//! Custom claims of applications, and the values of people.

use std::collections::HashMap;

use porta_core::ClaimDefinitionId;
use porta_core::application::ClaimDefinition;
use porta_store::ClaimValue;

use super::Queries;
use crate::applications::sees;
use crate::{DirectoryError, Result};

pub struct ClaimQueries<'q>(&'q Queries);

impl Queries {
    pub fn claims(&self) -> ClaimQueries<'_> {
        ClaimQueries(self)
    }
}

impl ClaimQueries<'_> {
    /// The claims of an application, named by id or slug.
    pub async fn list(&self, application: &str) -> Result<Vec<ClaimDefinition>> {
        let (organization, application) = self.0.applications().with_organization(application).await?;
        Ok(self.0.repositories().applications(organization).claims(application.id).await?)
    }

    /// How many people have a value of each of these claims.
    pub async fn counts(&self, ids: &[ClaimDefinitionId]) -> Result<HashMap<ClaimDefinitionId, u64>> {
        Ok(self.0.repositories().all_applications().claim_counts(ids).await?)
    }

    /// A claim of an application.
    pub async fn find(&self, application: &str, id: &str) -> Result<ClaimDefinition> {
        let (organization, application) = self.0.applications().with_organization(application).await?;
        let missing = || DirectoryError::not_found("custom claim", id);
        let claim = ClaimDefinitionId::parse(id).ok_or_else(missing)?;
        let found = self.0.repositories().rights(organization).claim(application.id, claim).await?;
        found.ok_or_else(missing)
    }

    /// A person's values of the claims of an application. Somebody whose organization does not see the application is
    /// not found.
    pub async fn values_in(&self, application: &str, user: &str) -> Result<Vec<ClaimValue>> {
        let application = self.0.applications().find(application).await?;
        let (organization, person) = self.0.users().find(None, user).await?;
        if !sees(&organization, &application) {
            return Err(DirectoryError::not_found("user", user));
        }
        let mut values = self.0.repositories().rights(organization.id).values_of_user(person.id).await?;
        values.retain(|value| value.definition.application_id == application.id);
        Ok(values)
    }

    /// A person's value of a claim of an application.
    pub async fn value(&self, application: &str, claim: &str, user: &str) -> Result<Option<ClaimValue>> {
        let claim = self.find(application, claim).await?;
        let values = self.values_in(application, user).await?;
        Ok(values.into_iter().find(|value| value.definition.id == claim.id))
    }

    /// A person's values of the claims of all applications.
    pub async fn values_of_user(&self, organization: &str, user: &str) -> Result<Vec<ClaimValue>> {
        let (organization, user) = self.0.users().find(Some(organization), user).await?;
        Ok(self.0.repositories().rights(organization.id).values_of_user(user.id).await?)
    }
}
