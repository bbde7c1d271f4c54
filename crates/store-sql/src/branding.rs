//! Uploaded pictures.

use async_trait::async_trait;
use porta_core::OrganizationId;
use porta_core::branding::{AssetKind, BrandingAsset, PictureType};
use porta_store::{BrandingAssetRepository, Result};

use crate::kernel::{Runner, at, bytes, statements, text, uuid};

statements! {
    FIND: Read = "SELECT id, content_type, data, created_at FROM branding_assets \
         WHERE organization_id = $1 AND asset_type = $2";
    PUT: Write = "INSERT INTO branding_assets (organization_id, asset_type, id, content_type, data, created_at, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (organization_id, asset_type) DO UPDATE SET \
         id = excluded.id, content_type = excluded.content_type, data = excluded.data, \
         created_at = excluded.created_at, updated_at = excluded.updated_at";
    REMOVE: Write = "DELETE FROM branding_assets WHERE organization_id = $1 AND asset_type = $2";
}

pub(crate) struct BrandingAssets<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

#[async_trait]
impl BrandingAssetRepository for BrandingAssets<'_> {
    async fn find(&mut self, kind: AssetKind) -> Result<Option<BrandingAsset>> {
        let values = [uuid(self.organization), text(kind.as_str())];
        let Some(row) = self.run.row(&FIND, &values).await? else { return Ok(None) };
        let mut r = row.reader("branding_assets");
        Ok(Some(BrandingAsset {
            id: r.id()?,
            kind,
            content_type: r.parsed("content_type", PictureType::parse)?,
            data: r.bytes()?,
            created_at: r.time("created_at")?,
        }))
    }

    async fn put(&mut self, asset: &BrandingAsset) -> Result<()> {
        let values = [
            uuid(self.organization),
            text(asset.kind.as_str()),
            uuid(asset.id),
            text(asset.content_type.as_str()),
            bytes(&asset.data),
            at(asset.created_at),
        ];
        self.run.execute(&PUT, &values).await.map(|_| ())
    }

    async fn remove(&mut self, kind: AssetKind) -> Result<bool> {
        self.run.affects_row(&REMOVE, &[uuid(self.organization), text(kind.as_str())]).await
    }
}
