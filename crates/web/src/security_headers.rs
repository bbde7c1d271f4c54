//! Security headers of every response (`docs/security.md`). A response may bring its own content security policy and
//! referrer policy.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::reply;

/// Most headers that [`add`] adds.
pub(crate) const COUNT: usize = 8;

pub(crate) fn add(headers: &mut HeaderMap, is_error: bool, is_https: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_XSS_PROTECTION, HeaderValue::from_static("0"));
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=()"),
    );
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert(HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    // Caches may store a 404 or 405 that says nothing about caching (RFC 9111 §4.2.2), but its cause may be temporary.
    if is_error {
        headers.entry(header::CACHE_CONTROL).or_insert(reply::NO_STORE);
    }
    if is_https {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_keeps_its_own_policies() {
        let own = HeaderValue::from_static("default-src 'self'");
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, own.clone());
        add(&mut headers, true, true);
        assert_eq!(headers.get(header::CONTENT_SECURITY_POLICY), Some(&own));
        assert_eq!(headers.len(), COUNT);
    }

    #[test]
    fn hsts_needs_tls_and_errors_are_not_stored() {
        let mut headers = HeaderMap::new();
        add(&mut headers, false, false);
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert!(!headers.contains_key(header::CACHE_CONTROL));
        assert_eq!(headers.len(), COUNT - 2);
    }
}
