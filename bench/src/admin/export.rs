//! An export, and the memory of the server meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Site;
use crate::process::resident_kib;

/// Bytes from one reading of the memory to the next.
const READ_EVERY: usize = 256 * 1024;
/// The last chunk of a body (RFC 9112 §7.1).
const END: &[u8] = b"0\r\n\r\n";

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Exported {
    pub(crate) users: u64,
    pub(crate) bytes: usize,
    pub(crate) elapsed: Duration,
    /// Resident memory in KiB before, after the first tenth and at most in the rest.
    pub(crate) before: u64,
    pub(crate) early: u64,
    pub(crate) most: u64,
}

/// Reads an export to its end, without keeping it: the other client would parse the whole body again with each read.
pub(crate) async fn measure(site: &Site, path: &str, token: &str, pid: u32, users: u64) -> Result<Exported> {
    let before = resident_kib(pid)?;
    let mut stream = TcpStream::connect(site.address).await.context("connecting to the server")?;
    let bearer = format!("Bearer {token}");
    let started = Instant::now();
    stream.write_all(&site.get(path, &[("authorization", &bearer)])).await?;
    let (mut buffer, mut tail) = (vec![0; 64 * 1024], Vec::new());
    let (mut bytes, mut next_reading, mut rows) = (0, 0, 0_u64);
    let mut readings = Vec::new();
    loop {
        let count = stream.read(&mut buffer).await.context("reading the export")?;
        ensure!(count > 0, "the export ended after {bytes} bytes");
        let piece = &buffer[..count];
        if bytes == 0 {
            ensure!(piece.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(piece));
        }
        bytes += count;
        rows += u64::try_from(piece.split(|byte| *byte == b'@').count() - 1)?;
        if bytes >= next_reading {
            readings.push(resident_kib(pid)?);
            next_reading = bytes + READ_EVERY;
        }
        tail.extend_from_slice(&piece[count.saturating_sub(END.len())..]);
        tail.drain(..tail.len().saturating_sub(END.len()));
        if tail == END {
            break;
        }
    }
    let elapsed = started.elapsed();
    ensure!(rows == users, "{rows} addresses instead of {users}");
    let (early, rest) = readings.split_at(readings.len().div_ceil(10));
    let most = |readings: &[u64]| readings.iter().copied().max().unwrap_or(before);
    Ok(Exported { users, bytes, elapsed, before, early: most(early), most: most(rest) })
}
