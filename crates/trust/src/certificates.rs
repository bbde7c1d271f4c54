//! Reads certificates from files, directories and the system store.

use std::io;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths};

/// Certificates of authorities, without duplicates. Each is usable as a trust anchor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificates(Vec<CertificateDer<'static>>);

/// Result of reading a text, a file or a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadedCertificates {
    pub certificates: Certificates,
    /// Number of certificates skipped as damaged or not usable as a trust anchor.
    pub unusable: usize,
}

impl LoadedCertificates {
    fn take(&mut self, certificate: CertificateDer<'static>) {
        // Checked by the library that will verify with it.
        let is_usable = RootCertStore::empty().add(CertificateDer::from_slice(&certificate)).is_ok();
        if is_usable {
            self.certificates.add(certificate);
        } else {
            self.unusable += 1;
        }
    }
}

impl Certificates {
    /// Reads the certificates of a PEM text. Skips everything else, such as a private key.
    pub fn parse(pem: &[u8]) -> LoadedCertificates {
        // A byte order mark, which some editors write, would hide the first line.
        let pem = pem.strip_prefix(b"\xef\xbb\xbf").unwrap_or(pem);
        let mut found = LoadedCertificates::default();
        for item in CertificateDer::pem_slice_iter(pem) {
            match item {
                Ok(certificate) => found.take(certificate),
                Err(_) => found.unusable += 1,
            }
        }
        found
    }

    /// Reads the certificates of a PEM file.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn of_file(path: &Path) -> io::Result<LoadedCertificates> {
        std::fs::read(path).map(|bytes| Self::parse(&bytes))
    }

    /// Reads the certificates of the files in a directory, in the layout of OpenSSL (`c_rehash`).
    ///
    /// # Errors
    ///
    /// If the directory, or a file in it, cannot be read.
    pub fn of_directory(path: &Path) -> io::Result<LoadedCertificates> {
        // Checked first, because the library's error says less.
        std::fs::read_dir(path)?;
        let CertificateResult { certs, errors, .. } = load_certs_from_paths(None, Some(path));
        let mut found = LoadedCertificates::default();
        for certificate in certs {
            found.take(certificate);
        }
        for error in errors {
            match error.kind {
                ErrorKind::Io { inner, .. } => return Err(inner),
                _ => found.unusable += 1,
            }
        }
        Ok(found)
    }

    /// Loads the system store from where other programs look for it. Unreadable parts are skipped: somebody else
    /// maintains it, and a connection that needs them fails with an error of its own.
    pub(crate) fn from_system_store() -> Self {
        let places = openssl_probe::probe();
        let mut directories = places.cert_dir.iter().map(PathBuf::as_path);
        // In one call, so that a file with several names is read once.
        let mut results = vec![load_certs_from_paths(places.cert_file.as_deref(), directories.next())];
        results.extend(directories.map(|directory| load_certs_from_paths(None, Some(directory))));
        let mut found = LoadedCertificates::default();
        for CertificateResult { certs, errors, .. } in results {
            for certificate in certs {
                found.take(certificate);
            }
            for error in errors {
                tracing::debug!(%error, "a system CA certificate cannot be read");
            }
        }
        found.certificates
    }

    fn add(&mut self, certificate: CertificateDer<'static>) {
        if !self.0.contains(&certificate) {
            self.0.push(certificate);
        }
    }

    /// Adds those that are missing.
    pub fn extend(&mut self, others: Self) {
        for certificate in others.0 {
            self.add(certificate);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|certificate| &**certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = include_str!("../testdata/isrg-root-x2.pem");
    const OTHER: &str = include_str!("../testdata/amazon-root-ca-3.pem");
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n-----END PRIVATE KEY-----\n";

    fn counts(text: impl AsRef<[u8]>) -> (usize, usize) {
        let found = Certificates::parse(text.as_ref());
        (found.certificates.len(), found.unusable)
    }

    #[test]
    fn a_file_is_read_as_people_write_it() {
        for text in [
            ONE.to_owned(),
            format!("\u{feff}{ONE}"),
            ONE.replace('\n', "\r\n"),
            format!("# Our authority\n\n{ONE}\nand nothing else"),
            format!("{ONE}{KEY}"),
            format!("{ONE}{ONE}"),
            ONE.trim_end().to_owned(),
        ] {
            assert_eq!(counts(&text), (1, 0), "{text}");
        }
        assert_eq!(counts([ONE, OTHER].concat()), (2, 0));
    }

    #[test]
    fn what_is_no_certificate_is_not_counted_as_one() {
        let der = Certificates::parse(ONE.as_bytes()).certificates.0[0].to_vec();
        for none in [Vec::new(), b"certificate".to_vec(), KEY.as_bytes().to_vec(), der] {
            assert_eq!(counts(&none), (0, 0), "{none:?}");
        }
    }

    #[test]
    fn what_is_damaged_is_counted_and_takes_nothing_else_with_it() {
        let cut = &ONE[..ONE.len() / 2];
        let end = "-----END CERTIFICATE-----\n";
        for (text, expected) in [
            (cut.to_owned(), (0, 1)),
            (format!("{OTHER}{cut}"), (1, 1)),
            (format!("{cut}\n{end}{OTHER}"), (1, 1)),
            (format!("-----BEGIN CERTIFICATE-----\n!!!\n{end}{OTHER}"), (1, 1)),
            (format!("-----BEGIN CERTIFICATE-----\n{end}"), (0, 1)),
            (ONE.replacen('M', "N", 1), (0, 1)),
        ] {
            assert_eq!(counts(&text), expected, "{text}");
        }
    }

    #[test]
    fn files_and_directories_that_are_not_there_say_so() {
        let place = tempfile::tempdir().unwrap();
        let kind = |error: io::Error| error.kind();
        let missing = place.path().join("missing");
        assert_eq!(Certificates::of_file(&missing).map_err(kind), Err(io::ErrorKind::NotFound));
        assert_eq!(Certificates::of_directory(&missing).map_err(kind), Err(io::ErrorKind::NotFound));
        let file = place.path().join("one.pem");
        std::fs::write(&file, ONE).unwrap();
        assert!(Certificates::of_file(place.path()).is_err(), "a directory is no file");
        assert!(Certificates::of_directory(&file).is_err(), "a file is no directory");
    }

    #[test]
    fn a_directory_is_all_its_files() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let count = || {
            let found = Certificates::of_directory(place.path()).unwrap();
            (found.certificates.len(), found.unusable)
        };
        assert_eq!(count(), (0, 0));
        std::fs::write(at("one.pem"), ONE).unwrap();
        std::fs::write(at("other.crt"), OTHER).unwrap();
        std::fs::write(at("README"), "Authorities of ours").unwrap();
        std::os::unix::fs::symlink("one.pem", at("8794b4e3.0")).unwrap();
        std::os::unix::fs::symlink("gone.pem", at("00000000.0")).unwrap();
        std::fs::create_dir(at("below")).unwrap();
        std::fs::write(at("below/more.pem"), ONE).unwrap();
        assert_eq!(count(), (2, 0));
        std::fs::write(at("broken.pem"), &ONE[..100]).unwrap();
        assert_eq!(count(), (2, 1));
    }
}
