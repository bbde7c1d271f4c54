//! Content-Security-Policy of a page, computed from what the page contains; never `unsafe-inline`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use porta_core::TokenDigest;
use url::{Host, Url};

use crate::context::FormTargets;

/// Hash source `'sha256-…'` of an inline element's text (CSP 3 §2.3.1).
pub(crate) fn hash_source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(TokenDigest::of(text).as_bytes()))
}

/// What a page may load and do.
#[derive(Debug)]
pub(crate) struct Policy<'a> {
    pub(crate) styles: Vec<String>,
    pub(crate) script: Option<String>,
    /// URLs of pictures on the page.
    pub(crate) images: Vec<&'a str>,
    pub(crate) forms: FormTargets,
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
        header.push_str(match self.forms {
            FormTargets::None => "; form-action 'none'",
            FormTargets::SameOrigin => "; form-action 'self'",
            FormTargets::Anywhere => "",
        });
        header.push_str("; base-uri 'none'; frame-ancestors 'none'");
        header
    }
}

/// `form-action` source for a redirect URI: its origin, or the scheme of a native application (CSP 3 §2.3.1). CSP has
/// no syntax for IPv6 addresses, so these get their whole scheme.
pub(crate) fn form_target(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    match url.host() {
        Some(Host::Domain(_) | Host::Ipv4(_)) if url.origin().is_tuple() => {
            Some(url.origin().ascii_serialization())
        }
        _ => Some(format!("{}:", url.scheme())),
    }
}

/// Origin as the URL parser serializes it, so it cannot inject a `;` or a space into the header.
fn origin(url: &str) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: Policy<'static> =
        Policy { styles: Vec::new(), script: None, images: Vec::new(), forms: FormTargets::None };

    #[test]
    fn a_picture_opens_its_origin_and_nothing_more() {
        let policy = Policy {
            styles: vec!["'sha256-x'".to_owned()],
            images: vec!["https://cdn.example:8443/a;b/logo.svg?x", "https://cdn.example:8443/favicon.ico"],
            ..BARE
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
            let header = Policy { images: vec![url], ..BARE }.header();
            assert!(header.contains("img-src 'self' data:; "), "{header}");
        }
    }

    #[test]
    fn only_a_form_that_may_leave_is_free_to() {
        for (forms, directive) in [
            (FormTargets::None, Some("; form-action 'none'")),
            (FormTargets::SameOrigin, Some("; form-action 'self'")),
            (FormTargets::Anywhere, None),
        ] {
            let header = Policy { forms, ..BARE }.header();
            assert_eq!(header.contains("form-action"), directive.is_some(), "{header}");
            assert!(directive.is_none_or(|directive| header.contains(directive)), "{header}");
        }
    }

    #[test]
    fn a_redirect_uri_is_named_as_narrowly_as_the_policy_can() {
        for (uri, target) in [
            ("https://app.example/cb?x=1;y", Some("https://app.example")),
            ("https://APP.example:8443/", Some("https://app.example:8443")),
            ("http://127.0.0.1:50123/cb", Some("http://127.0.0.1:50123")),
            ("http://localhost/cb", Some("http://localhost")),
            ("http://[::1]:50123/cb", Some("http:")),
            ("com.example.app:/cb", Some("com.example.app:")),
            ("com.example.app://host/cb", Some("com.example.app:")),
            ("x; script-src *", None),
            ("", None),
        ] {
            assert_eq!(form_target(uri).as_deref(), target, "{uri}");
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
