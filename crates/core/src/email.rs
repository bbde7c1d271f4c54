//! E-mail addresses: the form that is shown and the form that is compared.
//!
//! ```text
//! typed ─► NFC ─► lower case ─► NFC ─► domain to A-labels (RFC 5890 §2.3.2.1) ─► key
//! ```
//!
//! One mailbox has one key, however it is typed (decision 0043): composed or decomposed, in capitals, with a Unicode
//! domain or with the A-labels that browsers send.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::Invalid;
use crate::line::is_line_breaking;
use crate::unicode::nfc;

/// Maximum length of an address in bytes (RFC 5321 §4.5.3.1).
const LONGEST: usize = 320;

/// An address as typed, and its key for comparison and indexing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    shown: String,
    key: String,
}

impl Email {
    /// Parses an address: one `@`, a local part, a dotted or single-label domain that DNS allows, at most 320 bytes, no
    /// white space and no invisible characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let shown = text.trim();
        let well_formed = shown.len() <= LONGEST
            && !shown.chars().any(|c| c.is_whitespace() || is_unseen(c))
            && shown.rsplit_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && !local.contains('@') && is_domain(&nfc(domain))
            });
        if !well_formed {
            return Err(Invalid::new("email", "use an address of the form name@example.com"));
        }
        Ok(Self { key: Self::key_of(shown), shown: shown.to_owned() })
    }

    /// Computes the key. This is the only place that does, so that both databases and the CLI agree. Text that is not
    /// an address also gets a key, which matches nobody.
    pub fn key_of(text: &str) -> String {
        let text = text.trim();
        if text.is_ascii() {
            return text.to_ascii_lowercase();
        }
        // NFC first, so that equivalent texts are lower-cased alike; NFC last, because lower-casing may decompose.
        let lower = nfc(&nfc(text).to_lowercase());
        with_domain(&lower, to_ascii).unwrap_or(lower)
    }

    /// Keys under which storage may have this mailbox: the key of the text as typed in an earlier version, today's key,
    /// then the keys that earlier versions computed from other spellings.
    pub fn spellings(text: &str) -> [String; 5] {
        let (typed, key) = (text.trim().to_lowercase(), Self::key_of(text));
        let unicode = with_domain(&key, to_unicode).unwrap_or_else(|| key.clone());
        let decomposed = |form: &str| match form.rsplit_once('@') {
            Some((local, domain)) => format!("{}@{domain}", local.nfd().collect::<String>()),
            None => form.to_owned(),
        };
        let (decomposed_key, decomposed_unicode) = (decomposed(&key), decomposed(&unicode));
        [typed, key, unicode, decomposed_key, decomposed_unicode]
    }

    pub fn trusted(shown: String, key: String) -> Self {
        Self { shown, key }
    }

    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The stored key: [`Email::key_of`] of the shown form, unless an earlier version stored another.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The part of the key before the `@`. Not unique: other domains may have the same.
    pub fn local_part(&self) -> &str {
        self.key.rsplit_once('@').map_or(self.key.as_str(), |(local, _)| local)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// Whether the character is invisible, so that two mailboxes could look the same.
fn is_unseen(c: char) -> bool {
    is_line_breaking(c)
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn is_domain(domain: &str) -> bool {
    let may_stand = |c: char| c.is_alphanumeric() || c == '-' || c == '.' || is_combining_mark(c);
    !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && domain.chars().all(may_stand)
        && (domain.is_ascii() || to_ascii(domain).is_some())
}

/// Replaces the domain by its other form; `None` if there is none or the address is too long.
fn with_domain(address: &str, form: impl Fn(&str) -> Option<String>) -> Option<String> {
    let (local, domain) = address.rsplit_once('@').filter(|_| address.len() <= LONGEST)?;
    form(domain).map(|domain| format!("{local}@{domain}"))
}

/// ToASCII (Unicode Technical Standard #46 §4.2). ASCII stays unchanged; `None` if DNS cannot represent it.
fn to_ascii(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return Some(domain.to_owned());
    }
    let may_stand = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    idna::domain_to_ascii(domain).ok().filter(|ascii| ascii.bytes().all(may_stand))
}

/// ToUnicode (Unicode Technical Standard #46 §4.3).
fn to_unicode(domain: &str) -> Option<String> {
    let (unicode, outcome) = idna::domain_to_unicode(domain);
    outcome.is_ok().then_some(unicode)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_compare_without_case() {
        let one = Email::parse(" Ana@Example.COM ").unwrap();
        assert_eq!(one.shown(), "Ana@Example.COM");
        assert_eq!(one.key(), Email::parse("ana@example.com").unwrap().key());
    }

    #[test]
    fn one_mailbox_is_one_key_however_it_is_typed() {
        let cases: [(&str, &[&str]); 7] = [
            (
                "jos\u{e9}@example.com",
                &["jose\u{301}@example.com", "JOS\u{c9}@Example.com", "JOSE\u{301}@EXAMPLE.COM"],
            ),
            (
                "ana@xn--bcher-kva.example",
                &[
                    "ana@b\u{fc}cher.example",
                    "Ana@B\u{dc}CHER.example",
                    "ana@bu\u{308}cher.example",
                    "ana@XN--BCHER-KVA.EXAMPLE",
                    "ana@XN--Bcher-KVA.example",
                ],
            ),
            (
                "vi\u{1ec7}t@example.com",
                &["vie\u{302}\u{323}t@example.com", "vie\u{323}\u{302}t@example.com"],
            ),
            ("\u{e5}sa@example.com", &["\u{212b}sa@example.com", "a\u{30a}sa@example.com"]),
            (
                "ana@xn--fsqu00a.xn--0zwm56d",
                &["ana@\u{4f8b}\u{5b50}.\u{6d4b}\u{8bd5}", "ana@xn--fsqu00a.\u{6d4b}\u{8bd5}"],
            ),
            ("ana@xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g", &["ana@उदाहरण.परीक्षा"]),
            ("\u{3c3}\u{3c3}\u{3c2}@example.com", &["\u{3a3}\u{3a3}\u{3a3}@example.com"]),
        ];
        for (key, others) in cases {
            for text in others.iter().chain([&key]) {
                assert_eq!(Email::parse(text).unwrap().key(), key, "{text}");
                assert_eq!(Email::key_of(&format!(" {text}\u{a0}")), key, "{text}");
            }
        }
    }

    #[test]
    fn what_only_looks_alike_is_another_mailbox() {
        for (one, other) in [
            ("ana@example.com", "\u{430}na@example.com"),
            ("ana@example.com", "\u{ff41}na@example.com"),
            ("file@example.com", "\u{fb01}le@example.com"),
            ("jose@example.com", "jos\u{e9}@example.com"),
            ("ana@bucher.example", "ana@b\u{fc}cher.example"),
            ("ana@strasse.example", "ana@stra\u{df}e.example"),
            ("ana@example.com", "a.na@example.com"),
        ] {
            assert_ne!(Email::key_of(one), Email::key_of(other), "{one} {other}");
        }
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@b c",
            "a@@b",
            "a@.b",
            "a@b.",
            "a\u{0}@b",
            "a@b\nc",
            "a@b>",
            "a\u{2028}b@c",
            // Bidirectional controls and invisible characters.
            "a\u{202e}b@c",
            "a\u{2066}b@c",
            "a\u{200e}b@c",
            "a\u{200f}b@c",
            "a\u{61c}b@c",
            "a\u{200b}b@c",
            "a\u{feff}b@c",
            "a\u{ad}b@c",
            "a\u{2060}b@c",
            "a@b\u{202c}",
            "a@b\u{200d}c",
            // Domains that DNS cannot represent.
            "a@\u{301}b",
            "a@b\u{fffd}c",
            "a@\u{5d0}1a.example",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(308))).is_ok());
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(309))).is_err());
        assert!(Email::parse(&format!("a@{}.example", "\u{fc}".repeat(200))).is_err());
    }

    /// An earlier version compared lower-case text. Each version finds the addresses the other stored, unless the
    /// domain is typed in another form.
    #[test]
    fn keys_of_versions_before_are_among_the_spellings() {
        for text in [
            "Ana@Example.COM",
            "JOS\u{c9}@example.com",
            "jose\u{301}@example.com",
            "ana@B\u{fc}cher.example",
            "ana@xn--bcher-kva.example",
            "not an address",
            "",
        ] {
            let [typed, key, ..] = Email::spellings(text);
            assert_eq!(typed, text.trim().to_lowercase(), "{text}");
            assert_eq!(key, Email::key_of(text), "{text}");
        }
        let stored = ["ana@b\u{fc}cher.example", "ana@xn--bcher-kva.example"];
        for typed in ["ANA@b\u{fc}cher.example", "ana@bu\u{308}cher.example", "ana@XN--bcher-kva.example"] {
            assert!(stored.iter().all(|key| Email::spellings(typed).contains(&(*key).to_owned())), "{typed}");
        }
        let stored = ["jose\u{301}@example.com", "jos\u{e9}@example.com"];
        for typed in ["JOS\u{c9}@example.com", "jose\u{301}@example.com"] {
            assert!(stored.iter().all(|key| Email::spellings(typed).contains(&(*key).to_owned())), "{typed}");
        }
        for plain in ["ana@example.com", "a.b+c@mail.example", "nobody"] {
            assert!(Email::spellings(plain).iter().all(|form| form == plain), "{plain}");
        }
    }

    proptest! {
        #[test]
        fn equivalent_texts_have_one_key_and_it_is_its_own(text in any::<String>(), local in any::<String>(), domain in any::<String>()) {
            for text in [text, format!("{local}@{domain}"), format!("{local}@example.com")] {
                let key = Email::key_of(&text);
                prop_assert_eq!(&Email::key_of(&text.nfd().collect::<String>()), &key);
                prop_assert_eq!(&Email::key_of(&text.nfc().collect::<String>()), &key);
                prop_assert_eq!(&Email::key_of(&key), &key);
                prop_assert!(Email::spellings(&text).contains(&key));
            }
        }

        #[test]
        fn an_address_in_ascii_has_the_key_it_always_had(text in "[ -~]{0,40}") {
            prop_assert_eq!(Email::key_of(&text), text.trim().to_lowercase());
        }
    }
}
