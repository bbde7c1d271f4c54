//! Tenants.
//!
//! ```text
//! active ⇄ suspended;  active | suspended → archived → active (restore)
//! ```

use serde::{Deserialize, Serialize};

use crate::branding::{AssetKind, BrandingAsset};
use crate::line::check_line;
use crate::{BrandingAssetId, Invalid, OrganizationId, Slug, Timestamp, Version, string_enum};

string_enum! {
    pub enum OrganizationStatus { Active = "active", Suspended = "suspended", Archived = "archived" }
}

string_enum! {
    /// Second-factor policy of a tenant.
    pub enum TwoFactorPolicy {
        Optional = "optional",
        RequiredEmail = "required_email",
        RequiredTotp = "required_totp",
        RequiredAny = "required_any",
    }
}

string_enum! {
    /// First factors that a tenant or client offers.
    pub enum LoginMethod { Password = "password", MagicLink = "magic_link" }
}

/// Appearance of a tenant's pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branding {
    pub logo_url: Option<String>,
    pub favicon_url: Option<String>,
    /// `#RRGGBB`.
    pub primary_color: Option<String>,
    pub company_name: Option<String>,
    pub custom_css: Option<String>,
    /// The uploaded logo. Not a column of the organization: writing an organization does not change it.
    #[serde(skip)]
    pub logo_asset: Option<BrandingAssetId>,
    /// The uploaded favicon; likewise not a column.
    #[serde(skip)]
    pub favicon_asset: Option<BrandingAssetId>,
}

impl Branding {
    /// Fills in the URLs of uploaded pictures where no other URL is set.
    #[must_use]
    pub fn with_uploads(mut self, issuer: &str) -> Self {
        let address = |kind, id| format!("{issuer}{}", BrandingAsset::path(kind, id));
        let (logo, favicon) = (self.logo_asset, self.favicon_asset);
        self.logo_url = self.logo_url.or_else(|| logo.map(|id| address(AssetKind::Logo, id)));
        self.favicon_url = self.favicon_url.or_else(|| favicon.map(|id| address(AssetKind::Favicon, id)));
        self
    }

    /// Checks the limits of all branding fields.
    pub fn validate(&self) -> Result<(), Invalid> {
        if let Some(color) = &self.primary_color {
            let digits = color.strip_prefix('#').unwrap_or_default();
            if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(Invalid::new("primary_color", "use the form #RRGGBB"));
            }
        }
        for (field, value) in [("logo_url", &self.logo_url), ("favicon_url", &self.favicon_url)] {
            let Some(value) = value else { continue };
            let is_web = url::Url::parse(value).is_ok_and(|u| matches!(u.scheme(), "https" | "http"));
            if value.len() > 2048 || !is_web {
                return Err(Invalid::new(field, "use an absolute http(s) URL of at most 2048 characters"));
            }
        }
        if let Some(name) = &self.company_name {
            check_line("company_name", name, 255)?;
        }
        if self.custom_css.as_ref().is_some_and(|c| c.chars().count() > 10_000) {
            return Err(Invalid::new("custom_css", "use at most 10,000 characters"));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub slug: Slug,
    pub status: OrganizationStatus,
    pub is_super_admin: bool,
    pub branding: Branding,
    pub default_locale: String,
    pub two_factor_policy: TwoFactorPolicy,
    pub default_login_methods: Vec<LoginMethod>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: Version,
}

impl Organization {
    /// The name shown on pages.
    pub fn display_name(&self) -> &str {
        self.branding.company_name.as_deref().unwrap_or(&self.name)
    }

    /// Checks that the life cycle allows the transition; the super-admin tenant always stays `active`.
    pub fn may_become(&self, next: OrganizationStatus) -> Result<(), Invalid> {
        use OrganizationStatus::{Active, Archived, Suspended};
        if self.is_super_admin && next != Active {
            return Err(Invalid::new(
                "status",
                "the super-admin organization cannot be suspended or archived",
            ));
        }
        match (self.status, next) {
            (Active, Suspended | Archived) | (Suspended, Active | Archived) | (Archived, Active) => Ok(()),
            (from, to) => {
                Err(Invalid::new("status", format!("an organization that is {from} cannot become {to}")))
            }
        }
    }
}

/// Checks a display name: one line of 1–255 characters.
pub fn display_name(field: &'static str, text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::new(field, "use 1 to 255 characters"));
    }
    check_line(field, text, 255).map(|()| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(display_name("name", " Harbor & Sons (חיפה) ").as_deref(), Ok("Harbor & Sons (חיפה)"));
        let long = "x".repeat(256);
        for unfit in [
            "",
            " \n ",
            "Har\nbor",
            "Har\tbor",
            "Har\u{2028}bor",
            "Har\u{202e}rob",
            "Har\u{2066}bor",
            "a\0b",
            &long,
        ] {
            assert!(display_name("name", unfit).is_err(), "{unfit:?}");
            let branding = Branding { company_name: Some(format!("x{unfit}x")), ..Branding::default() };
            assert_eq!(branding.validate().is_ok(), unfit.is_empty(), "{unfit:?}");
        }
    }
}
