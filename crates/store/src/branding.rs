//! Uploaded pictures.

use async_trait::async_trait;
use porta_core::branding::{AssetKind, BrandingAsset};

use crate::Result;

/// Uploaded pictures of one organization, at most one of each kind.
#[async_trait]
pub trait BrandingAssetRepository: Send {
    async fn find(&mut self, kind: AssetKind) -> Result<Option<BrandingAsset>>;
    /// Stores a picture; replaces the previous one of that kind.
    async fn put(&mut self, asset: &BrandingAsset) -> Result<()>;
    /// `false` when there was none.
    async fn remove(&mut self, kind: AssetKind) -> Result<bool>;
}
