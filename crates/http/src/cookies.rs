//! Cookies of organizations: valid in one organization only, scoped to its path (decisions D6 and 0038).

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use cookie::{CookieJar, Key};
use porta_core::{Clock, OrganizationId, Timestamp, TokenDigest};
use porta_session::Tenant;
use porta_web::cookies::{SignedCookies, first};

/// The browser session, path `/{org}`.
pub(crate) const SESSION: &str = "_session";
/// The known-device cookie (decision 0027), path `/{org}`.
pub(crate) const DEVICE: &str = "_device";
/// Lifetime of the known-device cookie: 180 days.
const DEVICE_LIFETIME: Duration = Duration::from_hours(180 * 24);
/// Binds an interaction's pages to this browser, path `/{org}/interaction/{uid}`.
pub(crate) const INTERACTION: &str = "_interaction";
/// Binds the resume URL to this browser, path `/{org}/auth/{uid}`.
pub(crate) const RESUME: &str = "_interaction_resume";

/// An interaction in which nothing was proven yet, sealed and not stored (decision 0035); path of the page or resume
/// URL that reads it.
pub(crate) const ANONYMOUS_START: &str = "_begun";

/// CSRF session of the forms outside interactions, path `/{org}/auth`.
pub(crate) const FORM_SESSION: &str = "_forms";
/// The wait imposed on an unknown browser during a flood (decision 0041), path `/{org}`.
pub(crate) const PAUSE: &str = "_pause";
/// Uids of the sign-ins that this browser has begun, oldest first, path `/{org}`.
pub(crate) const PENDING: &str = "_pending";
/// Flash message for the next page, path `/{org}/account`, `/{org}/auth` or that of an interaction's pages.
pub(crate) const FLASH: &str = "_said";

/// Reads, sets and removes cookies.
pub(crate) struct Cookies {
    signed: SignedCookies,
    /// Verify cookies of the previous release: signature over the value alone, name without prefix (decision 0038).
    keys_before: Vec<Key>,
    is_https: bool,
    clock: Arc<dyn Clock>,
}

impl Cookies {
    /// `secrets`: the first signs, all verify. `is_https`: whether the issuer is https.
    pub(crate) fn new(secrets: &[Vec<u8>], is_https: bool, clock: Arc<dyn Clock>) -> Self {
        let signed = SignedCookies::new(secrets, is_https, Arc::clone(&clock));
        Self {
            signed,
            keys_before: secrets.iter().map(|secret| key_before(secret)).collect(),
            is_https,
            clock,
        }
    }

    /// The value of a cookie that one of our keys signed for this organization; `None` for anything else.
    pub(crate) fn read(&self, tenant: &Tenant, headers: &HeaderMap, name: &'static str) -> Option<String> {
        self.read_in(tenant.organization.id, headers, name)
    }

    fn read_in(
        &self,
        organization: OrganizationId,
        headers: &HeaderMap,
        name: &'static str,
    ) -> Option<String> {
        if let Some(sent) = self.signed.sent(headers, name) {
            let value = self.signed.verified(&sent, name, &organization.to_string());
            // Over TLS the prefix marks cookies of this release, so a wrong signature is final. Without TLS the names
            // are equal, and it may be a cookie of the previous release.
            if value.is_some() || self.is_https {
                return value;
            }
        }
        // Flash messages of the previous release are ignored: they would be shown again and again (decision 0038).
        let is_kept = name != FLASH;
        let before = first(headers, name).filter(|_| is_kept)?;
        let mut jar = CookieJar::new();
        jar.add_original(before);
        self.keys_before
            .iter()
            .find_map(|key| jar.signed(key).get(name))
            .map(|cookie| cookie.value().to_owned())
    }

    /// `Set-Cookie` header for a signed value.
    pub(crate) fn set(
        &self,
        tenant: &Tenant,
        name: &'static str,
        value: &str,
        path: &str,
        expires_at: Timestamp,
    ) -> Option<HeaderValue> {
        self.signed.set(name, &tenant.organization.id.to_string(), value, path, expires_at)
    }

    /// `Set-Cookie` header of the known-device cookie.
    pub(crate) fn device(&self, tenant: &Tenant, value: &str) -> Option<HeaderValue> {
        let path = format!("/{}", tenant.organization.slug);
        self.set(tenant, DEVICE, value, &path, self.clock.now() + DEVICE_LIFETIME)
    }

