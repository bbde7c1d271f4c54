//! Proof Key for Code Exchange (RFC 7636; S256 only, RFC 9700 §2.1.1).

use porta_core::secret::{constant_time_eq, sha256_base64url};
use serde::{Deserialize, Serialize};

use crate::{ErrorCode, OAuthError, Params};

/// The only method: `plain` protects nothing once the authorization request leaks (RFC 9700 §2.1.1).
pub const METHOD_S256: &str = "S256";

/// Why a challenge was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PkceError {
    #[error("code_challenge_method must be S256")]
    Method,
    #[error("code_challenge must be 43 to 128 unreserved characters")]
    Challenge,
    #[error("code_challenge_method needs a code_challenge")]
    MissingChallenge,
}

impl From<PkceError> for OAuthError {
    fn from(error: PkceError) -> Self {
        Self::new(ErrorCode::InvalidRequest, error.to_string())
    }
}

/// An S256 challenge, kept with the authorization code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method`. A missing method would mean `plain` (RFC 7636 §4.3), so
    /// it is refused. `Ok(None)`: the request uses no PKCE, and the caller decides whether the client may do that.
    pub fn from_params(params: &Params) -> Result<Option<Self>, PkceError> {
        match (params.get("code_challenge"), params.get("code_challenge_method")) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(PkceError::MissingChallenge),
            (Some(challenge), method) => Self::parse(challenge, method).map(Some),
        }
    }

    /// RFC 7636 §4.2 and §4.3.
    pub fn parse(challenge: &str, method: Option<&str>) -> Result<Self, PkceError> {
        if method != Some(METHOD_S256) {
            return Err(PkceError::Method);
        }
        if !is_verifier_shaped(challenge) {
            return Err(PkceError::Challenge);
        }
        Ok(Self(challenge.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// RFC 7636 §4.6, in constant time; a malformed verifier does not match.
    pub fn verify(&self, verifier: &str) -> bool {
        is_verifier_shaped(verifier) && constant_time_eq(&sha256_base64url(verifier), &self.0)
    }
}

/// RFC 7636 §4.1: 43*128unreserved.
fn is_verifier_shaped(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn rfc_7636_appendix_b() {
        let challenge = CodeChallenge::parse(CHALLENGE, Some("S256")).unwrap();
        assert!(challenge.verify(VERIFIER));
        for wrong in ["", CHALLENGE, &VERIFIER[1..], &format!("{VERIFIER}="), &VERIFIER.to_lowercase()] {
            assert!(!challenge.verify(wrong), "{wrong}");
        }
    }

    #[test]
    fn only_s256_is_a_method() {
        for method in [None, Some("plain"), Some("s256"), Some("S256 "), Some("S512"), Some("none")] {
            assert_eq!(CodeChallenge::parse(CHALLENGE, method), Err(PkceError::Method), "{method:?}");
        }
    }

    #[test]
    fn rfc_7636_section_4_2_shape() {
        let long = "a".repeat(129);
        for bad in
            ["", "short", &CHALLENGE[1..], &long, &CHALLENGE.replace('E', "+"), &CHALLENGE.replace('E', "é")]
        {
            assert_eq!(CodeChallenge::parse(bad, Some("S256")), Err(PkceError::Challenge), "{bad}");
        }
        assert!(CodeChallenge::parse(&long[1..], Some("S256")).is_ok());
    }

    #[test]
    fn both_parameters_or_none() {
        let read = |query: &str| CodeChallenge::from_params(&Params::parse(query).unwrap());
        assert_eq!(read("a=1"), Ok(None));
        assert_eq!(read("code_challenge_method=S256"), Err(PkceError::MissingChallenge));
        assert_eq!(read("code_challenge=&code_challenge_method=S256"), Err(PkceError::MissingChallenge));
        assert_eq!(read(&format!("code_challenge={CHALLENGE}")), Err(PkceError::Method));
        assert!(read(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).unwrap().is_some());
    }

    proptest! {
        #[test]
        fn only_its_own_verifier_verifies(verifier in "[A-Za-z0-9._~-]{43,128}", other in "\\PC{0,140}") {
            let challenge = CodeChallenge::parse(&sha256_base64url(&verifier), Some("S256")).unwrap();
            prop_assert!(challenge.verify(&verifier));
            prop_assert_eq!(challenge.verify(&other), verifier == other);
        }
    }
}
