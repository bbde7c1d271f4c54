//! A route with a constant body: the minimum work of a server built on axum. It has no middleware, so it is an upper
//! bound for the server's own precomputed responses.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use bytes::Bytes;

use crate::client::{Connection, Site};
use crate::drive::{MeasuredProcess, Measurement, Plan, closed_loop};
use crate::scenarios::FixedRequest;
use crate::world::free_port;

/// Serves the constant body until the process ends.
pub(crate) async fn serve(port: u16, length: usize) -> Result<()> {
    let body = Bytes::from(vec![b'x'; length]);
    let route = get(move || std::future::ready(([(header::CONTENT_TYPE, "application/json")], body.clone())));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, Router::new().route("/constant", route)).await.context("serving")
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The process holds no state; a failure to kill it cannot be handled here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures it on the server's core, with a body as long as the discovery document.
pub(crate) async fn constant_body(
    core: usize,
    length: usize,
    concurrency: usize,
    plan: Plan,
) -> Result<Measurement> {
    let port = free_port()?;
    let site = Site::new(port);
    let child = Command::new("taskset")
        .arg("-c")
        .arg(core.to_string())
        .arg(std::env::current_exe()?)
        .args(["constant", "--port", &port.to_string(), "--bytes", &length.to_string()])
        .stdin(Stdio::null())
        .spawn()
        .context("starting taskset")?;
    let running = Running(child);
    let started = Instant::now();
    while Connection::open(&site).await.is_err() {
        ensure!(started.elapsed() < Duration::from_secs(10), "the constant route did not come up");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut workers = Vec::with_capacity(concurrency);
    for _ in 0..concurrency {
        workers.push(FixedRequest::constant(&site).await?);
    }
    closed_loop(workers, plan, MeasuredProcess { pid: running.0.id(), core }).await
}