    /// `Set-Cookie` header that removes a cookie.
    pub(crate) fn clear(&self, name: &'static str, path: &str) -> Option<HeaderValue> {
        self.signed.clear(name, path)
    }
}

/// Hashed: the library requires 32 bytes, and a development secret may be shorter.
fn key_before(secret: &[u8]) -> Key {
    Key::derive_from(TokenDigest::of_bytes(secret).as_bytes())
}

#[cfg(test)]
mod tests {
    use std::iter;

    use axum::http::header;
    use cookie::Cookie;
    use porta_core::{EntityId as _, ManualClock};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn cookies(secrets: &[u8], is_https: bool) -> Cookies {
        let secrets: Vec<Vec<u8>> = secrets.iter().map(|secret| vec![*secret; 32]).collect();
        Cookies::new(&secrets, is_https, Arc::new(ManualClock::at(START)))
    }

    fn organization(n: u128) -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(n))
    }

    fn header_of(text: &str) -> HeaderMap {
        iter::once((header::COOKIE, HeaderValue::from_str(text).unwrap())).collect()
    }

    /// What the first organization reads over TLS.
    fn read(secrets: &[u8], headers: &HeaderMap, name: &'static str) -> Option<String> {
        cookies(secrets, true).read_in(organization(1), headers, name)
    }

    /// `name=value` as [`Cookies::set`] would send it over TLS for the first organization.
    fn made(secret: u8, value: &str) -> String {
        let owner = organization(1).to_string();
        let until = START + Duration::from_mins(1);
        let header = cookies(&[secret], true).signed.set(SESSION, &owner, value, "/one", until).unwrap();
        header.to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    /// `name=value` as the previous release sent it.
    fn made_before(secret: u8, name: &'static str, value: &str) -> String {
        let mut jar = CookieJar::new();
        jar.signed_mut(&key_before(&[secret; 32])).add(Cookie::new(name, value.to_owned()));
        jar.get(name).unwrap().to_string()
    }

    #[test]
    fn an_older_key_still_verifies_and_a_foreign_one_does_not() {
        for old in [made(2, "v"), made_before(2, SESSION, "v")] {
            let old = header_of(&old);
            assert_eq!(read(&[1, 2], &old, SESSION).as_deref(), Some("v"));
            assert_eq!(read(&[1], &old, SESSION), None);
            assert_eq!(read(&[], &old, SESSION), None);
        }
    }

    #[test]
    fn a_cookie_counts_under_its_name_and_in_its_organization_only() {
        let mine = made(1, "v");
        let as_another = mine.replace(SESSION, DEVICE);
        assert_eq!(read(&[1], &header_of(&as_another), DEVICE), None);
        assert_eq!(cookies(&[1], true).read_in(organization(2), &header_of(&mine), SESSION), None);
        // A signature of this release does not verify as one of the previous release.
        let stripped = header_of(mine.strip_prefix("__Secure-").unwrap());
        assert_eq!(read(&[1], &stripped, SESSION), None);
    }

    #[test]
    fn the_name_of_the_version_before_counts_where_there_is_none_of_this_one() {
        let before = made_before(1, SESSION, "before");
        for is_https in [false, true] {
            let read =
                |text: &str| cookies(&[1], is_https).read_in(organization(1), &header_of(text), SESSION);
            assert_eq!(read(&before).as_deref(), Some("before"));
            assert_eq!(read(&before.replace("before", "after")), None);
        }
        for of_now in [made(1, "now"), format!("__Secure-{SESSION}=x")] {
            let both = header_of(&format!("{before}; {of_now}"));
            assert_eq!(read(&[1], &both, SESSION), of_now.ends_with("now").then(|| "now".to_owned()));
        }
        let flash_message = header_of(&made_before(1, FLASH, "password_changed"));
        assert_eq!(read(&[1], &flash_message, FLASH), None, "it would be said again and again");
    }

    proptest! {
        #[test]
        fn nothing_that_looks_like_ours_is_read_unsigned(
            values in prop::collection::vec("(__Secure-)?(_session|_interaction|_csrf)?=?[A-Za-z0-9+/=_ \";,%.-]{0,120}", 0..5),
            is_https: bool,
        ) {
            let lines = values.iter().filter_map(|value| HeaderValue::from_str(value).ok());
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, line);
            }
            prop_assert_eq!(cookies(&[1], is_https).read_in(organization(1), &headers, SESSION), None);
        }
    }
}
