//! Code of a magic link, typed where the sign-in began when the mail is read on another device.

use porta_core::second_factor::CodeMac;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::codes::{ALPHABET, SYMBOLS, in_groups, typed_text};

/// Eight symbols, like a recovery code.
#[derive(Debug)]
pub struct LinkCode(SecretString);

impl LinkCode {
    /// Derives the code from [`CodeKey::link`](porta_core::second_factor::CodeKey::link). Bytes of the last, incomplete
    /// range are skipped, so each symbol is equally likely. `None` if 25 of 32 bytes are skipped: once in 10³⁰.
    pub fn of(mac: &CodeMac) -> Option<Self> {
        let limit = 256 - 256 % ALPHABET.len();
        let usable = mac.as_bytes().iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit);
        let code: Zeroizing<String> = Zeroizing::new(
            usable.take(SYMBOLS).map(|byte| char::from(ALPHABET[byte % ALPHABET.len()])).collect(),
        );
        (code.len() == SYMBOLS).then(|| Self(code.as_str().into()))
    }

    /// `XXXX-XXXX`, for the mail and the landing page.
    pub fn expose(&self) -> Zeroizing<String> {
        in_groups(&self.0)
    }

    /// Compares with typed text, in constant time.
    pub fn is(&self, typed: &str) -> bool {
        typed_text(typed, ALPHABET, SYMBOLS).is_some_and(|typed| {
            typed.expose_secret().as_bytes().ct_eq(self.0.expose_secret().as_bytes()).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code =
            LinkCode::of(&CodeMac::from_array(std::array::from_fn(|n| u8::try_from(n).unwrap()))).unwrap();
        assert_eq!(code.expose().as_str(), "ABCD-EFGH");
        for typed in ["ABCD-EFGH", " abcd efgh ", "ａｂｃｄ－ｅｆｇｈ"] {
            assert!(code.is(typed), "{typed}");
        }
        for wrong in ["", "ABCD-EFG", "ABCD-EFGJ", "ABCD-EFGHH", "ABCD-EFG\u{0}"] {
            assert!(!code.is(wrong), "{wrong}");
        }
    }

    #[test]
    fn bytes_that_would_favour_some_symbols_are_passed_over() {
        let mut bytes = [255; 32];
        bytes[24..].fill(30);
        assert_eq!(LinkCode::of(&CodeMac::from_array(bytes)).unwrap().expose().as_str(), "9999-9999");
        assert!(LinkCode::of(&CodeMac::from_array([255; 32])).is_none());
    }
}
