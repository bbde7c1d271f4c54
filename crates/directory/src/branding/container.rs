//! Checks that a bitmap's container is complete and has no trailing data. Pictures are not decoded: decoders are the
//! usual target of malicious pictures, and browsers sandbox theirs. Together with a fixed media type, `nosniff` and a
//! sandbox policy this defeats polyglot files.

use porta_core::branding::PictureType;

/// The type by the file's first bytes, and whether the container is complete; `None`: no known bitmap.
pub(super) fn detect(file: &[u8]) -> Option<(PictureType, bool)> {
    if let Some(rest) = file.strip_prefix(b"\x89PNG\r\n\x1a\n") {
        return Some((PictureType::Png, png(rest).is_some()));
    }
    if let Some(rest) = file.strip_prefix(b"\xff\xd8\xff") {
        return Some((PictureType::Jpeg, rest.ends_with(b"\xff\xd9")));
    }
    if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
        return Some((PictureType::Webp, webp(file).is_some()));
    }
    if file.starts_with(&[0, 0, 1, 0]) {
        return Some((PictureType::Ico, ico(file).is_some()));
    }
    None
}

fn number(bytes: &[u8], at: usize, from: impl Fn([u8; 4]) -> u32) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(from(four)).ok()
}

/// PNG §5.3: chunks of length, name, data and CRC, from `IHDR` to `IEND`, with nothing after `IEND`.
fn png(mut chunks: &[u8]) -> Option<()> {
    if chunks.get(4..8) != Some(b"IHDR") {
        return None;
    }
    loop {
        let length = number(chunks, 0, u32::from_be_bytes)?;
        let is_last = chunks.get(4..8) == Some(b"IEND");
        chunks = chunks.get(length.checked_add(12)?..)?;
        if is_last {
            return chunks.is_empty().then_some(());
        }
    }
}

/// RIFF: the length in the header matches the file, and the first chunk is one that a WebP starts with.
fn webp(file: &[u8]) -> Option<()> {
    let length = number(file, 4, u32::from_le_bytes)?;
    let first = file.get(12..16)?;
    let is_known = [b"VP8 ", b"VP8L", b"VP8X"].iter().any(|name| *name == first);
    let inside = number(file, 16, u32::from_le_bytes)?;
    (is_known && length.checked_add(8)? == file.len() && inside.checked_add(20)? <= file.len()).then_some(())
}

/// Directory of pictures: each lies within the file and the last one ends at its end.
fn ico(file: &[u8]) -> Option<()> {
    let count = usize::from(u16::from_le_bytes(file.get(4..6)?.try_into().ok()?));
    let mut end = 0;
    for index in 0..count {
        let entry = file.get(6 + index * 16..22 + index * 16)?;
        let (size, offset) = (number(entry, 8, u32::from_le_bytes)?, number(entry, 12, u32::from_le_bytes)?);
        if size == 0 || offset < 6 + count * 16 {
            return None;
        }
        end = end.max(offset.checked_add(size)?);
    }
    (count > 0 && end == file.len()).then_some(())
}
