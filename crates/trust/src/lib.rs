//! Trust anchors for outgoing TLS: one set of certificate authorities for PostgreSQL, Redis, mail and traces (decision
//! 0045).
//!
//! ```text
//! SSL_CERT_FILE, SSL_CERT_DIR, or else the store of this machine ──┐
//!                                                   PORTA_CA_FILE ──┴──► Roots ──PEM──► each library
//! ```
//!
//! PEM is the one format that every library accepts. None keeps its own default: these differ between a built-in list,
//! the system store, and an environment variable of the library's own.

mod certificates;

use std::fmt;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use certificates::{Certificates, LoadedCertificates};

/// Line length of PEM base64 (RFC 7468 §2).
const LINE: usize = 64;

/// Set of trusted authorities. Clones share it.
#[derive(Clone)]
pub struct Roots(Arc<Inner>);

struct Inner {
    /// Replaces the system store.
    named: Option<Certificates>,
    added: Certificates,
    /// Built when first needed: most processes open no TLS connection from here, and a system store is 200 kB in 300
    /// files.
    pem: OnceLock<String>,
}

impl Roots {
    /// Trusts `named`, or else the system store, and in addition `added`.
    pub fn new(named: Option<Certificates>, added: Certificates) -> Self {
        Self(Arc::new(Inner { named, added, pem: OnceLock::new() }))
    }

    /// The system store.
    pub fn system() -> Self {
        Self::new(None, Certificates::default())
    }

    /// These and no others.
    pub fn only(certificates: Certificates) -> Self {
        Self::new(Some(certificates), Certificates::default())
    }

    /// All certificates as one PEM text; empty if nothing is trusted.
    pub fn pem(&self) -> &str {
        self.0.pem.get_or_init(|| {
            let mut all = self.0.named.clone().unwrap_or_else(Certificates::from_system_store);
            all.extend(self.0.added.clone());
            to_pem(&all)
        })
    }

    /// Nothing is trusted, so no certificate can be verified.
    pub fn is_empty(&self) -> bool {
        self.pem().is_empty()
    }
}

/// Shows only their number: the certificates would fill pages.
impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.0.named.as_ref().map(Certificates::len);
        f.debug_struct("Roots").field("named", &named).field("added", &self.0.added.len()).finish()
    }
}

fn to_pem(certificates: &Certificates) -> String {
    let mut pem = String::new();
    for der in certificates.iter() {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let text = STANDARD.encode(der);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(LINE));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = include_str!("../testdata/isrg-root-x2.pem");
    const OTHER: &str = include_str!("../testdata/amazon-root-ca-3.pem");

    fn parsed(pem: &str) -> Certificates {
        Certificates::parse(pem.as_bytes()).certificates
    }

    #[test]
    fn what_was_read_is_written_as_it_was() {
        assert_eq!(Roots::only(parsed(ONE)).pem(), ONE);
        assert_eq!(Roots::only(parsed(&format!("{ONE}\r\n{OTHER}"))).pem(), format!("{ONE}{OTHER}"));
    }

    #[test]
    fn what_is_added_comes_beside_the_rest_and_nothing_twice() {
        let roots = Roots::new(Some(parsed(ONE)), parsed(&[OTHER, ONE].concat()));
        assert_eq!(roots.pem(), [ONE, OTHER].concat());
        assert_eq!(roots.clone().pem(), roots.pem());
    }

    #[test]
    fn the_machine_counts_where_nothing_else_is_named() {
        let machine = Roots::system();
        // Not in the store of any machine, as the public ones are.
        let private = include_str!("../testdata/private-root.pem");
        let more = Roots::new(None, parsed(private));
        assert_eq!(more.pem(), [machine.pem(), private].concat());
        assert!(!Roots::only(parsed(OTHER)).pem().contains(ONE.trim_end()));
    }

    #[test]
    fn nobody_is_believed_by_nothing() {
        assert!(Roots::only(Certificates::default()).is_empty());
        assert!(!Roots::only(parsed(ONE)).is_empty());
    }

    #[test]
    fn no_page_of_certificates_is_printed() {
        let shown = format!("{:?}", Roots::new(Some(parsed(ONE)), parsed(OTHER)));
        assert_eq!(shown, "Roots { named: Some(1), added: 1 }");
    }
}
