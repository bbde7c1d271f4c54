//! Reads request bodies within limits of size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use tokio::time::timeout;

/// Limits of a request body.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    pub bytes: usize,
    /// For receiving all of it, so that a sender that stalls does not hold the connection. Choose less than the
    /// shutdown grace, so that such a sender cannot make a shutdown exceed it.
    pub within: Duration,
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadError {
    TooLarge,
    TooSlow,
    /// The connection broke, or the body is framed wrongly.
    Broken,
}

/// Reads the bytes of a body.
pub async fn read(headers: &HeaderMap, body: Body, limits: BodyLimits) -> Result<Vec<u8>, ReadError> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<usize>().ok());
    if declared.is_some_and(|n| n > limits.bytes) {
        return Err(ReadError::TooLarge);
    }
    timeout(limits.within, read_parts(body, limits.bytes)).await.unwrap_or(Err(ReadError::TooSlow))
}

/// Copies each chunk into one buffer as it arrives: kept as chunks, a body sent byte by byte would take fifty times its
/// size.
async fn read_parts(body: Body, limit: usize) -> Result<Vec<u8>, ReadError> {
    let (mut parts, mut whole) = (body.into_data_stream(), Vec::new());
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| ReadError::Broken)?;
        if part.len() > limit - whole.len() {
            return Err(ReadError::TooLarge);
        }
        whole.extend_from_slice(&part);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Bytes;
    use axum::http::HeaderValue;
    use futures_util::stream;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits { bytes: 1000, within: Duration::from_secs(8) };

    #[tokio::test]
    async fn a_body_that_does_not_end_is_given_up() {
        let begun = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"a=1"))]);
        let body = Body::from_stream(begun.chain(stream::pending()));
        let limits = BodyLimits { within: Duration::from_millis(1), ..LIMITS };
        assert_eq!(read(&HeaderMap::new(), body, limits).await, Err(ReadError::TooSlow));
    }

    #[tokio::test]
    async fn a_body_in_parts_is_one_and_a_broken_one_is_none() {
        let none = HeaderMap::new();
        let parts = |last| stream::iter([Ok(Bytes::from_static(b"a=")), Ok(Bytes::from_static(b"1")), last]);
        let good = Body::from_stream(parts(Ok(Bytes::new())));
        assert_eq!(read(&none, good, LIMITS).await.as_deref(), Ok(b"a=1".as_slice()));
        let broken = Body::from_stream(parts(Err("the connection was reset")));
        assert_eq!(read(&none, broken, LIMITS).await, Err(ReadError::Broken));
        let many = stream::repeat(Ok::<_, Infallible>(Bytes::from_static(b"a")));
        assert_eq!(read(&none, Body::from_stream(many), LIMITS).await, Err(ReadError::TooLarge));
    }

    #[tokio::test]
    async fn the_limit_is_exact_whatever_the_length_header_says() {
        let mut headers = HeaderMap::new();
        let body = |n: usize| Body::from(vec![b'x'; n]);
        assert!(read(&headers, body(LIMITS.bytes), LIMITS).await.is_ok());
        assert_eq!(read(&headers, body(LIMITS.bytes + 1), LIMITS).await, Err(ReadError::TooLarge));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(LIMITS.bytes + 1));
        assert_eq!(read(&headers, body(1), LIMITS).await, Err(ReadError::TooLarge));
        for wrong in ["-1", "x", "99999999999999999999999"] {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static(wrong));
            assert!(read(&headers, body(1), LIMITS).await.is_ok(), "{wrong}");
        }
    }
}
