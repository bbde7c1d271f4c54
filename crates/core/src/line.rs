//! Texts of one line: names, labels, and whatever else is shown inside other text.
//!
//! Nothing in them may start a line of its own, and nothing may turn the direction of what stands around them
//! (CVE-2021-42574): in a mail, a log or a table the reader would see another text than the one that is there.

use crate::Invalid;

/// Whether a character may not stand in a line: controls, line and paragraph separators, embeddings, overrides and
/// isolates of direction (Unicode Standard Annex #9 §2.1 to §2.5).
///
/// The marks U+200E, U+200F and U+061C stay: they have no effect beyond the neutral characters beside them, and a
/// right-to-left name with brackets or a Latin part cannot be written without.
pub fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Refuses a text that is no line, or longer than so many characters.
pub fn check_line(field: &'static str, text: &str, longest: usize) -> Result<(), Invalid> {
    if text.chars().count() > longest || text.chars().any(breaks_a_line) {
        return Err(Invalid::new(field, format!("use one line of at most {longest} characters, {PLAIN}")));
    }
    Ok(())
}

/// The same for a text that may have several lines.
pub fn check_lines(field: &'static str, text: &str, longest: usize) -> Result<(), Invalid> {
    let is_unfit = |c: char| breaks_a_line(c) && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() > longest || text.chars().any(is_unfit) {
        return Err(Invalid::new(field, format!("use at most {longest} characters, {PLAIN}")));
    }
    Ok(())
}

const PLAIN: &str = "without control characters and characters that change the direction of text";

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line may not hold.
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
