//! Background tasks: apply change notices, record use of client secrets, sweep, remember the issuer.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use porta_core::{Change, settings};
use porta_kv::{MemoryKv, NoticeEvent};
use porta_oidc::secret_use::SecretUse;
use porta_session::SharedServices;
use tokio_util::sync::CancellationToken;

use super::clock_jump::ClockJumpDetector;
use super::services::{Services, ShortLivedBackend};

const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// How long expired entries of the in-process store stay in memory.
const MEMORY_SWEEP_EVERY: Duration = Duration::from_secs(1);
const SWEEP_EVERY: Duration = Duration::from_mins(1);
const SWEEP_BATCH: u32 = 1000;
/// At most 500,000 rows a minute, more than a busy server creates.
const SWEEP_ROUNDS: u32 = 500;
/// Between two attempts to remember the issuer.
const REMEMBER_EVERY: Duration = Duration::from_secs(5);
/// Delay until a direct command's change reaches an embedded server.
const WATCH_EVERY: Duration = Duration::from_millis(250);

/// Starts all tasks; they end with `stop`.
pub(crate) fn start(services: &Services, stop: &CancellationToken) {
    let shared = &services.shared;
    tokio::spawn(apply_change_notices(Arc::clone(shared), services.kv.subscribe(), stop.clone()));
    tokio::spawn(flush(Arc::clone(&services.provider.secret_use), stop.clone()));
    tokio::spawn(sweep(Arc::clone(shared), stop.clone()));
    tokio::spawn(retry_remember_issuer(Arc::clone(shared), stop.clone()));
    if let ShortLivedBackend::Memory { kv, data_dir, .. } = &services.short_lived {
        tokio::spawn(sweep_memory_store(Arc::clone(kv), stop.clone()));
        tokio::spawn(watch_notices_file(Arc::clone(shared), data_dir.join(NOTICES_FILE), stop.clone()));
    }
}

/// Stores the public address of this installation, for commands that mail links. Returns `false` when the database is
/// unavailable or not migrated.
pub(crate) async fn remember_issuer(shared: &SharedServices) -> bool {
    let issuer = shared.issuer_base();
    match shared.store().remember_issuer_base(issuer, shared.now()).await {
        Ok(true) => {
            tracing::info!(
                event = "issuer.remembered",
                issuer,
                "issuer address stored; commands use it in links"
            );
        }
        Ok(false) => {}
        Err(error) => {
            tracing::debug!(%error, "the issuer address was not stored yet");
            return false;
        }
    }
    true
}

async fn retry_remember_issuer(shared: Arc<SharedServices>, stop: CancellationToken) {
    while !remember_issuer(&shared).await && wait(REMEMBER_EVERY, &stop).await {}
}

/// Direct commands append to this file when there is no Redis to publish through.
pub(crate) const NOTICES_FILE: &str = "notices";

async fn apply_change_notices(
    shared: Arc<SharedServices>,
    mut notices: tokio::sync::broadcast::Receiver<NoticeEvent>,
    stop: CancellationToken,
) {
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = porta_kv::next_notice(&mut notices) => event,
        };
        match event {
            None => return,
            Some(NoticeEvent::Gap) => shared.caches.clear(),
            Some(NoticeEvent::Notice(notice)) => match Change::from_topic_and_key(&notice.topic, &notice.key)
            {
                Some(change) => shared.caches.apply_change(&change),
                // Format of a newer version: drop everything cached.
                None => shared.caches.clear(),
            },
        }
    }
}

async fn flush(secret_use: Arc<SecretUse>, stop: CancellationToken) {
    while wait(FLUSH_EVERY, &stop).await {
        if let Err(error) = secret_use.flush().await {
            tracing::warn!(%error, "last use of client secrets was not recorded");
        }
    }
}

/// Deletes expired rows in bounded batches under a lease, oldest first (decision 0016).
async fn sweep(shared: Arc<SharedServices>, stop: CancellationToken) {
    let began = Instant::now();
    let mut watch = ClockJumpDetector::new(shared.now());
    while wait(SWEEP_EVERY, &stop).await {
        let now = shared.now();
        if !watch.is_plausible(now, began.elapsed()) {
            continue;
        }
        let settings = match shared.store().repositories().settings(None).all().await {
            Ok(platform) => settings::Settings::layered(&[&platform]),
            Err(error) => {
                tracing::warn!(%error, "sweep was skipped");
                continue;
            }
        };
        let kept = Duration::from_hours(24).saturating_mul(
            u32::try_from(settings.number(settings::AUDIT_RETENTION_DAYS)).unwrap_or(u32::MAX),
        );
        let mut rows = 0;
        // A full batch means that more rows remain; each batch is a short transaction.
        for _ in 0..SWEEP_ROUNDS {
            match shared.store().sweep(now, now - kept, SWEEP_BATCH).await {
                Ok(swept) => {
                    rows += swept.rows;
                    if swept.rows < u64::from(SWEEP_BATCH) {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "sweep failed");
                    break;
                }
            }
        }
        if rows > 0 {
            tracing::info!(rows, "expired rows removed");
        }
    }
}

/// Sweeps the in-process store and logs evictions.
async fn sweep_memory_store(kv: Arc<MemoryKv>, stop: CancellationToken) {
    let mut logged: HashMap<&'static str, u64> = HashMap::new();
    let mut silent_until = Instant::now();
    while wait(MEMORY_SWEEP_EVERY, &stop).await {
        kv.sweep().await;
        if Instant::now() < silent_until {
            continue;
        }
        for (kind, evicted) in kv.evicted() {
            let before = logged.insert(kind, evicted).unwrap_or(0);
            if evicted > before {
                let entries = evicted - before;
                tracing::warn!(
                    event = "short_lived.full",
                    kind,
                    entries,
                    "the short-lived store is full and evicted entries before they expired"
                );
                silent_until = Instant::now() + SWEEP_EVERY;
            }
        }
    }
}

async fn watch_notices_file(shared: Arc<SharedServices>, file: PathBuf, stop: CancellationToken) {
    let length = || std::fs::metadata(&file).map_or(0, |m| m.len());
    let mut seen = length();
    while wait(WATCH_EVERY, &stop).await {
        let now = length();
        if now != seen {
            seen = now;
            shared.caches.clear();
        }
    }
}

/// Returns `false` on `stop`.
async fn wait(duration: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(duration) => true,
    }
}
