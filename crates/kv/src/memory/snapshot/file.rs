//! File format: a header, then encrypted chunks.
//!
//! ```text
//! "porta-kv-snapshot-2\n" │ key id length, 1 │ key id │ file id, 16 │ length, 4 │ sealed chunk │ length, 4 │ …
//! ```
//!
//! The associated data of each chunk names the file, the number of the chunk, and whether it is the last one. So chunks
//! of other files, reordered chunks and truncated files are rejected. Version 1, which the previous release wrote, had
//! one chunk.

use std::fs::File;
use std::io::{self, BufRead as _, Read as _, Write as _};

use porta_core::seal::Sealed;
use porta_core::secret::hex;

use super::{BufReader, Entropy, Keyring, Path, SnapshotError, io_error};

const MAGIC: &[u8] = b"porta-kv-snapshot-2\n";
const MAGIC_1: &[u8] = b"porta-kv-snapshot-1\n";
/// First bytes of the plaintext of version 1.
const CONTENTS_1: &[u8] = b"kv1";
/// Associated data, so that no other ciphertext passes for a snapshot.
const IDENTITY: &str = "kv:snapshot";

/// A chunk is encrypted when it has this many bytes. Bounds the memory of writing and reading to a few times as much.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;
/// Limits what a file can make us allocate. Above any chunk, which exceeds `CHUNK_BYTES` by at most one entry.
const MAX_CHUNK_BYTES: usize = 8 << 20;
/// Pieces between two syncs, so that the last sync has little left to write when time is over.
const CHUNKS_PER_SYNC: usize = 64;

fn identity(file: &[u8; 16], number: usize, is_last: bool) -> String {
    let end = if is_last { "end" } else { "more" };
    format!("{IDENTITY}:{}:{number}:{end}", hex(file))
}

pub(super) struct SnapshotWriter<'a> {
    file: File,
    keys: &'a Keyring,
    entropy: &'a dyn Entropy,
    id: [u8; 16],
    number: usize,
    /// Plaintext not written yet.
    pub(super) chunk: Vec<u8>,
}

impl<'a> SnapshotWriter<'a> {
    pub(super) fn start(mut file: File, keys: &'a Keyring, entropy: &'a dyn Entropy) -> io::Result<Self> {
        let id = entropy.bytes::<16>();
        let key_id = keys.current_id();
        let mut head = MAGIC.to_vec();
        head.push(u8::try_from(key_id.len()).map_err(io::Error::other)?);
        head.extend_from_slice(key_id.as_bytes());
        head.extend_from_slice(&id);
        file.write_all(&head)?;
        Ok(Self {
            file,
            keys,
            entropy,
            id,
            number: 0,
            chunk: Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4),
        })
    }

    pub(super) fn flush_full(&mut self) -> io::Result<()> {
        if self.chunk.len() < CHUNK_BYTES {
            return Ok(());
        }
        self.write_chunk(false)?;
        if self.number.is_multiple_of(CHUNKS_PER_SYNC) {
            self.file.sync_data()?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write_chunk(true)?;
        self.file.sync_all()
    }

    fn write_chunk(&mut self, is_last: bool) -> io::Result<()> {
        let identity = identity(&self.id, self.number, is_last);
        let sealed = self.keys.seal(&self.chunk, &identity, self.entropy);
        self.number += 1;
        self.chunk.clear();
        let length = u32::try_from(sealed.bytes.len()).map_err(io::Error::other)?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(&sealed.bytes)
    }
}

type Chunks<'a> = Box<dyn Iterator<Item = Result<Vec<u8>, SnapshotError>> + 'a>;

/// Decrypts the chunks one by one and returns their records.
pub(super) fn read_chunks<'a>(
    path: &'a Path,
    mut file: BufReader<File>,
    keys: &'a Keyring,
) -> Result<Chunks<'a>, SnapshotError> {
    let mut magic = [0; MAGIC.len()];
    if !fill(path, &mut file, &mut magic)? {
        return Err(SnapshotError::NotASnapshot);
    }
    if magic == MAGIC_1 {
        return Ok(Box::new(std::iter::once(single_chunk(path, file, keys))));
    }
    if magic != MAGIC {
        return Err(SnapshotError::NotASnapshot);
    }
    let key_id = key_id(path, &mut file)?;
    let mut id = [0; 16];
    ensure(fill(path, &mut file, &mut id)?)?;
    let mut reader = ChunkReader { path, file, keys, key_id, id, number: 0, is_over: false };
    Ok(Box::new(std::iter::from_fn(move || reader.next_chunk())))
}

struct ChunkReader<'a> {
    path: &'a Path,
    file: BufReader<File>,
    keys: &'a Keyring,
    key_id: String,
    id: [u8; 16],
    number: usize,
    is_over: bool,
}

impl ChunkReader<'_> {
    fn next_chunk(&mut self) -> Option<Result<Vec<u8>, SnapshotError>> {
        if self.is_over {
            return None;
        }
        let chunk = self.read();
        self.is_over |= chunk.is_err();
        Some(chunk)
    }

    fn read(&mut self) -> Result<Vec<u8>, SnapshotError> {
        let mut length = [0; 4];
        ensure(fill(self.path, &mut self.file, &mut length)?)?;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        ensure(length <= MAX_CHUNK_BYTES)?;
        let mut bytes = vec![0; length];
        ensure(fill(self.path, &mut self.file, &mut bytes)?)?;
        // Nothing may follow the last chunk; the AEAD check below rejects any other chunk at the end.
        let is_last = self.file.fill_buf().map_err(io_error(self.path, "read"))?.is_empty();
        let sealed = Sealed { key_id: self.key_id.clone(), bytes };
        let chunk = self.keys.open(&sealed, &identity(&self.id, self.number, is_last))?;
        self.number += 1;
        self.is_over = is_last;
        Ok(chunk)
    }
}

/// Reads the contents of a version 1 file, after its magic.
fn single_chunk(path: &Path, mut file: BufReader<File>, keys: &Keyring) -> Result<Vec<u8>, SnapshotError> {
    let key_id = key_id(path, &mut file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(io_error(path, "read"))?;
    let mut contents = keys.open(&Sealed { key_id, bytes }, IDENTITY)?;
    ensure(contents.starts_with(CONTENTS_1))?;
    contents.drain(..CONTENTS_1.len());
    Ok(contents)
}

fn key_id(path: &Path, file: &mut BufReader<File>) -> Result<String, SnapshotError> {
    let mut length = [0];
    ensure(fill(path, file, &mut length)?)?;
    let mut id = vec![0; usize::from(length[0])];
    ensure(fill(path, file, &mut id)?)?;
    String::from_utf8(id).map_err(|_| SnapshotError::Malformed)
}

/// Returns `false` when the file ends before `out` is full.
fn fill(path: &Path, file: &mut BufReader<File>, out: &mut [u8]) -> Result<bool, SnapshotError> {
    match file.read_exact(out) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(io_error(path, "read")(error)),
    }
}

fn ensure(is_so: bool) -> Result<(), SnapshotError> {
    if is_so { Ok(()) } else { Err(SnapshotError::Malformed) }
}
