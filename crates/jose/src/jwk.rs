//! Public keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037 §2) and their thumbprints (RFC 7638).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use porta_core::signing_key::SigningAlgorithm;
use serde_json::{Map, Value, json};

use crate::base64url;

/// Why a stored JWK cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    #[error("jwk lacks a text member `{0}`")]
    Missing(&'static str),
    #[error("jwk has an `alg` that Porta does not sign with")]
    Algorithm,
    #[error("jwk has a key type or curve that does not fit its `alg`")]
    KeyType,
    #[error("jwk is not for signatures")]
    Use,
    #[error("jwk contains private members")]
    Private,
    #[error("jwk has a malformed key value")]
    Material,
}

/// Members of a public signing key. The allow-list keeps private members out of the JWKS.
const PUBLIC_MEMBERS: &[&str] = &["kty", "use", "alg", "kid", "crv", "x", "y", "n", "e"];

/// Public key in the encoding of its algorithm.
pub(crate) enum PublicKey<'a> {
    /// Uncompressed point: 4, x, y.
    P256(&'a [u8]),
    Rsa {
        n: &'a [u8],
        e: &'a [u8],
    },
    Ed25519(&'a [u8]),
}

/// Serializes a JWK set (RFC 7517 §5).
pub fn jwks_document<'a>(jwks: impl IntoIterator<Item = &'a Value>) -> Vec<u8> {
    let keys: Vec<Map<String, Value>> = jwks
        .into_iter()
        .filter_map(Value::as_object)
        .map(|jwk| {
            PUBLIC_MEMBERS
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), jwk.get(*name)?.clone())))
                .collect()
        })
        .collect();
    json!({ "keys": keys }).to_string().into_bytes()
}

/// Thumbprint: SHA-256 over the required members in lexicographic order without white space (RFC 7638 §3).
pub fn thumbprint(jwk: &Value) -> Result<String, JwkError> {
    // Every value is checked to need no JSON escaping, so the text can be assembled as in the RFC.
    let canonical = match text(jwk, "kty")? {
        "EC" => format!(
            r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
            plain(jwk, "crv")?,
            plain(jwk, "x")?,
            plain(jwk, "y")?
        ),
        "RSA" => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, plain(jwk, "e")?, plain(jwk, "n")?),
        "OKP" => format!(r#"{{"crv":"{}","kty":"OKP","x":"{}"}}"#, plain(jwk, "crv")?, plain(jwk, "x")?),
        _ => return Err(JwkError::KeyType),
    };
    Ok(base64url::encode(digest(&SHA256, canonical.as_bytes())))
}

/// JWK of a public key; its `kid` is its thumbprint.
pub(crate) fn public_jwk(
    algorithm: SigningAlgorithm,
    key: &PublicKey<'_>,
) -> Result<(String, Value), JwkError> {
    let mut jwk = match key {
        PublicKey::P256([4, point @ ..]) if point.len() == 64 => {
            let (x, y) = point.split_at(32);
            json!({ "kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y) })
        }
        PublicKey::P256(_) => return Err(JwkError::Material),
        PublicKey::Rsa { n, e } => {
            json!({ "kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e) })
        }
        PublicKey::Ed25519(x) => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url::encode(x) }),
    };
    let kid = thumbprint(&jwk)?;
    jwk["use"] = "sig".into();
    jwk["alg"] = algorithm.as_str().into();
    jwk["kid"] = kid.as_str().into();
    Ok((kid, jwk))
}

/// Parses one of the server's public keys: `kid`, algorithm and key.
pub(crate) fn parse(jwk: &Value) -> Result<(String, SigningAlgorithm, ParsedPublicKey), JwkError> {
    if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|member| jwk.get(member).is_some()) {
        return Err(JwkError::Private);
    }
    if jwk.get("use").is_some_and(|usage| usage != "sig") {
        return Err(JwkError::Use);
    }
    let kid = text(jwk, "kid")?.to_owned();
    let algorithm = SigningAlgorithm::parse(text(jwk, "alg")?).ok_or(JwkError::Algorithm)?;
    let key = match (algorithm, text(jwk, "kty")?) {
        (SigningAlgorithm::Es256, "EC") if text(jwk, "crv")? == "P-256" => {
            let mut point = vec![4];
            point.extend(bytes(jwk, "x", 32)?);
            point.extend(bytes(jwk, "y", 32)?);
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        }
        (SigningAlgorithm::EdDsa, "OKP") if text(jwk, "crv")? == "Ed25519" => {
            ParsedPublicKey::new(&ED25519, bytes(jwk, "x", 32)?)
        }
        (SigningAlgorithm::Rs256, "RSA") => {
            let decode = |name| base64url::decode(text(jwk, name)?).ok_or(JwkError::Material);
            let (n, e) = (decode("n")?, decode("e")?);
            // RFC 7518 §3.3: at least 2048 bits.
            if !(256..=1024).contains(&n.len()) {
                return Err(JwkError::Material);
            }
            PublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        }
        (SigningAlgorithm::Es256 | SigningAlgorithm::EdDsa | SigningAlgorithm::Rs256, _) => {
            return Err(JwkError::KeyType);
        }
    };
    Ok((kid, algorithm, key.map_err(|_| JwkError::Material)?))
}

fn text<'a>(jwk: &'a Value, name: &'static str) -> Result<&'a str, JwkError> {
    jwk.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).ok_or(JwkError::Missing(name))
}

/// A member that needs no JSON escaping: base64url or a curve name.
fn plain<'a>(jwk: &'a Value, name: &'static str) -> Result<&'a str, JwkError> {
    let value = text(jwk, name)?;
    if value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Ok(value);
    }
    Err(JwkError::Material)
}

fn bytes(jwk: &Value, name: &'static str, length: usize) -> Result<Vec<u8>, JwkError> {
    base64url::decode(text(jwk, name)?).filter(|b| b.len() == length).ok_or(JwkError::Material)
}
