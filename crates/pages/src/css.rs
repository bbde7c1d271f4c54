//! Checks a tenant's custom style sheet, token by token, against an allow-list. A sheet with anything else is left out as
//! a whole.
//!
//! A style sheet can load and run something only by an at-rule, a function or a URL, so these are what the list names.
//! Selectors and properties do neither by themselves; listing them would refuse every property that browsers add later.

use cssparser::{ParseError, Parser, SourcePosition, Token};

/// Maximum length, the same as in `Branding::validate`.
const MAX_CHARACTERS: usize = 10_000;

/// Maximum number of blocks and functions inside each other. The check is recursive, so this bounds its stack.
const MAX_DEPTH: u8 = 32;

/// The at-rules that neither load nor declare something to load.
const AT_RULES: &[&str] = &[
    "container counter-style keyframes layer media page position-try scope starting-style supports view-transition",
    "font-palette-values viewport",
];

/// The functions that compute, paint or select, by kind. Those that load are missing: `url` `src` `image` `image-set`
/// `cross-fade` `element` `paint`. A plain string inside them is a URL. `constant` is an old name of `env`;
/// `-webkit-gradient` with `from`, `to` and `color-stop` an old gradient.
const FUNCTIONS: &[&str] = &[
    // Colours.
    "alpha color color-mix contrast-color device-cmyk hsl hsla hwb lab lch light-dark oklab oklch rgb rgba",
    // Numbers.
    "abs acos asin atan atan2 calc calc-size clamp cos exp hypot log max min mod pow progress rem round sign sin sqrt \
     tan sibling-count sibling-index",
    // Other values of the page.
    "anchor anchor-size attr constant counter counters env symbols var",
    // Gradients.
    "conic-gradient linear-gradient radial-gradient repeating-conic-gradient repeating-linear-gradient \
     repeating-radial-gradient",
    "gradient from to color-stop",
    // Filters.
    "blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia",
    // Transforms.
    "matrix matrix3d perspective rotate rotate3d rotatex rotatey rotatez scale scale3d scalex scaley scalez skew skewx \
     skewy translate translate3d translatex translatey translatez",
    // Shapes.
    "circle ellipse inset path polygon ray rect shape superellipse xywh",
    // Time.
    "cubic-bezier linear scroll steps view",
    // Grids.
    "fit-content minmax repeat",
    // Font variants.
    "annotation character-variant ornaments styleset stylistic swash",
    // Selectors.
    "any dir has highlight is lang matches not nth-child nth-last-child nth-last-of-type nth-of-type state \
     view-transition-group view-transition-image-pair view-transition-new view-transition-old where",
    // Conditions.
    "scroll-state selector style",
];

/// Prefixes under which browsers know a function or an at-rule too.
const VENDORS: [&str; 4] = ["-webkit-", "-moz-", "-ms-", "-o-"];

/// Names that attached scripts or were schemes of scripts in browsers of the past.
const SCRIPTS: [&str; 5] = ["-moz-binding", "-ms-behavior", "behavior", "javascript", "vbscript"];

/// Returns the trimmed sheet if it is certainly harmless, else `None`.
pub fn safe_custom_css(css: &str) -> Option<&str> {
    let css = css.trim();
    if css.is_empty() || css.chars().count() > MAX_CHARACTERS || css.chars().any(is_refused) {
        return None;
    }
    // Browsers look for imports before they parse, and take one in a comment or string of a prelude for a real one.
    if css.to_ascii_lowercase().contains("@import") {
        return None;
    }
    let mut parser = Parser::new(css);
    parser.set_nested_block_limit(MAX_DEPTH);
    check(&mut parser).is_ok().then_some(css)
}

/// `<` could end the `<style>` element, in a comment and a string too. With an escape, a name is another one than is
/// written. Browsers normalise carriage returns, which would change the hash that the policy has to contain.
fn is_refused(c: char) -> bool {
    matches!(c, '<' | '\\') || (c.is_control() && c != '\n' && c != '\t')
}

/// Checks the tokens of a sheet or of a block, and returns where it ends.
fn check(parser: &mut Parser<'_>) -> Result<SourcePosition, ParseError<()>> {
    let mut is_after_name = false;
    loop {
        let start = parser.position();
        // The only error is the end.
        let Ok(token) = parser.next_including_whitespace_and_comments().cloned() else { return Ok(start) };
        // Where a browser ends such a name earlier, the rest of it could be a function.
        let is_hidden_function = is_after_name && token == Token::ParenthesisBlock;
        if is_hidden_function || !is_allowed(&token, parser.slice_from(start).len()) {
            return Err(ParseError::unexpected_token());
        }
        is_after_name = ends_in_name(&token);
        if is_block_start(&token) {
            let end = parser.parse_nested_block(check)?;
            // The parser moves over the closing bracket. If it did not move, the sheet ended first.
            if parser.position() == end {
                return Err(ParseError::unexpected_token());
            }
        }
    }
}

