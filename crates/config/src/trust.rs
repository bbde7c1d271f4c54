//! Whom outgoing TLS believes. What an operator names is read at start, whether anything speaks TLS or not: a file that
//! is not there is a mistake that would show itself on the worst of days.

use std::path::{Path, PathBuf};

use porta_trust::{Certificates, Roots};

use crate::reader::Reader;
use crate::variable::{PORTA_CA_FILE, SSL_CERT_DIR, SSL_CERT_FILE, VariableDoc};

const READABLE: &str = "name one that this process can read";
const PEM: &str = "certificates are in PEM and begin with -----BEGIN CERTIFICATE-----";

impl Reader<'_> {
    /// Read once, however many parts of the configuration need it, so that each problem is noted once.
    pub(crate) fn roots(&mut self) -> Roots {
        if let Some(roots) = &self.roots {
            return roots.clone();
        }
        let named = read_named(self);
        let added = match self.path(PORTA_CA_FILE) {
            Some(path) => read_file(self, PORTA_CA_FILE, &path, Damaged::Refused),
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

/// What a certificate in a file means that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Damaged {
    /// The file was made for Porta: each certificate in it is meant.
    Refused,
    /// The file is somebody's store, and those hold what is old and strange.
    PassedOver,
}

/// The store in place of the machine's. As in other programs, either variable replaces all of it.
fn read_named(reader: &mut Reader<'_>) -> Option<Certificates> {
    let file = reader.path(SSL_CERT_FILE);
    let directories = reader.text(SSL_CERT_DIR);
    if file.is_none() && directories.is_none() {
        return None;
    }
    let mut named = Certificates::default();
    if let Some(path) = &file {
        named.extend(read_file(reader, SSL_CERT_FILE, path, Damaged::PassedOver));
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

fn read_file(reader: &mut Reader<'_>, variable: &VariableDoc, path: &Path, damaged: Damaged) -> Certificates {
    match Certificates::of_file(path) {
        Err(error) => {
            let message = format!("the file it names cannot be read ({})", error.kind());
            reader.note(variable, message, READABLE);
        }
        Ok(found) if found.unusable > 0 && damaged == Damaged::Refused => {
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

/// `None`: one cannot be read, which was noted.
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
