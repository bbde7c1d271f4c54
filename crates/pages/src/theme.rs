//! Appearance of a tenant's pages.

use porta_core::organization::Organization;

use crate::color::{Palette, Rgb};
use crate::css::safe_custom_css;
use crate::text::is_picture_url;

/// Default colour, for tenants without one.
pub(crate) const DEFAULT_COLOR: &str = "#3B82F6";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme<'a> {
    /// Slug of the organization, which selects its template folder; empty: none.
    pub organization: &'a str,
    /// Empty: no name is shown.
    pub company_name: &'a str,
    pub logo_url: Option<&'a str>,
    pub favicon_url: Option<&'a str>,
    /// `#RRGGBB`; anything else means the default.
    pub primary_color: &'a str,
    /// Left out if it might do more than style the page ([`crate::safe_custom_css`]).
    pub custom_css: Option<&'a str>,
    /// Language of the reader; English if not supported.
    pub locale: &'a str,
}

impl<'a> Theme<'a> {
    pub fn of(organization: &'a Organization) -> Self {
        let branding = &organization.branding;
        Self {
            organization: organization.slug.as_str(),
            company_name: organization.display_name(),
            logo_url: branding.logo_url.as_deref(),
            favicon_url: branding.favicon_url.as_deref(),
            primary_color: branding.primary_color.as_deref().unwrap_or(DEFAULT_COLOR),
            custom_css: branding.custom_css.as_deref(),
            locale: &organization.default_locale,
        }
    }

    /// For pages that belong to no tenant.
    pub const fn neutral() -> Self {
        Self {
            organization: "",
            company_name: "",
            logo_url: None,
            favicon_url: None,
            primary_color: DEFAULT_COLOR,
            custom_css: None,
            locale: "en",
        }
    }

    /// The same theme in another language.
    #[must_use]
    pub fn in_locale(self, locale: &'a str) -> Self {
        Self { locale, ..self }
    }

    pub(crate) fn palette(&self) -> Palette {
        Palette::of(Rgb::parse(self.primary_color).unwrap_or(Rgb::DEFAULT))
    }

    pub(crate) fn logo(&self) -> Option<&'a str> {
        self.logo_url.filter(|url| is_picture_url(url))
    }

    pub(crate) fn favicon(&self) -> Option<&'a str> {
        self.favicon_url.filter(|url| is_picture_url(url))
    }

    pub(crate) fn css(&self) -> Option<&'a str> {
        self.custom_css.and_then(safe_custom_css)
    }

    /// Initial shown in place of a missing logo.
    pub(crate) fn monogram(&self) -> String {
        let first = self.company_name.chars().find(|c| c.is_alphanumeric());
        first.map(|c| c.to_uppercase().collect()).unwrap_or_default()
    }
}