/// `written` is the length of the token with its marks. A string or comment that is never closed lacks the second one.
fn is_allowed(token: &Token<'_>, written: usize) -> bool {
    match token {
        Token::AtKeyword(name) => is_listed(AT_RULES, name),
        Token::Function(name) => is_listed(FUNCTIONS, name),
        Token::Ident(name) => !SCRIPTS.iter().any(|script| name.eq_ignore_ascii_case(script)),
        Token::QuotedString(text) => written == text.len() + 2,
        // A browser's developer tools load the source map that a comment names.
        Token::Comment(text) => written == text.len() + 4 && !text.contains("sourceMappingURL"),
        Token::Hash(_)
        | Token::IDHash(_)
        | Token::Delim(_)
        | Token::Number { .. }
        | Token::Percentage { .. }
        | Token::Dimension { .. }
        | Token::WhiteSpace(_)
        | Token::Colon
        | Token::Semicolon
        | Token::Comma
        | Token::IncludeMatch
        | Token::DashMatch
        | Token::PrefixMatch
        | Token::SuffixMatch
        | Token::SubstringMatch
        | Token::ParenthesisBlock
        | Token::SquareBracketBlock
        | Token::CurlyBracketBlock => true,
        Token::UnquotedUrl(_)
        | Token::BadUrl(_)
        | Token::BadString(_)
        | Token::CDO
        | Token::CDC
        | Token::CloseParenthesis
        | Token::CloseSquareBracket
        | Token::CloseCurlyBracket => false,
    }
}

/// Whether the token ends in a name that is checked against no list. Browsers differ in what such a name may contain:
/// some end it at certain characters beyond ASCII, and some take the digits in `u+0url(x)` for a range of characters.
fn ends_in_name(token: &Token<'_>) -> bool {
    matches!(token, Token::Hash(_) | Token::IDHash(_) | Token::Dimension { .. })
}

fn is_block_start(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock | Token::CurlyBracketBlock
    )
}

