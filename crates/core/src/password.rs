//! Normalisation of passwords before hashing (RFC 8265 §4.2, `OpaqueString`).
//!
//! ```text
//! input ─► too long? ─► control characters? ─► spaces to U+0020 ─► NFC ─► Password
//! ```
//!
//! The only place that normalises passwords. A new password is a [`Password`]; a password to verify is a
//! [`TypedPassword`]. NFC, not NFKC: letters that merely look alike stay different.

use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::user::PasswordRefusal;

/// Maximum input in bytes. Enough for 128 characters, the longest allowed password, each decomposed into four code
/// points of four bytes.
pub const LONGEST_TYPED: usize = 2048;

/// A normalised password.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Normalises the input. Checks only the limits needed for that; the length rules are in
    /// [`crate::password_rules::check_new_password`].
    pub fn parse(typed: &str) -> Result<Self, PasswordRefusal> {
        if typed.is_empty() {
            return Err(PasswordRefusal::TooShort);
        }
        if typed.len() > LONGEST_TYPED {
            return Err(PasswordRefusal::TooLong);
        }
        if typed.chars().any(char::is_control) {
            return Err(PasswordRefusal::ControlCharacter);
        }
        // Allocate the maximum, so that growing leaves no copy of the password in freed memory: NFC takes at most three
        // times the bytes (Unicode Standard Annex #15 §12.1).
        let mut normal = Zeroizing::new(String::with_capacity(typed.len() * 3));
        normal.extend(typed.chars().map(plain_space).nfc());
        Ok(Self(SecretString::from(normal.as_str())))
    }

    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        crate::secret::constant_time_eq(self.expose_secret(), other.expose_secret())
    }
}

impl Eq for Password {}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A typed password, to be verified against a hash.
///
/// Hashes from before the normalisation, or imported ones, were made of the bytes as typed. So both forms are compared
/// where they differ. The number of comparisons depends on the input only, never on the account, and all of them are
/// always computed, so that timing does not reveal which form an account's hash has.
#[derive(Debug, Clone)]
pub struct TypedPassword(PasswordForms);

#[derive(Debug, Clone)]
enum PasswordForms {
    /// Normalisation does not change the text.
    Same(Password),
    Differs {
        normal: Password,
        typed: SecretString,
    },
    /// Not allowed as a new password; only an imported hash can match it.
    NotAllowed(SecretString),
}

impl TypedPassword {
    pub fn new(typed: &str) -> Self {
        Self(match Password::parse(typed) {
            Ok(normal) if normal.expose_secret() == typed => PasswordForms::Same(normal),
            Ok(normal) => PasswordForms::Differs { normal, typed: typed.into() },
            Err(_) => PasswordForms::NotAllowed(typed.into()),
        })
    }

    /// The normalised form; `None` if the text is not allowed as a password.
    pub fn normal(&self) -> Option<&Password> {
        match &self.0 {
            PasswordForms::Same(normal) | PasswordForms::Differs { normal, .. } => Some(normal),
            PasswordForms::NotAllowed(_) => None,
        }
    }

    /// The text as typed, if it differs from the normalised form.
    pub fn as_typed(&self) -> Option<&str> {
        match &self.0 {
            PasswordForms::Same(_) => None,
            PasswordForms::Differs { typed, .. } | PasswordForms::NotAllowed(typed) => {
                Some(typed.expose_secret())
            }
        }
    }
}

