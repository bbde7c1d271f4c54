//! Prints the memory per entry of the in-process store in bytes, next to what its limits assume.
//!
//! `cargo run --release -p porta-kv --example entry_bytes -- KIND LENGTH [ENTRIES]`
//!
//! `limit 0` is a counter, `session 350` a session, `code 1000` an authorization code. Measure one kind per run: freed
//! memory is reused. Only entries that the kind's limit lets stay are counted, even if more are stored.

#![expect(clippy::print_stdout, reason = "what a program like this is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use porta_core::SystemClock;
use porta_kv::{Kv as _, KvKey, MemoryKv, RateLimit};

const HOUR: Duration = Duration::from_hours(1);

fn resident() -> Result<usize, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: usize = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (kind, length, count) = match &*arguments {
        [kind, length] => (kind, length.parse()?, 100_000),
        [kind, length, count] => (kind, length.parse()?, count.parse()?),
        _ => return Err("usage: entry_bytes KIND LENGTH [ENTRIES]".into()),
    };
    let kv = MemoryKv::new(Arc::new(SystemClock));
    let before = resident()?;
    let mut slowest = Duration::ZERO;
    for n in 0..count {
        let key = KvKey::from_text(&format!("0198c5d2-7a31-7e10-8a52-3f5c9d1e2b47:{kind}:{n:064x}"));
        let began = Instant::now();
        if length == 0 {
            kv.hit(&[RateLimit { key, maximum: 1, window: HOUR }]).await?;
        } else {
            kv.put(&key, Bytes::from(vec![7; length]), HOUR + Duration::from_millis(n)).await?;
        }
        slowest = slowest.max(began.elapsed());
    }
    let entries = kv.entries();
    let each = (resident()? - before) / entries;
    println!(
        "{kind}: {entries} entries of {each} bytes, reckoned {}; slowest {slowest:?}",
        kv.bytes() / entries
    );
    Ok(())
}
