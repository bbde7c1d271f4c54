//! What the crate promises, told across its modules.

use aws_lc_rs::hmac;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use porta_core::signing_key::SigningAlgorithm;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Claims, GeneratedKey, JwkError, KeySet, SignError, Signer, TokenKind, VerifyError, at_hash, base64url,
    has_audience, jwks_document, thumbprint,
};

struct Fixture {
    key: GeneratedKey,
    signer: Signer,
    keys: KeySet,
}

fn fixture(algorithm: SigningAlgorithm) -> Fixture {
    let key = GeneratedKey::generate(algorithm).unwrap();
    let signer = Signer::from_pkcs8(algorithm, &key.kid, &key.pkcs8).unwrap();
    let keys = KeySet::from_jwks([&key.public_jwk]).unwrap();
    Fixture { key, signer, keys }
}

fn claims() -> Value {
    json!({ "iss": "https://id.example/acme", "sub": "ana", "aud": "app", "name": "Ána 漢" })
}

/// A token with any header, over the claims, signed by the key of the fixture as if the header were ours.
fn forge(fixture: &Fixture, header: &Value) -> String {
    let honest = fixture.signer.sign(None, &claims()).unwrap();
    let payload = honest.split('.').nth(1).unwrap();
    let signed = format!("{}.{payload}", base64url::encode(header.to_string()));
    let signature = fixture.signer.signature(signed.as_bytes()).unwrap();
    format!("{signed}.{}", base64url::encode(signature))
}

fn hint(fixture: &Fixture, token: &str) -> Result<Claims, VerifyError> {
    fixture.keys.verify(token, TokenKind::IdTokenHint)
}

#[test]
fn every_algorithm_signs_and_verifies() {
    for algorithm in SigningAlgorithm::ALL {
        let f = fixture(*algorithm);
        let token = f.signer.sign(None, &claims()).unwrap();
        assert_eq!(Value::Object(hint(&f, &token).unwrap()), claims());
        let header = base64url::decode(token.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header, json!({ "alg": algorithm.as_str(), "kid": f.key.kid }));
    }
}

#[test]
fn another_implementation_reads_what_we_sign() {
    for (algorithm, theirs) in [
        (SigningAlgorithm::Es256, Algorithm::ES256),
        (SigningAlgorithm::Rs256, Algorithm::RS256),
        (SigningAlgorithm::EdDsa, Algorithm::EdDSA),
    ] {
        let f = fixture(algorithm);
        let token = f.signer.sign(Some("at+jwt"), &claims()).unwrap();
        let jwk = serde_json::from_value(f.key.public_jwk.clone()).unwrap();
        let mut validation = Validation::new(theirs);
        validation.set_audience(&["app"]);
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        let read = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
        assert_eq!(read.claims, claims());
        assert_eq!(read.header.typ.as_deref(), Some("at+jwt"));
    }
}

#[test]
fn a_kind_is_not_accepted_as_another() {
    // RFC 8725 §3.11
    let f = fixture(SigningAlgorithm::EdDsa);
    let cases = [
        (None, TokenKind::IdTokenHint, true),
        (Some("JWT"), TokenKind::IdTokenHint, true),
        (Some("jwt"), TokenKind::IdTokenHint, true),
        (Some("at+jwt"), TokenKind::IdTokenHint, false),
        (Some("logout+jwt"), TokenKind::IdTokenHint, false),
        (Some("oauth-authz-req+jwt"), TokenKind::IdTokenHint, false),
        (Some("at+jwt"), TokenKind::AccessToken, true),
        (Some("application/at+jwt"), TokenKind::AccessToken, true),
        (Some("AT+JWT"), TokenKind::AccessToken, true),
        (Some("JWT"), TokenKind::AccessToken, false),
        (Some("application/application/at+jwt"), TokenKind::AccessToken, false),
        (None, TokenKind::AccessToken, false),
        (Some(""), TokenKind::AccessToken, false),
        (Some("logout+jwt"), TokenKind::LogoutToken, true),
        (None, TokenKind::LogoutToken, false),
        (Some("at+jwt"), TokenKind::LogoutToken, false),
    ];
    for (typ, kind, accepted) in cases {
        let token = f.signer.sign(typ, &claims()).unwrap();
        let verified = f.keys.verify(&token, kind);
        assert_eq!(verified.is_ok(), accepted, "{typ:?} as {kind:?}");
        if !accepted {
            assert_eq!(verified, Err(VerifyError::Kind));
        }
    }
    for kind in [TokenKind::IdTokenHint, TokenKind::AccessToken, TokenKind::LogoutToken] {
        assert!(f.keys.verify(&f.signer.sign(kind.typ(), &claims()).unwrap(), kind).is_ok());
    }
}

