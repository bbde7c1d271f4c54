//! Outgoing HTTP: trusted certificate authorities.

use porta_trust::Roots;
use reqwest::Certificate;
use url::Url;

/// Certificate authorities that a client of `url` trusts. Empty, without parsing any, unless the scheme is https.
pub(crate) fn trusted_certificates(roots: &Roots, url: &Url) -> reqwest::Result<Vec<Certificate>> {
    if url.scheme() == "https" {
        Certificate::from_pem_bundle(roots.pem().as_bytes())
    } else {
        Ok(Vec::new())
    }
}
