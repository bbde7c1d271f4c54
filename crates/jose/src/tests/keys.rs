//! Keys, JWKs, thumbprints and the vectors of the RFCs.

use porta_core::signing_key::SigningAlgorithm;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{claims, fixture};
use crate::{
    GeneratedKey, JwkError, KeySet, Signer, TokenKind, at_hash, base64url, jwks_document, thumbprint,
};

#[test]
fn a_key_is_refused_under_another_algorithm() {
    let keys: Vec<GeneratedKey> =
        SigningAlgorithm::ALL.iter().map(|a| GeneratedKey::generate(*a).unwrap()).collect();
    for key in &keys {
        for algorithm in SigningAlgorithm::ALL {
            let accepted = Signer::from_pkcs8(*algorithm, "k", &key.pkcs8).is_ok();
            assert_eq!(accepted, *algorithm == key.algorithm);
        }
        assert!(Signer::from_pkcs8(key.algorithm, "k", &key.pkcs8[1..]).is_err());
        assert!(!format!("{key:?}").contains("pkcs8"));
    }
    assert!(Signer::from_pkcs8(SigningAlgorithm::Es256, "k", b"").is_err());
}

#[test]
fn stored_jwks_are_judged_before_use() {
    let good = fixture(SigningAlgorithm::Es256).key.public_jwk;
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        jwk
    };
    let cases = [
        (with("d", json!("AA")), JwkError::Private),
        (with("k", json!("AA")), JwkError::Private),
        (with("use", json!("enc")), JwkError::Use),
        (with("alg", json!("HS256")), JwkError::Algorithm),
        (with("alg", json!("none")), JwkError::Algorithm),
        (with("alg", json!("RS256")), JwkError::KeyType),
        (with("kty", json!("oct")), JwkError::KeyType),
        (with("crv", json!("P-384")), JwkError::KeyType),
        (with("kid", json!(null)), JwkError::Missing("kid")),
        (with("kid", json!("")), JwkError::Missing("kid")),
        (with("x", json!("AA")), JwkError::Material),
        (with("x", json!("AA==")), JwkError::Material),
        // 32 bytes that are not a point on the curve.
        (with("x", json!(base64url::encode([1; 32]))), JwkError::Material),
        (json!("text"), JwkError::Missing("kid")),
    ];
    for (jwk, expected) in cases {
        assert_eq!(KeySet::from_jwks([&jwk]).unwrap_err(), expected, "{jwk}");
    }
    let short =
        json!({ "kty": "RSA", "kid": "k", "alg": "RS256", "e": "AQAB", "n": base64url::encode([255; 128]) });
    assert_eq!(KeySet::from_jwks([&short]).unwrap_err(), JwkError::Material);
}

#[test]
fn the_document_shows_public_members_only() {
    let f = fixture(SigningAlgorithm::Es256);
    let mut leaky = f.key.public_jwk.clone();
    leaky["d"] = "private".into();
    leaky["note"] = "internal".into();
    let document: Value = serde_json::from_slice(&jwks_document([&leaky])).unwrap();
    assert_eq!(document, json!({ "keys": [f.key.public_jwk] }));
    assert_eq!(jwks_document([]), br#"{"keys":[]}"#);
}

#[test]
fn rfc_7638_section_3_1_thumbprint() {
    let jwk = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
    });
    assert_eq!(thumbprint(&jwk).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn rfc_8037_appendix_a() {
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    // A.3
    assert_eq!(thumbprint(&jwk).unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    // A.4: the private key of A.1 in PKCS#8 (RFC 8410 §7) signs the example text to the example signature.
    let seed = base64url::decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let prefix =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let signer = Signer::from_pkcs8(SigningAlgorithm::EdDsa, "k", &[&prefix[..], &seed].concat()).unwrap();
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_eq!(
        base64url::encode(signer.signature(input.as_bytes()).unwrap()),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    // A.5: and the public key verifies it.
    let keys = KeySet::from_jwks([&jwk]).unwrap();
    let token = signer.sign(None, &claims()).unwrap();
    assert!(keys.verify(&token, TokenKind::IdTokenHint).is_ok());
}

#[test]
fn generated_kids_are_thumbprints() {
    for algorithm in SigningAlgorithm::ALL {
        let key = GeneratedKey::generate(*algorithm).unwrap();
        assert_eq!(thumbprint(&key.public_jwk).unwrap(), key.kid);
        assert_eq!(key.public_jwk["kid"], key.kid.as_str());
        assert_eq!(key.public_jwk["alg"], algorithm.as_str());
        assert_eq!(key.public_jwk["use"], "sig");
    }
}

#[test]
fn at_hash_is_half_a_digest() {
    // OpenID Connect Core Appendix A.3 hashes this access token under RS256.
    assert_eq!(
        at_hash(SigningAlgorithm::Rs256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
        "77QmUPtjPfzWtF2AnpK9RQ"
    );
    assert_eq!(at_hash(SigningAlgorithm::Es256, "x"), at_hash(SigningAlgorithm::Rs256, "x"));
    assert_eq!(base64url::decode(&at_hash(SigningAlgorithm::EdDsa, "x")).unwrap().len(), 32);
}

proptest! {
    #[test]
    fn json_of_any_shape_is_no_jwk(kty in "EC|RSA|OKP|oct|\\PC{0,6}", value in "[A-Za-z0-9_-]{0,90}|\\PC{0,20}") {
        for alg in ["ES256", "RS256", "EdDSA"] {
            let jwk = json!({
                "kty": kty, "alg": alg, "kid": "k", "crv": if alg == "ES256" { "P-256" } else { "Ed25519" },
                "x": value, "y": value, "n": value, "e": value,
            });
            let _ = KeySet::from_jwks([&jwk]);
            let _ = thumbprint(&jwk);
        }
    }
}