#[test]
fn the_header_does_not_choose_the_algorithm() {
    // RFC 8725 §3.1
    for algorithm in SigningAlgorithm::ALL {
        let f = fixture(*algorithm);
        for alg in ["none", "None", "HS256", "HS512", "RS512", "PS256", "ES384", "Ed25519", "", "es256"] {
            let token = forge(&f, &json!({ "alg": alg, "kid": f.key.kid }));
            assert_eq!(hint(&f, &token), Err(VerifyError::Algorithm), "{alg} for {algorithm}");
        }
        for other in SigningAlgorithm::ALL.iter().filter(|other| *other != algorithm) {
            let token = forge(&f, &json!({ "alg": other.as_str(), "kid": f.key.kid }));
            assert_eq!(hint(&f, &token), Err(VerifyError::Algorithm));
        }
    }
}

#[test]
fn none_and_hmac_with_the_public_key_are_refused() {
    let f = fixture(SigningAlgorithm::Rs256);
    let payload = base64url::encode(claims().to_string());
    let unsigned = base64url::encode(json!({ "alg": "none", "kid": f.key.kid }).to_string());
    assert_eq!(hint(&f, &format!("{unsigned}.{payload}.")), Err(VerifyError::Algorithm));

    for secret in [f.key.public_jwk.to_string(), f.key.public_jwk["n"].as_str().unwrap().to_owned()] {
        for alg in ["HS256", "RS256"] {
            let header = base64url::encode(json!({ "alg": alg, "kid": f.key.kid }).to_string());
            let signed = format!("{header}.{payload}");
            let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
            assert!(hint(&f, &format!("{signed}.{}", base64url::encode(mac))).is_err());
        }
    }
}

#[test]
fn unknown_or_missing_key_is_refused() {
    let f = fixture(SigningAlgorithm::EdDsa);
    for header in [json!({ "alg": "EdDSA" }), json!({ "alg": "EdDSA", "kid": "x" })] {
        assert_eq!(hint(&f, &forge(&f, &header)), Err(VerifyError::UnknownKey), "{header}");
    }
    let stranger = fixture(SigningAlgorithm::EdDsa);
    let token = stranger.signer.sign(None, &claims()).unwrap();
    assert_eq!(hint(&f, &token), Err(VerifyError::UnknownKey));
    assert!(KeySet::default().verify(&token, TokenKind::IdTokenHint).is_err());
}

#[test]
fn a_strangers_key_under_our_kid_is_refused() {
    for algorithm in SigningAlgorithm::ALL {
        let (f, stranger) = (fixture(*algorithm), fixture(*algorithm));
        let token = forge(&stranger, &json!({ "alg": algorithm.as_str(), "kid": f.key.kid }));
        assert_eq!(hint(&f, &token), Err(VerifyError::Signature));
    }
}

#[test]
fn keys_inside_the_token_are_ignored() {
    // RFC 8725 §3.10: neither an embedded key nor a link to one is used.
    let (f, stranger) = (fixture(SigningAlgorithm::Es256), fixture(SigningAlgorithm::Es256));
    let header = json!({
        "alg": "ES256", "kid": f.key.kid, "jwk": stranger.key.public_jwk,
        "jku": "https://evil.example/jwks", "x5u": "https://evil.example/cert", "x5c": ["MII"],
    });
    assert_eq!(hint(&f, &forge(&stranger, &header)), Err(VerifyError::Signature));
    assert!(hint(&f, &forge(&f, &header)).is_ok());
}

#[test]
fn critical_parameters_are_refused() {
    // RFC 7515 §4.1.11: none of them is understood.
    let f = fixture(SigningAlgorithm::EdDsa);
    for crit in [json!(["exp"]), json!(["b64"]), json!([]), json!(null), json!(false), json!("x")] {
        let header = json!({ "alg": "EdDSA", "kid": f.key.kid, "b64": false, "crit": crit });
        assert_eq!(hint(&f, &forge(&f, &header)), Err(VerifyError::Critical), "{crit}");
    }
}

