//! Reset of a forgotten password, under `/{org}/auth`.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use porta_core::BearerKind;
use porta_pages::{EmailFlash, ErrorText, ForgotPasswordPage, PasswordFault, ResetPasswordPage};
use porta_protocol::Params;
use porta_signin::{LinkError, LinkRequestOutcome, SetPasswordOutcome};

use super::ClientInfo;
use super::form_flash::{FormPage, shown};
use super::form_result::redirect_to_result;
use super::form_session::FormSession;
use super::interaction::pause_cookie;
use super::mailed_links::{dead_link_page, typed_address};
use super::new_password::{parse_new_password, password_fault, rules};
use crate::context::RequestContext;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;

/// Page of [`forgot`], below `/{org}/auth/`.
const FORGOT: &str = "forgot-password";

/// `GET /{org}/auth/forgot-password`; `interaction` in the query is the uid of the sign-in to return to.
pub(crate) async fn forgot(
    State(state): State<AppState>,
    Org(tenant): Org,
    RawQuery(query): RawQuery,
    client_info: ClientInfo,
) -> Reply {
    if !tenant.offers_passwords() {
        return no_passwords(&state, &tenant);
    }
    let query = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let form_session = FormSession::of(&state, &tenant, &client_info.headers, query.get("interaction"));
    let page = FormPage::new(&state, &tenant, FORGOT);
    let message = page.flash(&client_info.headers);
    let flash = message.as_ref().and_then(|message| message.kind.email());
    let email = message.map(|message| message.email).unwrap_or_default();
    let reply = forgot_page(&state, &tenant, form_session, StatusCode::OK, &email, flash);
    shown(Some(&page), flash.is_some(), reply)
}

/// `POST /{org}/auth/forgot-password`: the same response for every address, against user enumeration
/// (`docs/security.md`, W18).
pub(crate) async fn request_reset(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    if !tenant.offers_passwords() {
        return Ok(no_passwords(&state, &tenant));
    }
    let page = FormPage::new(&state, &tenant, FORGOT);
    let form = FormSession::of_form(&state, &tenant, &client_info, body).await?;
    let (form_session, params) = form.map_err(|(form_session, params)| {
        let email = typed_address(params.get("email"));
        form_session.with_cookie(page.redirect_with_flash(FlashKind::CsrfInvalid, &email))
    })?;
    let email = typed_address(params.get("email"));
    if email.is_empty() {
        return Ok(form_session.with_cookie(page.redirect_with_flash(FlashKind::EmailMissing, "")));
    }
    let locale = tenant.theme().locale;
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (cx, interaction) = (client_info.operation(&state, &tenant), form_session.interaction());
    let outcome = state.sign_in.recovery.request_link(cx, &email, interaction, locale, browser).await;
    Ok(match outcome.map_err(|error| PageError::backend(&state, &tenant, &error))? {
        LinkRequestOutcome::Sent => {
            form_session.with_cookie(redirect_to_result(&state, &tenant, FlashKind::LinkSent, &email))
        }
        LinkRequestOutcome::Limited { retry_after } => {
            limited(&state, &tenant, form_session, &email, retry_after)
        }
        LinkRequestOutcome::Paused(pause) => {
            let page = limited(&state, &tenant, form_session, &email, pause.wait);
            reply::with_header(page, header::SET_COOKIE, pause_cookie(&state, &tenant, &pause))
        }
        LinkRequestOutcome::MethodDisabled | LinkRequestOutcome::Gone => no_passwords(&state, &tenant),
    })
}

fn limited(
    state: &StateInner,
    tenant: &RequestContext,
    form_session: FormSession,
    email: &str,
    retry_after: Duration,
) -> Reply {
    let flash = EmailFlash::RateLimited { retry_after: reply::seconds_up(retry_after) };
    let page = forgot_page(state, tenant, form_session, StatusCode::TOO_MANY_REQUESTS, email, Some(flash));
    reply::with_retry_after(page, retry_after)
}

/// `GET /{org}/auth/reset-password/{token}`: shows the form and does not use the link up.
pub(crate) async fn reset_form(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    client_info: ClientInfo,
) -> Reply {
    let request = ResetRequest { state: &state, tenant: &tenant, client_info: &client_info, token: &token };
    let form_session = FormSession::of(&state, &tenant, &client_info.headers, None);
    let page = request.form_page();
    let flash = page.as_ref().and_then(|page| page.flash(&client_info.headers)?.kind.password(rules()));
    let reply = request.page(form_session, StatusCode::OK, flash).await;
    shown(page.as_ref(), flash.is_some(), reply.into_response())
}

