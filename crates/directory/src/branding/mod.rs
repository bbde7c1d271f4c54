//! Uploaded logo and favicon (`docs/branding.md`).

mod container;
mod picture;
mod svg;
mod svg_names;

use porta_core::audit::AuditEventKind;
use porta_core::branding::{AssetKind, AssetSummary, BrandingAsset, PictureType};
use porta_core::change::Change;
use porta_core::organization::Organization;
use porta_core::{BrandingAssetId, Invalid};
use serde_json::json;

use crate::error::stale;
use crate::{Result, Transaction};

const fn field(kind: AssetKind) -> &'static str {
    match kind {
        AssetKind::Logo => "logo",
        AssetKind::Favicon => "favicon",
    }
}

/// Operations on uploaded pictures.
pub struct BrandingOperations<'t> {
    work: &'t mut Transaction,
}

impl Transaction {
    pub fn branding(&mut self) -> BrandingOperations<'_> {
        BrandingOperations { work: self }
    }
}

impl BrandingOperations<'_> {
    /// Stores or replaces a picture. The type is detected from the content; a file of another type than `declared` is
    /// refused; an SVG is sanitised. Returns the picture, and whether it differs from the one before.
    pub async fn put(
        &mut self,
        organization: &Organization,
        kind: AssetKind,
        file: &[u8],
        declared: Option<PictureType>,
    ) -> Result<(AssetSummary, bool)> {
        let invalid = |problem: String| Invalid::new(field(kind), problem);
        let (content_type, data) = picture::validate(file).map_err(invalid)?;
        if let Some(declared) = declared.filter(|declared| *declared != content_type) {
            return Err(invalid(format!("the file is {content_type}, not {declared}")).into());
        }
        let before = self.work.unit.branding_assets(organization.id).find(kind).await?;
        let seen = before.as_ref().map(|before| before.id);
        if let Some(before) = before.filter(|b| b.content_type == content_type && b.data == data) {
            return Ok((before.summary(), false));
        }
        let id = BrandingAssetId::new(self.work.now, &*self.work.deps.entropy);
        let asset = BrandingAsset { id, kind, content_type, data, created_at: self.work.now };
        self.work.unit.branding_assets(organization.id).put(&asset, seen).await.map_err(stale("picture"))?;
        let stored = asset.summary();
        let metadata = json!({ "assetType": kind, "contentType": content_type, "size": stored.size });
        self.work.audit(AuditEventKind::OrgBrandingAssetUploaded, Some(organization), None, metadata).await?;
        self.work.announce(Change::Organization(organization.slug.clone()));
        Ok((stored, true))
    }

    /// Removes a picture; `false` if there was none.
    pub async fn remove(&mut self, organization: &Organization, kind: AssetKind) -> Result<bool> {
        if !self.work.unit.branding_assets(organization.id).remove(kind).await? {
            return Ok(false);
        }
        let metadata = json!({ "assetType": kind });
        self.work.audit(AuditEventKind::OrgBrandingAssetDeleted, Some(organization), None, metadata).await?;
        self.work.announce(Change::Organization(organization.slug.clone()));
        Ok(true)
    }
}
