//! Our cookies: signed, scoped to the organization's path, unreadable for scripts (decision D6).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, CookieJar, Key, SameSite};
use porta_core::Timestamp;
use porta_oidc::Tenant;

use crate::state::Shared;

/// The browser session, path `/{org}`.
pub(crate) const SESSION: &str = "_session";
/// Says whose browser this was before, path `/{org}/interaction`.
pub(crate) const DEVICE: &str = "_device";
/// How long it says so.
const DEVICE_LIFETIME: Duration = Duration::from_hours(180 * 24);
/// Binds an interaction's pages, path `/{org}/interaction/{uid}`.
pub(crate) const INTERACTION: &str = "_interaction";
/// Binds the resume address, path `/{org}/auth/{uid}`.
pub(crate) const RESUME: &str = "_interaction_resume";

/// An interaction in which nothing was proven yet, sealed; the path of the page or the address that reads it.
pub(crate) const BEGUN: &str = "_begun";

/// Binds the forms outside of interactions, path `/{org}/auth`.
pub(crate) const FORMS: &str = "_forms";
/// What the next account page says, path `/{org}/account`.
pub(crate) const SAID: &str = "_said";

/// The value of a cookie one of our keys signed; anything else is as good as absent.
pub(crate) fn read(state: &Shared, headers: &HeaderMap, name: &str) -> Option<String> {
    signed(&state.cookie_keys, headers, name)
}

fn signed(keys: &[Key], headers: &HeaderMap, name: &str) -> Option<String> {
    let mut jar = CookieJar::new();
    for value in headers.get_all(header::COOKIE) {
        let Ok(text) = value.to_str() else { continue };
        // A parent path's cookie of the same name comes later and must not win.
        for cookie in Cookie::split_parse(text.to_owned()).flatten().filter(|c| c.name() == name) {
            if jar.get(name).is_none() {
                jar.add_original(cookie.into_owned());
            }
        }
    }
    keys.iter().find_map(|key| jar.signed(key).get(name)).map(|c| c.value().to_owned())
}

/// A `Set-Cookie` header for a signed value. `Max-Age` wins over `Expires` (RFC 6265 §4.1.2.2), so that a browser whose
/// clock differs from ours keeps the cookie as long as we mean.
pub(crate) fn set(
    state: &Shared,
    name: &'static str,
    value: String,
    path: &str,
    expires_at: Timestamp,
) -> Option<HeaderValue> {
    let expires = cookie::Expiration::from(expires_at.to_offset());
    let lifetime = cookie::time::Duration::try_from(expires_at.since(state.clock.now())).ok()?;
    let cookie = Cookie::build((name, value)).path(path.to_owned()).expires(expires).max_age(lifetime);
    header_value(state, sign(state.cookie_keys.first()?, name, cookie.build())?)
}

/// A `Set-Cookie` header by which a browser is known at the sign-ins of an organization.
pub(crate) fn device(state: &Shared, tenant: &Tenant, value: String) -> Option<HeaderValue> {
    let path = format!("/{}/interaction", tenant.organization.slug);
    set(state, DEVICE, value, &path, state.clock.now() + DEVICE_LIFETIME)
}

/// A `Set-Cookie` header that removes a cookie.
pub(crate) fn clear(state: &Shared, name: &'static str, path: &str) -> Option<HeaderValue> {
    let mut cookie = Cookie::new(name, "");
    cookie.set_path(path.to_owned());
    cookie.make_removal();
    header_value(state, cookie)
}

fn sign(key: &Key, name: &str, cookie: Cookie<'static>) -> Option<Cookie<'static>> {
    let mut jar = CookieJar::new();
    jar.signed_mut(key).add(cookie);
    jar.get(name).cloned()
}

fn header_value(state: &Shared, mut cookie: Cookie<'static>) -> Option<HeaderValue> {
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(state.is_https);
    // Signature and value are cookie-octets already (RFC 6265 §4.1.1): encoding them would need decoding again.
    HeaderValue::from_str(&cookie.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(secret: u8) -> Key {
        Key::derive_from(&[secret; 32])
    }

    fn headers(values: &[Vec<u8>]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values.iter().filter_map(|v| HeaderValue::from_bytes(v).ok()) {
            map.append(header::COOKIE, value);
        }
        map
    }

    /// `name=value` as [`set`] would send it.
    fn made(secret: u8, value: &str) -> String {
        sign(&key(secret), SESSION, Cookie::new(SESSION, value.to_owned())).unwrap().to_string()
    }

    #[test]
    fn the_more_specific_cookie_comes_first_and_counts() {
        let both = format!("{}; {}", made(1, "mine"), made(1, "planted"));
        assert_eq!(signed(&[key(1)], &headers(&[both.into_bytes()]), SESSION).as_deref(), Some("mine"));
        // A forged one in front hides the honest one and is refused.
        let forged = format!("{SESSION}=x; {}", made(1, "mine"));
        assert_eq!(signed(&[key(1)], &headers(&[forged.into_bytes()]), SESSION), None);
    }

    #[test]
    fn an_older_key_still_verifies_and_a_foreign_one_does_not() {
        let old = headers(&[made(2, "v").into_bytes()]);
        assert_eq!(signed(&[key(1), key(2)], &old, SESSION).as_deref(), Some("v"));
        assert_eq!(signed(&[key(1)], &old, SESSION), None);
        assert_eq!(signed(&[], &old, SESSION), None);
    }

    proptest! {
        #[test]
        fn nothing_unsigned_is_ever_read(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
            prop_assert_eq!(signed(&[key(1)], &headers(&values), SESSION), None);
        }

        #[test]
        fn nothing_that_looks_like_ours_is_read_unsigned(
            values in prop::collection::vec("(_session|_interaction|_csrf)?=?[A-Za-z0-9+/=_ \";,%-]{0,120}", 0..5),
        ) {
            let values: Vec<Vec<u8>> = values.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(signed(&[key(1)], &headers(&values), SESSION), None);
        }

        #[test]
        fn what_was_set_is_read_back_between_others(
            value in "[A-Za-z0-9_-]{1,80}",
            before in "([a-z]{1,5}=[ -:<-~]{0,20}; ){0,3}",
            after in "(; [a-z]{1,5}=[ -:<-~]{0,20}){0,3}",
        ) {
            let text = format!("{before}{}{after}", made(1, &value));
            prop_assert_eq!(signed(&[key(1)], &headers(&[text.into_bytes()]), SESSION), Some(value));
        }

        #[test]
        fn one_changed_byte_makes_it_unread(value in "[A-Za-z0-9_-]{1,80}", at in any::<prop::sample::Index>(), new in "[A-Za-z0-9+/_-]") {
            let text = made(1, &value);
            let start = SESSION.len() + 1;
            let at = start + at.index(text.len() - start);
            prop_assume!(text[at..=at] != new);
            let changed = format!("{}{new}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(signed(&[key(1)], &headers(&[changed.into_bytes()]), SESSION), None);
        }
    }
}
