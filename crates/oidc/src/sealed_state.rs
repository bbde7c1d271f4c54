//! Values that travel sealed (AEAD) with the browser: nothing is stored for somebody who has proven nothing (decision
//! D21).

use porta_core::Timestamp;
use porta_core::seal::Sealed;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::session::to_bytes;
use crate::{Engine, EngineError};

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
pub(crate) fn fits_in_cookie(text: &str) -> bool {
    text.len() <= LONGEST_TEXT
}

impl Engine {
    /// Seals a value for one place (the associated data) and until one time; it cannot be opened for another place or
    /// later.
    pub(crate) fn seal<T: Serialize>(
        &self,
        value: &T,
        place: &str,
        until: Timestamp,
    ) -> Result<String, EngineError> {
        let plain = to_bytes(&WithExpiry { until, value })?;
        Ok(self.sealed_state_keys.seal(&plain, place, &*self.entropy).to_text())
    }

    /// Opens a value sealed for this place and returns it with its expiry. `None`: sealed for another place, altered or
    /// expired.
    pub(crate) fn unseal<T: DeserializeOwned>(&self, text: &str, place: &str) -> Option<(T, Timestamp)> {
        let plain = self.sealed_state_keys.open(&Sealed::from_text(text)?, place).ok()?;
        let WithExpiry { until, value } = serde_json::from_slice(&plain).ok()?;
        (self.now() < until).then_some((value, until))
    }
}
