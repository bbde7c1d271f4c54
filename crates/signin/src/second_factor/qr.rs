//! QR codes as SVG.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// Edge length in CSS pixels, unless the style sheet overrides it.
const EDGE: u32 = 256;

/// The text is longer than any QR code holds (about 2,300 bytes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too long for a QR code")]
pub struct QrError;

/// Renders `text` as an inline `<svg>` element, which contains coordinates and nothing of the text. Colours are
/// attributes, so the content security policy need not allow styles or images for it. Quiet zone and both colours are
/// included, so that it can be scanned on dark pages, too.
pub fn qr_svg(text: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| QrError)?;
    let document = code.render::<svg::Color<'_>>().min_dimensions(EDGE, EDGE).build();
    // Drop the XML declaration: it is allowed at the beginning of a document only.
    Ok(document.find("<svg").map_or_else(String::new, |at| document[at..].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_markup_is_one_element_without_style_script_or_text() {
        let svg = qr_svg("otpauth://totp/Porta:ana%40example.com?secret=GEZDGNBVGY3TQOJQ&issuer=\"><script>")
            .unwrap();
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>"));
        for forbidden in ["style", "script", "<?xml", "href", "on", "otpauth", "GEZD"] {
            let known = svg.replace("version", "");
            assert!(!known.contains(forbidden), "{forbidden}");
        }
        assert_eq!(svg.matches('<').count(), 4, "svg, rect, path and the end");
    }

    #[test]
    fn a_longest_name_and_address_still_fit() {
        use porta_core::SeededEntropy;
        use porta_core::user::Email;
        use secrecy::ExposeSecret as _;

        use crate::second_factor::TotpSecret;

        let issuer = "界".repeat(255);
        let address = format!("{}@example.com", "界".repeat(100));
        let secret = TotpSecret::generate(&SeededEntropy::new(1));
        let uri = secret.provisioning_uri(&issuer, &Email::parse(&address).unwrap());
        assert!(qr_svg(uri.expose_secret()).is_ok());
        assert_eq!(qr_svg(&"a".repeat(3000)), Err(QrError));
    }
}
