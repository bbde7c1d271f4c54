//! Properties of the crate as a whole.

mod keys;

use aws_lc_rs::hmac;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use porta_core::signing_key::SigningAlgorithm;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Claims, GeneratedKey, KeySet, SignError, Signer, TokenKind, VerifyError, base64url, has_audience,
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

/// Signs the claims with any header, by the key of the fixture.
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
    // RFC 7515 §4.1.11: no critical header parameter is supported.
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
fn audience_is_one_or_many() {
    let cases =
        [(json!("a"), true), (json!(["b", "a"]), true), (json!(["b"]), false), (json!({"a": 1}), false)];
    for (aud, expected) in cases {
        let claims = json!({ "aud": aud });
        assert_eq!(has_audience(claims.as_object().unwrap(), "a"), expected, "{claims}");
    }
    assert!(!has_audience(&Claims::new(), "a"));
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
        // The same with a header that passes the first checks.
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
}
