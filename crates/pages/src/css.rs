//! Checks a tenant's custom style sheet. Until there is a real parser with an allow-list, a sheet is left out as a
//! whole if it contains anything that could end its `<style>` element, load something or run something.

/// Maximum length, the same as in `Branding::validate`.
const MAX_CHARACTERS: usize = 10_000;

/// Searched in the lower-cased sheet, with and without its comments. Includes loaders without `url`: `image-set("…")`
/// takes a plain string.
const REFUSED: &[&str] = &[
    "<",
    "\\",
    "url(",
    "src(",
    "image(",
    "image-set(",
    "cross-fade(",
    "element(",
    "paint(",
    "expression",
    "javascript:",
    "vbscript:",
    "-moz-binding",
    "@import",
    "@charset",
    "@namespace",
    "@font-face",
    "@property",
    "@document",
    "@-moz-document",
];

/// Returns the trimmed sheet if it is certainly harmless, else `None`.
pub fn safe_custom_css(css: &str) -> Option<&str> {
    let css = css.trim();
    if css.is_empty() || css.chars().count() > MAX_CHARACTERS {
        return None;
    }
    // Browsers normalise carriage returns, which would change the hash that the policy has to contain.
    if css.chars().any(|c| c.is_control() && c != '\n' && c != '\t') || !has_balanced_braces(css) {
        return None;
    }
    let raw = css.to_ascii_lowercase();
    let bare = without_comments(&raw)?;
    let is_refused = REFUSED.iter().any(|needle| raw.contains(needle) || bare.contains(needle));
    (!is_refused).then_some(css)
}

/// Removes comments; `None` if one is not closed.
fn without_comments(css: &str) -> Option<String> {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/")?.1;
    }
    out.push_str(rest);
    Some(out)
}

fn has_balanced_braces(css: &str) -> bool {
    let mut depth = 0_usize;
    for c in css.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return false,
            '}' => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_sheets_pass_unchanged() {
        for css in [
            ".btn-primary { border-radius: 0; scroll-behavior: smooth }",
            "/* ours */\n@media (max-width: 30rem) { .container { padding: 0 } }",
            ":root { --primary: rebeccapurple; }\n.header::after { content: \"·\" }",
        ] {
            assert_eq!(safe_custom_css(css), Some(css));
        }
        assert_eq!(safe_custom_css("  a{}\n"), Some("a{}"));
    }

    #[test]
    fn attacks_are_left_out() {
        for css in [
            "",
            "   ",
            "</style><script>alert(1)</script>",
            "a{}<!--",
            "@import 'https://evil.example/x.css';",
            "@IMPORT \"x\";",
            "@im/**/port 'x';",
            "a{background:url(https://evil.example)}",
            "a{background:URL( 'x' )}",
            "a{background:u/**/rl(x)}",
            "a{background:u\\72l(x)}",
            "a{background:image-set('x' 1x)}",
            "a{background:-webkit-image-set('x' 1x)}",
            "a{background:-webkit-cross-fade('x','y',1)}",
            "a{background:image('x')}",
            "a{width:expression(alert(1))}",
            "a{-moz-binding:x}",
            "a{b:javascript:x}",
            "@font-face{font-family:x;src:local(x)}",
            "@namespace x 'y';",
            "@charset 'utf-7';",
            "a{}/* never closed",
            "a{",
            "a{}}",
            "a{content:'\u{0}'}",
            "a{}\r\nb{}",
            &format!("a{{}}{}", " ".repeat(10_000) + "b{}"),
        ] {
            assert_eq!(safe_custom_css(css), None, "{css:?}");
        }
    }
}
