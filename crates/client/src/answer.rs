//! Reads answers.

use std::ops::Deref;

use reqwest::header::ETAG;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::etag::ETag;
use crate::transport::Received;

/// An entity and its version.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    value: T,
    etag: Option<ETag>,
}

impl<T> Versioned<T> {
    /// To be sent with a change of what was read.
    pub fn etag(&self) -> Option<&ETag> {
        self.etag.as_ref()
    }

    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Versioned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The envelope of most answers.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

/// An answer without a body.
#[expect(clippy::unnecessary_wraps, reason = "a reader of answers like the others")]
pub(crate) fn nothing(_: Received) -> Result<(), Error> {
    Ok(())
}

/// The whole body.
#[expect(clippy::needless_pass_by_value, reason = "a reader of answers like the others")]
pub(crate) fn whole<T: DeserializeOwned>(received: Received) -> Result<T, Error> {
    serde_json::from_slice(&received.body).map_err(Error::Decoding)
}

/// What is in the envelope.
pub(crate) fn data<T: DeserializeOwned>(received: Received) -> Result<T, Error> {
    whole::<Envelope<T>>(received).map(|envelope| envelope.data)
}

/// The whole body, and the version in the header.
pub(crate) fn versioned_whole<T: DeserializeOwned>(received: Received) -> Result<Versioned<T>, Error> {
    let etag = received.response.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(ETag::new);
    Ok(Versioned { value: whole(received)?, etag })
}

/// What is in the envelope, and the version in the header.
pub(crate) fn versioned_data<T: DeserializeOwned>(received: Received) -> Result<Versioned<T>, Error> {
    let Versioned { value, etag } = versioned_whole::<Envelope<T>>(received)?;
    Ok(Versioned { value: value.data, etag })
}
