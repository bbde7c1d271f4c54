//! Form bodies of protocol endpoints and pages: one media type, one size, repetition kept.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use porta_protocol::params::Params;

/// Form limit of protocol endpoints (oidc-and-login §1.1).
const FORM_LIMIT: usize = 56 * 1024;

/// Why a body is not a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    NotAForm,
    Malformed,
}

pub(crate) async fn form(headers: &HeaderMap, body: Body) -> Result<Params, BodyError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<usize>().ok());
    if declared.is_some_and(|n| n > FORM_LIMIT) {
        return Err(BodyError::TooLarge);
    }
    let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let bytes = axum::body::to_bytes(body, FORM_LIMIT).await.map_err(|_| BodyError::TooLarge)?;
    let is_nothing = essence.is_empty() && bytes.is_empty();
    if !is_form && !is_nothing {
        return Err(BodyError::NotAForm);
    }
    Params::parse(&bytes).map_err(|_| BodyError::Malformed)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn read(content_type: Option<&[u8]>, bytes: Vec<u8>) -> Result<Params, BodyError> {
        let mut headers = HeaderMap::new();
        if let Some(value) = content_type.and_then(|t| HeaderValue::from_bytes(t).ok()) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        form(&headers, Body::from(bytes)).now_or_never().unwrap()
    }

    #[test]
    fn the_limit_is_exact_whatever_the_length_header_says() {
        let body = |n: usize| [b"a=".as_slice(), &vec![b'x'; n - 2]].concat();
        assert!(read(Some(FORM.as_bytes()), body(FORM_LIMIT)).is_ok());
        assert_eq!(read(Some(FORM.as_bytes()), body(FORM_LIMIT + 1)), Err(BodyError::TooLarge));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FORM));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(FORM_LIMIT + 1));
        let declared = form(&headers, Body::from("a=1")).now_or_never().unwrap();
        assert_eq!(declared, Err(BodyError::TooLarge));
        for wrong in ["-1", "x", "99999999999999999999999"] {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_str(wrong).unwrap());
            assert!(form(&headers, Body::from("a=1")).now_or_never().unwrap().is_ok(), "{wrong}");
        }
    }

    #[test]
    fn nothing_at_all_is_an_empty_form_and_something_without_a_type_is_none() {
        assert_eq!(read(None, Vec::new()), Ok(Params::default()));
        assert_eq!(read(None, b"a=1".to_vec()), Err(BodyError::NotAForm));
        assert_eq!(read(Some(b"\xff"), b"a=1".to_vec()), Err(BodyError::NotAForm));
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let expected = Params::parse(&bytes).map_err(|_| BodyError::Malformed);
            prop_assert_eq!(read(Some(FORM.as_bytes()), bytes), expected);
        }

        #[test]
        fn only_one_media_type_is_a_form(content_type in "[ -~]{0,40}", bytes in prop::collection::vec(any::<u8>(), 1..40)) {
            let essence = content_type.split(';').next().unwrap_or_default().trim().to_owned();
            let answer = read(Some(content_type.as_bytes()), bytes);
            prop_assert_eq!(answer == Err(BodyError::NotAForm), !essence.eq_ignore_ascii_case(FORM));
        }
    }
}
