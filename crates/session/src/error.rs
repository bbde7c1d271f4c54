//! Failures of the stores and of the signing keys.

use porta_kv::KvError;
use porta_store::StoreError;

/// A failure that the request did not cause. `Display` is for the log; callers get `temporarily_unavailable` or
/// `server_error`.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Kv(#[from] KvError),
    #[error("signing failed: {0}")]
    Signing(String),
    #[error("stored value is unreadable: {0}")]
    Unreadable(String),
}

impl BackendError {
    /// Whether a dependency is unavailable: the same request may succeed in a moment.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unavailable(_)) | Self::Kv(KvError::Unavailable(_)))
    }
}

/// Cache loaders share one error among all waiters; each gets a copy of its text and kind.
impl From<std::sync::Arc<BackendError>> for BackendError {
    fn from(shared: std::sync::Arc<BackendError>) -> Self {
        let text = shared.to_string();
        if shared.is_unavailable() {
            return Self::Store(StoreError::Unavailable(text.into()));
        }
        Self::Store(StoreError::Failed(text.into()))
    }
}
