//! The contents carried from one process to the next: sealed, written once at the end, read once at the start.
//!
//! ```text
//! serving ── save_snapshot ──▶ closed, file on disk ── load_snapshot ──▶ file gone ──▶ restored, serving
//! ```
//!
//! The file and a serving store never exist together: saving closes the store before it writes, loading removes the
//! file before it restores. So a crash at any point loses at most people's sessions, and nothing is usable twice.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use porta_core::seal::{Keyring, SealError, Sealed};
use porta_core::{Entropy, Timestamp};

use super::{Kept, MemoryKv, Room};

/// First bytes of the file; the key id follows with its length in one byte, then the sealed contents.
const FILE_MAGIC: &[u8] = b"porta-kv-snapshot-1\n";
/// First bytes of the contents.
const MAGIC: &[u8] = b"kv1";
/// Associated data of the seal, so that no other sealed value passes for a snapshot.
const IDENTITY: &str = "kv:snapshot";

const LIVE: u8 = 0;
const USED: u8 = 1;
const COUNTER: u8 = 2;

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
    Foreign,
    #[error("snapshot cannot be opened")]
    Sealed(#[from] SealError),
    #[error("snapshot is malformed")]
    Malformed,
}

fn io_error(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> SnapshotError {
    move |source| SnapshotError::Io { path: path.to_owned(), doing, source }
}

impl MemoryKv {
    /// Everything that has not ended, in clear. [`MemoryKv::save_snapshot`] is what belongs on a disk.
    pub fn snapshot(&self) -> Vec<u8> {
        let now = self.clock.now();
        encode(&self.room(), now, now)
    }

    /// Adds what a snapshot holds and has not ended meanwhile, and says how many. A malformed one changes nothing.
    pub fn restore(&self, snapshot: &[u8]) -> Result<usize, SnapshotError> {
        let records = decode(snapshot)?;
        let mut room = self.room();
        let now = self.clock.now();
        let mut restored = 0;
        for record in records.into_iter().filter(|record| now < record.expires_at) {
            restored += 1;
            match record.content {
                Content::Value(value) => room.values.insert(record.key, value, record.expires_at, now),
                Content::Count(count) => room.counters.insert(record.key, count, record.expires_at, now),
            }
        }
        Ok(restored)
    }

    /// Saves everything for the next start and closes the store: every later call fails, because what it would use
    /// up, the next process has. `wall` is the time by the clock of the machine, which the next process starts from.
    /// Blocks; call it last.
    pub fn save_snapshot(
        &self,
        path: &Path,
        wall: Timestamp,
        keys: &Keyring,
        entropy: &dyn Entropy,
    ) -> Result<(), SnapshotError> {
        let contents = {
            let mut room = self.room();
            room.is_closed = true;
            encode(&room, self.clock.now(), wall)
        };
        let sealed = keys.seal(&contents, IDENTITY, entropy);
        let mut file = FILE_MAGIC.to_vec();
        file.push(u8::try_from(sealed.key_id.len()).map_err(|_| SnapshotError::Malformed)?);
        file.extend_from_slice(sealed.key_id.as_bytes());
        file.extend_from_slice(&sealed.bytes);

        let unfinished = beside(path, "new");
        let written = write_durably(&unfinished, path, &file);
        if written.is_err() {
            // Best effort: an unfinished file is never read, and the next save replaces it.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Restores what [`MemoryKv::save_snapshot`] left at `path`, and says how many entries; none without a file. The
    /// file is gone, durably, before anything is restored, and also when it is refused: then the store stays as it
    /// was. Blocks; call it before serving.
    pub fn load_snapshot(&self, path: &Path, keys: &Keyring) -> Result<usize, SnapshotError> {
        // Of two processes that start together, renaming lets one have the file.
        let claimed = beside(path, "loading");
        match fs::rename(path, &claimed) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(io_error(path, "claimed")(error)),
        }
        let read = fs::read(&claimed);
        fs::remove_file(&claimed).map_err(io_error(&claimed, "removed"))?;
        sync_directory(path)?;
        let file = read.map_err(io_error(path, "read"))?;
        self.restore(&unseal(&file, keys)?)
    }
}

fn unseal(file: &[u8], keys: &Keyring) -> Result<Vec<u8>, SnapshotError> {
    let rest = file.strip_prefix(FILE_MAGIC).ok_or(SnapshotError::Foreign)?;
    let (length, rest) = rest.split_first().ok_or(SnapshotError::Malformed)?;
    let (key_id, bytes) = rest.split_at_checked(usize::from(*length)).ok_or(SnapshotError::Malformed)?;
    let key_id = std::str::from_utf8(key_id).map_err(|_| SnapshotError::Malformed)?;
    Ok(keys.open(&Sealed { key_id: key_id.to_owned(), bytes: bytes.to_vec() }, IDENTITY)?)
}

/// A neighbour in the same directory, so that renaming stays within one file system.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Whole or not at all, and for the owner only from its first byte on.
fn write_durably(unfinished: &Path, path: &Path, bytes: &[u8]) -> Result<(), SnapshotError> {
    match fs::remove_file(unfinished) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io_error(unfinished, "replaced")(error)),
    }
    // `create_new` follows no link that somebody put there meanwhile.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(unfinished)
        .map_err(io_error(unfinished, "created"))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io_error(unfinished, "written"))?;
    fs::rename(unfinished, path).map_err(io_error(path, "put in place"))?;
    sync_directory(path)
}

