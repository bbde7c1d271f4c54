//! Requests of the demo application to the issuer beside it: plain HTTP on loopback.

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Answers above this are not ours.
const LIMIT: usize = 1 << 20;

#[derive(Clone)]
pub(super) struct HttpClient(Client<HttpConnector, Body>);

impl HttpClient {
    pub(super) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    pub(super) async fn get(&self, url: &str, bearer: Option<&str>) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut request = Request::builder().method(Method::GET).uri(url);
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(Body::empty())?).await
    }

    pub(super) async fn post_form(
        &self,
        url: &str,
        basic: &str,
        form: String,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))?;
        self.send(request).await
    }

    async fn send(&self, request: Request<Body>) -> anyhow::Result<(StatusCode, Bytes)> {
        let response = self.0.request(request).await.context("the issuer does not answer")?;
        let status = response.status();
        let bytes = axum::body::to_bytes(Body::new(response.into_body()), LIMIT).await?;
        Ok((status, bytes))
    }
}
