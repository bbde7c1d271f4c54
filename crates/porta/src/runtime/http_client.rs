//! HTTP to somebody else: whom its certificate must come from.

use porta_trust::Roots;
use reqwest::Certificate;
use url::Url;

/// Whom a client believes that asks `url`. Nothing is read, and nobody needed, where no certificate is shown.
pub(crate) fn believed(roots: &Roots, url: &Url) -> reqwest::Result<Vec<Certificate>> {
    if url.scheme() == "https" {
        Certificate::from_pem_bundle(roots.pem().as_bytes())
    } else {
        Ok(Vec::new())
    }
}
