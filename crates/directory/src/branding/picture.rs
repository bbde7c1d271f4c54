//! Detects the type of an upload from its content, never from its name or declared type.

use porta_core::branding::{BrandingAsset, PictureType};

use super::{container, svg};

const KINDS: &str = "use a PNG, JPEG, WebP, ICO or SVG picture";

/// Returns the type and the bytes to store: a bitmap unchanged if its container is complete with nothing after it, an
/// SVG rewritten. The error says what to change.
pub(super) fn validate(file: &[u8]) -> Result<(PictureType, Vec<u8>), String> {
    let too_large = || format!("use a picture of at most {} KiB", BrandingAsset::MAX_BYTES / 1024);
    if file.len() > BrandingAsset::MAX_BYTES {
        return Err(too_large());
    }
    if file.is_empty() {
        return Err(KINDS.to_owned());
    }
    if let Some((found, is_whole)) = container::detect(file) {
        let damaged = || {
            format!("the file begins as {found} and is damaged, cut off, or something follows the picture")
        };
        return if is_whole { Ok((found, file.to_vec())) } else { Err(damaged()) };
    }
    let text = std::str::from_utf8(file).map_err(|_| KINDS.to_owned())?;
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        return Err(KINDS.to_owned());
    }
    let drawing = svg::sanitise(text)?.into_bytes();
    if drawing.len() > BrandingAsset::MAX_BYTES {
        return Err(too_large());
    }
    Ok((PictureType::Svg, drawing))
}

#[cfg(test)]
mod tests;
