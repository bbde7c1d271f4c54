//! Organizations: resolved by slug, cached, invalidated by change notices.

use std::sync::Arc;

use porta_core::branding::{AssetKind, BrandingAsset};
use porta_core::organization::OrganizationStatus;
use porta_core::settings::Settings;
use porta_core::{BrandingAssetId, Slug};
use porta_protocol::metadata;

use crate::backend::Backend;
use crate::caches::Caches;
use crate::document::DocumentWithEtag;
use crate::error::BackendError;
use crate::signing_keys::SigningKeys;
use crate::tenant::{Tenant, TenantLookup};

pub struct Tenants {
    backend: Arc<Backend>,
    caches: Arc<Caches>,
    signing_keys: Arc<SigningKeys>,
    /// The languages of the pages, for the discovery document.
    ui_locales: Vec<&'static str>,
}

impl Tenants {
    pub(crate) fn new(
        backend: Arc<Backend>,
        caches: Arc<Caches>,
        signing_keys: Arc<SigningKeys>,
        ui_locales: Vec<&'static str>,
    ) -> Self {
        Self { backend, caches, signing_keys, ui_locales }
    }

    /// Resolves the first path segment. Without a change, storage is read at most once per minute and slug.
    pub async fn find(&self, slug: &str) -> Result<TenantLookup, BackendError> {
        let Ok(slug) = Slug::parse(slug) else { return Ok(TenantLookup::Unknown) };
        if let Some(found) = self.caches.tenants.get(&slug).await {
            return Ok(found);
        }
        Ok(self.caches.tenants.try_get_with(slug.clone(), self.load(&slug)).await?)
    }

    /// Like [`Self::find`], for public documents: while storage is unavailable, returns an active organization as last
    /// loaded.
    pub async fn find_for_documents(&self, slug: &str) -> Result<TenantLookup, BackendError> {
        match self.find(slug).await {
            Err(error) if error.is_unavailable() => {
                let Ok(slug) = Slug::parse(slug) else { return Ok(TenantLookup::Unknown) };
                self.caches.last_seen.get(&slug).await.map(TenantLookup::Active).ok_or(error)
            }
            answer => answer,
        }
    }

    /// Returns the uploaded picture of this kind, if it still has this id.
    pub async fn branding_asset(
        &self,
        tenant: &Tenant,
        kind: AssetKind,
        id: BrandingAssetId,
    ) -> Result<Option<BrandingAsset>, BackendError> {
        let found =
            self.backend.store.repositories().branding_assets(tenant.organization.id).find(kind).await?;
        Ok(found.filter(|asset| asset.id == id))
    }

    async fn load(&self, slug: &Slug) -> Result<TenantLookup, BackendError> {
        loop {
            let generation = self.caches.generation();
            let found = self.read(slug).await?;
            // A change announced during the read could not invalidate this value, which was not cached yet: read again.
            if generation == self.caches.generation() {
                match &found {
                    TenantLookup::Active(tenant) => {
                        self.caches.last_seen.insert(slug.clone(), Arc::clone(tenant)).await;
                    }
                    TenantLookup::Suspended | TenantLookup::Unknown => {
                        self.caches.last_seen.invalidate(slug).await;
                    }
                }
                return Ok(found);
            }
        }
    }

    async fn read(&self, slug: &Slug) -> Result<TenantLookup, BackendError> {
        let mut repositories = self.backend.store.repositories();
        let Some(mut organization) = repositories.organizations().by_slug(slug).await? else {
            return Ok(TenantLookup::Unknown);
        };
        match organization.status {
            OrganizationStatus::Archived => return Ok(TenantLookup::Unknown),
            OrganizationStatus::Suspended => return Ok(TenantLookup::Suspended),
            OrganizationStatus::Active => {}
        }
        let platform = repositories.settings(None).all().await?;
        let own = repositories.settings(Some(organization.id)).all().await?;
        drop(repositories);
        let settings = Settings::layered(&[&platform, &own]);
        let keys = self.signing_keys.load(organization.id).await?;
        let issuer = self.backend.issuer(&organization.slug);
        organization.branding = organization.branding.with_uploads(&issuer);
        let capabilities =
            metadata::Capabilities { ui_locales: &self.ui_locales, ..metadata::Capabilities::default() };
        let document = metadata::discovery(&issuer, &capabilities);
        let discovery = serde_json::to_vec(&document).map_err(|e| BackendError::Unreadable(e.to_string()))?;
        let discovery = DocumentWithEtag::new(discovery);
        Ok(TenantLookup::Active(Arc::new(Tenant { organization, issuer, settings, keys, discovery })))
    }
}