/// Whether a list has the name, in any case and with any vendor's prefix.
fn is_listed(names: &[&str], name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let bare = VENDORS.iter().find_map(|vendor| name.strip_prefix(*vendor)).unwrap_or(&name);
    names.iter().flat_map(|kind| kind.split(' ')).any(|listed| listed == bare)
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
            // Words that load only as a function or an at-rule.
            "/* no url(x) */ .expression { content: 'url(x)' }",
            ".image[data-src='element(x)'] { background: none }",
            // Unknown to us and to browsers, so without effect.
            "a { *zoom: 1; no-such-property: yes }",
            "@supports (display: grid) { @layer a { @media print { .b:not(.c):nth-child(2n+1) { gap: 1px } } } }",
            "a { & b { c: d } @media print { e: f } }",
            "@-webkit-keyframes x { 50.5% { -webkit-transform: translateX(-1.5e1px) } }",
            "a { background: -webkit-LINEAR-gradient(#fff, RGB(0 0 0 / 50%)); width: calc((1px + var(--x)) * 2) }",
            "a > b ~ c + d, [e|=f], [g^='h'], [i$=j], [k*=l], [m~=n] { o: p!important }",
            "a{--unicode: '☃ 🎉 )}]'}",
            "@media(min-width:1px)and (max-width:9px){a{width:calc(1px*(2 + 3)*(4))}}",
            // Written for browsers of the past.
            "@-ms-viewport { width: device-width }",
            "a { padding: constant(safe-area-inset-top); padding: env(safe-area-inset-top) }",
            "a { background: -webkit-gradient(linear, left top, right top, from(#fff), color-stop(.5, red), to(#000)) }",
            "a { filter: alpha(opacity=50); *display: inline }",
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
            "a{}-->",
            "@import 'https://evil.example/x.css';",
            "@IMPORT \"x\";",
            "@import/**/'x';",
            "@import url(x);",
            "@layer a;@import 'x' layer(a);",
            "@layer/*;@import 'x';*/a;",
            "@layer a/* ;@IMPORT 'x'; */;",
            "@layer 'a;@import url(x);';",
            "@im/**/port 'x';",
            "@\u{69}mport 'x';",
            "a{@import 'x';}",
            "a{}@unknown{}",
            "a{background:url(https://evil.example)}",
            "a{background:url()}",
            "a{background:URL( 'x' )}",
            "a{background:uRl(\n\"x\")}",
            "a{background:url(x\"y)}",
            "a{background:url (x),url(y)}",
            "a{background:u/**/rl(x)}",
            "a{background:u\\72l(x)}",
            "a{background:\\75 rl(x)}",
            "a{background:url\\28 x)}",
            // In browsers that end the name before `url`, the URL ends at the bracket in the string.
            "a{b:#×url(x' );background:url(//evil.example) ')}",
            "a{b:1×url(x' );background:url(//evil.example) ')}",
            "a{b:u+0url(x' );background:url(//evil.example) ')}",
            "a{b:#×image-set('x' 1x)}",
            "a{b:u+0-1url(x)}",
            "@\\69mport 'x';",
            "a{background:image-set('x' 1x)}",
            "a{background:-webkit-image-set('x' 1x)}",
            "a{background:-webkit-cross-fade('x','y',1)}",
            "a{background:image('x')}",
            "a{background:src('x')}",
            "a{background:src(var(--x))}",
            "a{background:-moz-element(#x)}",
            "a{background:paint(x)}",
            "a{--x:url(y)}",
            "a{--x:{y:image('z')}}",
            "a{background:var(--x,image('y'))}",
            "a{width:calc(1px + expression(alert(1)))}",
            "a{width:expression(alert(1))}",
            "a{width:EXPRESSION/**/(alert(1))}expression(1)",
            "a{filter:progid:DXImageTransform.Microsoft.AlphaImageLoader(src='x')}",
            "a{-moz-binding:x}",
            "a{-MOZ-BINDING:x}",
            "a{behavior:x}",
            "a{b:javascript:x}",
            "a{b:/**/vbscript:x}",
            "a:url(x){}",
            "a[b=url(x)]{}",
            "@media print and (x:url(y)){}",
            "@supports (background:image-set('x' 1x)){a{b:c}}",
            "@media print{@supports (a:b){@import 'x';}}",
            "@media print{@font-face{font-family:x;src:local(x)}}",
            "@font-face{font-family:x;src:local(x)}",
            "@namespace x 'y';",
            "@charset 'utf-7';",
            "@property --x{syntax:'*';inherits:false}",
            "@document domain(x){a{b:c}}",
            "@-moz-document url-prefix(){a{b:c}}",
            "a{}/* never closed",
            "a{}/*/",
            "a{}/* <style> */",
            "a{}/*# sourceMappingURL=https://evil.example/x.map */",
            "a{",
            "a{b:c",
            "a{}}",
            "}a{}",
            "a{b:(c}",
            "a{b:c)}",
            "a{b:[c}]",
            "a{[}",
            "a{{}",
            "a{b:calc(1px",
            "@media print{a{b:c}",
            "a{content:'x}",
            "a{content:\"x'}",
            "a{content:'x\n'}",
            "a{content:'",
            "a{content:'\u{0}'}",
            "a{}\u{c}b{}",
            "a{}\r\nb{}",
            &format!("a{{}}{}", " ".repeat(10_000) + "b{}"),
        ] {
            assert_eq!(safe_custom_css(css), None, "{css:?}");
        }
    }

    #[test]
    fn blocks_inside_each_other_are_limited() {
        for (open, close) in [("{", "}"), ("(", ")"), ("[", "]"), ("calc(", ")"), ("@media{", "}")] {
            let nested = |depth: usize| open.repeat(depth) + &close.repeat(depth);
            assert!(safe_custom_css(&nested(usize::from(MAX_DEPTH))).is_some(), "{open}");
            assert_eq!(safe_custom_css(&nested(usize::from(MAX_DEPTH) + 1)), None, "{open}");
            let fits = MAX_CHARACTERS / (open.len() + close.len());
            assert_eq!(safe_custom_css(&nested(fits)), None, "{open}");
            assert_eq!(safe_custom_css(&open.repeat(MAX_CHARACTERS / open.len())), None, "{open}");
        }
    }

    #[test]
    fn a_megabyte_is_refused_for_its_length() {
        for piece in ["{", "}", "{}", "a{}", "/*", "\\", "'"] {
            assert_eq!(safe_custom_css(&piece.repeat(1_000_000 / piece.len())), None, "{piece}");
        }
        let longest = "a{}".repeat(3_333);
        assert!(safe_custom_css(&longest).is_some());
        assert_eq!(safe_custom_css(&(longest + "b{}")), None);
    }

    /// If a sheet passes, nothing in it is left open that could hide or change what stands around it.
    #[test]
    fn what_passes_ends_where_it_ends() {
        const PIECES: [&str; 26] = [
            "a", "-", "@media", "url", "calc", "(", ")", "[", "]", "{", "}", "'", "\"", "/*", "*/", "/", "*",
            ":", ";", ",", "!", "#", ".", "1", " ", "\n",
        ];
        let mut passed = 0;
        for first in PIECES {
            for second in PIECES {
                for third in PIECES {
                    let sheet = [first, second, third].concat();
                    if safe_custom_css(&sheet).is_none() {
                        continue;
                    }
                    passed += 1;
                    let wrapped = format!("@media print{{ {sheet} }}");
                    assert_eq!(safe_custom_css(&wrapped), Some(&*wrapped), "{sheet:?}");
                    let followed = format!("{sheet} a{{b:url(x)}}");
                    assert_eq!(safe_custom_css(&followed), None, "{sheet:?}");
                }
            }
        }
        assert!(passed > 2_000, "{passed}");
    }
}
