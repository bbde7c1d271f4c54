//! TLS of outgoing connections.

/// Database, Redis and HTTP clients share one crypto provider.
pub(crate) fn install_provider() {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
}
