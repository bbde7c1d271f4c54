//! The browser of a sign-in: the cookies it sent, and those it gets.

use porta_core::Timestamp;
use porta_session::IdempotencyClaim;
use serde::{Deserialize, Serialize};

/// Cookies of a request, and the claim of its form.
#[derive(Debug, Clone, Copy)]
pub struct Browser<'a> {
    /// Session cookie, if the browser has a session.
    pub cookie: Option<&'a str>,
    /// Known-browser cookie (decision 0027).
    pub device: Option<&'a str>,
    /// Pause cookie: until when a stranger has to wait (decision 0041).
    pub pause: Option<&'a str>,
    /// Idempotency claim of the form, for a form that is sent twice (decision 0044).
    pub claim: Option<&'a IdempotencyClaim>,
}

/// Cookies for a browser that signed in. Both are bearer values, so `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSessionCookies {
    /// Session cookie.
    pub session: String,
    pub expires_at: Timestamp,
    /// Known-browser cookie.
    pub device: String,
}

impl std::fmt::Debug for NewSessionCookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewSessionCookies(…)")
    }
}
