//! Refused forms outside a sign-in: they redirect to their own page, which shows the reason once.

use axum::http::{HeaderMap, header};
use porta_core::BearerKind;

use super::interaction::FLASH_LIFETIME;
use crate::context::RequestContext;
use crate::cookies;
use crate::flash::{FlashKind, FlashMessage};
use crate::reply::{self, Reply};
use crate::state::StateInner;

/// A page with a form, below `/{org}/auth`.
pub(super) struct FormPage<'a> {
    state: &'a StateInner,
    tenant: &'a RequestContext,
    /// Its path. The flash message is scoped to it, so that no other page shows it.
    path: String,
}

impl<'a> FormPage<'a> {
    /// The page of a mailed link; `None` if the token is malformed and must not reach a header.
    pub(super) fn of_link(
        state: &'a StateInner,
        tenant: &'a RequestContext,
        kind: BearerKind,
        page: &str,
        token: &str,
    ) -> Option<Self> {
        kind.matches(token).then(|| Self::new(state, tenant, &format!("{page}/{token}")))
    }

    /// `page`: the path below `/{org}/auth/`.
    pub(super) fn new(state: &'a StateInner, tenant: &'a RequestContext, page: &str) -> Self {
        Self { state, tenant, path: format!("/{}/auth/{page}", tenant.organization.slug) }
    }

    /// Redirects to the page, with the reason and the address to fill in as a flash message.
    pub(super) fn redirect_with_flash(&self, kind: FlashKind, email: &str) -> Reply {
        let value = FlashMessage { kind, email: email.to_owned() }.value();
        let until = self.state.clock.now() + FLASH_LIFETIME;
        let flash = self.state.cookies.set(self.tenant, cookies::FLASH, &value, &self.path, until);
        let reply = reply::redirect(&format!("{}{}", self.state.shared.issuer_base(), self.path));
        reply::with_header(reply, header::SET_COOKIE, flash)
    }

    pub(super) fn flash(&self, headers: &HeaderMap) -> Option<FlashMessage> {
        FlashMessage::parse(&self.state.cookies.read(self.tenant, headers, cookies::FLASH)?)
    }

    /// Removes the flash message that `reply` shows.
    fn without_flash(&self, reply: Reply) -> Reply {
        let gone = self.state.cookies.clear(cookies::FLASH, &self.path);
        reply::with_header(reply, header::SET_COOKIE, gone)
    }
}

/// The page `reply`; if it shows the flash message of `page`, the message is removed.
pub(super) fn shown(page: Option<&FormPage<'_>>, has_flash: bool, reply: Reply) -> Reply {
    match page.filter(|_| has_flash) {
        Some(page) => page.without_flash(reply),
        None => reply,
    }
}
