//! Trusted roots of outgoing TLS (decision 0045). Files that an operator names are read at start, even if nothing uses
//! TLS, so that a missing one is noticed then and not during an outage.

use std::path::{Path, PathBuf};

use porta_trust::{Certificates, Roots};

use crate::reader::Reader;
use crate::variable::{PORTA_CA_FILE, SSL_CERT_DIR, SSL_CERT_FILE, VariableDoc};

const READABLE: &str = "name one that this process can read";
const PEM: &str = "certificates are in PEM and begin with -----BEGIN CERTIFICATE-----";

impl Reader<'_> {
    /// Reads the roots once, however many parts of the configuration need them, so that each problem is noted once.
    pub(crate) fn roots(&mut self) -> Roots {
        if let Some(roots) = &self.roots {
            return roots.clone();
        }
        let named = read_named(self);
        let added = match self.path(PORTA_CA_FILE) {
            Some(path) => read_file(self, PORTA_CA_FILE, &path, OnDamaged::Refuse),
            None => Certificates::default(),
        };
        let roots = Roots::new(named, added);
        self.roots = Some(roots.clone());
        roots
    }

    fn path(&mut self, variable: &VariableDoc) -> Option<PathBuf> {
        self.text(variable).map(|path| self.source().directory().join(path))
    }
}

/// What to do with a file that contains unusable certificates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDamaged {
    /// Refuse it: the file was made for Porta, so each of its certificates is needed.
    Refuse,
    /// Skip them: the file is a general store, and those contain old and unusual certificates.
    Skip,
}

/// Reads the store that replaces the machine's. As in other programs, either variable replaces all of it.
fn read_named(reader: &mut Reader<'_>) -> Option<Certificates> {
    let file = reader.path(SSL_CERT_FILE);
    let directories = reader.text(SSL_CERT_DIR);
    if file.is_none() && directories.is_none() {
        return None;
    }
    let mut named = Certificates::default();
    if let Some(path) = &file {
        named.extend(read_file(reader, SSL_CERT_FILE, path, OnDamaged::Skip));
    }
    if let Some(list) = &directories {
        let found = read_directories(reader, list);
        if found.as_ref().is_some_and(Certificates::is_empty) && file.is_none() {
            reader.note(SSL_CERT_DIR, "no file in it holds a certificate", PEM);
        }
        named.extend(found.unwrap_or_default());
    }
    Some(named)
}

fn read_file(
    reader: &mut Reader<'_>,
    variable: &VariableDoc,
    path: &Path,
    on_damaged: OnDamaged,
) -> Certificates {
    match Certificates::of_file(path) {
        Err(error) => {
            let message = format!("the file it names cannot be read ({})", error.kind());
            reader.note(variable, message, READABLE);
        }
        Ok(found) if found.unusable > 0 && on_damaged == OnDamaged::Refuse => {
            let message = format!("{} of the certificates in its file cannot be used", found.unusable);
            reader.note(variable, message, format!("replace what is damaged or cut off; {PEM}"));
        }
        Ok(found) if found.certificates.is_empty() => {
            reader.note(variable, "the file it names holds no certificate", PEM);
        }
        Ok(found) => return found.certificates,
    }
    Certificates::default()
}

/// `None`: one of them cannot be read, which was noted.
fn read_directories(reader: &mut Reader<'_>, list: &str) -> Option<Certificates> {
    let mut all = Certificates::default();
    for path in std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()) {
        match Certificates::of_directory(&reader.source().directory().join(path)) {
            Ok(found) => all.extend(found.certificates),
            Err(error) => {
                let message =
                    format!("a directory it names, or a file in one, cannot be read ({})", error.kind());
                reader.note(SSL_CERT_DIR, message, READABLE);
                return None;
            }
        }
    }
    Some(all)
}