#[test]
fn any_changed_character_is_refused() {
    for algorithm in SigningAlgorithm::ALL {
        let f = fixture(*algorithm);
        let token = f.signer.sign(None, &claims()).unwrap();
        for index in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(hint(&f, &changed).is_err(), "{algorithm} at {index}");
        }
    }
}

#[test]
fn form_is_checked() {
    let f = fixture(SigningAlgorithm::EdDsa);
    let token = f.signer.sign(None, &claims()).unwrap();
    let twice = base64url::encode(format!(r#"{{"alg":"none","alg":"EdDSA","kid":"{}"}}"#, f.key.kid));
    let (_, rest) = token.split_once('.').unwrap();
    let array = base64url::encode("[1]");
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        "a.b".into(),
        "é.é.é".into(),
        format!("{token}="),
        format!("{token}."),
        format!(".{token}"),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}.AAAA.AAAA"),
        token.replace('.', ""),
        format!("{twice}.{rest}"),
        format!("{array}.{rest}"),
        format!("{}.{rest}", base64url::encode("{}")),
        format!("{}.{rest}", base64url::encode([0xff, 0xfe])),
        format!("{}.{rest}", base64url::encode(r#"{"alg":"EdDSA","kid":7}"#)),
    ] {
        assert_eq!(hint(&f, &bad), Err(VerifyError::Malformed), "{bad}");
    }
}

#[test]
fn a_signed_payload_that_is_no_object_is_refused() {
    let f = fixture(SigningAlgorithm::EdDsa);
    let header = base64url::encode(json!({ "alg": "EdDSA", "kid": f.key.kid }).to_string());
    for payload in ["[]", "null", "\"x\"", "7", "{", ""] {
        let signed = format!("{header}.{}", base64url::encode(payload));
        let signature = base64url::encode(f.signer.signature(signed.as_bytes()).unwrap());
        assert_eq!(hint(&f, &format!("{signed}.{signature}")), Err(VerifyError::Malformed), "{payload}");
    }
    for no_object in [json!([1]), json!("x"), json!(null)] {
        assert!(matches!(f.signer.sign(None, &no_object), Err(SignError::NotAnObject)));
    }
}

#[test]
fn long_tokens_are_refused_before_decoding() {
    let f = fixture(SigningAlgorithm::EdDsa);
    let fits = f.signer.sign(None, &json!({ "x": "a".repeat(5900) })).unwrap();
    assert!(fits.len() <= 8192 && hint(&f, &fits).is_ok());
    let long = f.signer.sign(None, &json!({ "x": "a".repeat(6100) })).unwrap();
    assert_eq!(hint(&f, &long), Err(VerifyError::TooLong));
    assert_eq!(hint(&f, &"é".repeat(10_000)), Err(VerifyError::TooLong));
}

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
        // Thirty-two bytes that are not on the curve.
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
fn audience_is_one_or_many() {
    let cases =
        [(json!("a"), true), (json!(["b", "a"]), true), (json!(["b"]), false), (json!({"a": 1}), false)];
    for (aud, expected) in cases {
        let claims = json!({ "aud": aud });
        assert_eq!(has_audience(claims.as_object().unwrap(), "a"), expected, "{claims}");
    }
    assert!(!has_audience(&Claims::new(), "a"));
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
    let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_eq!(
        base64url::encode(signer.signature(signed.as_bytes()).unwrap()),
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
    fn nothing_that_looks_like_a_token_panics(text in "[A-Za-z0-9_=.-]{0,200}|\\PC{0,100}") {
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let keys = KeySet::from_jwks([&jwk]).unwrap();
        prop_assert!(keys.verify(&text, TokenKind::AccessToken).is_err());
        // The same with a header that gets past the first checks.
        let header = base64url::encode(r#"{"alg":"EdDSA","kid":"k","typ":"at+jwt"}"#);
        let token = format!("{header}.{text}");
        prop_assert!(keys.verify(&token, TokenKind::AccessToken).is_err());
    }

    #[test]
    fn no_header_is_verified_without_its_signature(
        alg in "EdDSA|none|HS256|RS256|\\PC{0,8}", kid in "k|\\PC{0,8}", typ in "at\\+jwt|JWT|\\PC{0,8}",
        signature in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let keys = KeySet::from_jwks([&jwk]).unwrap();
        let header = base64url::encode(json!({ "alg": alg, "kid": kid, "typ": typ }).to_string());
        let token = format!("{header}.{}.{}", base64url::encode("{}"), base64url::encode(signature));
        prop_assert!(keys.verify(&token, TokenKind::AccessToken).is_err());
    }

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
