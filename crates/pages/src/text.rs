//! Sanitises external text for display. Templates do the escaping; this handles what escaping keeps: characters that
//! reorder or hide their neighbours (CVE-2021-42574), and control characters that HTML cannot represent.

use std::borrow::Cow;

use porta_core::line::is_line_breaking;
use url::Url;

fn is_deceptive(c: char) -> bool {
    is_line_breaking(c) || c == '\u{feff}'
}

/// Removes characters that could deceive a reader.
pub(crate) fn without_deceptive(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_deceptive) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| !is_deceptive(*c)).collect())
}

/// Escapes text for content and quoted attributes so that a browser reads back exactly the input, line ends included.
/// Hidden values such as `state` depend on that.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            // HTML cannot represent NUL.
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A hidden value for a template: escaped, but otherwise unchanged.
pub(crate) fn exact(text: &str) -> minijinja::Value {
    minijinja::Value::from_safe_string(escape(text))
}

/// Makes personal text safe for mails, so that mail clients turn no part of it into a link. Otherwise a greeting or an
/// invitation could send a stranger an attacker's link under the tenant's name.
pub(crate) fn defanged(text: &str) -> String {
    let text = without_deceptive(text);
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (index, c) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| characters.get(i));
        let after = characters.get(index + 1);
        let is_inside_word = before.is_some_and(|c| c.is_alphanumeric() || *c == '-')
            && after.is_some_and(|c| c.is_alphanumeric() || *c == '-');
        match c {
            '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' if is_inside_word => out.push_str("[.]"),
            '@' if is_inside_word => out.push_str(" [at] "),
            ':' if after.is_some_and(|c| matches!(c, '/' | '\\') || c.is_alphanumeric()) => {
                out.push_str(": ");
            }
            c => out.push(*c),
        }
    }
    out
}

/// Whether a link to `url` can only navigate, not run a script or open an embedded document. A deny-list, because
/// native applications use schemes of their own (RFC 8252 §7.1).
pub(crate) fn is_plain_link(url: &str) -> bool {
    const REFUSED: &[&str] =
        &["javascript", "vbscript", "data", "blob", "file", "filesystem", "about", "view-source"];
    match Url::parse(url) {
        Ok(parsed) => !REFUSED.contains(&parsed.scheme()),
        Err(_) => url.starts_with('/') && !url.starts_with("//"),
    }
}

/// Whether `url` may be used as the source of a picture.
pub(crate) fn is_picture_url(url: &str) -> bool {
    Url::parse(url).is_ok_and(|u| matches!(u.scheme(), "https" | "http"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceptive_characters_are_removed_and_languages_are_not() {
        assert_eq!(without_deceptive("a\u{202e}b\u{0}c\u{2066}d\u{feff}\n\u{85}"), "abcd");
        for honest in ["Ünïcode", "שלום", "مرحبا", "日本", "👩\u{200d}🚀", "nav\u{200c}nav"]
        {
            assert_eq!(without_deceptive(honest), honest);
        }
    }

    #[test]
    fn links_that_run_are_refused() {
        for bad in [
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "java\tscript:1",
            "data:text/html,x",
            "//evil.example",
            "",
            "vbscript:x",
            "x",
        ] {
            assert!(!is_plain_link(bad), "{bad}");
        }
        for good in
            ["https://a.example/x?y#z", "http://localhost:3001/", "com.example.app:/done", "/acme/auth"]
        {
            assert!(is_plain_link(good), "{good}");
        }
    }

    #[test]
    fn words_of_a_person_do_not_become_links() {
        for (text, out) in [
            ("See https://evil.example/x?y", "See https: //evil[.]example/x?y"),
            ("www.evil.example", "www[.]evil[.]example"),
            ("mailto:eve@evil.example", "mailto: eve [at] evil[.]example"),
            ("evil\u{3002}example", "evil[.]example"),
            ("evil.\u{202e}example", "evil[.]example"),
            ("tel:123", "tel: 123"),
            ("Dr. J. Smith: hello. Bye.", "Dr. J. Smith: hello. Bye."),
            ("日本 שלום", "日本 שלום"),
        ] {
            assert_eq!(defanged(text), out);
        }
    }

    #[test]
    fn escaping_keeps_every_character_html_can_carry() {
        assert_eq!(escape("a\"'<>&\r\n\u{202e}\0"), "a&quot;&#39;&lt;&gt;&amp;&#13;&#10;\u{202e}\u{fffd}");
    }
}
