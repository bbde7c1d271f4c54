//! The Content-Security-Policy of a page, built from exactly what the page carries: nothing is `unsafe-inline`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use porta_core::TokenDigest;
use url::Url;

/// `'sha256-…'` of an inline element's text (CSP 3 §2.3.1).
pub(crate) fn hash_source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(TokenDigest::of(text).as_bytes()))
}

/// What one page is allowed to do.
#[derive(Debug, Default)]
pub(crate) struct Policy<'a> {
    pub(crate) styles: Vec<String>,
    pub(crate) script: Option<String>,
    /// Addresses of pictures on the page.
    pub(crate) images: Vec<&'a str>,
    /// Pages whose form may end in a redirect to a client must not restrict `form-action`: browsers apply it to the
    /// whole redirect chain (oidc-and-login §10.2).
    pub(crate) has_form: bool,
}

impl Policy<'_> {
    pub(crate) fn header(&self) -> String {
        let mut header =
            format!("default-src 'none'; style-src {}; img-src 'self' data:", self.styles.join(" "));
        let mut origins: Vec<String> = self.images.iter().filter_map(|url| origin(url)).collect();
        origins.dedup();
        for origin in origins {
            header.push(' ');
            header.push_str(&origin);
        }
        if let Some(script) = &self.script {
            header.push_str("; script-src ");
            header.push_str(script);
        }
        if !self.has_form {
            header.push_str("; form-action 'none'");
        }
        header.push_str("; base-uri 'none'; frame-ancestors 'none'");
        header
    }
}

/// Serialised by the URL parser, so it cannot carry a `;` or a blank into the header.
fn origin(url: &str) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_opens_its_origin_and_nothing_more() {
        let policy = Policy {
            styles: vec!["'sha256-x'".to_owned()],
            images: vec!["https://cdn.example:8443/a;b/logo.svg?x", "https://cdn.example:8443/favicon.ico"],
            ..Policy::default()
        };
        assert_eq!(
            policy.header(),
            "default-src 'none'; style-src 'sha256-x'; img-src 'self' data: https://cdn.example:8443; \
             form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        );
    }

    #[test]
    fn an_address_without_an_origin_opens_nothing() {
        for url in ["", "data:image/png;base64,AA", "javascript:1", "not a url", "/relative.png"] {
            let header = Policy { images: vec![url], ..Policy::default() }.header();
            assert!(header.contains("img-src 'self' data:; "), "{header}");
        }
    }

    #[test]
    fn the_hash_is_the_documented_one() {
        // The example of CSP 3 §8.2.
        assert_eq!(
            hash_source("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
    }
}
