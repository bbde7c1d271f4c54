//! Uploaded pictures of `porta org branding`.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porta_client::Client;
use porta_client::types::{BrandingAsset, Organization, PictureBody};

use crate::failure::Failure;

/// The most that the server takes.
const MAX_BYTES: u64 = porta_core::branding::BrandingAsset::MAX_BYTES as u64;

/// Endings of file names and the types that they stand for.
const TYPES: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("svg", "image/svg+xml"),
];

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Logo,
    Favicon,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logo => "logo",
            Self::Favicon => "favicon",
        })
    }
}

/// What becomes of a picture.
pub(super) enum Picture {
    Upload(Kind, PictureBody),
    None(Kind),
}

pub(super) fn read(kind: Kind, path: &Path) -> Result<Picture, Failure> {
    let name = path.display();
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let content_type =
        TYPES.iter().find(|(ending, _)| *ending == extension).map(|(_, content_type)| *content_type);
    let content_type = content_type
        .ok_or_else(|| Failure::general(format!("{name}: use a PNG, JPEG, WebP, ICO or SVG file")))?;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| Failure::general(format!("{name} cannot be read: {e}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::invalid(format!("{name} is too large: at most 512 KiB")));
    }
    let body = PictureBody { data: STANDARD.encode(&bytes), content_type: content_type.to_owned() };
    Ok(Picture::Upload(kind, body))
}

/// Stores or removes a picture, and says what changed.
pub(super) async fn apply(
    admin: &Client,
    organization: &Organization,
    picture: Picture,
) -> Result<String, Failure> {
    let slug = &organization.slug;
    match picture {
        Picture::Upload(kind, body) => {
            let before = stored(admin, organization, kind).await?;
            let after = admin.branding.put_branding_asset(organization.id, kind, &body).await?;
            // Another picture has another id.
            let is_same = before.is_some_and(|before| before.id == after.id);
            Ok(format!("{kind} of {slug} {}", if is_same { "is that already" } else { "is uploaded" }))
        }
        Picture::None(kind) => {
            if stored(admin, organization, kind).await?.is_none() {
                return Ok(format!("{kind} of {slug} was not there"));
            }
            admin.branding.delete_branding_asset(organization.id, kind).await?;
            Ok(format!("{kind} of {slug} is removed"))
        }
    }
}

async fn stored(
    admin: &Client,
    organization: &Organization,
    kind: Kind,
) -> Result<Option<BrandingAsset>, Failure> {
    let branding = admin.branding.get_branding(organization.id).await?;
    let name = kind.to_string();
    Ok(branding.assets.into_iter().find(|asset| asset.asset_type == name))
}
