//! A file that only its owner reads. It is written beside its place and renamed when complete, so that an aborted run
//! leaves no partial file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

pub(super) struct PrivateFile {
    path: PathBuf,
    partial: PathBuf,
    file: File,
}

impl PrivateFile {
    /// Called before anything is changed, so that no run begins whose result could not be kept.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let partial = path.with_file_name(format!(".{name}.{}", std::process::id()));
        // What a killed process with the same id left.
        drop(std::fs::remove_file(&partial));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        Ok(Self { path: path.to_owned(), partial, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds to what the file will hold.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Replaces the file at the path.
    pub(super) fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.partial, &self.path)
    }

    /// Replaces the file at the path by a text.
    pub(super) fn write(mut self, text: &str) -> io::Result<()> {
        self.append(text.as_bytes())?;
        self.finish()
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // Fails after a successful rename, when the file is gone.
        drop(std::fs::remove_file(&self.partial));
    }
}
