//! Text without characters that a terminal obeys. Names and messages come from servers, and one that says `\u{1b}]0;…` must
//! neither move the cursor nor change what was printed before.

use porta_core::line::is_line_breaking;

/// Text of one line: control characters, and those that change the direction of text, are spelled out.
pub(crate) fn plain(text: &str) -> String {
    spelled(text, |_| false)
}

/// The same for a cell of a table, which may have several lines.
pub(super) fn plain_lines(text: &str) -> String {
    spelled(text, |c| c == '\n')
}

fn spelled(text: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_line_breaking(c) && !is_kept(c) {
            plain.extend(c.escape_unicode());
        } else {
            plain.push(c);
        }
    }
    plain
}

/// Escapes in a JSON text what its serializer lets through: all of it is inside of strings, except line breaks.
pub(super) fn escaped_json(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_line_breaking(c) && c != '\n' {
            plain.extend(format!("\\u{:04x}", u32::from(c)).chars());
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_terminal_gets_no_orders_from_a_name() {
        for (given, shown) in [
            ("Harbor", "Harbor"),
            ("Ünïque 日本", "Ünïque 日本"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\\u{1b}[2J\\u{1b}]0;x\\u{7}"),
            ("a\u{9b}2J\u{7f}", "a\\u{9b}2J\\u{7f}"),
            ("a\r\nb", "a\\u{d}\\u{a}b"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
        ] {
            assert_eq!(plain(given), shown);
        }
        assert_eq!(plain_lines("a\n\tb"), "a\n\\u{9}b");
    }

    #[test]
    fn escaped_json_says_the_same() {
        let value = json!({ "name": "\u{1b}[2J \u{9b}2J \u{7f} \u{2028} \u{202e} ü \n" });
        let text = escaped_json(&format!("{value:#}"));
        assert!(!text.chars().any(|c| is_line_breaking(c) && c != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
