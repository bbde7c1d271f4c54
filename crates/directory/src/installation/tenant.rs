//! The super-admin organization itself. Migrations create it; a database from which somebody deleted it gets it back here.

use porta_core::admin::ADMIN_SLUG;
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::organization::{Branding, LoginMethod, Organization, OrganizationStatus, TwoFactorPolicy};
use porta_core::{OrganizationId, Slug, Version};
use serde_json::json;

use super::InstallationOperations;
use crate::Result;
use crate::error::already_taken;
use crate::organizations::DEFAULT_LOCALE;

impl InstallationOperations<'_> {
    /// Creates the super-admin organization if it is missing. `false`: it exists.
    pub async fn seed(&mut self) -> Result<bool> {
        let slug = Slug::trusted(ADMIN_SLUG.to_owned());
        let mut organizations = self.work.unit.organizations();
        if organizations.by_slug(&slug).await?.is_some_and(|found| found.is_super_admin) {
            return Ok(false);
        }
        // As the migration has it.
        let organization = Organization {
            id: OrganizationId::ADMIN,
            name: "Porta Admin".to_owned(),
            slug,
            status: OrganizationStatus::Active,
            is_super_admin: true,
            branding: Branding { company_name: Some("Porta".to_owned()), ..Branding::default() },
            default_locale: DEFAULT_LOCALE.to_owned(),
            two_factor_policy: TwoFactorPolicy::Optional,
            default_login_methods: vec![LoginMethod::Password, LoginMethod::MagicLink],
            created_at: self.work.now,
            updated_at: self.work.now,
            version: Version::FIRST,
        };
        organizations.insert(&organization).await.map_err(already_taken("organization", ADMIN_SLUG))?;
        drop(organizations);
        let metadata = json!({ "slug": organization.slug, "name": organization.name });
        self.work.audit(AuditEventKind::OrgCreated, Some(&organization), None, metadata).await?;
        self.work.announce(Change::Organization(organization.slug));
        Ok(true)
    }
}
