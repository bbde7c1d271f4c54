//! Custom claims: definitions of applications and values of people.

use porta_core::application::{Application, ClaimDefinition, ClaimType, claim_name};
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_core::{ClaimDefinitionId, Version};
use serde_json::{Value, json};

use crate::applications::{description, require_owner};
use crate::error::{already_taken, refuse, stale};
use crate::transaction::changed;
use crate::{DirectoryError, Result, Transaction};

/// A claim to define; by default it appears in access tokens and UserInfo.
#[derive(Debug, Clone)]
pub struct NewClaim {
    pub claim_name: String,
    pub claim_type: ClaimType,
    pub description: Option<String>,
    pub include_in_id_token: Option<bool>,
    pub include_in_access_token: Option<bool>,
    pub include_in_userinfo: Option<bool>,
}

/// Operations on claim definitions and the values of people.
pub struct ClaimOperations<'t> {
    work: &'t mut Transaction,
}

impl Transaction {
    pub fn claims(&mut self) -> ClaimOperations<'_> {
        ClaimOperations { work: self }
    }
}

impl ClaimOperations<'_> {
    /// A claim of an application that the organization sees.
    pub async fn visible(
        &mut self,
        organization: &Organization,
        application: &str,
        name: &str,
    ) -> Result<ClaimDefinition> {
        let application = self.work.applications().visible(organization, application).await?;
        let claims = self.work.unit.applications(organization.id).claims(application.id).await?;
        let claim = claims.into_iter().find(|claim| claim.claim_name == name);
        claim.ok_or_else(|| DirectoryError::not_found("claim", name))
    }

    pub async fn define(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewClaim,
    ) -> Result<ClaimDefinition> {
        require_owner(organization, application)?;
        let claim = ClaimDefinition {
            id: ClaimDefinitionId::new(self.work.now, &*self.work.deps.entropy),
            application_id: application.id,
            claim_name: claim_name(&new.claim_name)?,
            claim_type: new.claim_type,
            description: new.description,
            include_in_id_token: new.include_in_id_token.unwrap_or(false),
            include_in_access_token: new.include_in_access_token.unwrap_or(true),
            include_in_userinfo: new.include_in_userinfo.unwrap_or(true),
            version: Version::FIRST,
        };
        refuse(description(claim.description.as_ref()).into_iter().collect())?;
        self.work
            .unit
            .applications(organization.id)
            .insert_claim(&claim, self.work.now)
            .await
            .map_err(already_taken("claim", &claim.claim_name))?;
        let metadata = json!({
            "definitionId": claim.id, "applicationId": application.id,
            "claimName": claim.claim_name, "claimType": claim.claim_type,
        });
        self.work.audit(AuditEventKind::ClaimDefined, Some(organization), None, metadata).await?;
        self.work.announce(Change::Application(application.id));
        Ok(claim)
    }

    /// Updates description and where the claim appears. Name and type cannot change, because stored values depend on
    /// them.
    pub async fn update(
        &mut self,
        organization: &Organization,
        application: &Application,
        before: &ClaimDefinition,
        after: ClaimDefinition,
    ) -> Result<(ClaimDefinition, Vec<&'static str>)> {
        require_owner(organization, application)?;
        if after.claim_type != before.claim_type {
            let problem = format!("claim `{}` is a {} for good", before.claim_name, before.claim_type);
            return Err(DirectoryError::invalid("claim_type", problem));
        }
        let after = ClaimDefinition {
            id: before.id,
            application_id: before.application_id,
            claim_name: before.claim_name.clone(),
            version: before.version,
            ..after
        };
        refuse(description(after.description.as_ref()).into_iter().collect())?;
        let fields = changed!(
            before,
            after,
            [description, include_in_id_token, include_in_access_token, include_in_userinfo]
        );
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        let updated = self.work.unit.applications(organization.id).update_claim(&after, self.work.now).await;
        if !updated.map_err(stale("claim"))? {
            return Err(DirectoryError::not_found("claim", &before.claim_name));
        }
        let after = ClaimDefinition { version: before.version.next(), ..after };
        let metadata = json!({
            "definitionId": after.id, "applicationId": application.id,
            "claimName": after.claim_name, "changes": fields,
        });
        self.work.audit(AuditEventKind::ClaimUpdated, Some(organization), None, metadata).await?;
        self.work.announce(Change::Application(application.id));
        Ok((after, fields))
    }

    /// Sets a person's value; `false` if unchanged. The audit row omits the value, which is personal data.
    pub async fn set_value(
        &mut self,
        organization: &Organization,
        user: &User,
        claim: &ClaimDefinition,
        value: &Value,
    ) -> Result<bool> {
        require_type(claim, value)?;
        let mut applications = self.work.unit.applications(organization.id);
        if applications.claim_value(user.id, claim.id).await?.as_ref() == Some(value) {
            return Ok(false);
        }
        applications.set_claim_value(user.id, claim.id, value, self.work.now).await?;
        drop(applications);
        let metadata = json!({ "definitionId": claim.id, "claimName": claim.claim_name });
        self.work.audit(AuditEventKind::ClaimValueSet, Some(organization), Some(user.id), metadata).await?;
        Ok(true)
    }
}

/// Refuses a value of another type than the claim's.
pub(crate) fn require_type(claim: &ClaimDefinition, value: &Value) -> Result<()> {
    if claim.claim_type.accepts(value) {
        return Ok(());
    }
    Err(DirectoryError::invalid("value", expectation(claim)))
}

fn expectation(claim: &ClaimDefinition) -> String {
    let shape = match claim.claim_type {
        ClaimType::String => "a string",
        ClaimType::Number => "a number",
        ClaimType::Boolean => "true or false",
        ClaimType::Json => "an object or a list",
    };
    format!("claim `{}` takes {shape}", claim.claim_name)
}
