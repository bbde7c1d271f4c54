//! What travels sealed with the browser instead of being kept here: nothing is stored for somebody who has proven
//! nothing (decision D21).

use porta_core::Timestamp;
use porta_core::seal::Sealed;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::session::to_bytes;
use crate::{Engine, EngineError};

/// Purpose of the keys that seal it.
pub const SEALING_PURPOSE: &str = "travelling with the browser";

/// Longest plain text. Sealed, in base64url and signed, it fills a cookie of 4,096 bytes, attributes included, whose
/// path is as long as a path of ours gets (RFC 6265 §6.1: what every browser keeps).
pub(crate) const LONGEST: usize = 2_800;

/// A sealed value on its way to the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Travelling {
    pub text: String,
    /// It opens nothing from then on.
    pub until: Timestamp,
}

impl Engine {
    /// Seals a value for one place; it opens nowhere else. `None`: it is too long to travel.
    pub(crate) fn seal<T: Serialize>(&self, value: &T, place: &str) -> Result<Option<String>, EngineError> {
        let plain = to_bytes(value)?;
        if plain.len() > LONGEST {
            return Ok(None);
        }
        Ok(Some(self.travel_keys.seal(&plain, place, &*self.entropy).to_text()))
    }

    /// What was sealed for this place; anything else is as good as absent.
    pub(crate) fn unseal<T: DeserializeOwned>(&self, text: &str, place: &str) -> Option<T> {
        let plain = self.travel_keys.open(&Sealed::from_text(text)?, place).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}
