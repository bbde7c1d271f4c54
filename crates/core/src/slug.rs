//! Slugs: names used in URLs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// First path segments that the server uses itself, and misleading names.
const RESERVED_ORGANIZATION: &[&str] = &[
    "admin",
    "api",
    "health",
    "static",
    ".well-known",
    "login",
    "logout",
    "callback",
    "register",
    "signup",
    "auth",
    "oauth",
    "oidc",
    "token",
    "jwks",
    "portal",
    "dashboard",
    "settings",
    "account",
    "favicon.ico",
    "robots.txt",
    "sitemap.xml",
    "ready",
    "metrics",
    "interaction",
    "assets",
    "default",
    "v1",
    // A path of the Admin API.
    "validate-slug",
];
const RESERVED_APPLICATION: &[&str] = &["admin", "api", "system", "internal", "default", "health", "status"];

/// 3–100 characters of `[a-z0-9-]`, no hyphen at either end. Comparison is exact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slug(String);

fn has_slug_characters(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl Slug {
    /// Checks the syntax only; enough for a lookup.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if (3..=100).contains(&text.len()) && has_slug_characters(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(
            "slug",
            "use 3 to 100 characters of a-z, 0-9 and hyphen, with no hyphen at either end",
        ))
    }

    /// Checks the slug of a new organization: syntax and reserved names.
    pub fn for_organization(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)?.unless_reserved(RESERVED_ORGANIZATION)
    }

    /// Checks the slug of a new application: syntax and reserved names.
    pub fn for_application(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)?.unless_reserved(RESERVED_APPLICATION)
    }

    /// Checks a role or module slug: 1–100 characters, same alphabet, no reserved names.
    pub fn for_role(text: &str) -> Result<Self, Invalid> {
        if (1..=100).contains(&text.len()) && has_slug_characters(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(
            "slug",
            "use 1 to 100 characters of a-z, 0-9 and hyphen, with no hyphen at either end",
        ))
    }

    /// Derives a slug from a name as the reference does: other characters become hyphens, runs collapse, ends trimmed.
    pub fn suggest(name: &str) -> String {
        let mut out = String::new();
        for c in name.to_lowercase().chars() {
            if c.is_ascii_alphanumeric() {
                out.push(c);
            } else if !out.ends_with('-') && !out.is_empty() {
                out.push('-');
            }
        }
        out.truncate(100);
        out.trim_matches('-').to_owned()
    }

    /// Wraps a value from storage without checking it.
    pub fn trusted(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn unless_reserved(self, reserved: &[&str]) -> Result<Self, Invalid> {
        if reserved.contains(&self.as_str()) {
            return Err(Invalid::new("slug", format!("`{}` is reserved; choose another", self.0)));
        }
        Ok(self)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks `area:resource:action`: at least three segments of `[a-z0-9-]`, at most 150 characters.
pub fn permission_slug(text: &str) -> Result<String, Invalid> {
    let segments: Vec<&str> = text.split(':').collect();
    let well_formed = segments.iter().all(|s| !s.is_empty() && has_slug_characters(s));
    if text.len() <= 150 && segments.len() >= 3 && well_formed {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        "slug",
        "use at least three segments of a-z, 0-9 and hyphen joined by `:`, at most 150 characters",
    ))
}

/// The same, or any name that published manifests have: `read`, `dashboard.read`.
pub fn published_permission_slug(text: &str) -> Result<String, Invalid> {
    if text.len() <= 150 && is_published_name(text) { Ok(text.to_owned()) } else { permission_slug(text) }
}

/// Whether published manifests may name a permission or claim so: `^[a-z0-9]([a-z0-9._:-]*[a-z0-9])?$`.
pub(crate) fn is_published_name(text: &str) -> bool {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_end)
        && text.ends_with(is_end)
        && text.chars().all(|c| is_end(c) || matches!(c, '.' | '_' | ':' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_permissions_have_fewer_segments() {
        for good in ["read", "dashboard.read", "a", "a_b-c:d.9", "dock:berths:read", &"a".repeat(150)] {
            assert_eq!(published_permission_slug(good).as_deref(), Ok(good));
        }
        for bad in ["", "Read", ".read", "read.", "a b", "a/b", "\u{e9}", "a\0", &"a".repeat(151)] {
            assert!(published_permission_slug(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn refuses_what_the_rules_forbid() {
        for bad in ["", "ab", "-abc", "abc-", "Abc", "a_b_c", "a.b.c", "аbc", &"a".repeat(101)] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
        for reserved in RESERVED_ORGANIZATION {
            assert!(Slug::for_organization(reserved).is_err(), "{reserved}");
        }
        assert!(Slug::for_application("system").is_err());
    }

    #[test]
    fn suggests_from_names() {
        assert_eq!(Slug::suggest("  Harbor & Logistics  "), "harbor-logistics");
        assert_eq!(Slug::suggest("Ünïque"), "n-que");
    }

    #[test]
    fn permissions_need_three_segments() {
        assert!(permission_slug("dock:berths:read").is_ok());
        for bad in ["dock:read", "dock::read", "Dock:berths:read", "a:b:c ", ""] {
            assert!(permission_slug(bad).is_err(), "{bad}");
        }
    }
}
