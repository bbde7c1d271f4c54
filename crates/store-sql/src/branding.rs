//! Uploaded pictures.

use async_trait::async_trait;
use porta_core::branding::{AssetKind, AssetSummary, BrandingAsset, PictureType};
use porta_core::{BrandingAssetId, OrganizationId};
use porta_store::{BrandingAssetRepository, Result, StoreError};

use crate::kernel::{Row, Runner, Value, at, bytes, columns, statements, text, uuid, values_of};

macro_rules! asset_columns {
    ($($form:tt)+) => {
        columns! { $($form)+; id, asset_type, content_type, data, created_at }
    };
}
asset_columns!(enum AssetColumn of "branding_assets");

statements! {
    FIND: Read = concat!("SELECT ", asset_columns!(list ""), " FROM branding_assets \
         WHERE organization_id = $1 AND asset_type = $2");
    SUMMARIES: Read = "SELECT id, asset_type, content_type, CAST(length(data) AS bigint), created_at \
         FROM branding_assets WHERE organization_id = $1 ORDER BY asset_type";
    ADD: Write = concat!("INSERT INTO branding_assets (organization_id, updated_at, ", asset_columns!(list ""), ") \
         VALUES ($1, $2, ", asset_columns!(arguments 3), ") ON CONFLICT (organization_id, asset_type) DO NOTHING");
    REPLACE: Write = concat!("UPDATE branding_assets SET ", asset_columns!(assignments 4), ", updated_at = $2 \
         WHERE organization_id = $1 AND id = $3 AND asset_type = $5");
    REMOVE: Write = "DELETE FROM branding_assets WHERE organization_id = $1 AND asset_type = $2";
}

fn value(asset: &BrandingAsset, column: AssetColumn) -> Value<'_> {
    match column {
        AssetColumn::id => uuid(asset.id),
        AssetColumn::asset_type => text(asset.kind.as_str()),
        AssetColumn::content_type => text(asset.content_type.as_str()),
        AssetColumn::data => bytes(&asset.data),
        AssetColumn::created_at => at(asset.created_at),
    }
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
        let r = row.record();
        Ok(Some(BrandingAsset {
            id: r.id(AssetColumn::id)?,
            kind: r.parsed(AssetColumn::asset_type, AssetKind::parse)?,
            content_type: r.parsed(AssetColumn::content_type, PictureType::parse)?,
            data: r.bytes(AssetColumn::data)?,
            created_at: r.time(AssetColumn::created_at)?,
        }))
    }

    async fn summaries(&mut self) -> Result<Vec<AssetSummary>> {
        let rows = self.run.rows(&SUMMARIES, &[uuid(self.organization)]).await?;
        let read = |row: &Row| {
            let mut r = row.reader("branding_assets");
            Ok(AssetSummary {
                id: r.id()?,
                kind: r.parsed("asset_type", AssetKind::parse)?,
                content_type: r.parsed("content_type", PictureType::parse)?,
                size: u64::try_from(r.int()?).unwrap_or(0),
                created_at: r.time("created_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn put(&mut self, asset: &BrandingAsset, seen: Option<BrandingAssetId>) -> Result<()> {
        let mut values = vec![uuid(self.organization), at(asset.created_at)];
        values.extend(seen.map(uuid));
        values.extend(values_of(|column| value(asset, column)));
        let stmt = if seen.is_some() { &REPLACE } else { &ADD };
        if self.run.affects_row(stmt, &values).await? { Ok(()) } else { Err(StoreError::Stale("picture")) }
    }

    async fn remove(&mut self, kind: AssetKind) -> Result<bool> {
        self.run.affects_row(&REMOVE, &[uuid(self.organization), text(kind.as_str())]).await
    }
}
