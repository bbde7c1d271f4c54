//! Reads form bodies, the only request bodies of this server: one media type, one size limit; repeated fields are kept.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use porta_protocol::params::Params;
use porta_web::body::{BodyLimits, ReadError, read};

/// Limits of a form. The time is shorter than the default shutdown grace.
const LIMITS: BodyLimits = BodyLimits { bytes: 56 * 1024, within: Duration::from_secs(8) };

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

impl From<ReadError> for BodyError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooLarge => Self::TooLarge,
            ReadError::TooSlow => Self::TooSlow,
            ReadError::Broken => Self::Malformed,
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
    read(headers, body, LIMITS).await.map_err(BodyError::from)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn read(content_type: Option<&[u8]>, bytes: Vec<u8>) -> Result<Params, BodyError> {
        let mut headers = HeaderMap::new();
        if let Some(value) = content_type.and_then(|t| HeaderValue::from_bytes(t).ok()) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(form(&headers, bytes.into()))
    }

    #[test]
    fn a_form_has_a_limit_and_an_error_its_status() {
        let body = |n: usize| [b"a=".as_slice(), &vec![b'x'; n - 2]].concat();
        assert!(read(Some(FORM.as_bytes()), body(LIMITS.bytes)).is_ok());
        assert_eq!(read(Some(FORM.as_bytes()), body(LIMITS.bytes + 1)), Err(BodyError::TooLarge));
        assert_eq!(BodyError::from(ReadError::TooSlow).status(), StatusCode::REQUEST_TIMEOUT);
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
