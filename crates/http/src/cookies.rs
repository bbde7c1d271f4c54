//! Our cookies: signed, scoped to the organization's path, unreadable for scripts (decision D6).

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, CookieJar, Key, SameSite};
use porta_core::Timestamp;

use crate::state::Shared;

/// The browser session, path `/{org}`.
pub(crate) const SESSION: &str = "_session";
/// Binds an interaction's pages, path `/{org}/interaction/{uid}`.
pub(crate) const INTERACTION: &str = "_interaction";
/// Binds the resume address, path `/{org}/auth/{uid}`.
pub(crate) const RESUME: &str = "_interaction_resume";

/// The value of a cookie one of our keys signed; anything else is as good as absent.
pub(crate) fn read(state: &Shared, headers: &HeaderMap, name: &str) -> Option<String> {
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
    state.cookie_keys.iter().find_map(|key| jar.signed(key).get(name)).map(|c| c.value().to_owned())
}

/// A `Set-Cookie` header for a signed value.
pub(crate) fn set(
    state: &Shared,
    name: &'static str,
    value: String,
    path: &str,
    expires_at: Timestamp,
) -> Option<HeaderValue> {
    let expires = cookie::Expiration::from(expires_at.to_offset());
    let cookie = Cookie::build((name, value)).path(path.to_owned()).expires(expires);
    header_value(state, sign(state.cookie_keys.first()?, name, cookie.build())?)
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
