//! Checks an ID token: who signed in (OpenID Connect Core §3.1.3.7).

use porta_core::{Clock as _, SystemClock};
use porta_jose::{Claims, KeySet, TokenKind, has_audience};
use serde_json::Value;

use crate::failure::Failure;

/// Seconds that the clocks of the two machines may differ.
const LEEWAY: i64 = 60;

/// What an ID token must say.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
}

/// The subject that a token of the server names.
pub(crate) fn signed_in(keys: &KeySet, token: &str, expected: &Expected<'_>) -> Result<String, Failure> {
    // The token kind that leaves times to the caller.
    let claims = keys
        .verify(token, TokenKind::IdTokenHint)
        .map_err(|e| Failure::general(format!("the ID token is not valid: {e}")))?;
    check(&claims, expected, SystemClock.now().seconds())?;
    let sub = claims.get("sub").and_then(Value::as_str).ok_or_else(|| refused("names nobody"))?;
    Ok(sub.to_owned())
}

fn check(claims: &Claims, expected: &Expected<'_>, now: i64) -> Result<(), Failure> {
    let is = |name: &str, value: &str| claims.get(name).and_then(Value::as_str) == Some(value);
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    if !is("iss", expected.issuer) {
        return Err(refused("has another issuer"));
    }
    if !has_audience(claims, expected.client_id) {
        return Err(refused("is for another client"));
    }
    if !is("nonce", expected.nonce) {
        return Err(refused("answers another request"));
    }
    if number("exp").is_none_or(|end| now >= end.saturating_add(LEEWAY)) {
        return Err(refused("has expired; are the clocks of both machines right?"));
    }
    if number("iat").is_none_or(|begin| begin > now + LEEWAY) {
        return Err(refused("is from the future; are the clocks of both machines right?"));
    }
    Ok(())
}

fn refused(why: &str) -> Failure {
    Failure::general(format!("the ID token {why}"))
}

#[cfg(test)]
mod tests {
    use porta_core::signing_key::SigningAlgorithm;
    use porta_jose::{GeneratedKey, Signer};
    use serde_json::json;

    use super::*;

    const EXPECTED: Expected<'_> = Expected { issuer: "https://id/admin", client_id: "cli", nonce: "n" };

    fn claims(change: (&str, Value)) -> Claims {
        let mut claims = json!({
            "iss": "https://id/admin", "aud": "cli", "nonce": "n", "sub": "ana", "iat": 1_000, "exp": 2_000,
        });
        claims[change.0] = change.1;
        claims.as_object().unwrap().clone()
    }

    #[test]
    fn every_claim_is_checked() {
        assert!(check(&claims(("email", json!("a@b"))), &EXPECTED, 1_500).is_ok());
        assert!(check(&claims(("aud", json!(["other", "cli"]))), &EXPECTED, 1_500).is_ok());
        assert!(check(&claims(("exp", json!(i64::MAX))), &EXPECTED, 1_500).is_ok());
        for (name, value, now) in [
            ("iss", json!("https://id/other"), 1_500),
            ("iss", Value::Null, 1_500),
            ("aud", json!("other"), 1_500),
            ("nonce", json!("m"), 1_500),
            ("nonce", Value::Null, 1_500),
            ("exp", Value::Null, 1_500),
            ("iat", Value::Null, 1_500),
            ("exp", json!(i64::MIN), 1_500),
            ("iat", json!(i64::MAX), 1_500),
            ("x", Value::Null, 2_060),
            ("x", Value::Null, 939),
        ] {
            assert!(check(&claims((name, value.clone())), &EXPECTED, now).is_err(), "{name} {value} {now}");
        }
    }

    #[test]
    fn a_token_that_somebody_else_signed_is_refused() {
        let key = |kid: &str| {
            let key = GeneratedKey::generate(SigningAlgorithm::Es256).unwrap();
            let mut jwk = key.public_jwk.clone();
            jwk["kid"] = kid.into();
            (Signer::from_pkcs8(SigningAlgorithm::Es256, kid, &key.pkcs8).unwrap(), jwk)
        };
        let ((ours, jwk), (theirs, _)) = (key("k"), key("k"));
        let keys = KeySet::from_jwks([&jwk]).unwrap();
        let mut valid = claims(("x", Value::Null));
        valid["exp"] = (SystemClock.now().seconds() + 600).into();
        valid["iat"] = SystemClock.now().seconds().into();
        let signed_by = |signer: &Signer| signer.sign(None, &valid).unwrap();
        assert_eq!(signed_in(&keys, &signed_by(&ours), &EXPECTED).unwrap().sub, "ana");
        assert!(signed_in(&keys, &signed_by(&theirs), &EXPECTED).is_err());
        assert!(signed_in(&KeySet::default(), &signed_by(&ours), &EXPECTED).is_err());
    }
}
