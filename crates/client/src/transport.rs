//! Sends requests to one server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH, RETRY_AFTER};
use reqwest::{Body, Response, Url};
use secrecy::{ExposeSecret as _, SecretString};

use crate::carrier::Carrier;
use crate::error::{ApiError, Error};
use crate::request::Request;
use crate::retry::Retries;
use crate::token::TokenSource;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Refusals are short.
const LARGEST_REFUSAL: usize = 256 * 1024;

pub(crate) struct Transport {
    pub(crate) carrier: Arc<dyn Carrier>,
    /// Everything is below it.
    pub(crate) base: Url,
    pub(crate) tokens: Arc<dyn TokenSource>,
    pub(crate) retries: Retries,
    /// For a whole call that is not streamed.
    pub(crate) timeout: Duration,
    /// Of an answer that is not streamed.
    pub(crate) largest_answer: usize,
}

/// A successful answer. Its body is read, unless it is streamed.
pub(crate) struct Received {
    pub(crate) response: Response,
    pub(crate) body: Vec<u8>,
}

/// Reads an answer.
pub(crate) type Decode<A> = fn(Received) -> Result<A, Error>;

impl Transport {
    /// Sends a request until it is answered or cannot be repeated.
    pub(crate) async fn send(&self, request: &Request) -> Result<Received, Error> {
        if let Some(problem) = &request.problem {
            return Err(Error::Usage(problem.clone()));
        }
        let mut token =
            if request.is_authorized { Some(self.tokens.token().await.map_err(Error::Token)?) } else { None };
        let (mut sent, mut is_renewed) = (1, false);
        loop {
            let error = match self.attempt(request, token.as_ref()).await {
                Ok(received) => return Ok(received),
                Err(error) => error,
            };
            if let (Some(refused), Some(401), false) = (&token, error.api().map(|e| e.status), is_renewed) {
                let Some(renewed) = self.tokens.renewed(refused).await.map_err(Error::Token)? else {
                    return Err(error);
                };
                (token, is_renewed) = (Some(renewed), true);
                continue;
            }
            let Some(wait) = self.retries.wait(request, sent, &error) else { return Err(error) };
            tokio::time::sleep(wait).await;
            sent += 1;
        }
    }

    async fn attempt(&self, request: &Request, token: Option<&SecretString>) -> Result<Received, Error> {
        let mut sent = reqwest::Request::new(request.method.clone(), self.url(request));
        *sent.headers_mut() = headers(request, token)?;
        *sent.body_mut() = request.body.clone().map(Body::from);
        if !request.is_streamed {
            *sent.timeout_mut() = Some(self.timeout);
        }
        let mut response = self.carrier.carry(sent).await?;
        tracing::debug!(method = %request.method, path = %request.path, status = response.status().as_u16(), "asked");
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        let body =
            if request.is_streamed { Vec::new() } else { read(&mut response, self.largest_answer).await? };
        Ok(Received { response, body })
    }

    fn url(&self, request: &Request) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), request.path));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        url
    }
}

fn headers(request: &Request, token: Option<&SecretString>) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let mut add = |name: HeaderName, text: &str| -> Result<(), Error> {
        let unfit = |_| Error::Usage(format!("not fit for the header {name}"));
        headers.insert(name.clone(), HeaderValue::from_str(text).map_err(unfit)?);
        Ok(())
    };
    if !request.is_streamed {
        add(ACCEPT, "application/json")?;
    }
    if request.body.is_some() {
        add(CONTENT_TYPE, "application/json")?;
    }
    if let Some(version) = &request.if_match {
        add(IF_MATCH, version.as_str())?;
    }
    if let Some(key) = &request.idempotency_key {
        add(IDEMPOTENCY_KEY, key)?;
    }
    if let Some(token) = token {
        let unfit = |_| Error::Usage("not fit for a header: the access token".to_owned());
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(unfit)?;
        value.set_sensitive(true);
        headers.insert(reqwest::header::AUTHORIZATION, value);
    }
    Ok(headers)
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(response: &mut Response, limit: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if chunk.len() > limit - body.len() {
            return Err(Error::TooLong { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn refusal(mut response: Response) -> Error {
    let header = |name: HeaderName| response.headers().get(name)?.to_str().ok();
    let request_id = header(REQUEST_ID).map(str::to_owned);
    let seconds = header(RETRY_AFTER).and_then(|text| text.trim().parse().ok());
    let status = response.status();
    // The status says enough if the body does not arrive.
    let body = read(&mut response, LARGEST_REFUSAL).await.unwrap_or_default();
    Error::Api(Box::new(ApiError::new(status, &body, request_id, seconds.map(Duration::from_secs))))
}

/// Without the token.
impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transport").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}
