//! Cookies: signed together with their name and organization, scoped to the organization's path, `HttpOnly` (decisions
//! D6 and 0038).

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, CookieJar, Key, SameSite};
use porta_core::mac::MacKey;
use porta_core::{Clock, OrganizationId, Timestamp, TokenDigest};
use porta_session::Tenant;

/// Name prefix over TLS: browsers accept such a cookie over TLS only, so that no plain-HTTP neighbour can plant it (RFC
/// 6265bis §4.1.3.1). `__Host-` would require the path `/`.
const SECURE: &str = "__Secure-";

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

/// A key for cookie signatures. Of several keys the first signs, all verify.
struct CookieKey {
    mac: MacKey,
    /// Verifies cookies of the previous release: signature over the value alone, name without prefix (decision 0038).
    before: Key,
}

impl CookieKey {
    fn new(secret: &[u8]) -> Self {
        // Hashed: the library requires 32 bytes, and a development secret may be shorter.
        let before = Key::derive_from(TokenDigest::of_bytes(secret).as_bytes());
        Self { mac: MacKey::new(secret, "cookies"), before }
    }
}

/// Reads, sets and removes cookies.
pub(crate) struct Cookies {
    keys: Vec<CookieKey>,
    is_https: bool,
    clock: Arc<dyn Clock>,
}

impl Cookies {
    /// `secrets`: the first signs, all verify. `is_https`: whether the issuer is https.
    pub(crate) fn new(secrets: &[Vec<u8>], is_https: bool, clock: Arc<dyn Clock>) -> Self {
        Self { keys: secrets.iter().map(|secret| CookieKey::new(secret)).collect(), is_https, clock }
    }

    /// The value of a cookie that one of our keys signed for this organization; `None` for anything else.
    pub(crate) fn read(&self, tenant: &Tenant, headers: &HeaderMap, name: &'static str) -> Option<String> {
        verified(&self.keys, headers, name, self.is_https, tenant.organization.id)
    }

    /// `Set-Cookie` header for a signed value. `Max-Age` wins over `Expires` (RFC 6265 §4.1.2.2), so that a wrong
    /// browser clock does not change the lifetime.
    pub(crate) fn set(
        &self,
        tenant: &Tenant,
        name: &'static str,
        value: &str,
        path: &str,
        expires_at: Timestamp,
    ) -> Option<HeaderValue> {
        let place = [name, &tenant.organization.id.to_string()];
        let signed = self.keys.first()?.mac.sign(&place, value);
        let expires = cookie::Expiration::from(expires_at.to_offset());
        let lifetime = cookie::time::Duration::try_from(expires_at.since(self.clock.now())).ok()?;
        let cookie = Cookie::build((full_name(name, self.is_https), signed));
        self.header_value(cookie.path(path.to_owned()).expires(expires).max_age(lifetime).build())
    }

    /// `Set-Cookie` header of the known-device cookie.
    pub(crate) fn device(&self, tenant: &Tenant, value: &str) -> Option<HeaderValue> {
        let path = format!("/{}", tenant.organization.slug);
        self.set(tenant, DEVICE, value, &path, self.clock.now() + DEVICE_LIFETIME)
    }

    /// `Set-Cookie` header that removes a cookie.
    pub(crate) fn clear(&self, name: &'static str, path: &str) -> Option<HeaderValue> {
        let mut cookie = Cookie::new(full_name(name, self.is_https), "");
        cookie.set_path(path.to_owned());
        cookie.make_removal();
        self.header_value(cookie)
    }

    fn header_value(&self, mut cookie: Cookie<'static>) -> Option<HeaderValue> {
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Lax);
        cookie.set_secure(self.is_https);
        // Signature and value consist of cookie-octets (RFC 6265 §4.1.1), so they need no encoding.
        HeaderValue::from_str(&cookie.to_string()).ok()
    }
}

fn verified(
    keys: &[CookieKey],
    headers: &HeaderMap,
    name: &'static str,
    is_https: bool,
    organization: OrganizationId,
) -> Option<String> {
    let place = [name, &organization.to_string()];
    let sent = first(headers, &full_name(name, is_https));
    if let Some(sent) = &sent {
        let value = keys.iter().find_map(|key| key.mac.verified(&place, sent.value()));
        // Over TLS the prefix marks cookies of this release, so a wrong signature is final. Without TLS the names are
        // equal, and it may be a cookie of the previous release.
        if value.is_some() || is_https {
            return value.map(str::to_owned);
        }
    }
    // Flash messages of the previous release are ignored: they would be shown again and again (decision 0038).
    let is_kept = name != FLASH;
    let before = if is_https { first(headers, name) } else { sent }.filter(|_| is_kept)?;
    let mut jar = CookieJar::new();
    jar.add_original(before);
    keys.iter().find_map(|key| jar.signed(&key.before).get(name)).map(|cookie| cookie.value().to_owned())
}

/// The first cookie of that name. One of a parent path comes later (RFC 6265 §5.4) and must not win.
fn first(headers: &HeaderMap, name: &str) -> Option<Cookie<'static>> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name).map(Cookie::into_owned)
}

fn full_name(name: &'static str, is_https: bool) -> String {
    let prefix = if is_https { SECURE } else { "" };
    format!("{prefix}{name}")
}

#[cfg(test)]
mod tests {
    use porta_core::EntityId as _;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn key(secret: u8) -> CookieKey {
        CookieKey::new(&[secret; 32])
    }

