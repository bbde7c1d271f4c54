//! Mailed codes, and recovery codes for a lost factor.

use porta_core::second_factor::{CodeKey, CodeMac, CodePurpose};
use porta_core::{Entropy, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::typed::normal;

/// Digits of a mailed code.
const DIGITS: usize = 6;
/// Symbols of a recovery code.
pub(super) const SYMBOLS: usize = 8;
/// Letters and digits without the ambiguous I, L, O, 0 and 1. Eight of them are 39 bits.
pub(super) const ALPHABET: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// Recovery codes in a set.
pub const RECOVERY_CODES: usize = 10;

/// Uniform random number below `bound` (at most 256). Rejects bytes of the last, incomplete range, which would favour
/// small numbers.
fn below(bound: usize, entropy: &dyn Entropy) -> usize {
    let limit = 256 - 256 % bound;
    loop {
        let [byte] = entropy.bytes::<1>();
        if usize::from(byte) < limit {
            return usize::from(byte) % bound;
        }
    }
}

fn random_text(symbols: &[u8], length: usize, entropy: &dyn Entropy) -> SecretString {
    (0..length).map(|_| char::from(symbols[below(symbols.len(), entropy)])).collect::<String>().into()
}

/// Normalizes typed text; `None` unless it is `length` of these symbols.
pub(super) fn typed_text(text: &str, symbols: &[u8], length: usize) -> Option<SecretString> {
    let text = Zeroizing::new(normal(text));
    (text.len() == length && text.bytes().all(|b| symbols.contains(&b))).then(|| text.as_str().into())
}

/// `XXXX-XXXX`
pub(super) fn in_groups(code: &SecretString) -> Zeroizing<String> {
    let (left, right) = code.expose_secret().split_at(SYMBOLS / 2);
    Zeroizing::new(format!("{left}-{right}"))
}

/// Six digits, mailed to one person for one purpose.
#[derive(Debug)]
pub struct MailedCode(SecretString);

impl MailedCode {
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(random_text(b"0123456789", DIGITS, entropy))
    }

    /// Parses typed text; `None`: it cannot be a code, so no attempt need be spent on it.
    pub fn parse(text: &str) -> Option<Self> {
        typed_text(text, b"0123456789", DIGITS).map(Self)
    }

    /// Plain text, for the mail.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// MAC to store and compare.
    pub fn mac(
        &self,
        key: CodeKey<'_>,
        user: UserId,
        purpose: CodePurpose,
        interaction: Option<&str>,
    ) -> CodeMac {
        key.mailed(user, purpose, interaction, self.expose())
    }
}

/// Eight symbols, usable once instead of a second factor.
#[derive(Debug)]
pub struct RecoverySecret(SecretString);

impl RecoverySecret {
    /// Generates a new set for a person.
    pub fn set(entropy: &dyn Entropy) -> [Self; RECOVERY_CODES] {
        std::array::from_fn(|_| Self(random_text(ALPHABET, SYMBOLS, entropy)))
    }

    /// Parses typed text; `None`: it cannot be a recovery code.
    pub fn parse(text: &str) -> Option<Self> {
        typed_text(text, ALPHABET, SYMBOLS).map(Self)
    }

    /// `XXXX-XXXX`, for the page that shows it once.
    pub fn expose(&self) -> Zeroizing<String> {
        in_groups(&self.0)
    }

