//! Cookies: signed together with their name and owner, `HttpOnly` and `SameSite=Lax`, behind TLS `Secure`.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};
use porta_core::mac::MacKey;
use porta_core::{Clock, Timestamp};

/// Name prefix over TLS: browsers accept such a cookie over TLS only, so that no plain-HTTP neighbour can plant it (RFC
/// 6265bis §4.1.3.1). `__Host-` would require the path `/`.
const SECURE: &str = "__Secure-";

/// Reads, sets and removes signed cookies. A cookie is valid only under its own name and for its owner, such as an
/// organization.
pub struct SignedCookies {
    keys: Vec<MacKey>,
    is_https: bool,
    clock: Arc<dyn Clock>,
}

impl SignedCookies {
    /// `secrets`: the first signs, all verify. `is_https`: whether the public origin is https.
    pub fn new(secrets: &[Vec<u8>], is_https: bool, clock: Arc<dyn Clock>) -> Self {
        Self { keys: secrets.iter().map(|secret| MacKey::new(secret, "cookies")).collect(), is_https, clock }
    }

    /// The cookie of that name as the browser sent it, whether its signature is valid or not.
    pub fn sent(&self, headers: &HeaderMap, name: &'static str) -> Option<Cookie<'static>> {
        first(headers, &self.full_name(name))
    }

    /// The value of a cookie that [`SignedCookies::sent`] returned, if one of our keys signed it for this name and
    /// owner.
    pub fn verified(&self, sent: &Cookie<'_>, name: &'static str, owner: &str) -> Option<String> {
        let place = [name, owner];
        let value = self.keys.iter().find_map(|key| key.verified(&place, sent.value()));
        value.map(str::to_owned)
    }

    /// The value of a cookie that one of our keys signed for this owner; `None` for anything else.
    pub fn read(&self, headers: &HeaderMap, name: &'static str, owner: &str) -> Option<String> {
        self.verified(&self.sent(headers, name)?, name, owner)
    }

    /// `Set-Cookie` header for a signed value. `Max-Age` wins over `Expires` (RFC 6265 §4.1.2.2), so that a wrong
    /// browser clock does not change the lifetime.
    pub fn set(
        &self,
        name: &'static str,
        owner: &str,
        value: &str,
        path: &str,
        expires_at: Timestamp,
    ) -> Option<HeaderValue> {
        let signed = self.keys.first()?.sign(&[name, owner], value);
        let expires = cookie::Expiration::from(expires_at.to_offset());
        let lifetime = cookie::time::Duration::try_from(expires_at.since(self.clock.now())).ok()?;
        let cookie = Cookie::build((self.full_name(name), signed));
        self.header_value(cookie.path(path.to_owned()).expires(expires).max_age(lifetime).build())
    }

    /// `Set-Cookie` header that removes a cookie.
    pub fn clear(&self, name: &'static str, path: &str) -> Option<HeaderValue> {
        let mut cookie = Cookie::new(self.full_name(name), "");
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

    fn full_name(&self, name: &'static str) -> String {
        let prefix = if self.is_https { SECURE } else { "" };
        format!("{prefix}{name}")
    }
}

/// The first cookie of exactly that name. One of a parent path comes later (RFC 6265 §5.4) and must not win.
pub fn first(headers: &HeaderMap, name: &str) -> Option<Cookie<'static>> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name).map(Cookie::into_owned)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use porta_core::ManualClock;
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "_session";
    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn cookies(secrets: &[u8], is_https: bool) -> SignedCookies {
        let secrets: Vec<Vec<u8>> = secrets.iter().map(|secret| vec![*secret; 32]).collect();
        SignedCookies::new(&secrets, is_https, Arc::new(ManualClock::at(START)))
    }

    fn headers(values: &[Vec<u8>]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values.iter().filter_map(|v| HeaderValue::from_bytes(v).ok()) {
            map.append(header::COOKIE, value);
        }
        map
    }

    /// What the owner `one` reads over TLS.
    fn read(secrets: &[u8], text: &str) -> Option<String> {
        cookies(secrets, true).read(&headers(&[text.as_bytes().to_vec()]), NAME, "one")
    }

    /// The `Set-Cookie` header for the owner `one`.
    fn set(secret: u8, is_https: bool, value: &str) -> String {
        let until = START + Duration::from_mins(1);
        let header = cookies(&[secret], is_https).set(NAME, "one", value, "/one", until);
        header.unwrap().to_str().unwrap().to_owned()
    }

    /// `name=value` as sent back over TLS.
    fn made(secret: u8, value: &str) -> String {
        set(secret, true, value).split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_cookie_has_its_attributes() {
        let attributes = |header: String| header.split_once("; ").unwrap().1.to_owned();
        let set = attributes(set(1, true, "v"));
        assert_eq!(
            set,
            "HttpOnly; SameSite=Lax; Secure; Path=/one; Max-Age=60; Expires=Fri, 15 Jan 2027 08:01:00 GMT"
        );
        let header = cookies(&[1], false).clear(NAME, "/one").unwrap();
        let header = header.to_str().unwrap();
        assert!(header.starts_with("_session=; HttpOnly; SameSite=Lax; Path=/one; Max-Age=0;"), "{header}");
        assert!(!header.contains("Secure"), "{header}");
    }

    #[test]
    fn the_more_specific_cookie_comes_first_and_counts() {
        assert_eq!(
            read(&[1], &format!("{}; {}", made(1, "mine"), made(1, "planted"))).as_deref(),
            Some("mine")
        );
        // A forged cookie in front hides the valid one, and is refused.
        assert_eq!(read(&[1], &format!("{SECURE}{NAME}=x; {}", made(1, "mine"))), None);
    }

    #[test]
    fn an_older_key_still_verifies_and_a_foreign_one_does_not() {
        let old = made(2, "v");
        assert_eq!(read(&[1, 2], &old).as_deref(), Some("v"));
        assert_eq!(read(&[1], &old), None);
        assert_eq!(read(&[], &old), None);
    }

    #[test]
    fn a_cookie_counts_under_its_name_and_for_its_owner_only() {
        let mine = made(1, "v");
        let renamed = headers(&[mine.replace(NAME, "_device").into_bytes()]);
        assert_eq!(cookies(&[1], true).read(&renamed, "_device", "one"), None);
        assert_eq!(cookies(&[1], true).read(&headers(&[mine.into_bytes()]), NAME, "two"), None);
    }

    #[test]
    fn without_tls_names_have_no_prefix() {
        let plain = set(1, false, "v").split(';').next().unwrap().to_owned();
        assert!(plain.starts_with("_session="), "{plain}");
        assert_eq!(read(&[1], &plain), None, "behind TLS only the prefixed name counts");
        let plain = headers(&[plain.into_bytes()]);
        assert_eq!(cookies(&[1], false).read(&plain, NAME, "one").as_deref(), Some("v"));
    }

    proptest! {
        #[test]
        fn nothing_unsigned_is_ever_read(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
            prop_assert_eq!(cookies(&[1], true).read(&headers(&values), NAME, "one"), None);
        }

        #[test]
        fn nothing_that_looks_like_ours_is_read_unsigned(
            values in prop::collection::vec("(__Secure-)?(_session|_device)?=?[A-Za-z0-9+/=_ \";,%.-]{0,120}", 0..5),
        ) {
            let values: Vec<Vec<u8>> = values.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(cookies(&[1], true).read(&headers(&values), NAME, "one"), None);
        }

        #[test]
        fn what_was_set_is_read_back_between_others(
            value in "[A-Za-z0-9_.-]{1,80}",
            before in "([a-z]{1,5}=[ -:<-~]{0,20}; ){0,3}",
            after in "(; [a-z]{1,5}=[ -:<-~]{0,20}){0,3}",
        ) {
            let text = format!("{before}{}{after}", made(1, &value));
            prop_assert_eq!(read(&[1], &text), Some(value));
        }

        #[test]
        fn one_changed_byte_makes_it_unread(value in "[A-Za-z0-9_-]{1,80}", at in any::<prop::sample::Index>(), new in "[A-Za-z0-9+/_-]") {
            let text = made(1, &value);
            let start = SECURE.len() + NAME.len() + 1;
            let at = start + at.index(text.len() - start);
            prop_assume!(text[at..=at] != new);
            let changed = format!("{}{new}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(read(&[1], &changed), None);
        }
    }
}
