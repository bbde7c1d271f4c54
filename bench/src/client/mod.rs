//! A minimal HTTP/1.1 client. It shares a core with PostgreSQL and Redis, so it must use little CPU: no pool, no header
//! map, one buffer per connection, requests built once as bytes.

mod cookies;
mod html;
mod request;
mod response;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) use cookies::Jar;
pub(crate) use html::form_with;
pub(crate) use request::{Site, basic, form, query_value};
pub(crate) use response::Response;

/// Larger than any response, so that one `read` system call returns one response.
const BUFFER: usize = 64 * 1024;

/// The server is overloaded or rate-limits the client, and sent `Retry-After`. Only the flood scenario expects this.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RetryLater {
    status: u16,
    asked: String,
    pub(crate) retry_after: Duration,
}

impl std::fmt::Display for RetryLater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, asked, retry_after } = self;
        write!(f, "{status} for {asked}, to come back in {} s", retry_after.as_secs())
    }
}

impl std::error::Error for RetryLater {}

/// Reads `Retry-After` in seconds (RFC 9110 §10.2.3). `None` without it: such a refusal is an ordinary error.
fn retry_after_of(response: &Response<'_>) -> Option<Duration> {
    let seconds = response.header("retry-after")?.parse().ok()?;
    matches!(response.status, 429 | 503).then_some(Duration::from_secs(seconds))
}

/// One keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(site: &Site) -> Result<Self> {
        let stream = TcpStream::connect(site.address).await.context("connecting to the server")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Sends a request and reads the whole response.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Response<'_>> {
        self.stream.write_all(request).await.context("sending a request")?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await.context("reading an answer")? == 0 {
                bail!("the server closed the connection after {} bytes of an answer", self.buffer.len());
            }
            if let Some(layout) = response::parse(&self.buffer)? {
                return Ok(layout.on(&self.buffer));
            }
        }
    }

    /// Like [`Self::exchange`], but requires `status`. Fails with [`RetryLater`] when the server is too busy.
    pub(crate) async fn expect(&mut self, status: u16, request: &[u8]) -> Result<Response<'_>> {
        let response = self.exchange(request).await?;
        if response.status != status {
            let asked = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let asked = String::from_utf8_lossy(asked);
            if let Some(retry_after) = retry_after_of(&response) {
                let asked = asked.into_owned();
                return Err(RetryLater { status: response.status, asked, retry_after }.into());
            }
            bail!("expected {status} for {asked}, got {}", response.describe());
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_that_names_a_time_turns_away() {
        let of = |head: &str| {
            let bytes = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n").into_bytes();
            retry_after_of(&response::parse(&bytes).unwrap().unwrap().on(&bytes))
        };
        assert_eq!(of("503 Busy\r\nretry-after: 1"), Some(Duration::from_secs(1)));
        assert_eq!(of("429 Too Many Requests\r\nRetry-After: 30"), Some(Duration::from_secs(30)));
        assert_eq!(of("503 Busy"), None);
        assert_eq!(of("503 Busy\r\nretry-after: soon"), None);
        assert_eq!(of("500 Broken\r\nretry-after: 1"), None);
        assert_eq!(of("200 OK\r\nretry-after: 1"), None);
    }
}
