//! Signatures and verifications per second on one thread, compared with `jsonwebtoken` on the same crypto library.
//!
//! `cargo run --release -p porta-jose --example rates`
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring tool for a terminal")]

use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use porta_core::signing_key::SigningAlgorithm;
use porta_jose::{GeneratedKey, KeySet, Signer, TokenKind};
use serde_json::json;

fn rate(mut work: impl FnMut()) -> u128 {
    work();
    let (start, mut rounds) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(2) {
        work();
        rounds += 1;
    }
    rounds * 1_000_000 / start.elapsed().as_micros()
}

fn main() {
    let claims = json!({
        "iss": "https://id.example/acme", "sub": "0190a5c2-6f7e-7cc1-9d0e-6f2b7f0b1c11", "aud": "demo-web",
        "exp": 1_900_000_000, "iat": 1_899_996_400, "auth_time": 1_899_996_390, "nonce": "n-0S6_WzA2Mj",
        "sid": "0190a5c2-6f7e-7cc1-9d0e-6f2b7f0b1c12", "acr": "urn:porta:acr:1fa", "amr": ["pwd"],
        "roles": ["harbor-master"], "permissions": ["dock:berths:read"],
    });
    println!("{:7} {:>10} {:>10} {:>14}", "", "sign/s", "verify/s", "jsonwebtoken/s");
    for algorithm in SigningAlgorithm::ALL.iter().copied() {
        let key = GeneratedKey::generate(algorithm).unwrap();
        let signer = Signer::from_pkcs8(algorithm, &key.kid, &key.pkcs8).unwrap();
        let keys = KeySet::from_jwks([&key.public_jwk]).unwrap();
        let token = signer.sign(None, &claims).unwrap();
        let (theirs, encoding_key) = match algorithm {
            SigningAlgorithm::Es256 => (Algorithm::ES256, EncodingKey::from_ec_der(&key.pkcs8)),
            // `from_rsa_der` takes PKCS#1, which starts at byte 26 of the PKCS#8 form of a 2048-bit key.
            SigningAlgorithm::Rs256 => (Algorithm::RS256, EncodingKey::from_rsa_der(&key.pkcs8[26..])),
            SigningAlgorithm::EdDsa => (Algorithm::EdDSA, EncodingKey::from_ed_der(&key.pkcs8)),
        };
        let header = Header::new(theirs);
        println!(
            "{:7} {:>10} {:>10} {:>14}",
            algorithm.as_str(),
            rate(|| drop(signer.sign(None, &claims).unwrap())),
            rate(|| drop(keys.verify(&token, TokenKind::IdTokenHint).unwrap())),
            rate(|| drop(jsonwebtoken::encode(&header, &claims, &encoding_key).unwrap())),
        );
    }
}