    fn organization(n: u128) -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(n))
    }

    fn headers(values: &[Vec<u8>]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values.iter().filter_map(|v| HeaderValue::from_bytes(v).ok()) {
            map.append(header::COOKIE, value);
        }
        map
    }

    fn header_of(text: &str) -> HeaderMap {
        headers(&[text.as_bytes().to_vec()])
    }

    /// What the first organization reads over TLS.
    fn read(keys: &[CookieKey], headers: &HeaderMap, name: &'static str) -> Option<String> {
        verified(keys, headers, name, true, organization(1))
    }

    /// `name=value` as [`Cookies::set`] would send it over TLS for the first organization.
    fn made(secret: u8, value: &str) -> String {
        let place = [SESSION, &organization(1).to_string()];
        format!("{SECURE}{SESSION}={}", key(secret).mac.sign(&place, value))
    }

    /// `name=value` as the previous release sent it.
    fn made_before(secret: u8, name: &'static str, value: &str) -> String {
        let mut jar = CookieJar::new();
        jar.signed_mut(&key(secret).before).add(Cookie::new(name, value.to_owned()));
        jar.get(name).unwrap().to_string()
    }

    #[test]
    fn the_more_specific_cookie_comes_first_and_counts() {
        let both = header_of(&format!("{}; {}", made(1, "mine"), made(1, "planted")));
        assert_eq!(read(&[key(1)], &both, SESSION).as_deref(), Some("mine"));
        // A forged cookie in front hides the valid one, and is refused.
        let forged = header_of(&format!("{SECURE}{SESSION}=x; {}", made(1, "mine")));
        assert_eq!(read(&[key(1)], &forged, SESSION), None);
    }

    #[test]
    fn an_older_key_still_verifies_and_a_foreign_one_does_not() {
        for old in [made(2, "v"), made_before(2, SESSION, "v")] {
            let old = header_of(&old);
            assert_eq!(read(&[key(1), key(2)], &old, SESSION).as_deref(), Some("v"));
            assert_eq!(read(&[key(1)], &old, SESSION), None);
            assert_eq!(read(&[], &old, SESSION), None);
        }
    }

    #[test]
    fn a_cookie_counts_under_its_name_and_in_its_organization_only() {
        let mine = made(1, "v");
        let as_another = mine.replace(SESSION, DEVICE);
        assert_eq!(read(&[key(1)], &header_of(&as_another), DEVICE), None);
        assert_eq!(verified(&[key(1)], &header_of(&mine), SESSION, true, organization(2)), None);
        // A signature of this release does not verify as one of the previous release.
        let stripped = header_of(mine.strip_prefix(SECURE).unwrap());
        assert_eq!(read(&[key(1)], &stripped, SESSION), None);
    }

    #[test]
    fn the_name_of_the_version_before_counts_where_there_is_none_of_this_one() {
        let before = made_before(1, SESSION, "before");
        for is_https in [false, true] {
            let read = |text: &str| verified(&[key(1)], &header_of(text), SESSION, is_https, organization(1));
            assert_eq!(read(&before).as_deref(), Some("before"));
            assert_eq!(read(&before.replace("before", "after")), None);
        }
        for of_now in [made(1, "now"), format!("{SECURE}{SESSION}=x")] {
            let both = header_of(&format!("{before}; {of_now}"));
            assert_eq!(read(&[key(1)], &both, SESSION), of_now.ends_with("now").then(|| "now".to_owned()));
        }
        let flash_message = header_of(&made_before(1, FLASH, "password_changed"));
        assert_eq!(read(&[key(1)], &flash_message, FLASH), None, "it would be said again and again");
    }

    #[test]
    fn without_tls_names_have_no_prefix() {
        let plain = made(1, "v");
        let plain = header_of(plain.strip_prefix(SECURE).unwrap());
        assert_eq!(verified(&[key(1)], &plain, SESSION, false, organization(1)).as_deref(), Some("v"));
        assert_eq!(full_name(SESSION, false), SESSION);
    }

    proptest! {
        #[test]
        fn nothing_unsigned_is_ever_read(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
            prop_assert_eq!(read(&[key(1)], &headers(&values), SESSION), None);
        }

        #[test]
        fn nothing_that_looks_like_ours_is_read_unsigned(
            values in prop::collection::vec("(__Secure-)?(_session|_interaction|_csrf)?=?[A-Za-z0-9+/=_ \";,%.-]{0,120}", 0..5),
        ) {
            let values: Vec<Vec<u8>> = values.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(read(&[key(1)], &headers(&values), SESSION), None);
        }

        #[test]
        fn what_was_set_is_read_back_between_others(
            value in "[A-Za-z0-9_.-]{1,80}",
            before in "([a-z]{1,5}=[ -:<-~]{0,20}; ){0,3}",
            after in "(; [a-z]{1,5}=[ -:<-~]{0,20}){0,3}",
        ) {
            let text = format!("{before}{}{after}", made(1, &value));
            prop_assert_eq!(read(&[key(1)], &header_of(&text), SESSION), Some(value));
        }

        #[test]
        fn one_changed_byte_makes_it_unread(value in "[A-Za-z0-9_-]{1,80}", at in any::<prop::sample::Index>(), new in "[A-Za-z0-9+/_-]") {
            let text = made(1, &value);
            let start = SECURE.len() + SESSION.len() + 1;
            let at = start + at.index(text.len() - start);
            prop_assume!(text[at..=at] != new);
            let changed = format!("{}{new}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(read(&[key(1)], &header_of(&changed), SESSION), None);
        }
    }
}
