//! Snapshot: carries the contents to the next process. Encrypted, written once at the end, read once at the start.
//!
//! ```text
//! serving ── save_snapshot ──▶ closed, file on disk ── load_snapshot ──▶ file gone ──▶ restored, serving
//! ```
//!
//! The file and a serving store never exist together: saving closes the store before it writes, loading deletes the
//! file before anything is served. So a crash at any point loses at most sessions, and no single-use value becomes
//! usable twice.
//!
//! Both work in chunks, so that neither needs more memory than the store already has: saving removes entries as it
//! writes them. Saving has a time limit: sessions come first, then used values, then the other kinds in reverse order
//! of eviction (see [`super::kinds`]); what is left when the time is over is lost.

mod file;
mod records;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use porta_core::seal::{Keyring, SealError};
use porta_core::{Entropy, Timestamp};

use self::file::{CHUNK_BYTES, SnapshotWriter, read_chunks};
use self::records::{Content, Record, append, records_of};
use super::MemoryKv;
use super::kinds::Kind;
use super::shard::StoredValue;
use super::shards::SHARDS;
use crate::KvKey;

/// Less than the time a process is given beyond its grace period before it is killed.
const SAVE_WITHIN: Duration = Duration::from_secs(3);

/// Why a snapshot was not saved or not loaded.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("snapshot file {path} cannot be {doing}")]
    Io {
        path: PathBuf,
        doing: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("not a snapshot of the short-lived store")]
    NotASnapshot,
    #[error("snapshot cannot be opened")]
    Sealed(#[from] SealError),
    #[error("snapshot is malformed")]
    Malformed,
}

/// Result of saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaveOutcome {
    pub entries: usize,
    /// Entries lost because the time was over.
    pub left_out: usize,
}

