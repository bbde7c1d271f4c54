//! Files, piece by piece.

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::transport::{Received, read};

/// A file that the server sends. Its length is not limited, but no piece may take longer than the timeout.
#[derive(Debug)]
pub struct Download(Response);

impl Download {
    /// The next piece; `None` at the end. A file that breaks off is an error, not a shorter file.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.0.chunk().await?)
    }

    /// The whole file if it has at most `limit` bytes.
    pub async fn bytes(mut self, limit: usize) -> Result<Vec<u8>, Error> {
        read(&mut self.0, limit).await
    }

    /// The content of a JSON file of at most `limit` bytes.
    pub async fn json<T: DeserializeOwned>(self, limit: usize) -> Result<T, Error> {
        serde_json::from_slice(&self.bytes(limit).await?).map_err(Error::Decoding)
    }

    pub fn content_type(&self) -> Option<&str> {
        self.header(CONTENT_TYPE)
    }

    /// The name that the server proposes. It is not checked: use its last part only.
    pub fn file_name(&self) -> Option<&str> {
        self.header(CONTENT_DISPOSITION)?.split_once("filename=\"")?.1.split('"').next()
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }
}

/// Leaves the body to the caller.
#[expect(clippy::unnecessary_wraps, reason = "a reader of answers like the others")]
pub(crate) fn download(received: Received) -> Result<Download, Error> {
    Ok(Download(received.response))
}
