//! Unicode normalisation of texts that are compared.

use unicode_normalization::UnicodeNormalization as _;

/// Normalization Form C: composed characters (Unicode Standard Annex #15).
pub(crate) fn nfc(text: &str) -> String {
    text.nfc().collect()
}
