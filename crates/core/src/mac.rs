//! Signed texts that leave the server and come back unchanged: HMAC-SHA-256 before the text (RFC 2104).

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::seal::derive;

/// Signs texts for one purpose.
pub struct MacKey(hmac::Key);

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(…)")
    }
}

impl MacKey {
    pub fn new(secret: &[u8], purpose: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &derive(secret, purpose)))
    }

    /// Returns `base64url(MAC).text`. The MAC also covers `place`, the parts that say where the text belongs.
    pub fn sign(&self, place: &[&str], text: &str) -> String {
        let mac = hmac::sign(&self.0, &covered(place, text));
        format!("{}.{text}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// Returns the text if [`MacKey::sign`] signed it with this key for the same place, else `None`.
    pub fn verified<'a>(&self, place: &[&str], signed: &'a str) -> Option<&'a str> {
        let (mac, text) = signed.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        hmac::verify(&self.0, &covered(place, text), &mac).ok().map(|()| text)
    }
}

/// Prefixes each part with its length, so that no two combinations of place and text give the same input.
fn covered(place: &[&str], text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in place.iter().chain([&text]) {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: u8) -> MacKey {
        MacKey::new(&[secret; 32], "test")
    }

    #[test]
    fn a_text_counts_at_its_place_only() {
        let signed = key(1).sign(&["a", "b"], "text.with.dots");
        assert_eq!(key(1).verified(&["a", "b"], &signed), Some("text.with.dots"));
        for place in [&["a", "c"][..], &["b", "a"], &["ab"], &["ab", ""], &["a"], &["a", "b", ""], &[]] {
            assert_eq!(key(1).verified(place, &signed), None, "{place:?}");
        }
        assert_eq!(key(2).verified(&["a", "b"], &signed), None);
        assert_eq!(MacKey::new(&[1; 32], "other").verified(&["a", "b"], &signed), None);
    }

    #[test]
    fn what_is_not_signed_is_nothing() {
        let signed = key(1).sign(&["a"], "text");
        let (mac, text) = signed.split_once('.').unwrap();
        let others = [
            "",
            ".",
            "text",
            ".text",
            &format!("{mac}."),
            &format!("{mac}{text}"),
            &format!("{mac}=.{text}"),
        ];
        for other in others {
            assert_eq!(key(1).verified(&["a"], other), None, "{other}");
        }
        assert_eq!(key(1).verified(&["a"], &format!("{signed}x")), None);
        assert_eq!(key(1).verified(&["a"], &signed[1..]), None);
    }
}
