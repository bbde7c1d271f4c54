//! Reads form bodies, the only request bodies of this server: one media type, one size limit; repeated fields are kept.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt as _;
use porta_protocol::params::Params;
use tokio::time::timeout;

/// Size limit of a form in bytes.
const FORM_LIMIT: usize = 56 * 1024;
/// Time limit for receiving a form, so that a sender that stalls does not hold the connection. Shorter than the default
/// shutdown grace, so that such a sender cannot make a shutdown exceed it.
const FORM_TIMEOUT: Duration = Duration::from_secs(8);

/// Why a body could not be read as a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    TooSlow,
    NotAForm,
    Malformed,
}

impl BodyError {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotAForm | Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }
}

pub(crate) async fn form(headers: &HeaderMap, body: Body) -> Result<Params, BodyError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let bytes = bytes(headers, body).await?;
    let is_nothing = essence.is_empty() && bytes.is_empty();
    if !is_form && !is_nothing {
        return Err(BodyError::NotAForm);
    }
    Params::parse(&bytes).map_err(|_| BodyError::Malformed)
}

/// Reads the raw bytes of a form, within the limits of size and time.
pub(crate) async fn bytes(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, BodyError> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<usize>().ok());
    if declared.is_some_and(|n| n > FORM_LIMIT) {
        return Err(BodyError::TooLarge);
    }
    read_body(body, FORM_TIMEOUT).await
}

/// Copies each chunk into one buffer as it arrives: kept as chunks, a body sent byte by byte would take fifty times its
/// size.
async fn read_body(body: Body, within: Duration) -> Result<Vec<u8>, BodyError> {
    let reading = async {
        let (mut parts, mut whole) = (body.into_data_stream(), Vec::new());
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| BodyError::Malformed)?;
            if part.len() > FORM_LIMIT - whole.len() {
                return Err(BodyError::TooLarge);
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole)
    };
    timeout(within, reading).await.unwrap_or(Err(BodyError::TooSlow))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Bytes;
    use axum::http::HeaderValue;
    use futures_util::stream;
    use proptest::prelude::*;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn read(content_type: Option<&[u8]>, bytes: Vec<u8>) -> Result<Params, BodyError> {
        let mut headers = HeaderMap::new();
        if let Some(value) = content_type.and_then(|t| HeaderValue::from_bytes(t).ok()) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        read_with(&headers, bytes)
    }

    fn read_with(headers: &HeaderMap, bytes: impl Into<Body>) -> Result<Params, BodyError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(form(headers, bytes.into()))
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_is_given_up() {
        let begun = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"a=1"))]);
        let body = Body::from_stream(begun.chain(stream::pending()));
        assert_eq!(read_body(body, Duration::from_millis(1)).await, Err(BodyError::TooSlow));
        assert_eq!(BodyError::TooSlow.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn a_body_in_parts_is_one_and_a_broken_one_is_none() {
        let parts = |last| stream::iter([Ok(Bytes::from_static(b"a=")), Ok(Bytes::from_static(b"1")), last]);
        let good = Body::from_stream(parts(Ok(Bytes::new())));
        assert_eq!(read_body(good, FORM_TIMEOUT).await.as_deref(), Ok(b"a=1".as_slice()));
        let broken = Body::from_stream(parts(Err("the connection was reset")));
        assert_eq!(read_body(broken, FORM_TIMEOUT).await, Err(BodyError::Malformed));
        let many = stream::repeat(Ok::<_, Infallible>(Bytes::from_static(b"a")));
        assert_eq!(read_body(Body::from_stream(many), FORM_TIMEOUT).await, Err(BodyError::TooLarge));
    }

    #[test]
    fn the_limit_is_exact_whatever_the_length_header_says() {
        let body = |n: usize| [b"a=".as_slice(), &vec![b'x'; n - 2]].concat();
        assert!(read(Some(FORM.as_bytes()), body(FORM_LIMIT)).is_ok());
        assert_eq!(read(Some(FORM.as_bytes()), body(FORM_LIMIT + 1)), Err(BodyError::TooLarge));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FORM));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(FORM_LIMIT + 1));
        assert_eq!(read_with(&headers, "a=1"), Err(BodyError::TooLarge));
        for wrong in ["-1", "x", "99999999999999999999999"] {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_str(wrong).unwrap());
            assert!(read_with(&headers, "a=1").is_ok(), "{wrong}");
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
