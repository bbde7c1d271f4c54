//! Signatures on one core.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256};

use super::{Rates, repeat};

/// About the size of an ID token's signing input.
const MESSAGE: [u8; 700] = [b'x'; 700];

pub(super) fn measure(seconds: Duration) -> Result<Rates> {
    let random = SystemRandom::new();
    let elliptic = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok().context("no P-256 key")?;
    let edwards = Ed25519KeyPair::generate().ok().context("no Ed25519 key")?;
    let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).ok().context("no RSA key")?;
    let mut signature = vec![0; rsa.public_modulus_len()];
    Ok(Rates::from([
        (
            "ES256".to_owned(),
            repeat(seconds, || elliptic.sign(&random, &MESSAGE).map(drop).ok().context("signing failed"))?,
        ),
        (
            "RS256".to_owned(),
            repeat(seconds, || {
                rsa.sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature).ok().context("signing failed")
            })?,
        ),
        (
            "EdDSA".to_owned(),
            repeat(seconds, || {
                std::hint::black_box(edwards.sign(&MESSAGE));
                Ok(())
            })?,
        ),
    ]))
}
