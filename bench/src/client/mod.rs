//! A lean HTTP/1.1 client. It shares a core with PostgreSQL and Redis, so it must cost little: no pool, no header map,
//! one buffer per connection, requests as ready bytes.

mod cookies;
mod html;
mod request;
mod response;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) use cookies::Jar;
pub(crate) use html::login_form;
pub(crate) use request::{Site, basic, form, query_value};
pub(crate) use response::Response;

/// Larger than any answer, so that one system call reads one answer.
const BUFFER: usize = 64 * 1024;

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

    /// Sends a request and reads the whole answer.
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

    /// The same, and the answer must have that status.
    pub(crate) async fn expect(&mut self, status: u16, request: &[u8]) -> Result<Response<'_>> {
        let response = self.exchange(request).await?;
        if response.status != status {
            let asked = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let asked = String::from_utf8_lossy(asked);
            bail!("expected {status} for {asked}, got {}", response.describe());
        }
        Ok(response)
    }
}
