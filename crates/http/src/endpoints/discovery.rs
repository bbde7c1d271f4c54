//! Discovery (OpenID Connect Discovery §4, RFC 8414 §3) and JWKS: prepared bytes, cacheable, readable from any origin.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use porta_session::DocumentWithEtag;

use crate::reply::{self, Reply};
use crate::tenancy::{Org, OrgDocuments};

/// Same as [`porta_core::signing_key::JWKS_MAX_AGE`]: a new key waits that long before it signs.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// `GET …/.well-known/openid-configuration` and `…/oauth-authorization-server`
pub(crate) async fn document(OrgDocuments(tenant): OrgDocuments, headers: HeaderMap) -> Reply {
    ready(&headers, &tenant.discovery, "application/json; charset=utf-8")
}

/// `GET /{org}/jwks`
pub(crate) async fn jwks(OrgDocuments(tenant): OrgDocuments, headers: HeaderMap) -> Reply {
    ready(&headers, &tenant.keys.jwks, "application/jwk-set+json; charset=utf-8")
}

/// `OPTIONS` of either: public documents may be read from any origin.
pub(crate) async fn preflight(Org(_tenant): Org) -> Reply {
    let mut reply = reply::empty(StatusCode::NO_CONTENT);
    let headers = reply.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    reply
}

fn ready(request: &HeaderMap, document: &DocumentWithEtag, content_type: &'static str) -> Reply {
    let is_known = request
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| matches_etag(v, &document.etag));
    let mut reply = if is_known {
        reply::empty(StatusCode::NOT_MODIFIED)
    } else {
        Reply::new(Body::from(document.bytes.clone()))
    };
    let headers = reply.headers_mut();
    if !is_known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(header::CACHE_CONTROL, CACHE);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Ok(etag) = HeaderValue::from_maybe_shared(document.etag.clone()) {
        headers.insert(header::ETAG, etag);
    }
    reply
}

/// Whether `If-None-Match` matches: `*`, or a list compared weakly (RFC 9110 §13.1.2).
fn matches_etag(list: &str, etag: &[u8]) -> bool {
    let is_same = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag;
    list.trim() == "*" || list.split(',').map(str::trim).any(is_same)
}

#[cfg(test)]
mod tests {
    use porta_core::signing_key::JWKS_MAX_AGE;

    #[test]
    fn verifiers_are_told_what_rotation_waits_for() {
        assert_eq!(super::CACHE, format!("public, max-age={}", JWKS_MAX_AGE.as_secs()));
    }
}
