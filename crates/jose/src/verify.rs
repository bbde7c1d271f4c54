//! Verifies tokens that this server signed (RFC 7515 §5.2, RFC 8725).
//!
//! The key determines the algorithm: the header only selects the key by `kid`, and its `alg` must be that key's.
//! `none`, HMAC and keys embedded in a token are therefore impossible. The caller, who has the clock, checks times,
//! issuer and audience.

use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;
use porta_core::signing_key::SigningAlgorithm;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::base64url;
use crate::jwk::{self, JwkError};

/// Length limit of a token in bytes, checked before decoding.
const MAX_BYTES: usize = 8 * 1024;

/// The payload of a verified token.
pub type Claims = Map<String, Value>;

/// Kind of token expected; no kind is accepted as another (RFC 8725 §3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// `id_token_hint` (OpenID Connect Core §3.1.2.1); the caller ignores its expiry.
    IdTokenHint,
    /// RFC 9068 §2.1.
    AccessToken,
    /// OpenID Connect Back-Channel Logout §2.4.
    LogoutToken,
}

impl TokenKind {
    /// The `typ` header for this kind. ID tokens have none, as in the reference.
    pub const fn typ(self) -> Option<&'static str> {
        match self {
            Self::IdTokenHint => None,
            Self::AccessToken => Some("at+jwt"),
            Self::LogoutToken => Some("logout+jwt"),
        }
    }

    /// Compares media types case-insensitively; `application/` may be omitted (RFC 7515 §4.1.9).
    fn accepts(self, typ: Option<&str>) -> bool {
        let typ = typ.map(str::to_ascii_lowercase);
        let typ = typ.as_deref().map(|t| t.strip_prefix("application/").unwrap_or(t));
        match self {
            Self::IdTokenHint => typ.is_none_or(|t| t == "jwt"),
            Self::AccessToken | Self::LogoutToken => typ == self.typ(),
        }
    }
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("token is longer than 8 KiB")]
    TooLong,
    #[error("token is not a compact JWS with a JSON header and a JSON object as payload")]
    Malformed,
    #[error("token is of another kind")]
    Kind,
    #[error("token has critical header parameters, none of which is understood")]
    Critical,
    #[error("token names no key of this issuer")]
    UnknownKey,
    #[error("token names an algorithm that its key does not sign with")]
    Algorithm,
    #[error("token has a signature that does not verify")]
    Signature,
}

/// Public keys of one issuer, parsed once.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

struct Key {
    kid: String,
    algorithm: SigningAlgorithm,
    public: ParsedPublicKey,
}

/// The relevant header parameters. `jwk`, `jku`, `x5c` and `x5u` are ignored on purpose (RFC 8725 §3.10); duplicate
/// parameters are an error (RFC 7515 §4).
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl KeySet {
    /// Parses public JWKs made by [`crate::GeneratedKey`].
    pub fn from_jwks<'a>(jwks: impl IntoIterator<Item = &'a Value>) -> Result<Self, JwkError> {
        let mut keys = Vec::new();
        for jwk in jwks {
            let (kid, algorithm, public) = jwk::parse(jwk)?;
            keys.push(Key { kid, algorithm, public });
        }
        Ok(Self { keys })
    }

    /// Checks format, kind, key, algorithm and signature, in that order, and returns the claims.
    pub fn verify(&self, token: &str, kind: TokenKind) -> Result<Claims, VerifyError> {
        if token.len() > MAX_BYTES {
            return Err(VerifyError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(VerifyError::Malformed)?;
        if payload.contains('.') {
            return Err(VerifyError::Malformed);
        }
        let header: Header = object(header)?;
        let signature = base64url::decode(signature).ok_or(VerifyError::Malformed)?;
        if header.crit {
            return Err(VerifyError::Critical);
        }
        if !kind.accepts(header.typ.as_deref()) {
            return Err(VerifyError::Kind);
        }
        let named = header.kid.ok_or(VerifyError::UnknownKey)?;
        let key = self.keys.iter().find(|key| key.kid == named).ok_or(VerifyError::UnknownKey)?;
        if header.alg != key.algorithm.as_str() {
            return Err(VerifyError::Algorithm);
        }
        key.public.verify_sig(signed.as_bytes(), &signature).map_err(|_| VerifyError::Signature)?;
        object(payload)
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}

/// Whether `aud` is, or contains, `audience` (RFC 7519 §4.1.3).
pub fn has_audience(claims: &Claims, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(many)) => many.iter().any(|one| one == audience),
        _ => false,
    }
}

/// Decodes a JSON object. The first byte is checked because serde would also read a struct from an array.
fn object<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, VerifyError> {
    let bytes = base64url::decode(part).filter(|b| b.first() == Some(&b'{')).ok_or(VerifyError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| VerifyError::Malformed)
}