    /// MAC to store and compare.
    pub fn mac(&self, key: CodeKey<'_>, user: UserId) -> CodeMac {
        key.recovery(user, self.0.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use porta_core::second_factor::CodeKeys;
    use porta_core::{SeededEntropy, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn user() -> UserId {
        UserId::new(Timestamp::from_seconds(1_750_000_000), &SeededEntropy::new(5))
    }

    /// 62,000 draws from 31 symbols are about 2,000 each; a biased draw (bytes modulo 31) would favour eight of them by
    /// an eighth.
    #[test]
    fn symbols_are_equally_likely() {
        let entropy = SeededEntropy::new(1);
        let mut counts = [0_u32; 31];
        for _ in 0..62_000 {
            counts[below(31, &entropy)] += 1;
        }
        assert!(counts.iter().all(|n| (1_850..2_150).contains(n)), "{counts:?}");
        let mut counts = [0_u32; 10];
        for _ in 0..20_000 {
            counts[below(10, &entropy)] += 1;
        }
        assert!(counts.iter().all(|n| (1_850..2_150).contains(n)), "{counts:?}");
    }

    /// Yields every byte once: each residue must come out equally often.
    struct EveryByte(std::sync::Mutex<std::ops::RangeInclusive<u8>>);

    impl Entropy for EveryByte {
        fn fill(&self, bytes: &mut [u8]) {
            let mut left = self.0.lock().unwrap();
            bytes.fill_with(|| left.next().unwrap());
        }
    }

    #[test]
    fn no_residue_has_more_bytes_than_another() {
        for bound in [10, 31] {
            let entropy = EveryByte(std::sync::Mutex::new(0..=255));
            let mut counts = vec![0; bound];
            for _ in 0..(256 / bound * bound) {
                counts[below(bound, &entropy)] += 1;
            }
            assert!(counts.iter().all(|n| *n == 256 / bound), "{counts:?}");
        }
    }

    #[test]
    fn a_set_has_ten_different_codes_of_the_documented_form() {
        let set = RecoverySecret::set(&SeededEntropy::new(3));
        let shown: BTreeSet<String> = set.iter().map(|c| c.expose().to_string()).collect();
        assert_eq!(shown.len(), RECOVERY_CODES);
        for code in &shown {
            let (left, right) = code.split_once('-').unwrap();
            assert!(left.len() == 4 && right.len() == 4);
            assert!(code.bytes().all(|b| b == b'-' || b.is_ascii_uppercase() || b.is_ascii_digit()));
            assert!(!code.contains(['I', 'L', 'O', '0', '1']), "{code}");
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_told_at_once() {
        for bad in ["", "12345", "1234567", "12345a", "12 34", "¹²³⁴⁵⁶", "+12345", "12345\u{0}", "1e5000"]
        {
            assert!(MailedCode::parse(bad).is_none(), "{bad:?}");
        }
        for bad in ["", "ABCD-EFG", "ABCD-EFGHJ", "ABCD-EFGI", "ABCD-EFG0", "ABCD_EFGH", "ABCDÉFGH", "123456"]
        {
            assert!(RecoverySecret::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn printing_a_code_does_not_show_it() {
        let code = MailedCode::parse("123456").unwrap();
        assert!(!format!("{code:?}").contains("123456"));
        assert!(!format!("{:?}", RecoverySecret::parse("ABCDEFGH").unwrap()).contains("ABCD"));
    }

    proptest! {
        #[test]
        fn a_mailed_code_is_recognised_however_it_is_typed(
            seed: u64,
            gap in "[ \\-\u{3000}\u{2009}]{0,3}",
            zero in prop::sample::select(vec!['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}']),
        ) {
            let code = MailedCode::generate(&SeededEntropy::new(seed));
            prop_assert!(code.expose().len() == 6 && code.expose().bytes().all(|b| b.is_ascii_digit()));
            let (left, right) = code.expose().split_at(3);
            let in_script = |c: char| c.to_digit(10).and_then(|d| char::from_u32(u32::from(zero) + d)).unwrap_or(c);
            let typed: String = format!("{gap}{left}{gap}{right}{gap}").chars().map(in_script).collect();
            let keys = CodeKeys::new(&[[7; 32]]);
            let mac = |c: &MailedCode| c.mac(keys.current(), user(), CodePurpose::SignIn, Some("uid"));
            prop_assert_eq!(MailedCode::parse(&typed).map(|c| mac(&c)), Some(mac(&code)));
        }

        #[test]
        fn a_recovery_code_is_recognised_however_it_is_typed(seed: u64, gap in "[ \\-\u{2013}\u{30FC}]{0,2}", lower: bool) {
            let keys = CodeKeys::new(&[[7; 32]]);
            for code in RecoverySecret::set(&SeededEntropy::new(seed)) {
                let mut typed = code.expose().replace('-', &gap);
                if lower {
                    typed = typed.to_lowercase();
                }
                let parsed = RecoverySecret::parse(&typed).map(|c| c.mac(keys.current(), user()));
                prop_assert_eq!(parsed, Some(code.mac(keys.current(), user())));
            }
        }

        #[test]
        fn nothing_typed_panics(text: String) {
            let (mailed, recovery) = (MailedCode::parse(&text), RecoverySecret::parse(&text));
            prop_assert!(mailed.is_none() || recovery.is_none());
        }
    }
}
