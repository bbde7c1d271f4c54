//! A copy of a database under a name that no server reads, until it is examined.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::exchange::with_suffix;

/// The first bytes of each SQLite file.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
/// What SQLite keeps beside a file that was not closed, and needs to read it.
pub(super) const LOGS: [&str; 2] = ["-wal", "-journal"];

/// How the other name begins; the number of the process follows.
const NAME: &str = ".porta.sqlite.restored.";

pub(super) struct Staged {
    path: PathBuf,
}

impl Staged {
    /// Copies a database, with what is beside it: opening the file itself would change it.
    pub(super) fn of(database: &Path, directory: &Path) -> io::Result<Self> {
        let mut file = File::open(database)?;
        let mut first = [0; 16];
        if file.read_exact(&mut first).is_err() || first != *SQLITE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no SQLite database"));
        }
        file.rewind()?;
        let staged = Self { path: directory.join(format!("{NAME}{}", std::process::id())) };
        // What a killed process with the same id left.
        staged.remove();
        copy(file, &staged.path)?;
        for suffix in LOGS {
            match File::open(with_suffix(database, suffix)) {
                Ok(log) => copy(log, &with_suffix(&staged.path, suffix))?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(staged)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it the name of the store, in one step.
    pub(super) fn put(self, store: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, store)
    }

    fn remove(&self) {
        for suffix in ["", "-wal", "-journal", "-shm"] {
            // Most are not there, and none after a rename.
            drop(fs::remove_file(with_suffix(&self.path, suffix)));
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Removes what killed processes left in a directory that is locked: as much as a store, and its secrets are in it.
pub(super) fn remove_left_overs(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(NAME)) {
        drop(fs::remove_file(entry.path()));
    }
}

/// Copies to a file that is not there yet.
pub(super) fn copy(mut from: File, to: &Path) -> io::Result<()> {
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}
