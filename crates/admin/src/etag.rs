//! `ETag` with `If-Match` and `If-None-Match` (RFC 9110 §8.8.3, §13.1.1, §13.1.2).
//!
//! A tag is `W/"version.digest"`. A change is compared by the version: whoever changes a user is not refused because the
//! user signed in meanwhile. A read is compared by the whole tag, because what is shown changes without the version, too.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::Next;
use porta_core::{TokenDigest, Version};
use porta_web::reply::{Reply, with_header};
use serde::Serialize;
use uuid::Uuid;

use crate::error::{AdminError, Result};

/// Hexadecimal digits of the digest in a tag.
const DIGITS: usize = 16;

/// Tag of an entity in a version, as it is shown.
pub(crate) fn tag(id: Uuid, version: Version, shown: &impl Serialize) -> String {
    tag_of(&format!("{}-{}", id.simple(), version.number()), shown)
}

/// The same for what has no number of its version. `version` has no dot.
pub(crate) fn tag_of(version: &str, shown: &impl Serialize) -> String {
    // Strings and numbers always serialise.
    let shown = serde_json::to_vec(shown).unwrap_or_default();
    let digest: String = TokenDigest::of_bytes(&shown).hex().chars().take(DIGITS).collect();
    format!("W/\"{version}.{digest}\"")
}

/// Adds the tag to a reply.
pub(crate) fn with_etag(reply: Reply, tag: &str) -> Reply {
    with_header(reply, header::ETAG, HeaderValue::from_str(tag).ok())
}

/// Refuses a change that is based on another version than `current`. Without the header every version is accepted. The
/// comparison is weak; prefix and quotes may be missing.
pub(crate) fn check(headers: &HeaderMap, tag: &str, current: &impl Serialize) -> Result<()> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(());
    }
    if tags(headers, header::IF_MATCH).any(|one| one == "*" || version_of(one) == version_of(tag)) {
        return Ok(());
    }
    let current = serde_json::to_value(current).map_err(|error| AdminError::failed(&error))?;
    Err(AdminError::Modified { current, etag: tag.to_owned() })
}

/// Middleware of all operations: whoever has the answer to a read already is told that it is the same.
pub(crate) async fn conditional(request: Request, next: Next) -> Reply {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || !request.headers().contains_key(header::IF_NONE_MATCH) {
        return next.run(request).await;
    }
    let headers = request.headers().clone();
    let reply = next.run(request).await;
    if is_known(&headers, &reply) { not_modified(reply) } else { reply }
}

fn is_known(headers: &HeaderMap, reply: &Reply) -> bool {
    let Some(tag) = reply.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()) else {
        return false;
    };
    reply.status() == StatusCode::OK
        && tags(headers, header::IF_NONE_MATCH).any(|one| one == "*" || opaque(one) == opaque(tag))
}

fn not_modified(reply: Reply) -> Reply {
    let (mut parts, _) = reply.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// The tags that a header names.
fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn opaque(tag: &str) -> &str {
    tag.trim_start_matches("W/").trim_matches('"')
}

fn version_of(tag: &str) -> &str {
    let opaque = opaque(tag);
    opaque.split_once('.').map_or(opaque, |(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_accepted(lines: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_static(line));
        }
        check(&headers, "W/\"a-1.0f\"", &"entity").is_ok()
    }

    #[test]
    fn a_change_names_the_version_it_is_based_on() {
        for accepted in [
            &[][..],
            &["*"],
            &["W/\"a-1\""],
            &["\"a-1\""],
            &["a-1"],
            &["\"b-1\", W/\"a-1\""],
            &["\"x\"", "\"a-1\""],
            // What is shown may have changed without the version.
            &["W/\"a-1.0f\""],
            &["W/\"a-1.1e\""],
        ] {
            assert!(is_accepted(accepted), "{accepted:?}");
        }
        for refused in [
            &["W/\"a-2\""][..],
            &["W/\"a-2.0f\""],
            &[""],
            &["\"\""],
            &["\".0f\""],
            &["W/"],
            &["\"a-10\""],
            &["\"b-1\", \"c\""],
        ] {
            assert!(!is_accepted(refused), "{refused:?}");
        }
    }

    #[test]
    fn a_read_is_known_by_the_whole_tag() {
        let is_known = |lines: &[&'static str], status| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(line));
            }
            let mut reply = Reply::new(Body::from("entity"));
            *reply.status_mut() = status;
            is_known(&headers, &with_etag(reply, "W/\"a-1.0f\""))
        };
        for known in
            [&["*"][..], &["W/\"a-1.0f\""], &["\"a-1.0f\""], &["\"b\", W/\"a-1.0f\""], &["\"b\"", "a-1.0f"]]
        {
            assert!(is_known(known, StatusCode::OK), "{known:?}");
            assert!(!is_known(known, StatusCode::CONFLICT), "{known:?}");
        }
        for other in [&["W/\"a-1\""][..], &["W/\"a-1.1e\""], &["W/\"a-2.0f\""], &[""], &["\"b\", \"c\""]] {
            assert!(!is_known(other, StatusCode::OK), "{other:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("*"));
        assert!(!super::is_known(&headers, &Reply::new(Body::from("a list has no tag"))));
    }

    #[test]
    fn a_tag_tells_the_version_and_what_is_shown() {
        let (one, other) = (tag(Uuid::nil(), Version::FIRST, &"a"), tag(Uuid::nil(), Version::FIRST, &"b"));
        assert_ne!(one, other);
        assert_eq!(version_of(&one), version_of(&other));
        assert_ne!(version_of(&one), version_of(&tag(Uuid::nil(), Version::FIRST.next(), &"a")));
        assert_eq!(version_of(&one), format!("{}-0", Uuid::nil().simple()));
    }
}
