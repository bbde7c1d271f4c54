//! Uploaded pictures.

use async_trait::async_trait;
use porta_core::BrandingAssetId;
use porta_core::branding::{AssetKind, AssetSummary, BrandingAsset};

use crate::Result;

/// Uploaded pictures of one organization, at most one of each kind.
#[async_trait]
pub trait BrandingAssetRepository: Send {
    async fn find(&mut self, kind: AssetKind) -> Result<Option<BrandingAsset>>;
    /// Every picture without its bytes, ordered by kind. One round trip.
    async fn summaries(&mut self) -> Result<Vec<AssetSummary>>;
    /// Stores a picture in place of the one of its kind that was read: `seen` is its id, `None` if there was none. Each
    /// upload has an id of its own, which therefore is its version. `Stale`: it was replaced or removed since, or one
    /// was added.
    async fn put(&mut self, asset: &BrandingAsset, seen: Option<BrandingAssetId>) -> Result<()>;
    /// `false` when there was none.
    async fn remove(&mut self, kind: AssetKind) -> Result<bool>;
}
