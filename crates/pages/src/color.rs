//! Accessible variants of the tenant's colour: whatever colour is configured, text and controls meet the contrast of
//! WCAG 2.2 (§1.4.3: 4.5:1 for text, §1.4.11: 3:1 for controls) in light and dark mode.

use std::fmt;

const WHITE: Rgb = Rgb([255, 255, 255]);
const BLACK: Rgb = Rgb([0, 0, 0]);
/// The backgrounds with the least contrast to accent-coloured text; `templates/base.css` has the same values.
const LIGHT_GROUND: Rgb = Rgb([0xf4, 0xf6, 0xf9]);
const DARK_GROUND: Rgb = Rgb([0x1a, 0x1f, 0x27]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rgb([u8; 3]);

impl Rgb {
    /// `#3B82F6`, for tenants without a colour.
    pub(crate) const DEFAULT: Self = Self([0x3b, 0x82, 0xf6]);

    /// Parses `#RRGGBB`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = porta_core::secret::unhex(text.strip_prefix('#')?)?;
        bytes.try_into().ok().map(Self)
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|channel| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Contrast ratio, 1 to 21 (WCAG 2.2).
    pub(crate) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn mix(self, other: Self, percent: u16) -> Self {
        let mut out = self.0;
        for (mine, theirs) in out.iter_mut().zip(other.0) {
            let sum = u16::from(*mine) * (100 - percent) + u16::from(theirs) * percent;
            *mine = u8::try_from(sum / 100).unwrap_or(u8::MAX);
        }
        Self(out)
    }

    /// The mix with the least of `towards` that has at least contrast `ratio` against `ground`.
    fn until(self, towards: Self, ground: Self, ratio: f64) -> Self {
        (0..=100).map(|p| self.mix(towards, p)).find(|c| c.contrast(ground) >= ratio).unwrap_or(towards)
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

/// The colours derived from one tenant colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette {
    /// Button background.
    pub(crate) primary: Rgb,
    /// Button text.
    pub(crate) on_primary: Rgb,
    /// Links, focus ring and button border, in light and in dark mode.
    pub(crate) accent_light: Rgb,
    pub(crate) accent_dark: Rgb,
}

impl Palette {
    pub(crate) fn of(tenant: Rgb) -> Self {
        // A colour below 3:1 against white is light and gets black text. Between 3:1 and 4.5:1 it is darkened a little,
        // because brands choose such colours with white text in mind.
        let (primary, on_primary) = if tenant.contrast(WHITE) >= 3.0 {
            (tenant.until(BLACK, WHITE, 4.5), WHITE)
        } else {
            (tenant, BLACK)
        };
        Self {
            primary,
            on_primary,
            accent_light: primary.until(BLACK, LIGHT_GROUND, 4.5),
            accent_dark: primary.until(WHITE, DARK_GROUND, 4.5),
        }
    }

    /// Style sheet that defines the palette on the page.
    pub(crate) fn css(self) -> String {
        let Self { primary, on_primary, accent_light, accent_dark } = self;
        format!(
            ":root{{--primary:{primary};--on-primary:{on_primary};--accent:{accent_light}}}\
             @media (prefers-color-scheme:dark){{:root{{--accent:{accent_dark}}}}}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ratios() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 0.001);
        assert!((Rgb::parse("#3B82F6").unwrap().contrast(WHITE) - 3.68).abs() < 0.01);
    }

    #[test]
    fn any_tenant_colour_stays_legible() {
        let steps = [0, 17, 51, 85, 119, 128, 153, 187, 221, 255];
        for r in steps {
            for g in steps {
                for b in steps {
                    let palette = Palette::of(Rgb([r, g, b]));
                    let label = format!("{palette:?} from {r} {g} {b}");
                    assert!(palette.primary.contrast(palette.on_primary) >= 4.5, "{label}");
                    assert!(palette.accent_light.contrast(LIGHT_GROUND) >= 4.5, "{label}");
                    assert!(palette.accent_light.contrast(WHITE) >= 4.5, "{label}");
                    assert!(palette.accent_dark.contrast(DARK_GROUND) >= 4.5, "{label}");
                }
            }
        }
    }

    #[test]
    fn a_legible_colour_is_left_alone() {
        let navy = Rgb::parse("#123456").unwrap();
        assert_eq!(Palette::of(navy).primary, navy);
        assert_eq!(Palette::of(navy).css().matches("#123456").count(), 2);
    }

    #[test]
    fn refuses_what_is_not_a_colour() {
        for bad in ["", "#fff", "123456", "#12345g", "#1234567", "red", "#12345678"] {
            assert_eq!(Rgb::parse(bad), None, "{bad}");
        }
    }

    /// Value of a custom property in one of the two blocks of the base style sheet.
    fn base(mode: usize, name: &str) -> Rgb {
        let css = include_str!("../templates/base.css");
        let block = css.split(":root{").nth(mode + 1).unwrap().split('}').next().unwrap();
        let value = block.split(&format!("{name}:")).nth(1).unwrap().split(';').next().unwrap();
        let full = match value.trim() {
            "#fff" => "#ffffff",
            value => value,
        };
        Rgb::parse(full).unwrap()
    }

    #[test]
    fn the_base_style_sheet_is_legible_in_light_and_dark() {
        for mode in [0, 1] {
            for (text, ground, ratio) in [
                ("--text", "--ground", 7.0),
                ("--text", "--surface", 7.0),
                ("--text", "--field", 7.0),
                ("--muted", "--ground", 4.5),
                ("--muted", "--surface", 4.5),
                ("--error", "--error-ground", 4.5),
                ("--info", "--info-ground", 4.5),
                ("--error", "--surface", 3.0),
                ("--error-field", "--surface", 3.0),
                ("--field-line", "--surface", 3.0),
            ] {
                let reached = base(mode, text).contrast(base(mode, ground));
                assert!(reached >= ratio, "{text} on {ground} in mode {mode}: {reached}");
            }
        }
        assert_eq!(base(0, "--ground"), LIGHT_GROUND);
        assert_eq!(base(1, "--surface"), DARK_GROUND);
    }
}
