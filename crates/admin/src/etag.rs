//! Optimistic concurrency: `ETag` and `If-Match` (RFC 9110 §8.8.3, §13.1.1).

use axum::http::{HeaderMap, HeaderValue, header};
use porta_core::Version;
use porta_web::reply::{Reply, with_header};
use serde::Serialize;
use uuid::Uuid;

use crate::error::{AdminError, Result};

/// Tag of an entity in a version.
pub(crate) fn tag(id: Uuid, version: Version) -> String {
    format!("W/\"{}-{}\"", id.simple(), version.number())
}

/// Adds the tag to a reply.
pub(crate) fn with_etag(reply: Reply, tag: &str) -> Reply {
    with_header(reply, header::ETAG, HeaderValue::from_str(tag).ok())
}

/// Refuses a change that is based on another version than `current`. Without the header every version is accepted. The
/// comparison is weak; prefix and quotes may be missing.
pub(crate) fn check(headers: &HeaderMap, tag: &str, current: &impl Serialize) -> Result<()> {
    let lines: Vec<&HeaderValue> = headers.get_all(header::IF_MATCH).iter().collect();
    if lines.is_empty() {
        return Ok(());
    }
    let given = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    if given.map(str::trim).any(|one| one == "*" || opaque(one) == opaque(tag)) {
        return Ok(());
    }
    let current = serde_json::to_value(current).map_err(|error| AdminError::failed(&error))?;
    Err(AdminError::Modified { current, etag: tag.to_owned() })
}

fn opaque(tag: &str) -> &str {
    tag.trim_start_matches("W/").trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_accepted(lines: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_static(line));
        }
        check(&headers, "W/\"a-1\"", &"entity").is_ok()
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
        ] {
            assert!(is_accepted(accepted), "{accepted:?}");
        }
        for refused in [&["W/\"a-2\""][..], &[""], &["\"\""], &["W/"], &["\"a-10\""], &["\"b-1\", \"c\""]] {
            assert!(!is_accepted(refused), "{refused:?}");
        }
    }
}
