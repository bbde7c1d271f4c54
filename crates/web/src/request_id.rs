//! Request ids: one for each request, in its response and in its access-log line.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use porta_core::{AuditId, Clock, EntityId as _, Entropy};

/// The id of a request, for handlers; an extension of the request.
#[derive(Debug, Clone)]
pub struct RequestId(pub HeaderValue);

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id that a proxy sent; `None` if it is missing or not well-formed.
pub(crate) fn well_formed(headers: &HeaderMap) -> Option<HeaderValue> {
    let given = headers.get(HEADER)?;
    let text = given.to_str().ok()?;
    let is_well_formed =
        (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_well_formed.then(|| given.clone())
}

/// A new id.
pub(crate) fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> HeaderValue {
    let id = AuditId::new(clock.now(), entropy).uuid();
    let mut text = uuid::Uuid::encode_buffer();
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut text))
        .unwrap_or(HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use porta_core::{SeededEntropy, SystemClock};

    use super::*;

    fn is_taken(id: HeaderValue) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, id.clone());
        well_formed(&headers) == Some(id)
    }

    #[test]
    fn only_a_well_formed_id_is_taken() {
        let longest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDE-";
        for id in ["01234567", longest] {
            assert!(is_taken(HeaderValue::from_static(id)), "{id}");
        }
        for unfit in ["", "0123456", "0123 567", "0123_567", &format!("{longest}0")] {
            assert!(!is_taken(HeaderValue::from_str(unfit).unwrap()), "{unfit}");
        }
        assert_eq!(well_formed(&HeaderMap::new()), None);
    }

    #[test]
    fn each_id_is_another_and_well_formed() {
        let entropy = SeededEntropy::new(1);
        let (one, other) = (generate(&SystemClock, &entropy), generate(&SystemClock, &entropy));
        assert_ne!(one, other);
        assert!(is_taken(one) && is_taken(other));
    }
}
