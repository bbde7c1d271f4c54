//! Custom claims: definitions of applications and values of people.

use porta_core::application::{Application, ClaimDefinition, ClaimType, claim_name, published_claim_name};
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::organization::{Organization, display_name};
use porta_core::user::User;
use porta_core::{ClaimDefinitionId, Invalid, Version};
use porta_store::{ClaimValue, DeleteOutcome};
use serde_json::{Value, json};

use crate::applications::{description, require_owner, sees};
use crate::error::{already_taken, refuse, stale};
use crate::transaction::changed;
use crate::{DirectoryError, Result, Transaction};

/// A claim to define; by default it appears in access tokens and UserInfo.
#[derive(Debug, Clone)]
pub struct NewClaim {
    pub claim_name: String,
    /// What operators call it. `None`: by the name it has in tokens.
    pub display_name: Option<String>,
    pub claim_type: ClaimType,
    pub description: Option<String>,
    pub include_in_id_token: Option<bool>,
    pub include_in_access_token: Option<bool>,
    pub include_in_userinfo: Option<bool>,
}

/// The display name without spaces around it; `None` if it is the name that the claim has in tokens.
fn different(display_name: Option<String>, claim_name: &str) -> Option<String> {
    let name = display_name.map(|name| name.trim().to_owned());
    name.filter(|name| name != claim_name)
}

fn name_and_text(claim: &ClaimDefinition) -> Vec<Invalid> {
    let name = claim.display_name.as_ref().and_then(|name| display_name("name", name).err());
    name.into_iter().chain(description(claim.description.as_ref())).collect()
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

    /// A claim of an application, by its id.
    pub async fn find(
        &mut self,
        organization: &Organization,
        application: &Application,
        id: &str,
    ) -> Result<ClaimDefinition> {
        let missing = || DirectoryError::not_found("custom claim", id);
        let claim = ClaimDefinitionId::parse(id).ok_or_else(missing)?;
        self.work.unit.rights(organization.id).claim(application.id, claim).await?.ok_or_else(missing)
    }

    /// A claim of whichever application that the organization sees, by its id.
    pub async fn find_visible(&mut self, organization: &Organization, id: &str) -> Result<ClaimDefinition> {
        let missing = || DirectoryError::not_found("custom claim", id);
        let claim = ClaimDefinitionId::parse(id).ok_or_else(missing)?;
        self.work.unit.rights(organization.id).visible_claim(claim).await?.ok_or_else(missing)
    }

    pub async fn define(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewClaim,
    ) -> Result<ClaimDefinition> {
        self.add(organization, application, new, claim_name).await
    }

    /// Defines a claim that may be named as in published manifests.
    pub(crate) async fn adopt(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewClaim,
    ) -> Result<ClaimDefinition> {
        self.add(organization, application, new, published_claim_name).await
    }

    async fn add(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewClaim,
        name: fn(&str) -> std::result::Result<String, Invalid>,
    ) -> Result<ClaimDefinition> {
        require_owner(organization, application)?;
        let claim = ClaimDefinition {
            id: ClaimDefinitionId::new(self.work.now, &*self.work.deps.entropy),
            application_id: application.id,
            claim_name: name(&new.claim_name)?,
            display_name: different(new.display_name, &new.claim_name),
            claim_type: new.claim_type,
            description: new.description,
            include_in_id_token: new.include_in_id_token.unwrap_or(false),
            include_in_access_token: new.include_in_access_token.unwrap_or(true),
            include_in_userinfo: new.include_in_userinfo.unwrap_or(true),
            created_at: self.work.now,
            updated_at: self.work.now,
            version: Version::FIRST,
        };
        refuse(name_and_text(&claim))?;
        self.work
            .unit
            .applications(organization.id)
            .insert_claim(&claim)
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

    /// Updates display name, description and where the claim appears. Name and type cannot change, because stored values
    /// and the readers of tokens depend on them.
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
            display_name: different(after.display_name, &before.claim_name),
            created_at: before.created_at,
            updated_at: self.work.now,
            version: before.version,
            ..after
        };
        refuse(name_and_text(&after))?;
        let fields = changed!(
            before,
            after,
            [display_name, description, include_in_id_token, include_in_access_token, include_in_userinfo]
        );
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        let updated = self.work.unit.applications(organization.id).update_claim(&after).await;
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

    /// Deletes a claim with everybody's values.
    pub async fn delete(
        &mut self,
        organization: &Organization,
        application: &Application,
        claim: &ClaimDefinition,
    ) -> Result<()> {
        require_owner(organization, application)?;
        let outcome = self.work.unit.rights(organization.id).delete_claim(claim).await;
        if outcome.map_err(stale("claim"))? != DeleteOutcome::Deleted {
            return Err(DirectoryError::not_found("custom claim", claim.id));
        }
        let metadata = json!({
            "definitionId": claim.id, "applicationId": application.id, "claimName": claim.claim_name,
        });
        self.work.audit(AuditEventKind::ClaimDeleted, Some(organization), None, metadata).await?;
        self.work.announce(Change::Application(application.id));
        Ok(())
    }

    /// Somebody whose organization sees an application.
    pub async fn person(&mut self, application: &Application, id: &str) -> Result<(Organization, User)> {
        let (organization, user) = self.work.users().find(None, id).await?;
        if !sees(&organization, application) {
            return Err(DirectoryError::not_found("user", id));
        }
        Ok((organization, user))
    }

    /// A person's value of a claim.
    pub async fn value(
        &mut self,
        organization: &Organization,
        user: &User,
        claim: &ClaimDefinition,
    ) -> Result<Option<ClaimValue>> {
        let values = self.work.unit.rights(organization.id).values_of_user(user.id).await?;
        Ok(values.into_iter().find(|value| value.definition.id == claim.id))
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

    /// Takes a value from a person; `false` if they had none.
    pub async fn delete_value(
        &mut self,
        organization: &Organization,
        user: &User,
        claim: &ClaimDefinition,
    ) -> Result<bool> {
        if !self.work.unit.rights(organization.id).delete_value(user.id, claim.id).await? {
            return Ok(false);
        }
        let metadata = json!({ "definitionId": claim.id, "claimName": claim.claim_name });
        self.work
            .audit(AuditEventKind::ClaimValueDeleted, Some(organization), Some(user.id), metadata)
            .await?;
        Ok(true)
    }
}

/// Refuses a value of another type than the claim's, and one that cannot be stored.
pub(crate) fn require_type(claim: &ClaimDefinition, value: &Value) -> Result<()> {
    if !claim.claim_type.accepts(value) {
        return Err(DirectoryError::invalid("value", expectation(claim)));
    }
    if has_zero(value) {
        return Err(DirectoryError::invalid("value", "leave out the character U+0000"));
    }
    Ok(())
}

/// Whether a text in it has the character U+0000, which PostgreSQL cannot store in JSON.
fn has_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_zero),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_zero(value)),
    }
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
