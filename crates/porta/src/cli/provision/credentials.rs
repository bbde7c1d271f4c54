//! The file for generated secrets: readable by its owner only; a later run keeps the entries of earlier ones.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use porta_directory::provision::Report;
use serde_json::Value;

use crate::failure::Failure;

/// Written to a temporary file and renamed when complete, so that an aborted run leaves no partial file.
pub(super) struct CredentialsFile {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    earlier: Vec<Value>,
}

impl CredentialsFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let cannot = |what: &str, e: &dyn std::fmt::Display| {
            Failure::general(format!("{} cannot be {what}: {e}", path.display()))
        };
        let earlier = match std::fs::read_to_string(path) {
            Ok(text) => match serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text)) {
                Ok(Value::Array(entries)) => entries,
                _ => return Err(cannot("replaced", &"it is not a file of credentials; name another")),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(cannot("read", &error)),
        };
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let partial = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)
            .map_err(|error| cannot("written", &error))?;
        Ok(Self { path: path.to_owned(), partial, file, earlier })
    }

    /// Merges this run into the file; a client without a new secret keeps the one on file.
    pub(super) fn write(mut self, report: &Report) -> Result<(), Failure> {
        let report = report.to_json(true);
        let mut entries = std::mem::take(&mut self.earlier);
        for credential in report["credentials"].as_array().into_iter().flatten() {
            let place = entries.iter().position(|e| e["clientId"] == credential["clientId"]);
            match place {
                Some(at) if credential.get("secretPlaintext").is_some() => entries[at] = credential.clone(),
                Some(_) => {}
                None => entries.push(credential.clone()),
            }
        }
        let text = format!("{:#}\n", Value::from(entries));
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_all())
            .and_then(|()| std::fs::rename(&self.partial, &self.path));
        written.map_err(|error| {
            let path = self.path.display();
            Failure::general(format!(
                "everything was applied, but {path} cannot be written: {error}; make new secrets for new clients"
            ))
        })
    }
}

impl Drop for CredentialsFile {
    fn drop(&mut self) {
        // Fails after a successful rename, when the file is gone.
        drop(std::fs::remove_file(&self.partial));
    }
}
