//! Generates signing keys.
//!
//! Randomness is not an argument here (unlike decision D17): `aws-lc` generates keys only from its own generator.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use porta_core::signing_key::SigningAlgorithm;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::jwk::{PublicKey, public_jwk};

/// Key generation failed inside the cryptographic library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library could not generate a signing key")]
pub struct KeyError;

/// A new key pair; seal the private key at once.
pub struct GeneratedKey {
    pub algorithm: SigningAlgorithm,
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// Public members, with `use`, `alg` and `kid`.
    pub public_jwk: Value,
    /// PKCS#8 v1 DER.
    pub pkcs8: Zeroizing<Vec<u8>>,
}

impl GeneratedKey {
    /// Generates a key. RSA takes a good part of a second: call it on a blocking thread.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        match algorithm {
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError)?;
                let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError)?;
                Self::new(algorithm, &PublicKey::P256(pair.public_key().as_ref()), pkcs8.as_ref())
            }
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError)?;
                let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError)?;
                let public: PublicKeyComponents<Vec<u8>> = pair.public_key().into();
                Self::new(algorithm, &PublicKey::Rsa { n: &public.n, e: &public.e }, pkcs8.as_ref())
            }
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate().map_err(|_| KeyError)?;
                let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError)?;
                Self::new(algorithm, &PublicKey::Ed25519(pair.public_key().as_ref()), pkcs8.as_ref())
            }
        }
    }

    fn new(algorithm: SigningAlgorithm, public: &PublicKey<'_>, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let (kid, public_jwk) = public_jwk(algorithm, public).map_err(|_| KeyError)?;
        Ok(Self { algorithm, kid, public_jwk, pkcs8: Zeroizing::new(pkcs8.to_vec()) })
    }
}

impl fmt::Debug for GeneratedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GeneratedKey({} {})", self.algorithm, self.kid)
    }
}
