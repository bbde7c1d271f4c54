//! What can go wrong underneath a decision.

use porta_kv::KvError;
use porta_store::StoreError;

/// A failure that is nobody's request's fault. `Display` is for the log; callers hear `temporarily_unavailable` or
/// `server_error`.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Kv(#[from] KvError),
    #[error("signing failed: {0}")]
    Signing(String),
    #[error("stored value is unreadable: {0}")]
    Unreadable(String),
}

impl EngineError {
    /// A dependency is away: the same request may succeed in a moment.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unavailable(_)) | Self::Kv(KvError::Unavailable(_)))
    }
}

/// Shared loaders hand their error to every waiter.
impl From<std::sync::Arc<EngineError>> for EngineError {
    fn from(shared: std::sync::Arc<EngineError>) -> Self {
        let text = shared.to_string();
        if shared.is_unavailable() {
            return Self::Store(StoreError::Unavailable(text.into()));
        }
        Self::Store(StoreError::Failed(text.into()))
    }
}
