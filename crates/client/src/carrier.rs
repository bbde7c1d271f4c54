//! How requests reach the Admin API.

use async_trait::async_trait;

use crate::error::Error;

/// Takes a request to the Admin API and brings the answer. By default it goes to the server over HTTP; a program that
/// contains the Admin API may answer it itself ([`crate::Builder::carrier`]).
#[async_trait]
pub trait Carrier: Send + Sync {
    async fn carry(&self, request: reqwest::Request) -> Result<reqwest::Response, Error>;
}

#[async_trait]
impl Carrier for reqwest::Client {
    async fn carry(&self, request: reqwest::Request) -> Result<reqwest::Response, Error> {
        Ok(self.execute(request).await?)
    }
}
