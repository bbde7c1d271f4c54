//! The file for generated secrets: only its owner reads it, and a later run keeps what earlier runs wrote.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use porta_directory::provision::Report;
use serde_json::Value;

use crate::cli::Failure;

/// Written beside the final name first and renamed when complete, so that no run leaves half a file.
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

    /// Adds this run to what was there; a client without a new secret does not lose the one on file.
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
        // Gone already when it was renamed.
        drop(std::fs::remove_file(&self.partial));
    }
}
