//! Organizations as requests see them: resolved by slug, cached, invalidated by change notices.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use porta_core::branding::{AssetKind, BrandingAsset};
use porta_core::organization::{LoginMethod, Organization, OrganizationStatus, TwoFactorPolicy};
use porta_core::settings::Settings;
use porta_core::{BrandingAssetId, Change, Slug, TokenDigest};
use porta_protocol::metadata;

use crate::keys::TenantKeys;
use crate::{Engine, EngineError};

/// An active organization with everything its endpoints need without a round trip.
#[derive(Debug)]
pub struct Tenant {
    /// Its branding contains the URLs of uploaded pictures.
    pub organization: Organization,
    /// `{base}/{slug}`; never taken from a request (decision D10).
    pub issuer: String,
    pub settings: Settings,
    pub keys: TenantKeys,
    pub discovery: DocumentWithEtag,
}

impl Tenant {
    /// Maximum time from the last sign-in to the end of a session, however much it is used.
    pub fn longest_session(&self) -> Duration {
        let requires_second_factor = self.organization.two_factor_policy != TwoFactorPolicy::Optional;
        self.settings.longest_session(requires_second_factor)
    }

    /// Whether people of the organization use passwords, regardless of what single clients offer.
    pub fn offers_passwords(&self) -> bool {
        self.organization.default_login_methods.contains(&LoginMethod::Password)
    }
}

/// A public document as bytes, with its entity tag (RFC 9110 §8.8.3).
#[derive(Debug, Clone)]
pub struct DocumentWithEtag {
    pub bytes: Bytes,
    /// Quoted, as it is sent.
    pub etag: Bytes,
}

impl DocumentWithEtag {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let etag = format!("\"{}\"", &TokenDigest::of_bytes(&bytes).hex()[..32]);
        Self { bytes: bytes.into(), etag: etag.into() }
    }
}

/// The result of resolving a slug. Archived and unknown look the same.
#[derive(Debug, Clone)]
pub enum TenantLookup {
    Active(Arc<Tenant>),
    Suspended,
    Unknown,
}

impl Engine {
    /// Resolves the first path segment. Without a change, storage is read at most once per minute and slug.
    pub async fn tenant(&self, slug: &str) -> Result<TenantLookup, EngineError> {
        let Ok(slug) = Slug::parse(slug) else { return Ok(TenantLookup::Unknown) };
        if let Some(found) = self.tenants.get(&slug).await {
            return Ok(found);
        }
        Ok(self.tenants.try_get_with(slug.clone(), self.load_tenant(&slug)).await?)
    }

    /// Like [`Self::tenant`], for public documents: while storage is unavailable, returns an active organization as
    /// last loaded.
    pub async fn tenant_for_documents(&self, slug: &str) -> Result<TenantLookup, EngineError> {
        match self.tenant(slug).await {
            Err(error) if error.is_unavailable() => {
                let Ok(slug) = Slug::parse(slug) else { return Ok(TenantLookup::Unknown) };
                self.last_seen.get(&slug).await.map(TenantLookup::Active).ok_or(error)
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
    ) -> Result<Option<BrandingAsset>, EngineError> {
        let found = self.store.repositories().branding_assets(tenant.organization.id).find(kind).await?;
        Ok(found.filter(|asset| asset.id == id))
    }

    async fn load_tenant(&self, slug: &Slug) -> Result<TenantLookup, EngineError> {
        loop {
            let generation = self.generation();
            let found = self.read_tenant(slug).await?;
            // A change announced during the read could not invalidate this value, which was not cached yet: read again.
            if generation == self.generation() {
                match &found {
                    TenantLookup::Active(tenant) => {
                        self.last_seen.insert(slug.clone(), Arc::clone(tenant)).await;
                    }
                    TenantLookup::Suspended | TenantLookup::Unknown => {
                        self.last_seen.invalidate(slug).await;
                    }
                }
                return Ok(found);
            }
        }
    }

    async fn read_tenant(&self, slug: &Slug) -> Result<TenantLookup, EngineError> {
        let mut repositories = self.store.repositories();
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
        let keys = self.load_keys(organization.id).await?;
        let issuer = self.issuer(&organization.slug);
        organization.branding = organization.branding.with_uploads(&issuer);
        let capabilities =
            metadata::Capabilities { ui_locales: &self.ui_locales, ..metadata::Capabilities::default() };
        let document = metadata::discovery(&issuer, &capabilities);
        let discovery = serde_json::to_vec(&document).map_err(|e| EngineError::Unreadable(e.to_string()))?;
        let discovery = DocumentWithEtag::new(discovery);
        Ok(TenantLookup::Active(Arc::new(Tenant { organization, issuer, settings, keys, discovery })))
    }

    /// Evicts what a change made stale.
    pub fn apply_change(&self, change: &Change) {
        self.bump_generation();
        match change {
            Change::Organization(slug) => {
                self.tenants.invalidate_all();
                tracing::debug!(%slug, "organization changed");
                // Clients and origins are valid only while their owner is active.
                self.clients.invalidate_all();
                self.origins.invalidate_all();
            }
            Change::Settings(_) | Change::SigningKeys(_) => self.tenants.invalidate_all(),
            // Clients carry the catalog of their application.
            Change::Application(_) => self.clients.invalidate_all(),
            Change::Client(_) => {
                self.clients.invalidate_all();
                self.origins.invalidate_all();
            }
        }
    }

    /// Evicts everything, because notices may have been lost.
    pub fn clear_caches(&self) {
        self.bump_generation();
        self.tenants.invalidate_all();
        self.clients.invalidate_all();
        self.origins.invalidate_all();
    }
}
