//! Tenants.
//!
//! ```text
//! active ⇄ suspended;  active | suspended → archived → active (restore)
//! ```

use serde::{Deserialize, Serialize};

use crate::branding::{AssetKind, BrandingAsset};
use crate::line::{check_line, is_line_breaking};
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
            // The parser leaves out line breaks and tabs, but the text would be stored with them.
            let is_plain = !value.chars().any(is_line_breaking);
            let is_web = url::Url::parse(value).is_ok_and(|u| matches!(u.scheme(), "https" | "http"));
            if value.len() > 2048 || !is_plain || !is_web {
                return Err(Invalid::new(field, "use an absolute http(s) URL of at most 2048 characters"));
            }
        }
        if let Some(name) = &self.company_name {
            check_line("company_name", name, 255)?;
        }
        // PostgreSQL stores no zero byte.
        if self.custom_css.as_ref().is_some_and(|c| c.chars().count() > 10_000 || c.contains('\0')) {
            return Err(Invalid::new("custom_css", "use at most 10,000 characters, without zero bytes"));
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

/// What is deleted together with an organization. An application that clients of other organizations use is kept as a
/// shared one, so it is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CascadeCounts {
    pub applications: u64,
    pub clients: u64,
    pub users: u64,
    pub roles: u64,
    pub permissions: u64,
    pub claim_definitions: u64,
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
    fn branding_is_made_of_web_addresses_and_storable_text() {
        let with_logo = |url: &str| Branding { logo_url: Some(url.to_owned()), ..Branding::default() };
        assert_eq!(with_logo("https://cdn.test/logo.svg").validate(), Ok(()));
        for unfit in [
            "",
            "logo.svg",
            "javascript:alert(1)",
            "data:image/png;base64,AA==",
            "https://cdn.test/\0",
            "https://cdn.test/\n",
        ] {
            assert_eq!(with_logo(unfit).validate().unwrap_err().field, "logo_url", "{unfit:?}");
        }
        let css = |text: &str| Branding { custom_css: Some(text.to_owned()), ..Branding::default() };
        assert_eq!(css("a{}\n").validate(), Ok(()));
        assert!(css("a{}\0").validate().is_err() && css(&"a".repeat(10_001)).validate().is_err());
    }

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
