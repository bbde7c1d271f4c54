//! Request context: the organization of a request and the languages of the person who sent it.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, header};
use porta_pages::{LocaleCandidates, Theme, negotiate};
use porta_session::Tenant;

/// Longer `Accept-Language` lists are cut: nobody reads that many languages.
const MAX_HEADER_BYTES: usize = 4_096;

/// Language preferences of one request. The header is known from the start; `ui_locales` and the profile of the signed-in
/// person are added while the request is handled, and count from then on.
#[derive(Debug, Default)]
pub(crate) struct LanguagePreferences {
    accept_language: Option<String>,
    ui_locales: OnceLock<String>,
    user: OnceLock<String>,
}

impl LanguagePreferences {
    /// Several lines of a header are one list (RFC 9110 §5.3).
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut list = String::new();
        for line in headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok()) {
            if list.len() + line.len() > MAX_HEADER_BYTES {
                break;
            }
            list.push_str(line);
            list.push(',');
        }
        Self { accept_language: (!list.is_empty()).then_some(list), ..Self::default() }
    }

    /// Adds `ui_locales`: languages by preference, separated by spaces (OpenID Connect Core §3.1.2.1).
    pub(crate) fn add_ui_locales(&self, ui_locales: Option<&str>) {
        set_once(&self.ui_locales, ui_locales);
    }

    /// Adds the language of an authenticated person. That of anybody else would reveal that an account exists.
    pub(crate) fn add_profile_locale(&self, locale: Option<&str>) {
        set_once(&self.user, locale);
    }

    fn locale(&self, organization: Option<&str>) -> &'static str {
        negotiate(&LocaleCandidates {
            ui_locales: self.ui_locales.get().map(String::as_str),
            accept_language: self.accept_language.as_deref(),
            user: self.user.get().map(String::as_str),
            organization,
            platform: None,
        })
    }

    /// For pages that belong to no organization.
    pub(crate) fn neutral_theme(&self) -> Theme<'static> {
        Theme::neutral().in_locale(self.locale(None))
    }
}

fn set_once(place: &OnceLock<String>, found: Option<&str>) {
    if let Some(found) = found.filter(|found| !found.trim().is_empty()) {
        place.get_or_init(|| found.to_owned());
    }
}

/// The tenant of a request and the language preferences of its sender.
#[derive(Debug)]
pub(crate) struct RequestContext {
    tenant: Arc<Tenant>,
    pub(crate) languages: LanguagePreferences,
}

impl RequestContext {
    pub(crate) fn new(tenant: Arc<Tenant>, languages: LanguagePreferences) -> Self {
        Self { tenant, languages }
    }

    /// The organization's theme in the negotiated language.
    pub(crate) fn theme(&self) -> Theme<'_> {
        let organization = &self.tenant.organization;
        Theme::of(organization).in_locale(self.languages.locale(Some(&organization.default_locale)))
    }
}

impl Deref for RequestContext {
    type Target = Tenant;
    fn deref(&self) -> &Tenant {
        &self.tenant
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn languages(lines: &[&[u8]]) -> LanguagePreferences {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT_LANGUAGE, HeaderValue::from_bytes(line).unwrap());
        }
        LanguagePreferences::of(&headers)
    }

    #[test]
    fn the_most_particular_language_counts_from_when_it_is_known() {
        let languages = languages(&[b"nl;q=0.5", b"fr;q=0.9"]);
        assert_eq!(languages.locale(Some("de")), "fr");
        languages.add_profile_locale(Some("ja"));
        assert_eq!(languages.locale(Some("de")), "fr", "the browser's language is the one asked for now");
        languages.add_ui_locales(Some(" "));
        languages.add_ui_locales(None);
        languages.add_ui_locales(Some("xx es"));
        assert_eq!(languages.locale(Some("de")), "es");
        languages.add_ui_locales(Some("pt"));
        assert_eq!(languages.locale(Some("de")), "es", "what was asked first stays");
    }

    #[test]
    fn without_a_header_the_person_counts_then_the_organization() {
        let languages = LanguagePreferences::default();
        assert_eq!(languages.locale(None), "en");
        assert_eq!(languages.locale(Some("de-AT")), "de");
        languages.add_profile_locale(Some("anything at all"));
        assert_eq!(languages.locale(Some("de")), "de");
    }

    #[test]
    fn lines_that_are_no_text_or_too_much_are_passed_over() {
        assert_eq!(languages(&[b"\xff\xfe", b"ar"]).locale(None), "ar");
        let long = vec![b'x'; MAX_HEADER_BYTES + 1];
        assert_eq!(languages(&[b"nl", &long, b"fr;q=1"]).locale(None), "nl");
        assert!(languages(&[&long]).accept_language.is_none());
    }
}
