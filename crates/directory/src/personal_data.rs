//! What is stored about a person: hand it out, and erase it.

use porta_core::audit::AuditEventKind;
use porta_core::organization::Organization;
use porta_core::user::{Email, User};
use porta_store::Purged;
use serde_json::json;

use crate::error::already_taken;
use crate::protected::refuse_super_admin_user;
use crate::users::UserOperations;
use crate::{DirectoryError, Result, Transaction};

/// Operations on what is stored about people.
pub struct PersonalDataOperations<'t> {
    work: &'t mut Transaction,
}

impl<'t> UserOperations<'t> {
    pub fn personal_data(self) -> PersonalDataOperations<'t> {
        PersonalDataOperations { work: self.work }
    }
}

impl PersonalDataOperations<'_> {
    /// Records that an operator downloads what is stored about a person. It is in [`crate::UserQueries::personal_data`]
    /// if this is committed first.
    pub async fn record_export(&mut self, organization: &Organization, user: &User) -> Result<()> {
        let metadata = json!({ "by": "administrator", "userId": user.id });
        self.work.audit(AuditEventKind::UserDataExported, Some(organization), Some(user.id), metadata).await
    }

    /// Erases what is stored about a person. An inactive account stays, without anything that tells whose it was.
    /// Nobody who administers can be erased: what they did must stay known.
    pub async fn purge(&mut self, organization: &Organization, user: &User) -> Result<(Email, Purged)> {
        refuse_super_admin_user(self.work, organization, user, "delete").await?;
        if organization.is_super_admin {
            let text = "Cannot purge users belonging to the super-admin organization";
            return Err(DirectoryError::Forbidden(text.to_owned()));
        }
        let anonymous = Email::parse(&format!("purged-{}@purged.local", user.id))?;
        let now = self.work.now;
        let purged = self.work.unit.users(organization.id).purge(user, &anonymous, now).await;
        let purged = purged.map_err(already_taken("user", anonymous.shown()))?;
        let purged = purged.ok_or_else(|| DirectoryError::not_found("user", user.id))?;
        let metadata = json!({ "userId": user.id });
        self.work.audit(AuditEventKind::UserPurged, Some(organization), Some(user.id), metadata).await?;
        Ok((anonymous, purged))
    }
}
