//! An authorization request (RFC 6749 §4.1.1, RFC 7636), and the answer to it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::secret::sha256_base64url;
use porta_core::{Entropy, OsEntropy};
use url::form_urlencoded::{Serializer, parse};

#[derive(Clone)]
pub(super) struct Request {
    /// What the browser opens.
    pub(super) url: String,
    pub(super) redirect_uri: String,
    pub(super) verifier: String,
    pub(super) nonce: String,
    state: String,
    issuer: String,
}

fn random() -> String {
    let entropy: &dyn Entropy = &OsEntropy;
    URL_SAFE_NO_PAD.encode(entropy.bytes::<32>())
}

impl Request {
    pub(super) fn new(issuer: &str, client_id: &str, redirect_uri: &str) -> Self {
        let (state, nonce, verifier) = (random(), random(), random());
        let query = Serializer::new(String::new())
            .append_pair("client_id", client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", "openid profile email offline_access")
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &sha256_base64url(&verifier))
            .append_pair("code_challenge_method", "S256")
            // Whoever sits at the browser may be signed in as somebody else.
            .append_pair("prompt", "login")
            .finish();
        Self {
            url: format!("{issuer}/auth?{query}"),
            redirect_uri: redirect_uri.to_owned(),
            verifier,
            nonce,
            state,
            issuer: issuer.to_owned(),
        }
    }

    /// The code of an answer, or why there is none. The state is compared first: without it, anybody could have sent the
    /// answer.
    pub(super) fn code_of(&self, query: &str) -> Result<String, String> {
        let value =
            |name: &str| parse(query.as_bytes()).find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        if value("state").as_deref() != Some(self.state.as_str()) {
            return Err("the answer belongs to another sign-in; begin again".to_owned());
        }
        // RFC 9207 §2.4.
        if value("iss").is_some_and(|issuer| issuer != self.issuer) {
            return Err("the answer comes from another server".to_owned());
        }
        if let Some(error) = value("error") {
            let description = value("error_description").unwrap_or(error);
            return Err(format!("the sign-in was not completed: {description}"));
        }
        value("code").ok_or_else(|| "the answer has no code".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_this_request_is_taken() {
        let request = Request::new("https://id/admin", "cli", "http://127.0.0.1:1/callback");
        let state = request.state.clone();
        let answer = |rest: &str| request.code_of(&format!("state={state}&{rest}"));
        assert_eq!(answer("code=c&iss=https%3A%2F%2Fid%2Fadmin").unwrap(), "c");
        assert_eq!(answer("code=a%2Bb").unwrap(), "a+b");
        assert!(answer("code=c&iss=https%3A%2F%2Fevil").unwrap_err().contains("another server"));
        assert!(answer("error=access_denied&error_description=No").unwrap_err().ends_with("No"));
        assert!(answer("").unwrap_err().contains("no code"));
        for query in ["code=c", "code=c&state=x", "code=c&state=", ""] {
            assert!(request.code_of(query).unwrap_err().contains("another sign-in"), "{query}");
        }
    }

    #[test]
    fn no_two_requests_are_alike() {
        let [a, b] = [0, 1].map(|_| Request::new("https://id/admin", "cli", "http://127.0.0.1:1/callback"));
        assert!(a.state != b.state && a.nonce != b.nonce && a.verifier != b.verifier);
        assert_eq!(a.verifier.len(), 43);
        assert!(!a.url.contains(&a.verifier), "only its digest travels with the browser");
    }
}
