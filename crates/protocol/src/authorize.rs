//! The authorization response (RFC 6749 §4.1.2, RFC 9207, OAuth 2.0 Form Post Response Mode §2).

use std::fmt;

use crate::{OAuthError, ResponseMode};

/// A response to a verified redirect URI.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse {
    pairs: Vec<(&'static str, String)>,
}

/// How the browser delivers it.
#[derive(Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A redirect to this `Location`.
    Redirect(String),
    /// A page with a form that posts these pairs to `action`.
    FormPost { action: String, pairs: Vec<(&'static str, String)> },
}

impl AuthorizationResponse {
    /// RFC 6749 §4.1.2, with the issuer of RFC 9207 §2.
    pub fn code(code: &str, state: Option<&str>, issuer: &str) -> Self {
        Self { pairs: vec![("code", code.to_owned())] }.with_state_and_issuer(state, issuer)
    }

    /// RFC 6749 §4.1.2.1; RFC 9207 §2 requires the issuer in errors too.
    pub fn error(error: &OAuthError, state: Option<&str>, issuer: &str) -> Self {
        let pairs = vec![
            ("error", error.code().as_str().to_owned()),
            ("error_description", error.description().to_owned()),
        ];
        Self { pairs }.with_state_and_issuer(state, issuer)
    }

    pub fn pairs(&self) -> &[(&'static str, String)] {
        &self.pairs
    }

    pub fn deliver(self, redirect_uri: &str, mode: ResponseMode) -> Delivery {
        match mode {
            ResponseMode::Query => Delivery::Redirect(append_query(redirect_uri, self.pairs)),
            ResponseMode::Fragment => {
                // Registration refuses fragments, so this one is the first.
                let encoded =
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs).finish();
                Delivery::Redirect(format!("{redirect_uri}#{encoded}"))
            }
            ResponseMode::FormPost => {
                Delivery::FormPost { action: redirect_uri.to_owned(), pairs: self.pairs }
            }
        }
    }

    fn with_state_and_issuer(mut self, state: Option<&str>, issuer: &str) -> Self {
        if let Some(state) = state {
            self.pairs.push(("state", state.to_owned()));
        }
        self.pairs.push(("iss", issuer.to_owned()));
        self
    }
}

/// Adds pairs to the query of a URI without fragment. RFC 6749 §3.1.2: a query it already has is retained as written.
pub fn append_query<N, V>(uri: &str, pairs: impl IntoIterator<Item = (N, V)>) -> String
where
    N: AsRef<str>,
    V: AsRef<str>,
{
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if encoded.is_empty() {
        return uri.to_owned();
    }
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{encoded}")
}

/// Names only: the values carry the code.
impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirect(_) => f.write_str("Redirect(…)"),
            Self::FormPost { action, .. } => write!(f, "FormPost({action})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ErrorCode, Params};

    const ISSUER: &str = "https://id.example/acme";

    fn location(uri: &str, mode: ResponseMode) -> String {
        match AuthorizationResponse::code("c", Some("a b&c#"), ISSUER).deliver(uri, mode) {
            Delivery::Redirect(location) => location,
            Delivery::FormPost { .. } => String::new(),
        }
    }

    #[test]
    fn rfc_6749_section_3_1_2_an_existing_query_is_retained() {
        let added = "code=c&state=a+b%26c%23&iss=https%3A%2F%2Fid.example%2Facme";
        let cases = [
            ("https://app.example/cb", "?"),
            ("https://app.example/cb?", ""),
            ("https://app.example/cb?x=%20+y", "&"),
            ("https://app.example/cb?x=1&", ""),
            ("com.example.app:/cb", "?"),
        ];
        for (uri, separator) in cases {
            assert_eq!(location(uri, ResponseMode::Query), format!("{uri}{separator}{added}"));
            assert_eq!(location(uri, ResponseMode::Fragment), format!("{uri}#{added}"));
        }
        assert_eq!(append_query("https://app.example/cb", [("", ""); 0]), "https://app.example/cb");
    }

    #[test]
    fn errors_carry_state_and_issuer() {
        let error = OAuthError::new(ErrorCode::AccessDenied, "the person said no");
        let response = AuthorizationResponse::error(&error, None, ISSUER);
        let expected =
            [("error", "access_denied"), ("error_description", "the person said no"), ("iss", ISSUER)];
        assert_eq!(response.pairs(), expected.map(|(name, value)| (name, value.to_owned())));
        let delivery = response.deliver("https://app.example/cb", ResponseMode::FormPost);
        let Delivery::FormPost { action, pairs } = delivery else { panic!("not a form") };
        assert_eq!((action.as_str(), pairs.len()), ("https://app.example/cb", 3));
    }

    #[test]
    fn the_code_is_not_printed() {
        let response = AuthorizationResponse::code("hush", None, ISSUER);
        assert!(!format!("{response:?}").contains("hush"));
        assert!(
            !format!("{:?}", response.deliver("https://a.example", ResponseMode::Query)).contains("hush")
        );
    }

    proptest! {
        #[test]
        fn state_comes_back_as_sent(state in "\\PC{1,60}") {
            let response = AuthorizationResponse::code("c", Some(&state), ISSUER);
            let Delivery::Redirect(location) = response.deliver("https://app.example/cb?x=1", ResponseMode::Query)
            else { panic!("not a redirect") };
            prop_assert!(location.bytes().all(|b| b.is_ascii_graphic()), "one header line");
            let query = Params::parse(location.split_once('?').unwrap().1).unwrap();
            prop_assert_eq!(query.get("state"), Some(state.as_str()));
            prop_assert_eq!(query.get("x"), Some("1"));
        }
    }
}
