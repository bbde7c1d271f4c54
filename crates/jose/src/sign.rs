//! Signing JWTs (RFC 7515 §5.1, RFC 7519 §7.1).

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use porta_core::signing_key::SigningAlgorithm;
use serde::Serialize;

use crate::base64url;

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("private key is not a usable {0} key in PKCS#8")]
    Key(SigningAlgorithm),
    #[error("claims cannot be written as JSON")]
    Claims(#[from] serde_json::Error),
    #[error("claims are not a JSON object")]
    NotAnObject,
    #[error("the cryptographic library could not sign")]
    Signature,
}

/// A private key, decoded once and shared by all requests.
pub struct Signer {
    algorithm: SigningAlgorithm,
    kid: String,
    pair: KeyPair,
}

enum KeyPair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

/// The header parameters in use; none of them refers a verifier to a key inside the token.
#[derive(Serialize)]
struct Header<'a> {
    alg: SigningAlgorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    kid: &'a str,
}

impl Signer {
    /// Decodes a PKCS#8 private key.
    pub fn from_pkcs8(
        algorithm: SigningAlgorithm,
        kid: impl Into<String>,
        pkcs8: &[u8],
    ) -> Result<Self, SignError> {
        let refused = SignError::Key(algorithm);
        let pair = match algorithm {
            SigningAlgorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                .map(KeyPair::Es256)
                .map_err(|_| refused)?,
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| SignError::Key(algorithm))?;
                // RFC 7518 §3.3: at least 2048 bits.
                if pair.public_modulus_len() < 256 {
                    return Err(refused);
                }
                KeyPair::Rs256(pair)
            }
            SigningAlgorithm::EdDsa => {
                Ed25519KeyPair::from_pkcs8(pkcs8).map(KeyPair::EdDsa).map_err(|_| refused)?
            }
        };
        Ok(Self { algorithm, kid: kid.into(), pair })
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Signs `claims`, which must serialize to a JSON object (RFC 7519 §7.1), as a compact JWS.
    ///
    /// `typ` distinguishes kinds of tokens (RFC 8725 §3.11), for example `at+jwt`; ID tokens traditionally have none.
    pub fn sign(&self, typ: Option<&str>, claims: &impl Serialize) -> Result<String, SignError> {
        let header = serde_json::to_vec(&Header { alg: self.algorithm, typ, kid: &self.kid })?;
        let payload = serde_json::to_vec(claims)?;
        if payload.first() != Some(&b'{') {
            return Err(SignError::NotAnObject);
        }
        let mut token = String::with_capacity((header.len() + payload.len() + 256) * 4 / 3 + 8);
        base64url::encode_into(header, &mut token);
        token.push('.');
        base64url::encode_into(payload, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        base64url::encode_into(signature, &mut token);
        Ok(token)
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        // The API requires a generator; aws-lc ignores it and uses its own.
        let random = SystemRandom::new();
        match &self.pair {
            KeyPair::Es256(pair) => pair.sign(&random, message).map(|s| s.as_ref().to_vec()),
            KeyPair::EdDsa(pair) => pair.try_sign(message).map(|s| s.as_ref().to_vec()),
            KeyPair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
        }
        .map_err(|_| SignError::Signature)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} {})", self.algorithm, self.kid)
    }
}
