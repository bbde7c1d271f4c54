//! Who reads an answer: under which organization, in which language (oidc-and-login §9, repairs W22).

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, header};
use porta_oidc::Tenant;
use porta_pages::{LocaleCandidates, Look, negotiate};

/// What is read of an `Accept-Language` header. A person does not read that many languages.
const MAX_HEADER_BYTES: usize = 4_096;

/// What is known of a reader's languages. The browser's are known from the start; what the request asks for and who
/// the person is turn up on the way, and count from then on.
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

    /// Languages by preference, separated by blanks (OpenID Connect Core §3.1.2.1).
    pub(crate) fn asked_for(&self, ui_locales: Option<&str>) {
        learn(&self.ui_locales, ui_locales);
    }

    /// The language of a person who proved who they are. Nobody else's: it would tell that there is an account.
    pub(crate) fn is_person_of(&self, locale: Option<&str>) {
        learn(&self.user, locale);
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
    pub(crate) fn neutral_look(&self) -> Look<'static> {
        Look::neutral().in_locale(self.locale(None))
    }
}

fn learn(place: &OnceLock<String>, found: Option<&str>) {
    if let Some(found) = found.filter(|found| !found.trim().is_empty()) {
        place.get_or_init(|| found.to_owned());
    }
}

/// The organization a request is under, and who reads the answer.
#[derive(Debug)]
pub(crate) struct RequestContext {
    tenant: Arc<Tenant>,
    pub(crate) languages: LanguagePreferences,
}

impl RequestContext {
    pub(crate) fn new(tenant: Arc<Tenant>, languages: LanguagePreferences) -> Self {
        Self { tenant, languages }
    }

    /// The organization's looks in the reader's language.
    pub(crate) fn look(&self) -> Look<'_> {
        let organization = &self.tenant.organization;
        Look::of(organization).in_locale(self.languages.locale(Some(&organization.default_locale)))
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
        languages.is_person_of(Some("ja"));
        assert_eq!(languages.locale(Some("de")), "fr", "the browser's language is the one asked for now");
        languages.asked_for(Some(" "));
        languages.asked_for(None);
        languages.asked_for(Some("xx es"));
        assert_eq!(languages.locale(Some("de")), "es");
        languages.asked_for(Some("pt"));
        assert_eq!(languages.locale(Some("de")), "es", "what was asked first stays");
    }

    #[test]
    fn without_a_header_the_person_counts_then_the_organization() {
        let languages = LanguagePreferences::default();
        assert_eq!(languages.locale(None), "en");
        assert_eq!(languages.locale(Some("de-AT")), "de");
        languages.is_person_of(Some("anything at all"));
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
