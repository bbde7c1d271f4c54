//! HTTP client of the demo application.

use std::time::Duration;

use anyhow::Context as _;
use axum::body::Bytes;
use axum::http::{StatusCode, header};

#[derive(Clone)]
pub(super) struct HttpClient(reqwest::Client);

impl HttpClient {
    pub(super) fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .context("the demo application has no HTTP client")?;
        Ok(Self(client))
    }

    pub(super) async fn get(&self, url: &str, bearer: Option<&str>) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = self.0.get(url);
        send(match bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    pub(super) async fn post_form(
        &self,
        url: &str,
        basic: &str,
        form: String,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = self
            .0
            .post(url)
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        send(request).await
    }
}

async fn send(request: reqwest::RequestBuilder) -> anyhow::Result<(StatusCode, Bytes)> {
    let response = request.send().await.context("the issuer does not answer")?;
    Ok((response.status(), response.bytes().await?))
}
