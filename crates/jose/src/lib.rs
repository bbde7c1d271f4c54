//! Keys, JWKS, signing, and the policy for verification.
//!
//! Uses `aws-lc-rs` directly and decodes each key once: `jsonwebtoken` parses the private key for every signature, and
//! its claim checks read the wall clock (decision 0021). The rest of a JWS is a header, two dots and base64url.

mod base64url;
mod hash;
mod jwk;
mod key;
mod sign;
mod verify;

#[cfg(test)]
mod tests;

pub use hash::at_hash;
pub use jwk::{JwkError, jwks_document, thumbprint};
pub use key::{GeneratedKey, KeyError};
pub use sign::{SignError, Signer};
pub use verify::{Claims, KeySet, TokenKind, VerifyError, has_audience};
