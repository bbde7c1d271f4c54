//! The authorization response (RFC 6749 §4.1.2, RFC 9207, OAuth 2.0 Form Post Response Mode §2).

use std::fmt;

use crate::{OAuthError, ResponseMode};

/// What is sent to a redirect URI that was proven to be the client's.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse {
    pairs: Vec<(&'static str, String)>,
}

/// How the browser carries it.
#[derive(Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A `Location`.
    Redirect(String),
    /// A page with a form that posts these pairs to `action`.
    FormPost { action: String, pairs: Vec<(&'static str, String)> },
}

impl AuthorizationResponse {
    /// RFC 6749 §4.1.2, with the issuer of RFC 9207 §2.
    pub fn code(code: &str, state: Option<&str>, issuer: &str) -> Self {
        Self { pairs: vec![("code", code.to_owned())] }.with_state_and_issuer(state, issuer)
    }

    /// RFC 6749 §4.1.2.1; RFC 9207 §2 wants the issuer in errors too.
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
