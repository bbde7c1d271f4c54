//! Tenants.

use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::line::check_line;
use porta_core::organization::{
    Branding, CascadeCounts, LoginMethod, Organization, OrganizationStatus, TwoFactorPolicy, display_name,
};
use porta_core::signing_key::SigningAlgorithm;
use porta_core::{Invalid, OrganizationId, Slug, Version};
use porta_store::{Revocation, StoreError};
use serde_json::json;

use crate::clients::distinct;
use crate::error::{already_taken, changed_concurrently, refuse, stale};
use crate::transaction::changed;
use crate::{DirectoryError, Result, Transaction};

/// An organization to create; fields left out take their defaults.
#[derive(Debug, Clone, Default)]
pub struct NewOrganization {
    pub name: String,
    /// Derived from the name if absent.
    pub slug: Option<String>,
    pub default_locale: Option<String>,
    pub default_login_methods: Option<Vec<LoginMethod>>,
    pub two_factor_policy: Option<TwoFactorPolicy>,
    pub branding: Branding,
}

/// Locale of an organization that names none.
pub(crate) const DEFAULT_LOCALE: &str = "en";

/// Maximum length of the reason for a change of status, in characters.
const REASON_LENGTH: usize = 500;

/// Organizations read per page when all are listed.
const PAGE: u32 = 200;

/// Operations on organizations.
pub struct OrganizationOperations<'t> {
    pub(crate) work: &'t mut Transaction,
}

impl Transaction {
    pub fn organizations(&mut self) -> OrganizationOperations<'_> {
        OrganizationOperations { work: self }
    }
}

impl OrganizationOperations<'_> {
    /// Lists every organization, oldest first.
    pub async fn all(&mut self) -> Result<Vec<Organization>> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.work.unit.organizations().page(after, PAGE).await?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Creates an active organization with signing keys, so that it can sign ID tokens at once.
    pub async fn create(&mut self, new: NewOrganization) -> Result<Organization> {
        let slug = Slug::for_organization(&slug_of(new.slug, &new.name))?;
        let organization = normalized(Organization {
            id: OrganizationId::new(self.work.now, &*self.work.deps.entropy),
            name: new.name,
            slug,
            status: OrganizationStatus::Active,
            is_super_admin: false,
            branding: new.branding,
            default_locale: new.default_locale.unwrap_or_else(|| DEFAULT_LOCALE.to_owned()),
            two_factor_policy: new.two_factor_policy.unwrap_or(TwoFactorPolicy::Optional),
            default_login_methods: new
                .default_login_methods
                .unwrap_or_else(|| vec![LoginMethod::Password, LoginMethod::MagicLink]),
            created_at: self.work.now,
            updated_at: self.work.now,
            version: Version::FIRST,
        });
        refuse(problems(&organization))?;
        self.work
            .unit
            .organizations()
            .insert(&organization)
            .await
            .map_err(already_taken("organization", &organization.slug))?;
        let metadata = json!({
            "slug": organization.slug, "name": organization.name,
            "defaultLoginMethods": organization.default_login_methods,
        });
        self.work.audit(AuditEventKind::OrgCreated, Some(&organization), None, metadata).await?;
        // Other instances may have cached that this slug does not exist.
        self.work.announce(Change::Organization(organization.slug.clone()));
        self.work.signing_keys().ensure(&organization, SigningAlgorithm::Es256).await?;
        Ok(organization)
    }

    /// Updates an organization to `after`, except id, slug, status and creation time. Returns the names of changed
    /// fields; writes nothing if there are none. How the administrators sign in is for super-admins to decide.
    pub async fn update(
        &mut self,
        before: &Organization,
        after: Organization,
    ) -> Result<(Organization, Vec<&'static str>)> {
        let after = normalized(Organization {
            id: before.id,
            slug: before.slug.clone(),
            status: before.status,
            is_super_admin: before.is_super_admin,
            created_at: before.created_at,
            updated_at: self.work.now,
            version: before.version,
            ..after
        });
        refuse(problems(&after))?;
        let fields = changed!(
            before,
            after,
            [name, branding, default_locale, two_factor_policy, default_login_methods]
        );
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        let changes_policy = before.two_factor_policy != after.two_factor_policy;
        let changes_sign_in = changes_policy || before.default_login_methods != after.default_login_methods;
        if changes_sign_in && before.is_super_admin && !self.work.actor.is_super_admin() {
            let text = if changes_policy {
                "Cannot modify the super-admin organization policy"
            } else {
                "Only a super-admin may change how the admin organization signs in"
            };
            return Err(DirectoryError::Forbidden(text.to_owned()));
        }
        if !self.work.unit.organizations().update(&after).await.map_err(stale("organization"))? {
            return Err(DirectoryError::not_found("organization", &before.slug));
        }
        let after = Organization { version: before.version.next(), ..after };
        let mut metadata = json!({ "fields": fields });
        if before.default_login_methods != after.default_login_methods {
            metadata["previousDefaultLoginMethods"] = json!(before.default_login_methods);
            metadata["newDefaultLoginMethods"] = json!(after.default_login_methods);
        }
        self.work.audit(AuditEventKind::OrgUpdated, Some(&after), None, metadata).await?;
        if changes_policy {
            let metadata = json!({
                "previousPolicy": before.two_factor_policy, "newPolicy": after.two_factor_policy,
            });
            self.work.audit(AuditEventKind::OrgTwoFactorPolicyChanged, Some(&after), None, metadata).await?;
        }
        if before.branding != after.branding {
            let fields = changed!(
                before.branding,
                after.branding,
                [logo_url, favicon_url, primary_color, company_name, custom_css]
            );
            self.work
                .audit(AuditEventKind::OrgBrandingUpdated, Some(&after), None, json!({ "fields": fields }))
                .await?;
        }
        self.work.announce(Change::Organization(after.slug.clone()));
        Ok((after, fields))
    }

    /// Suspends, activates, archives or restores. Leaving `active` revokes every session and token of the organization,
    /// and the tokens that users of other organizations hold for its clients.
    pub async fn set_status(
        &mut self,
        organization: &Organization,
        to: OrganizationStatus,
        reason: Option<&str>,
    ) -> Result<Organization> {
        let from = organization.status;
        organization.may_become(to)?;
        if let Some(reason) = reason {
            check_line("reason", reason, REASON_LENGTH)?;
        }
        if !self.work.unit.organizations().set_status(organization.id, from, to, self.work.now).await? {
            return Err(changed_concurrently("organization"));
        }
        let mut ended = 0;
        if to != OrganizationStatus::Active {
            ended +=
                self.work.unit.tokens(organization.id).revoke(Revocation::Everything, self.work.now).await?;
            ended += self.revoke_clients_elsewhere(organization).await?;
        }
        let event = match (from, to) {
            (_, OrganizationStatus::Suspended) => AuditEventKind::OrgSuspended,
            (_, OrganizationStatus::Archived) => AuditEventKind::OrgArchived,
            (OrganizationStatus::Archived, OrganizationStatus::Active) => AuditEventKind::OrgRestored,
            (OrganizationStatus::Active | OrganizationStatus::Suspended, OrganizationStatus::Active) => {
                AuditEventKind::OrgActivated
            }
        };
        let after = Organization {
            status: to,
            updated_at: self.work.now,
            version: organization.version.next(),
            ..organization.clone()
        };
        let metadata = json!({ "reason": reason, "tokenFamiliesEnded": ended });
        self.work.audit(event, Some(&after), None, metadata).await?;
        self.work.announce(Change::Organization(after.slug.clone()));
        Ok(after)
    }

    /// Deletes an organization with everything it owns, sessions and tokens included; what the short-lived store has of it
    /// is of no use without it. Its audit rows stay.
    pub async fn destroy(&mut self, organization: &Organization) -> Result<CascadeCounts> {
        if organization.is_super_admin {
            let text = "The admin organization cannot be destroyed";
            return Err(DirectoryError::Forbidden(text.to_owned()));
        }
        let destroyed = self.work.unit.organizations().destroy(organization.id, self.work.now).await;
        let counts = destroyed.map_err(|error| match error {
            StoreError::Conflict(_) => {
                let text = "clients of other organizations use an application whose slug a shared one has";
                DirectoryError::Conflict(text.to_owned())
            }
            other => DirectoryError::Store(other),
        })?;
        let counts = counts.ok_or_else(|| DirectoryError::not_found("organization", &organization.slug))?;
        let metadata = json!({
            "name": organization.name, "slug": organization.slug, "cascadeCounts": counts,
        });
        self.work.audit(AuditEventKind::OrgDestroyed, Some(organization), None, metadata).await?;
        // Evicts its clients, too.
        self.work.announce(Change::Organization(organization.slug.clone()));
        Ok(counts)
    }

    /// Revokes the tokens that other organizations' users hold for these clients; returns the number of families.
    async fn revoke_clients_elsewhere(&mut self, organization: &Organization) -> Result<u64> {
        let mut ended = 0;
        let mut after = None;
        loop {
            let page = self.work.unit.clients(organization.id).page(after, 200).await?;
            for client in page.items {
                for guest in &client.allowed_organizations {
                    let revocation = Revocation::Client(client.id);
                    ended += self.work.unit.tokens(*guest).revoke(revocation, self.work.now).await?;
                }
                self.work.announce(Change::Client(client.client_id));
            }
            after = page.next;
            if after.is_none() {
                return Ok(ended);
            }
        }
    }
}

