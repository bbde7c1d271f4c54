//! Account pages under `/{org}/account`: GET shows a page, POST changes something and redirects (303).

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use porta_core::user::CredentialState;
use porta_core::{TokenDigest, secret};
use porta_pages::{AccountNav, Page, Theme};
use porta_protocol::Params;
use porta_session::{AccountPage, AccountPurpose, BackendError, OperationContext};
use porta_signin::NewSessionCookies;
use porta_signin::account::{RecentlyAuthenticated, SignedInUser};

use super::form::{FormOwner, owner_of_form, read_form};
use super::interaction::FLASH_LIFETIME;
use super::{ClientInfo, authorize};
use crate::context::RequestContext;
use crate::error::PageError;
use crate::flash::{FlashKind, FlashMessage};
use crate::reply::{self, Reply};
use crate::state::StateInner;
use crate::{cookies, pending_interactions};

pub(crate) mod access;
pub(crate) mod data;
pub(crate) mod factors;
pub(crate) mod overview;
pub(crate) mod password;
pub(crate) mod sessions;
pub(crate) mod setup;

/// A request with a live session.
struct AccountRequest<'a> {
    state: &'a StateInner,
    tenant: &'a RequestContext,
    client_info: &'a ClientInfo,
    signed_in: SignedInUser,
    /// The page to return to after signing in again.
    page: AccountPage,
    /// CSRF token of this session's forms.
    csrf: String,
    flash_message: Option<FlashKind>,
    urls: AccountUrls,
}

/// URLs of the account pages, borrowed by [`AccountNav`].
struct AccountUrls {
    overview: String,
    password: Option<String>,
    two_factor: String,
    sessions: String,
    applications: String,
    data: String,
    sign_out: String,
}

impl AccountUrls {
    fn of(tenant: &RequestContext, signed_in: &SignedInUser) -> Self {
        let slug = &tenant.organization.slug;
        let url = |page: AccountPage| format!("/{slug}{}", page.path());
        let has_password = signed_in.user.password_hash.is_some() || tenant.offers_passwords();
        Self {
            overview: url(AccountPage::Overview),
            password: has_password.then(|| url(AccountPage::Password)),
            two_factor: url(AccountPage::TwoFactor),
            sessions: url(AccountPage::Sessions),
            applications: url(AccountPage::Applications),
            data: url(AccountPage::Data),
            sign_out: format!("/{slug}/session/end"),
        }
    }
}

impl<'a> AccountRequest<'a> {
    /// Loads the session; without one the response is a redirect to the sign-in.
    async fn load(
        state: &'a StateInner,
        tenant: &'a RequestContext,
        client_info: &'a ClientInfo,
        page: AccountPage,
    ) -> Result<Self, PageError> {
        let cookie = state.cookies.read(tenant, &client_info.headers, cookies::SESSION);
        let cx = client_info.operation(state, tenant);
        let signed_in = state.sign_in.account.signed_in_user(cx, cookie.as_deref()).await;
        let signed_in = signed_in.map_err(|error| PageError::backend(state, tenant, &error))?;
        let (Some(signed_in), Some(cookie)) = (signed_in, cookie) else {
            let purpose = AccountPurpose { page, again: None };
            return Err(sign_in(state, tenant, &client_info.headers, purpose).into());
        };
        tenant.languages.add_profile_locale(signed_in.user.profile.locale.as_deref());
        let flash_message = state.cookies.read(tenant, &client_info.headers, cookies::FLASH);
        Ok(Self {
            state,
            tenant,
            client_info,
            urls: AccountUrls::of(tenant, &signed_in),
            signed_in,
            page,
            csrf: csrf_of(&cookie),
            flash_message: flash_message
                .and_then(|word| FlashMessage::parse(&word).map(|message| message.kind)),
        })
    }

    /// The same for a POST: reads the form and checks its CSRF token.
    async fn from_form(
        state: &'a StateInner,
        tenant: &'a RequestContext,
        client_info: &'a ClientInfo,
        body: Body,
        page: AccountPage,
    ) -> Result<(Self, Params), PageError> {
        let params = read_form(state, tenant, client_info, body).await?;
        let request = Self::from_params(&params, state, tenant, client_info, page).await?;
        Ok((request, params))
    }

    /// The same with a form that was read already.
    async fn from_params(
        params: &Params,
        state: &'a StateInner,
        tenant: &'a RequestContext,
        client_info: &'a ClientInfo,
        page: AccountPage,
    ) -> Result<Self, PageError> {
        let owner = owner_of_form(params, || Self::load(state, tenant, client_info, page)).await?;
        let request =
            owner.map_err(|forged| forged.redirect_with_flash(page, Some(FlashKind::CsrfInvalid)))?;
        let counted = state.sign_in.account.count_change(tenant, &request.signed_in).await;
        match counted.map_err(|error| request.backend_error(&error))? {
            None => Ok(request),
            Some(limited) => {
                Err(reply::too_many_sign_ins(state, tenant, &client_info.headers, limited).into())
            }
        }
    }

