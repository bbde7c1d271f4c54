//! Values of the short-lived store: written as JSON, for the time that is left.

use std::time::Duration;

use bytes::Bytes;
use porta_core::Timestamp;
use serde::Serialize;

use crate::error::BackendError;

/// JSON for the short-lived store.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Bytes, BackendError> {
    serde_json::to_vec(value).map(Into::into).map_err(|e| BackendError::Unreadable(e.to_string()))
}

/// Time left, never zero, because a write needs a positive lifetime.
pub fn remaining(expires_at: Timestamp, now: Timestamp) -> Duration {
    expires_at.since(now).max(Duration::from_millis(1))
}