/// The given slug, else one derived from the name.
pub(crate) fn slug_of(given: Option<String>, name: &str) -> String {
    given.unwrap_or_else(|| Slug::suggest(name))
}

fn normalized(organization: Organization) -> Organization {
    Organization {
        name: organization.name.trim().to_owned(),
        default_login_methods: distinct(organization.default_login_methods),
        ..organization
    }
}

fn problems(organization: &Organization) -> Vec<Invalid> {
    let mut found = Vec::new();
    found.extend(display_name("name", &organization.name).err());
    found.extend(organization.branding.validate().err());
    found.extend(locale("default_locale", &organization.default_locale).err());
    if organization.default_login_methods.is_empty() {
        found.push(Invalid::new("default_login_methods", "name at least one of password, magic_link"));
    }
    found
}

/// Checks a BCP 47 tag as browsers send them, at most 10 characters.
fn locale(field: &'static str, tag: &str) -> std::result::Result<(), Invalid> {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let language_fits =
        (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let rest_fits = parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    if language_fits && rest_fits && tag.len() <= 10 {
        return Ok(());
    }
    Err(Invalid::new(field, "use a language tag such as en or pt-BR, at most 10 characters"))
}

#[cfg(test)]
mod tests {
    use super::locale;

    #[test]
    fn language_tags() {
        for good in ["en", "pt-BR", "gsw", "zh-Hant-TW"] {
            assert!(locale("l", good).is_ok(), "{good}");
        }
        for bad in ["", "e", "english", "en_US", "en-", "../etc", "zh-Hant-TW-x"] {
            assert!(locale("l", bad).is_err(), "{bad}");
        }
    }
}
