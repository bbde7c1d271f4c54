//! Values that travel sealed (AEAD) with the browser: nothing is stored for somebody who has proven nothing (decision
//! D21).

use std::sync::Arc;

use porta_core::Timestamp;
use porta_core::seal::{Keyring, Sealed};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::backend::Backend;
use crate::error::BackendError;
use crate::short_lived::to_bytes;

/// Purpose from which the sealing keys are derived.
pub const SEALING_PURPOSE: &str = "travelling with the browser";

/// Longest sealed text that fits a cookie. Signed, with our longest path and all attributes, that makes the 4,096 bytes
/// which every browser keeps (RFC 6265 §6.1). As part of an address it passes every proxy.
const LONGEST_TEXT: usize = 3_760;

/// A sealed value on its way to the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedState {
    pub text: String,
    /// It cannot be opened from then on.
    pub until: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct WithExpiry<T> {
    until: Timestamp,
    value: T,
}

/// Whether a sealed value fits a cookie or an address.
pub fn fits_in_cookie(text: &str) -> bool {
    text.len() <= LONGEST_TEXT
}

/// Seals values for a place and a time.
pub struct Sealer {
    backend: Arc<Backend>,
    keyring: Keyring,
}

impl Sealer {
    pub(crate) fn new(backend: Arc<Backend>, keyring: Keyring) -> Self {
        Self { backend, keyring }
    }

    /// Seals a value for one place (the associated data) and until one time; it cannot be opened for another place or
    /// later.
    pub fn seal<T: Serialize>(
        &self,
        value: &T,
        place: &str,
        until: Timestamp,
    ) -> Result<String, BackendError> {
        let plain = to_bytes(&WithExpiry { until, value })?;
        Ok(self.keyring.seal(&plain, place, &*self.backend.entropy).to_text())
    }

    /// Opens a value sealed for this place and returns it with its expiry. `None`: sealed for another place, altered or
    /// expired.
    pub fn unseal<T: DeserializeOwned>(&self, text: &str, place: &str) -> Option<(T, Timestamp)> {
        let plain = self.keyring.open(&Sealed::from_text(text)?, place).ok()?;
        let WithExpiry { until, value } = serde_json::from_slice(&plain).ok()?;
        (self.backend.now() < until).then_some((value, until))
    }
}
