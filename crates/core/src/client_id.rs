//! Public identifiers of OAuth clients.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// The public identifier of a client (RFC 6749 §2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// 1–255 printable ASCII characters without space (a subset of RFC 6749 §A.1 that survives any encoding).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("client_id", "use 1 to 255 printable ASCII characters without spaces"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_are_printable_ascii() {
        assert!(ClientId::parse("demo-web").is_ok());
        for bad in ["", "a b", "é", "a\u{0}", &"x".repeat(256)] {
            assert!(ClientId::parse(bad).is_err(), "{bad}");
        }
    }
}
