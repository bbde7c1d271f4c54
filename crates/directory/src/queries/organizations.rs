//! Organizations and their pictures.

use std::collections::HashMap;

use porta_core::branding::{AssetKind, AssetSummary, BrandingAsset};
use porta_core::organization::{CascadeCounts, Organization};
use porta_core::{OrganizationId, Slug};
use porta_store::{
    OrganizationCounts, OrganizationFilter, OrganizationSort, Page, PageRequest, SortedCursor,
};

use super::Queries;
use crate::Result;

pub struct OrganizationQueries<'q>(pub(super) &'q Queries);

impl Queries {
    pub fn organizations(&self) -> OrganizationQueries<'_> {
        OrganizationQueries(self)
    }
}

impl OrganizationQueries<'_> {
    pub async fn list(
        &self,
        filter: &OrganizationFilter,
        page: &PageRequest<OrganizationSort>,
    ) -> Result<Page<Organization, SortedCursor>> {
        Ok(self.0.repositories().organizations().list(filter, page).await?)
    }

    /// Number of rows of a list on all its pages, counted up to `at_most`.
    pub async fn count(&self, filter: &OrganizationFilter, at_most: u64) -> Result<u64> {
        Ok(self.0.repositories().organizations().count(filter, at_most).await?)
    }

    /// What belongs to each of these organizations.
    pub async fn counts(
        &self,
        ids: &[OrganizationId],
    ) -> Result<HashMap<OrganizationId, OrganizationCounts>> {
        Ok(self.0.repositories().organizations().counts(ids).await?)
    }

    /// Why a new organization cannot have this slug. `None`: it can.
    pub async fn slug_problem(&self, slug: &str) -> Result<Option<String>> {
        let slug = match Slug::for_organization(slug) {
            Ok(slug) => slug,
            Err(invalid) => return Ok(Some(invalid.problem)),
        };
        let taken = self.0.repositories().organizations().by_slug(&slug).await?.is_some();
        Ok(taken.then(|| "Slug already in use".to_owned()))
    }

    /// What destroying an organization would delete now.
    pub async fn cascade_counts(&self, organization: OrganizationId) -> Result<CascadeCounts> {
        Ok(self.0.repositories().organizations().cascade_counts(organization).await?)
    }

    /// The uploaded pictures, without their bytes.
    pub async fn pictures(&self, organization: OrganizationId) -> Result<Vec<AssetSummary>> {
        Ok(self.0.repositories().branding_assets(organization).summaries().await?)
    }

    pub async fn picture(
        &self,
        organization: OrganizationId,
        kind: AssetKind,
    ) -> Result<Option<BrandingAsset>> {
        Ok(self.0.repositories().branding_assets(organization).find(kind).await?)
    }
}