/// `POST /{org}/auth/reset-password/{token}`
pub(crate) async fn reset(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let request = ResetRequest { state: &state, tenant: &tenant, client_info: &client_info, token: &token };
    let (form_session, params) = match FormSession::of_form(&state, &tenant, &client_info, body).await? {
        Ok(form) => form,
        Err((form_session, _)) => return request.refuse(form_session, PasswordFault::CsrfInvalid).await,
    };
    let password = match parse_new_password(&params) {
        Ok(password) => password,
        Err(fault) => return request.refuse(form_session, fault).await,
    };
    if !tenant.offers_passwords() {
        return Ok(no_passwords(&state, &tenant));
    }
    let cx = client_info.operation(&state, &tenant);
    let outcome = state.sign_in.recovery.set_password(cx, &token, password).await;
    Ok(match outcome.map_err(|error| PageError::backend(&state, &tenant, &error))? {
        SetPasswordOutcome::Done => redirect_to_result(&state, &tenant, FlashKind::PasswordSet, ""),
        SetPasswordOutcome::Refused(refusal) => request.refuse(form_session, password_fault(refusal)).await?,
        SetPasswordOutcome::Busy => {
            let (status, flash) =
                (StatusCode::SERVICE_UNAVAILABLE, Some(PasswordFault::RateLimited { retry_after: 1 }));
            let page = request.page(form_session, status, flash).await;
            reply::with_retry_after(page.into_response(), Duration::from_secs(1))
        }
        SetPasswordOutcome::LinkFailed(why) => request.dead_link_page(why),
    })
}

fn no_passwords(state: &StateInner, tenant: &RequestContext) -> Reply {
    let text = ErrorText::LoginMethodDisabled;
    reply::error_page(state, &tenant.theme(), StatusCode::BAD_REQUEST, text, None)
}

fn forgot_page(
    state: &StateInner,
    tenant: &RequestContext,
    form_session: FormSession,
    status: StatusCode,
    email: &str,
    flash: Option<EmailFlash>,
) -> Reply {
    let sign_in_url = form_session.sign_in_url(tenant);
    let page = ForgotPasswordPage {
        action_url: &format!("/{}/auth/forgot-password", tenant.organization.slug),
        csrf: &form_session.csrf,
        email,
        login_url: sign_in_url.as_deref(),
        flash,
    };
    let page = state.pages.render(&tenant.theme(), &page);
    form_session.with_cookie(reply::page(status, page))
}

/// A request with the token of a mailed link.
struct ResetRequest<'a> {
    state: &'a StateInner,
    tenant: &'a RequestContext,
    client_info: &'a ClientInfo,
    token: &'a str,
}

impl<'a> ResetRequest<'a> {
    /// `None` for a malformed token.
    fn form_page(&self) -> Option<FormPage<'a>> {
        FormPage::of_link(self.state, self.tenant, BearerKind::PasswordReset, "reset-password", self.token)
    }

    /// Redirects to the form, which shows the reason; a malformed link leads to the page of dead links.
    async fn refuse(&self, form_session: FormSession, fault: PasswordFault) -> Result<Reply, PageError> {
        match self.form_page().zip(FlashKind::of_password_fault(fault, rules())) {
            Some((page, kind)) => Ok(form_session.with_cookie(page.redirect_with_flash(kind, ""))),
            None => self.page(form_session, StatusCode::OK, Some(fault)).await,
        }
    }

    async fn page(
        &self,
        form_session: FormSession,
        status: StatusCode,
        flash: Option<PasswordFault>,
    ) -> Result<Reply, PageError> {
        let (state, tenant) = (self.state, self.tenant);
        if !tenant.offers_passwords() {
            return Ok(no_passwords(state, tenant));
        }
        let cx = self.client_info.operation(state, tenant);
        let user = state.sign_in.recovery.person_of_link(cx, self.token).await;
        let user = user
            .map_err(|error| PageError::backend(state, tenant, &error))?
            .map_err(|why| self.dead_link_page(why))?;
        tenant.languages.add_profile_locale(user.profile.locale.as_deref());
        let page = ResetPasswordPage {
            action_url: &format!("/{}/auth/reset-password/{}", tenant.organization.slug, self.token),
            csrf: &form_session.csrf,
            email: user.email.shown(),
            rules: rules(),
            flash,
        };
        let page = state.pages.render(&tenant.theme(), &page);
        Ok(form_session.with_cookie(reply::page(status, page)))
    }

    /// The response to a dead link; another can be requested with the form it leads to.
    fn dead_link_page(&self, why: LinkError) -> Reply {
        let retry_url = format!("/{}/auth/forgot-password", self.tenant.organization.slug);
        dead_link_page(self.state, self.tenant, why, &retry_url)
    }
}