/// A rename or removal survives a power cut once its directory is on disk.
fn sync_directory(path: &Path) -> Result<(), SnapshotError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory).and_then(|opened| opened.sync_all()).map_err(io_error(directory, "synchronized"))
}

enum Content {
    Value(Kept),
    Count(u64),
}

struct Record<'a> {
    key: &'a str,
    expires_at: Timestamp,
    content: Content,
}

/// Per entry: kind (1 byte), end (8), key length (4), key, value length (4), value; numbers are little endian. What is
/// left of a lifetime at `now` is what is left of it at `wall`: the clocks may have parted since the start.
fn encode(room: &Room, now: Timestamp, wall: Timestamp) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let end = |expires_at: Timestamp| wall + expires_at.since(now);
    for (key, kept, expires_at) in room.values.iter(now) {
        match kept {
            Kept::Live(value) => encode_record(&mut out, LIVE, key, end(expires_at), value),
            Kept::Used(value) => encode_record(&mut out, USED, key, end(expires_at), value),
        }
    }
    for (key, count, expires_at) in room.counters.iter(now) {
        encode_record(&mut out, COUNTER, key, end(expires_at), &count.to_le_bytes());
    }
    out
}

fn encode_record(out: &mut Vec<u8>, kind: u8, key: &str, expires_at: Timestamp, value: &[u8]) {
    let (Ok(key_length), Ok(value_length)) = (u32::try_from(key.len()), u32::try_from(value.len())) else {
        // 4 GiB: no caller stores that, and losing it means signing in again.
        return;
    };
    out.push(kind);
    out.extend_from_slice(&expires_at.micros().to_le_bytes());
    out.extend_from_slice(&key_length.to_le_bytes());
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(&value_length.to_le_bytes());
    out.extend_from_slice(value);
}

fn decode(bytes: &[u8]) -> Result<Vec<Record<'_>>, SnapshotError> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(SnapshotError::Foreign)?;
    let mut records = Vec::new();
    while !rest.is_empty() {
        records.push(decode_record(&mut rest).ok_or(SnapshotError::Malformed)?);
    }
    Ok(records)
}

fn decode_record<'a>(rest: &mut &'a [u8]) -> Option<Record<'a>> {
    let [kind] = *take_array::<1>(rest)?;
    let expires_at = Timestamp::from_micros(i64::from_le_bytes(*take_array(rest)?));
    let key = std::str::from_utf8(take_block(rest)?).ok()?;
    let value = take_block(rest)?;
    let content = match kind {
        LIVE => Content::Value(Kept::Live(Bytes::copy_from_slice(value))),
        USED => Content::Value(Kept::Used(Bytes::copy_from_slice(value))),
        COUNTER => Content::Count(u64::from_le_bytes(value.try_into().ok()?)),
        _ => return None,
    };
    Some(Record { key, expires_at, content })
}

fn take_array<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(taken)
}

fn take_block<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32::from_le_bytes(*take_array(rest)?)).ok()?;
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}