/// RFC 8265 §4.2.2 rule 2: every other space (general category Zs) is U+0020.
fn plain_space(c: char) -> char {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(typed: &str) -> String {
        Password::parse(typed).unwrap().expose_secret().to_owned()
    }

    #[test]
    fn composed_and_decomposed_is_one_password() {
        for (one, other) in [
            ("cr\u{e8}me-br\u{fb}l\u{e9}e", "cre\u{300}me-bru\u{302}le\u{301}e"),
            ("Vi\u{1ec7}t", "Vie\u{302}\u{323}t"),
            ("Vi\u{1ec7}t", "Vie\u{323}\u{302}t"),
            ("\u{d55c}\u{ad6d}", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"),
            ("\u{c5}ngstr\u{f6}m", "\u{212b}ngstro\u{308}m"),
        ] {
            assert_eq!(normal(one), normal(other));
            assert_eq!(Password::parse(one), Password::parse(other));
        }
        assert_eq!(normal("e\u{301}"), "\u{e9}");
        // Composition exclusions stay decomposed (Unicode Standard Annex #15 §6).
        assert_eq!(normal("\u{958}"), "\u{915}\u{93c}");
    }

    #[test]
    fn every_space_is_one_space_and_none_is_lost() {
        for space in "\u{20}\u{a0}\u{1680}\u{2000}\u{2007}\u{200a}\u{202f}\u{205f}\u{3000}".chars() {
            assert_eq!(normal(&format!("{space}two  words{space}")), " two  words ");
        }
        // Not spaces: zero-width space, joiner, byte order mark.
        for other in ["\u{200b}", "\u{200d}", "\u{feff}"] {
            assert_eq!(normal(other), other);
        }
    }

    #[test]
    fn what_only_looks_alike_is_another_password() {
        for (one, other) in [
            ("\u{fb01}le", "file"),
            ("\u{ff21}\u{ff22}", "AB"),
            ("x\u{b2}", "x2"),
            ("\u{2460}", "1"),
            ("\u{ff76}", "\u{30ab}"),
            ("\u{17f}", "s"),
            ("\u{430}", "a"),
            ("Word", "word"),
            ("\u{df}", "ss"),
        ] {
            assert_eq!(normal(one), one);
            assert_ne!(Password::parse(one), Password::parse(other), "{one}");
        }
    }

    #[test]
    fn control_characters_and_nothing_are_refused() {
        for c in ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}') {
            let refused = Password::parse(&format!("lantern{c}Quay-41"));
            assert_eq!(refused, Err(PasswordRefusal::ControlCharacter), "{c:?}");
        }
        assert_eq!(Password::parse(""), Err(PasswordRefusal::TooShort));
        assert!(Password::parse("\u{2764}\u{fe0f}\u{1f469}\u{200d}\u{1f680}").is_ok(), "as phones type them");
    }

    #[test]
    fn length_is_judged_before_normalising() {
        assert!(Password::parse(&"x".repeat(LONGEST_TYPED)).is_ok());
        assert_eq!(Password::parse(&"x".repeat(LONGEST_TYPED + 1)), Err(PasswordRefusal::TooLong));
        // The length is checked first, before the content.
        assert_eq!(Password::parse(&"\0".repeat(LONGEST_TYPED + 1)), Err(PasswordRefusal::TooLong));
        // The longest decomposition of 128 characters: one letter and three marks each.
        let pieces = "\u{3b1}\u{313}\u{300}\u{345}".repeat(128);
        assert_eq!(Password::parse(&pieces).unwrap().expose_secret().chars().count(), 128);
    }

    #[test]
    fn a_typed_text_has_one_form_or_two() {
        let typed = TypedPassword::new("lantern-Quay-41");
        assert_eq!((typed.normal().is_some(), typed.as_typed()), (true, None));
        let typed = TypedPassword::new("cafe\u{301}");
        assert_eq!(typed.normal().map(Password::expose_secret), Some("caf\u{e9}"));
        assert_eq!(typed.as_typed(), Some("cafe\u{301}"));
        for unfit in ["", "tab\tulator", &"x".repeat(LONGEST_TYPED + 1)] {
            let typed = TypedPassword::new(unfit);
            assert_eq!((typed.normal(), typed.as_typed()), (None, Some(unfit)));
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let texts = ["lantern", "cafe\u{301}-lantern", "lantern\t"];
        for text in texts {
            assert!(!format!("{:?}", TypedPassword::new(text)).contains("lantern"));
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in any::<String>()) {
            if let Ok(once) = Password::parse(&text) {
                prop_assert!(once.expose_secret().len() <= text.len() * 3);
                prop_assert_eq!(Password::parse(once.expose_secret()), Ok(once.clone()));
                prop_assert!(TypedPassword::new(once.expose_secret()).as_typed().is_none());
            }
        }
    }
}
