//! What people type, in the form we compare.

/// Upper-case ASCII: full-width forms of East Asian keyboards become what they stand for; blanks and dashes, which
/// mails and authenticators show for reading, go. Anything else stays and will match nothing.
pub(super) fn normal(text: &str) -> String {
    text.chars().map(narrow).filter(|c| !is_separator(*c)).map(|c| c.to_ascii_uppercase()).collect()
}

/// The full-width forms of ASCII stand in its order, from U+FF01 for `!`.
fn narrow(c: char) -> char {
    match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// Blanks, invisible characters that come along when copying, and what passes for a dash: hyphens, dashes, the minus
/// sign, and the lengthening mark that Japanese keyboards give for it.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2010}'..='\u{2015}' | '\u{2060}' | '\u{2212}')
        || matches!(c, '\u{30FC}' | '\u{FE58}' | '\u{FE63}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_code_are_one() {
        let forms = [
            "AB3D-9XYZ",
            "ab3d-9xyz",
            " ab3d 9xyz\n",
            "ab3d9xyz",
            "a b 3 d – 9 x y z",
            "AB3D—9XYZ",
            "AB3D−9XYZ",
            "ＡＢ３Ｄ－９ＸＹＺ",
            "ａｂ３ｄー９ｘｙｚ",
            "ab3d\u{3000}9xyz",
            "\u{FEFF}ab3d\u{200B}9xyz\u{A0}",
        ];
        for form in forms {
            assert_eq!(normal(form), "AB3D9XYZ", "{form:?}");
        }
        assert_eq!(normal("１２３ ４５６"), "123456");
    }

    #[test]
    fn anything_else_stays() {
        for other in ["12.34", "１２３．", "١٢٣", "ß", "é", "123\u{0}"] {
            assert!(!normal(other).bytes().all(|b| b.is_ascii_alphanumeric()), "{other:?}");
        }
    }
}
