//! Keys, JWKS, signing and the policy of verification.
//!
//! Signatures come from `aws-lc-rs` directly, with each key decoded once: `jsonwebtoken` parses the private key again for
//! every signature, and its claim checks read the wall clock (decision record 0021). What is left of a JWS then is a
//! header, two dots and base64url.

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
