//! Organizations and their branding as the API shows them.

use std::collections::HashMap;

use porta_core::branding::{AssetSummary, BrandingAsset};
use porta_core::organization::{Branding, Organization};
use porta_core::{EntityId as _, OrganizationId};
use porta_store::OrganizationCounts;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::etag;

/// What belongs to an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationCounts)]
pub(crate) struct OrganizationCountsView {
    users: u64,
    clients: u64,
}

impl From<OrganizationCounts> for OrganizationCountsView {
    fn from(counts: OrganizationCounts) -> Self {
        Self { users: counts.users, clients: counts.clients }
    }
}

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Organization)]
pub(crate) struct OrganizationView {
    id: Uuid,
    name: String,
    slug: String,
    /// `active`, `suspended` or `archived`.
    status: &'static str,
    is_super_admin: bool,
    branding_logo_url: Option<String>,
    branding_favicon_url: Option<String>,
    /// `#RRGGBB`.
    branding_primary_color: Option<String>,
    branding_company_name: Option<String>,
    branding_custom_css: Option<String>,
    default_locale: String,
    /// `optional`, `required_email`, `required_totp` or `required_any`.
    two_factor_policy: &'static str,
    /// `password`, `magic_link`.
    default_login_methods: Vec<&'static str>,
    created_at: String,
    updated_at: String,
    /// Only in a list with `include=counts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<OrganizationCountsView>,
}

impl OrganizationView {
    /// A row of a list. `counts` is there if it was asked for.
    pub(super) fn listed(
        organization: Organization,
        counts: Option<&HashMap<OrganizationId, OrganizationCounts>>,
    ) -> Self {
        let counts = counts.map(|all| all.get(&organization.id).copied().unwrap_or_default().into());
        Self { counts, ..Self::from(organization) }
    }

    /// The tag of the organization's version.
    pub(crate) fn tag(organization: &Organization) -> String {
        etag::tag(organization.id.uuid(), organization.version, &Self::from(organization.clone()))
    }
}

impl From<Organization> for OrganizationView {
    fn from(organization: Organization) -> Self {
        let branding = organization.branding;
        Self {
            id: organization.id.uuid(),
            name: organization.name,
            slug: organization.slug.to_string(),
            status: organization.status.as_str(),
            is_super_admin: organization.is_super_admin,
            branding_logo_url: branding.logo_url,
            branding_favicon_url: branding.favicon_url,
            branding_primary_color: branding.primary_color,
            branding_company_name: branding.company_name,
            branding_custom_css: branding.custom_css,
            default_locale: organization.default_locale,
            two_factor_policy: organization.two_factor_policy.as_str(),
            default_login_methods: organization.default_login_methods.iter().map(|m| m.as_str()).collect(),
            created_at: time(organization.created_at),
            updated_at: time(organization.updated_at),
            counts: None,
        }
    }
}

/// The branding of an organization, as it is set.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BrandingSettings {
    logo_url: Option<String>,
    favicon_url: Option<String>,
    /// `#RRGGBB`.
    primary_color: Option<String>,
    company_name: Option<String>,
    custom_css: Option<String>,
}

impl From<Branding> for BrandingSettings {
    fn from(branding: Branding) -> Self {
        Self {
            logo_url: branding.logo_url,
            favicon_url: branding.favicon_url,
            primary_color: branding.primary_color,
            company_name: branding.company_name,
            custom_css: branding.custom_css,
        }
    }
}

/// An organization, and its branding under the names that requests use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BrandedOrganization {
    #[serde(flatten)]
    pub(super) organization: OrganizationView,
    #[serde(flatten)]
    pub(super) branding: BrandingSettings,
}

/// Branding and uploaded pictures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Branding)]
pub(crate) struct BrandingView {
    #[serde(flatten)]
    pub(super) settings: BrandingSettings,
    /// At most one of each type, ordered by type.
    pub(super) assets: Vec<AssetView>,
}

/// An uploaded picture. Pages and mails show it where no address of another is set.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BrandingAsset)]
pub(crate) struct AssetView {
    /// Another upload has another id.
    id: Uuid,
    organization_id: Uuid,
    /// `logo` or `favicon`.
    asset_type: &'static str,
    content_type: &'static str,
    /// In bytes.
    file_size: u64,
    /// Where everybody may see it.
    url: String,
    created_at: String,
    updated_at: String,
}

impl AssetView {
    pub(super) fn of(asset: &AssetSummary, organization: &Organization, issuer: &str) -> Self {
        let at = time(asset.created_at);
        Self {
            id: asset.id.uuid(),
            organization_id: organization.id.uuid(),
            asset_type: asset.kind.as_str(),
            content_type: asset.content_type.as_str(),
            file_size: asset.size,
            url: format!("{issuer}{}", BrandingAsset::path(asset.kind, asset.id)),
            created_at: at.clone(),
            updated_at: at,
        }
    }
}