    /// Requires a recent sign-in. Otherwise the response leads to a sign-in that returns here; the posted change is dropped.
    fn require_recent(&self) -> Result<RecentlyAuthenticated<'_>, PageError> {
        if let Some(recent) = RecentlyAuthenticated::of(self.operation(), &self.signed_in) {
            return Ok(recent);
        }
        let again = Some(self.signed_in.user.email.shown().to_owned());
        let purpose = AccountPurpose { page: self.page, again };
        Err(sign_in(self.state, self.tenant, &self.client_info.headers, purpose).into())
    }

    /// Context of an operation that begins now.
    fn operation(&self) -> OperationContext<'a> {
        self.client_info.operation(self.state, self.tenant)
    }

    fn nav(&self) -> AccountNav<'_> {
        AccountNav {
            overview_url: &self.urls.overview,
            password_url: self.urls.password.as_deref(),
            two_factor_url: &self.urls.two_factor,
            sessions_url: &self.urls.sessions,
            applications_url: &self.urls.applications,
            data_url: &self.urls.data,
            sign_out_url: &self.urls.sign_out,
        }
    }

    fn theme(&self) -> Theme<'_> {
        self.tenant.theme()
    }

    /// Path under the organization's.
    fn url(&self, path: &str) -> String {
        format!("/{}{path}", self.tenant.organization.slug)
    }

    /// A page; clears the flash message that it showed.
    fn show(&self, status: StatusCode, page: Page) -> Reply {
        let gone =
            self.flash_message.and_then(|_| self.state.cookies.clear(cookies::FLASH, &self.urls.overview));
        reply::with_header(reply::page(status, page), header::SET_COOKIE, gone)
    }

    fn redirect_with_flash(&self, page: AccountPage, flash_message: Option<FlashKind>) -> Reply {
        let reply = redirect_to_page(self.tenant, page);
        let until = self.state.clock.now() + FLASH_LIFETIME;
        let flash_message = flash_message.and_then(|kind| {
            let value = FlashMessage { kind, email: String::new() }.value();
            self.state.cookies.set(self.tenant, cookies::FLASH, &value, &self.urls.overview, until)
        });
        reply::with_header(reply, header::SET_COOKIE, flash_message)
    }

    /// The response to a change of credentials: this browser stays a known device.
    fn with_known_device(&self, reply: Reply, credentials: CredentialState) -> Reply {
        let account = &self.state.sign_in.account;
        let device = account.known_browser_cookie(self.tenant, &self.signed_in, credentials);
        reply::with_header(reply, header::SET_COOKIE, self.state.cookies.device(self.tenant, &device))
    }

    fn backend_error(&self, error: &BackendError) -> PageError {
        PageError::backend(self.state, self.tenant, error)
    }
}

impl FormOwner for AccountRequest<'_> {
    fn csrf_matches(&self, presented: Option<&str>) -> bool {
        presented.is_some_and(|presented| secret::constant_time_eq(presented, &self.csrf))
    }
}

/// CSRF token of a session's forms.
fn csrf_of(cookie: &str) -> String {
    TokenDigest::of(&format!("account form\n{cookie}")).hex()
}

fn redirect_to_page(tenant: &RequestContext, page: AccountPage) -> Reply {
    reply::redirect(&format!("{}{}", tenant.issuer, page.path()))
}

/// Redirects with the cookie of the renewed session.
fn redirect_with_session(
    state: &StateInner,
    tenant: &RequestContext,
    page: AccountPage,
    entered: &NewSessionCookies,
) -> Reply {
    let session = authorize::session_cookie(state, tenant, &entered.session, entered.expires_at);
    let reply = reply::with_header(redirect_to_page(tenant, page), header::SET_COOKIE, session);
    reply::with_header(reply, header::SET_COOKIE, state.cookies.device(tenant, &entered.device))
}

fn sign_in(
    state: &StateInner,
    tenant: &RequestContext,
    headers: &HeaderMap,
    purpose: AccountPurpose,
) -> Reply {
    match state.shared.interactions.begin_account(tenant, purpose) {
        Ok(new) => pending_interactions::with_list_cookie(
            state,
            tenant,
            headers,
            authorize::redirect_to_interaction(state, tenant, &new),
            None,
        ),
        Err(error) => reply::backend_error_page(state, &tenant.theme(), &error),
    }
}
