//! A request object (OpenID Connect Core §6.1), which is always refused.
//!
//! Clients may put every parameter into it, `response_mode` and `state` too, and expect the answer only as stated
//! there. These two are read so that the refusal reaches the client, and for nothing else: no signature is verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::ResponseMode;

/// Longer objects are not read.
const MAX_BYTES: usize = 8 * 1024;

/// How the refusal reaches a client that sent a request object, as far as the object says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnverifiedRequestObject {
    pub response_mode: Option<ResponseMode>,
    /// As sent; the caller validates it.
    pub state: Option<String>,
}

/// A member that is not a string, or is repeated, makes the whole object unreadable.
#[derive(Deserialize)]
struct Members {
    response_mode: Option<String>,
    state: Option<String>,
}

impl UnverifiedRequestObject {
    /// Reads a compact JWS (RFC 7515 §7.1), signed or not; empty for anything else.
    pub fn of(request: &str) -> Self {
        Self::read(request).unwrap_or_default()
    }

    fn read(request: &str) -> Option<Self> {
        if request.len() > MAX_BYTES {
            return None;
        }
        let (header, rest) = request.split_once('.')?;
        let (payload, signature) = rest.split_once('.')?;
        if signature.contains('.') {
            return None; // five parts: encrypted (RFC 7516 §7.1)
        }
        let _: IgnoredAny = object(header)?;
        let Members { response_mode, state } = object(payload)?;
        let response_mode = response_mode.as_deref().and_then(ResponseMode::parse);
        Some(Self { response_mode, state: state.filter(|state| !state.is_empty()) })
    }
}

/// Reads a JSON object. Checks the first byte, because serde reads a struct from an array as well.
fn object<T: DeserializeOwned>(part: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok().filter(|bytes| bytes.first() == Some(&b'{'))?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jws(header: &str, payload: &str, signature: &str) -> String {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    fn unsigned(payload: &str) -> String {
        jws(r#"{"alg":"none"}"#, payload, "")
    }

    fn says(response_mode: Option<ResponseMode>, state: Option<&str>) -> UnverifiedRequestObject {
        UnverifiedRequestObject { response_mode, state: state.map(str::to_owned) }
    }

    #[test]
    fn response_mode_and_state_are_read_and_nothing_else_matters() {
        let cases = [
            (
                unsigned(r#"{"response_mode":"form_post","state":"s 1"}"#),
                says(Some(ResponseMode::FormPost), Some("s 1")),
            ),
            (unsigned(r#"{"state":"s"}"#), says(None, Some("s"))),
            (
                unsigned(r#"{"response_mode":"fragment","redirect_uri":7}"#),
                says(Some(ResponseMode::Fragment), None),
            ),
            (
                jws(r#"{"alg":"RS256"}"#, r#"{"response_mode":"query"}"#, "c2ln"),
                says(Some(ResponseMode::Query), None),
            ),
        ];
        for (request, expected) in cases {
            assert_eq!(UnverifiedRequestObject::of(&request), expected, "{request}");
        }
    }

    #[test]
    fn what_is_malformed_or_too_long_says_nothing() {
        let good = r#"{"response_mode":"form_post","state":"s"}"#;
        let encoded = URL_SAFE_NO_PAD.encode(good);
        let long = format!(r#"{{"state":"s","x":"{}"}}"#, "x".repeat(MAX_BYTES));
        let deep = format!(r#"{{"state":"s","x":{}}}"#, "[".repeat(2_000));
        let cases = [
            String::new(),
            "x".to_owned(),
            "..".to_owned(),
            "e30.e30".to_owned(),
            good.to_owned(),
            format!("{encoded}.."),
            format!("{encoded}.{encoded}"),
            format!("e30.{encoded}=."),
            format!("e31.{encoded}."),
            jws("", good, ""),
            jws("[]", good, ""),
            jws("{", good, ""),
            format!("{}.a.b", unsigned(good)),
            format!(" {}", unsigned(good)),
            unsigned(""),
            unsigned("null"),
            unsigned(&format!(" {good}")),
            unsigned(&format!("{good}x")),
            unsigned(r#"["form_post","s"]"#),
            unsigned(r#"{"response_mode":["form_post"],"state":"s"}"#),
            unsigned(r#"{"response_mode":"form_post","state":7}"#),
            unsigned(r#"{"response_mode":"form_post","state":"a","state":"b"}"#),
            unsigned(r#"{"response_mode":"query","response_mode":"form_post"}"#),
            unsigned(r#"{"response_mode":"web_message","state":""}"#),
            unsigned(r#"{"response_mode":null,"state":null}"#),
            unsigned(&long),
            unsigned(&deep),
        ];
        for request in cases {
            assert_eq!(
                UnverifiedRequestObject::of(&request),
                UnverifiedRequestObject::default(),
                "{request}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_says_nothing(text in "\\PC{0,60}", payload in "\\PC{0,60}") {
            let _ = UnverifiedRequestObject::of(&text);
            let _ = UnverifiedRequestObject::of(&unsigned(&payload));
        }
    }
}
