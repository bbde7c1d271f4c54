//! Uploaded pictures of an organization (`docs/branding.md`).

use std::fmt;

use crate::{BrandingAssetId, Timestamp, string_enum};

string_enum! {
    pub enum AssetKind { Logo = "logo", Favicon = "favicon" }
}

string_enum! {
    /// Media types that pictures are served with.
    pub enum PictureType {
        Png = "image/png",
        Jpeg = "image/jpeg",
        Webp = "image/webp",
        Svg = "image/svg+xml",
        Ico = "image/x-icon",
    }
}

/// One picture. A new upload gets a new id, so the content behind an id never changes.
#[derive(Clone, PartialEq, Eq)]
pub struct BrandingAsset {
    pub id: BrandingAssetId,
    pub kind: AssetKind,
    pub content_type: PictureType,
    pub data: Vec<u8>,
    pub created_at: Timestamp,
}

/// A picture without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetSummary {
    pub id: BrandingAssetId,
    pub kind: AssetKind,
    pub content_type: PictureType,
    /// In bytes.
    pub size: u64,
    pub created_at: Timestamp,
}

impl BrandingAsset {
    /// Size limit in bytes.
    pub const MAX_BYTES: usize = 512 * 1024;

    pub fn summary(&self) -> AssetSummary {
        AssetSummary {
            id: self.id,
            kind: self.kind,
            content_type: self.content_type,
            size: u64::try_from(self.data.len()).unwrap_or(u64::MAX),
            created_at: self.created_at,
        }
    }

    /// Returns the path below the issuer.
    pub fn path(kind: AssetKind, id: BrandingAssetId) -> String {
        format!("/assets/{kind}/{id}")
    }
}

/// Leaves out the bytes.
impl fmt::Debug for BrandingAsset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, content_type, data, .. } = self;
        write!(f, "BrandingAsset({kind} {id}, {content_type}, {} bytes)", data.len())
    }
}
