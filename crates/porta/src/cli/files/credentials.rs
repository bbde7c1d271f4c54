//! The file for generated secrets: readable by its owner only; a later run keeps the entries of earlier ones.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use crate::cli::private_file::PrivateFile;
use crate::failure::Failure;

pub(super) struct CredentialsFile {
    file: PrivateFile,
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
        let file = PrivateFile::open(path).map_err(|error| cannot("written", &error))?;
        Ok(Self { file, earlier })
    }

    /// Merges this run into the file; a client without a new secret keeps the one on file.
    pub(super) fn write(self, credentials: &[Value]) -> Result<(), Failure> {
        let Self { file, earlier: mut entries } = self;
        for credential in credentials {
            let place = entries.iter().position(|e| e["clientId"] == credential["clientId"]);
            match place {
                Some(at) if credential.get("secretPlaintext").is_some() => entries[at] = credential.clone(),
                Some(_) => {}
                None => entries.push(credential.clone()),
            }
        }
        let text = format!("{:#}\n", Value::from(entries));
        let path = file.path().display().to_string();
        file.write(&text).map_err(|error| {
            Failure::general(format!(
                "everything was applied, but {path} cannot be written: {error}; make new secrets for new clients"
            ))
        })
    }
}
