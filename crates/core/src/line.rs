//! Single-line texts: names, labels and everything shown inside other text.
//!
//! They must not start a new line or change the direction of the surrounding text (CVE-2021-42574): in a mail, a log or
//! a table the reader would see something else than what is there.

use crate::Invalid;

/// Whether a character is not allowed in a line: controls, line and paragraph separators, directional embeddings,
/// overrides and isolates (Unicode Standard Annex #9 §2.1 to §2.5).
///
/// The marks U+200E, U+200F and U+061C are allowed: they affect only adjacent neutral characters, and right-to-left
/// names with brackets or a Latin part need them.
pub fn is_line_breaking(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Refuses text that is not a single line, or has more than `longest` characters.
pub fn check_line(field: &'static str, text: &str, longest: usize) -> Result<(), Invalid> {
    if text.chars().count() > longest || text.chars().any(is_line_breaking) {
        return Err(Invalid::new(field, format!("use one line of at most {longest} characters, {PLAIN}")));
    }
    Ok(())
}

/// The same for text that may have several lines.
pub fn check_lines(field: &'static str, text: &str, longest: usize) -> Result<(), Invalid> {
    let is_unfit = |c: char| is_line_breaking(c) && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() > longest || text.chars().any(is_unfit) {
        return Err(Invalid::new(field, format!("use at most {longest} characters, {PLAIN}")));
    }
    Ok(())
}

const PLAIN: &str = "without control characters and characters that change the direction of text";

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters that a line must not contain.
    const UNFIT: &[char] = &[
        '\0', '\t', '\n', '\u{b}', '\u{c}', '\r', '\u{1b}', '\u{7f}', '\u{80}', '\u{85}', '\u{9f}',
        '\u{2028}', '\u{2029}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
        '\u{2067}', '\u{2068}', '\u{2069}',
    ];

    #[test]
    fn nothing_starts_another_line_or_turns_its_neighbours() {
        for unfit in UNFIT {
            for text in [format!("Ana{unfit}Li"), format!("{unfit}Ana"), format!("Ana{unfit}")] {
                let refused = check_line("name", &text, 255).unwrap_err();
                assert_eq!(refused.field, "name");
                assert!(refused.problem.contains("one line of at most 255"), "{refused}");
            }
        }
        assert!(check_line("name", "xyz", 2).is_err());
    }

    #[test]
    fn names_of_all_scripts_are_lines() {
        for name in [
            "",
            "Ana Li",
            "Zoë O’Neil-Müller, Jr.",
            "שרה (Sara) כהן\u{200f}",
            "\u{200e}Porta (بورتا)\u{61c}",
            "می\u{200c}خواهم",
            "क्‍ष",
            "山田　太郎",
            "👩\u{200d}🚀",
        ] {
            assert_eq!(check_line("name", name, 255), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn several_lines_are_still_plain_text() {
        assert_eq!(check_lines("street", "12 Quay\r\n\tSecond floor\n", 255), Ok(()));
        for unfit in UNFIT.iter().filter(|c| !['\t', '\n', '\r'].contains(c)) {
            assert!(check_lines("street", &format!("12{unfit}Quay"), 255).is_err(), "{unfit:?}");
        }
        assert!(check_lines("street", "12 Quay", 6).is_err());
    }
}
