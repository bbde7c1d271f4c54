//! Uploaded pictures.

use async_trait::async_trait;
use porta_core::branding::{AssetKind, BrandingAsset};

use crate::Result;

/// Pictures of one organization, one of each kind.
#[async_trait]
pub trait BrandingAssetRepository: Send {
    async fn find(&mut self, kind: AssetKind) -> Result<Option<BrandingAsset>>;
    /// Puts a picture in the place of the one there was.
    async fn put(&mut self, asset: &BrandingAsset) -> Result<()>;
    /// `false` when there was none.
    async fn remove(&mut self, kind: AssetKind) -> Result<bool>;
}
