//! The hash that binds an access token to its ID token.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use porta_core::signing_key::SigningAlgorithm;

use crate::base64url;

/// `at_hash` (OpenID Connect Core §3.1.3.6): the left half of the hash that the ID token's algorithm uses.
/// Ed25519 uses SHA-512 (RFC 8032 §5.1).
pub fn at_hash(algorithm: SigningAlgorithm, access_token: &str) -> String {
    let hash = match algorithm {
        SigningAlgorithm::Es256 | SigningAlgorithm::Rs256 => &SHA256,
        SigningAlgorithm::EdDsa => &SHA512,
    };
    let digest = digest(hash, access_token.as_bytes());
    let bytes = digest.as_ref();
    base64url::encode(&bytes[..bytes.len() / 2])
}
