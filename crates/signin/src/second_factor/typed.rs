//! Normalizes typed codes for comparison.

/// Upper-case ASCII. Digits of other scripts and full-width forms of East Asian keyboards are converted; spaces and
/// dashes, shown by mails and authenticators for legibility, are removed. Anything else stays and will match nothing.
pub(super) fn normal(text: &str) -> String {
    text.chars().map(ascii).filter(|c| !is_separator(*c)).map(|c| c.to_ascii_uppercase()).collect()
}

/// Zeros of scripts with digits on their keyboards. One to nine follow each (Unicode Standard §4.6).
const ZEROS: &[char] = &[
    '\u{660}',  // Arabic
    '\u{6F0}',  // Persian, Urdu
    '\u{966}',  // Devanagari
    '\u{9E6}',  // Bengali
    '\u{A66}',  // Gurmukhi
    '\u{AE6}',  // Gujarati
    '\u{B66}',  // Oriya
    '\u{BE6}',  // Tamil
    '\u{C66}',  // Telugu
    '\u{CE6}',  // Kannada
    '\u{D66}',  // Malayalam
    '\u{E50}',  // Thai
    '\u{ED0}',  // Lao
    '\u{F20}',  // Tibetan
    '\u{1040}', // Myanmar
    '\u{17E0}', // Khmer
    '\u{1810}', // Mongolian
];

/// ASCII equivalent of a character. The full-width forms are in ASCII order, starting with U+FF01 for `!`.
fn ascii(c: char) -> char {
    let code = u32::from(c);
    let digit = |zero: &char| code.checked_sub(u32::from(*zero)).and_then(|n| char::from_digit(n, 10));
    let full_width = (0xFF01..=0xFF5E).contains(&code).then(|| char::from_u32(code - 0xFEE0)).flatten();
    ZEROS.iter().find_map(digit).or(full_width).unwrap_or(c)
}

/// Spaces, invisible characters that are copied along, bidirectional marks around numbers in right-to-left text, and
/// what passes for a dash: hyphens, dashes, the minus sign, and the prolonged sound mark that Japanese keyboards enter
/// for it.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2010}'..='\u{2015}' | '\u{2060}' | '\u{2212}')
        || matches!(c, '\u{30FC}' | '\u{FE58}' | '\u{FE63}' | '\u{FEFF}')
        || matches!(c, '\u{61C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
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
    fn digits_of_every_script_are_digits() {
        for digits in [
            "0123456789",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "০১২৩৪৫৬৭৮৯",
            "੦੧੨੩੪੫੬੭੮੯",
            "૦૧૨૩૪૫૬૭૮૯",
            "୦୧୨୩୪୫୬୭୮୯",
            "௦௧௨௩௪௫௬௭௮௯",
            "౦౧౨౩౪౫౬౭౮౯",
            "೦೧೨೩೪೫೬೭೮೯",
            "൦൧൨൩൪൫൬൭൮൯",
            "๐๑๒๓๔๕๖๗๘๙",
            "໐໑໒໓໔໕໖໗໘໙",
            "༠༡༢༣༤༥༦༧༨༩",
            "၀၁၂၃၄၅၆၇၈၉",
            "០១២៣៤៥៦៧៨៩",
            "᠐᠑᠒᠓᠔᠕᠖᠗᠘᠙",
            "０１２３４５６７８９",
        ] {
            assert_eq!(normal(digits), "0123456789", "{digits}");
        }
        assert_eq!(normal("\u{2067}١٢٣ ٤٥٦\u{2069}"), "123456");
        assert_eq!(normal("\u{202b}\u{61c}۱۲۳-۴۵۶\u{202c}"), "123456");
        assert_eq!(normal("ab٣d-٩xyz"), "AB3D9XYZ");
    }

    #[test]
    fn anything_else_stays() {
        for other in
            ["12.34", "１２３．", "١٢٣٫٤", "²³", "①②③", "一二三", "Ⅲ", "½", "௰", "𝟏𝟐", "ß", "é", "123\u{0}"]
        {
            assert!(!normal(other).bytes().all(|b| b.is_ascii_alphanumeric()), "{other:?}");
        }
    }
}
