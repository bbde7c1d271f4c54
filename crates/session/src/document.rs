//! Public documents as prepared bytes.

use bytes::Bytes;
use porta_core::TokenDigest;

/// A public document as bytes, with its entity tag (RFC 9110 §8.8.3).
#[derive(Debug, Clone)]
pub struct DocumentWithEtag {
    pub bytes: Bytes,
    /// Quoted, as it is sent.
    pub etag: Bytes,
}

impl DocumentWithEtag {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let etag = format!("\"{}\"", &TokenDigest::of_bytes(&bytes).hex()[..32]);
        Self { bytes: bytes.into(), etag: etag.into() }
    }
}
