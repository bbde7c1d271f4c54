//! CSRF session of forms outside an interaction, under `/{org}/auth`: forgotten password, invitation, e-mail confirmation.
//!
//! A signed cookie holds the CSRF token of this browser's forms and the interaction to return to.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use porta_core::{BearerKind, secret};
use std::time::Duration;

use super::ClientInfo;
use super::form::{CheckedForm, FormOwner, checked_form};
use crate::context::RequestContext;
use crate::cookies;
use crate::error::PageError;
use crate::reply::{self, Reply};
use crate::state::StateInner;

/// As long as the mail may take that leads to such a form.
const LIFETIME: Duration = Duration::from_hours(24);

pub(super) struct FormSession {
    pub(super) csrf: String,
    /// Uid of the interaction to return to.
    interaction: Option<String>,
    cookie: Option<HeaderValue>,
}

impl FormSession {
    /// Reads the cookie or begins a session; `interaction` is the uid in the query, if there is one.
    pub(super) fn of(
        state: &StateInner,
        tenant: &RequestContext,
        headers: &HeaderMap,
        interaction: Option<&str>,
    ) -> Self {
        let known = state.cookies.read(tenant, headers, cookies::FORM_SESSION);
        let (csrf, before) = match known.as_deref().and_then(|value| value.split_once('.')) {
            Some((csrf, before)) => (csrf.to_owned(), before.to_owned()),
            None => (BearerKind::Interaction.generate(&*state.entropy), String::new()),
        };
        let interaction = interaction.filter(|uid| BearerKind::Interaction.matches(uid)).unwrap_or(&before);
        let path = format!("/{}/auth", tenant.organization.slug);
        let until = state.clock.now() + LIFETIME;
        let value = format!("{csrf}.{interaction}");
        let cookie = state.cookies.set(tenant, cookies::FORM_SESSION, &value, &path, until);
        let interaction = Some(interaction.to_owned()).filter(|uid| !uid.is_empty());
        Self { csrf, interaction, cookie }
    }

    /// Reads a form of such a session and checks its CSRF token, as [`checked_form`] does.
    pub(super) async fn of_form(
        state: &StateInner,
        tenant: &RequestContext,
        client_info: &ClientInfo,
        body: Body,
    ) -> Result<CheckedForm<Self>, PageError> {
        let load = move || async move { Ok(Self::of(state, tenant, &client_info.headers, None)) };
        checked_form(state, tenant, client_info, body, load).await
    }

    /// Path of the interaction to return to.
    pub(super) fn sign_in_url(&self, tenant: &RequestContext) -> Option<String> {
        let uid = self.interaction.as_ref()?;
        Some(format!("/{}/interaction/{uid}", tenant.organization.slug))
    }

    /// Where the page after the form links to: the interaction to return to, or the account.
    pub(super) fn continue_url(&self, tenant: &RequestContext) -> String {
        self.sign_in_url(tenant).unwrap_or_else(|| format!("/{}/account", tenant.organization.slug))
    }

    pub(super) fn interaction(&self) -> Option<&str> {
        self.interaction.as_deref()
    }

    /// The response with the cookie set.
    pub(super) fn with_cookie(self, reply: Reply) -> Reply {
        reply::with_header(reply, header::SET_COOKIE, self.cookie)
    }
}

impl FormOwner for FormSession {
    fn csrf_matches(&self, presented: Option<&str>) -> bool {
        presented.is_some_and(|presented| secret::constant_time_eq(presented, &self.csrf))
    }
}