fn io_error(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> SnapshotError {
    move |source| SnapshotError::Io { path: path.to_owned(), doing, source }
}

impl MemoryKv {
    /// Saves everything for the next start and closes the store: every later call fails, because the next process owns
    /// the contents. `wall` is the wall-clock time, from which the next process starts. Blocks for up to three seconds
    /// plus the time the disk takes for the last chunk; call it last.
    pub fn save_snapshot(
        &self,
        path: &Path,
        wall: Timestamp,
        keys: &Keyring,
        entropy: &dyn Entropy,
    ) -> Result<SaveOutcome, SnapshotError> {
        self.save_within(SAVE_WITHIN, path, wall, keys, entropy)
    }

    pub(super) fn save_within(
        &self,
        within: Duration,
        path: &Path,
        wall: Timestamp,
        keys: &Keyring,
        entropy: &dyn Entropy,
    ) -> Result<SaveOutcome, SnapshotError> {
        self.is_closed.store(true, std::sync::atomic::Ordering::Release);
        let unfinished = beside(path, "new");
        let saved = self.write_new(within, &unfinished, wall, keys, entropy).and_then(|saved| {
            fs::rename(&unfinished, path).map_err(io_error(path, "put in place"))?;
            sync_directory(path)?;
            Ok(saved)
        });
        if saved.is_err() {
            // Best effort: an unfinished file is never read, and the next save replaces it.
            let _ = fs::remove_file(&unfinished);
        }
        saved
    }

    fn write_new(
        &self,
        within: Duration,
        path: &Path,
        wall: Timestamp,
        keys: &Keyring,
        entropy: &dyn Entropy,
    ) -> Result<SaveOutcome, SnapshotError> {
        let began = Instant::now();
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error(path, "replaced")(error));
            }
            Ok(()) | Err(_) => {}
        }
        // `create_new` follows no symbolic link that was placed there meanwhile.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(io_error(path, "created"))?;
        let written = || io_error(path, "written");
        let mut writer = SnapshotWriter::start(file, keys, entropy).map_err(written())?;
        // The remaining lifetime is carried over relative to `wall`: the two clocks may have drifted apart since the
        // start.
        let now = self.clock.now();
        let mut entries = 0;
        for kind in Kind::all().rev() {
            for number in 0..SHARDS {
                while began.elapsed() < within
                    && let Some(left) = self.take_chunk(number, kind, now, wall, &mut writer.chunk)
                {
                    entries += left;
                    writer.flush_full().map_err(written())?;
                }
            }
        }
        writer.finish().map_err(written())?;
        Ok(SaveOutcome { entries, left_out: self.entries() })
    }

    /// Moves some entries of a kind from a shard to the chunk being written. Returns how many had not expired; `None`
    /// when there are no more.
    fn take_chunk(
        &self,
        number: usize,
        kind: Kind,
        now: Timestamp,
        wall: Timestamp,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        const BATCH: usize = 64;
        let mut shard = self.shards.lock(number);
        let (mut taken, mut appended) = (0, 0);
        while taken < BATCH && out.len() < CHUNK_BYTES {
            let (key, content, ends) =
                if let Some((key, value, ends)) = shard.values.take_latest(kind, &self.usage) {
                    (key, Content::Value(value), ends)
                } else if let Some((key, count, ends)) = shard.counters.take_latest(kind, &self.usage) {
                    (key, Content::Count(count), ends)
                } else if shard.groups.take_latest(kind, &self.usage).is_some() {
                    // Groups are not saved: after a restart a few more codes than the limit may be live, for a minute.
                    taken += 1;
                    continue;
                } else {
                    break;
                };
            taken += 1;
            if now < ends {
                appended += usize::from(append(out, &key, &content, wall + ends.since(now)));
            }
        }
        (taken > 0).then_some(appended)
    }

    /// Restores what [`MemoryKv::save_snapshot`] left at `path` and returns the number of entries; 0 without a file.
    /// The file is deleted, durably, before anything is served, even when it is rejected: then the store is empty.
    /// Blocks; call it before serving.
    pub fn load_snapshot(&self, path: &Path, keys: &Keyring) -> Result<usize, SnapshotError> {
        // If two processes start together, the rename lets only one have the file.
        let claimed = beside(path, "loading");
        match fs::rename(path, &claimed) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(io_error(path, "claimed")(error)),
        }
        let opened = File::open(&claimed);
        fs::remove_file(&claimed).map_err(io_error(&claimed, "removed"))?;
        sync_directory(path)?;
        let file = opened.map_err(io_error(path, "read"))?;
        let restored = self.restore(path, file, keys);
        if restored.is_err() {
            for number in 0..SHARDS {
                self.shards.lock(number).clear(&self.usage);
            }
        }
        restored
    }

    fn restore(&self, path: &Path, file: File, keys: &Keyring) -> Result<usize, SnapshotError> {
        let now = self.clock.now();
        let mut restored = 0;
        for chunk in read_chunks(path, BufReader::new(file), keys)? {
            for record in records_of(&chunk?) {
                let record = record?;
                if now < record.expires_at {
                    self.restore_one(record, now);
                    restored += 1;
                }
            }
        }
        Ok(restored)
    }

    fn restore_one(&self, record: Record<'_>, now: Timestamp) {
        let Record { key, expires_at, content } = record;
        let key = KvKey::from_text(key);
        let mut shard = self.shards.lock_of(&key);
        let kind = match content {
            Content::Value(value) => shard.put(&key, value, Some(expires_at), now, &self.usage),
            Content::Count(count) => {
                shard.counters.insert(key.as_str(), (key.kind(), count), expires_at, now, &self.usage);
                key.kind()
            }
        };
        drop(shard);
        self.evict_excess(kind);
    }
}

/// A sibling in the same directory, so that renaming stays within one file system.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// A rename or removal survives a power failure only after its directory was synced.
fn sync_directory(path: &Path) -> Result<(), SnapshotError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory).and_then(|opened| opened.sync_all()).map_err(io_error(directory, "synchronized"))
}
