//! Interaction pages under `/{org}/interaction/{uid}`: login, consent, abort.

mod pages;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use porta_core::TypedPassword;
use porta_core::user::UserStatus;
use porta_pages::{ErrorText, Flash, Page};
use porta_protocol::Params;
use porta_session::interaction::{BoundInteraction, InteractionCookies, Stage};
use porta_session::sealed_state::SealedState;
use porta_session::{BackendError, InteractionPurpose, OperationContext};
use porta_signin::{NewSessionCookies, PasswordAttempt, Pause, QueuePriority, SignInOutcome};
use porta_web::load_shedding::RETRY_AFTER;

use super::ClientInfo;
use super::authorize::{resumed_response, session_cookie};
use super::form::{FormOwner, checked_form};
use super::form_action::form_action_urls;
use super::mailed_links::typed_address;
use super::unavailable_interaction::unavailable_page;
use crate::context::RequestContext;
use crate::cookies;
use crate::error::PageError;
use crate::flash::{FlashKind, FlashMessage};
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;

/// Lifetime of a flash message: until the redirect arrives.
pub(super) const FLASH_LIFETIME: Duration = Duration::from_mins(1);

/// A request for an interaction that belongs to this browser, organization and uid.
pub(super) struct InteractionRequest<'a> {
    pub(super) state: &'a StateInner,
    pub(super) tenant: &'a RequestContext,
    pub(super) client_info: &'a ClientInfo,
    pub(super) bound: BoundInteraction,
    /// Origins outside this server to which its forms may redirect (CSP `form-action`).
    pub(super) form_action_urls: Vec<String>,
    /// What the refused or finished form before asked this page to say.
    pub(super) flash_message: Option<FlashMessage>,
}

pub(super) async fn load_interaction<'a>(
    state: &'a StateInner,
    tenant: &'a RequestContext,
    uid: &str,
    client_info: &'a ClientInfo,
) -> Result<InteractionRequest<'a>, PageError> {
    let binding = state.cookies.read(tenant, &client_info.headers, cookies::INTERACTION);
    let sealed_state = state.cookies.read(tenant, &client_info.headers, cookies::ANONYMOUS_START);
    let presented = InteractionCookies { binding: binding.as_deref(), sealed_state: sealed_state.as_deref() };
    let found = state.shared.interactions.find(tenant, uid, presented).await;
    let Some(bound) = found.map_err(|error| PageError::backend(state, tenant, &error))? else {
        let query = client_info.query.as_deref();
        return Err(unavailable_page(state, tenant, &client_info.headers, query, uid).into());
    };
    let purpose = &bound.interaction.purpose;
    client_info.log_fields.client(purpose.client_id().unwrap_or_default());
    tenant.languages.add_ui_locales(purpose.ui_locales());
    let form_action_urls = form_action_urls(state, tenant, purpose).await;
    let flash_message = state.cookies.read(tenant, &client_info.headers, cookies::FLASH);
    Ok(InteractionRequest {
        state,
        tenant,
        client_info,
        bound,
        form_action_urls,
        flash_message: flash_message.and_then(|flash_message| FlashMessage::parse(&flash_message)),
    })
}

/// Cookie for the form that is sent again after the wait.
pub(super) fn pause_cookie(
    state: &StateInner,
    tenant: &RequestContext,
    pause: &Pause,
) -> Option<HeaderValue> {
    let path = format!("/{}", tenant.organization.slug);
    state.cookies.set(tenant, cookies::PAUSE, &pause.value, &path, pause.until)
}

/// The interaction ended while one of its forms was handled.
fn expired_page(state: &StateInner, tenant: &RequestContext) -> Reply {
    reply::error_page(state, &tenant.theme(), StatusCode::BAD_REQUEST, ErrorText::InteractionExpired, None)
}

/// A kind of form of an interaction.
pub(super) struct StageForm {
    /// The stage of the page that shows it. `None`: every page does.
    pub(super) stage: Option<Stage>,
    /// The response if its CSRF token is missing or wrong.
    pub(super) forged: fn(&InteractionRequest<'_>, &Params) -> Reply,
}

/// The forms of the login page.
pub(super) const LOGIN_FORM: StageForm = StageForm {
    stage: Some(Stage::Login),
    forged: |request, params| {
        let email = typed_address(params.get("email"));
        request.redirect_with_flash("", FlashKind::CsrfInvalid, &email)
    },
};

const CONSENT_FORM: StageForm =
    StageForm { stage: Some(Stage::Consent), forged: |request, _| request.csrf_error_page() };

const ABORT_FORM: StageForm = StageForm { stage: None, forged: |request, _| request.csrf_error_page() };

/// Reads a form of an interaction. In another stage than the form's, the response leads to the page of that stage (Back
/// button).
pub(super) async fn stage_form<'a>(
    form: &StageForm,
    state: &'a StateInner,
    tenant: &'a RequestContext,
    uid: &str,
    client_info: &'a ClientInfo,
    body: Body,
) -> Result<(InteractionRequest<'a>, Params), PageError> {
    let load = || load_interaction(state, tenant, uid, client_info);
    let checked = checked_form(state, tenant, client_info, body, load).await?;
    let (request, params) = checked.map_err(|(request, params)| (form.forged)(&request, &params))?;
    let reached = request.bound.interaction.stage;
    if form.stage.is_some_and(|stage| stage != reached) {
        return Err(request.page_of_stage().await?.into());
    }
    Ok((request, params))
}

/// `GET /{org}/interaction/{uid}`
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    load_interaction(&state, &tenant, &uid, &client_info).await?.page_of_stage().await
}

/// Refuses a sign-in before its form is parsed or anything is looked up. The idempotency middleware has read the body.
async fn refuse_sign_in(state: &StateInner, tenant: &RequestContext) -> Reply {
    state.load_shedder.hold().await;
    reply::busy_page(state, tenant, RETRY_AFTER)
}

/// `POST /{org}/interaction/{uid}/login`
pub(crate) async fn login(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let turn = QueuePriority {
        organization: Some(tenant.organization.id),
        is_known: state.cookies.read(&tenant, &client_info.headers, cookies::DEVICE).is_some(),
    };
    if state.sign_in.password.is_full(turn) {
        return Ok(refuse_sign_in(&state, &tenant).await);
    }
    let (request, params) = stage_form(&LOGIN_FORM, &state, &tenant, &uid, &client_info, body).await?;
    let email = typed_address(params.get("email"));
    let password = params.get("password").unwrap_or_default();
    if email.is_empty() {
        return Ok(request.redirect_with_flash("", FlashKind::EmailMissing, ""));
    }
    if password.is_empty() {
        return Ok(request.redirect_with_flash("", FlashKind::PasswordMissing, &email));
    }
    request.sign_in(&email, password).await
}

/// `POST /{org}/interaction/{uid}/confirm`
pub(crate) async fn confirm(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = stage_form(&CONSENT_FORM, &state, &tenant, &uid, &client_info, body).await?;
    let resume = request.resume();
    let interactions = &state.shared.interactions;
    let decided = if params.get("decision") == Some("approve") {
        interactions.approve(request.bound).await
    } else {
        interactions.deny(request.bound).await
    };
    let is_decided = decided.map_err(|error| PageError::backend(&state, &tenant, &error))?;
    Ok(if is_decided { resume } else { expired_page(&state, &tenant) })
}

/// `POST /{org}/interaction/{uid}/abort`: changes state, so it is no GET.
pub(crate) async fn abort(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, _) = stage_form(&ABORT_FORM, &state, &tenant, &uid, &client_info, body).await?;
    let resume = request.resume();
    match request.bound.interaction.stage {
        Stage::Ready | Stage::Denied => Ok(resume),
        Stage::Login if !request.bound.is_stored() => {
            let cookie = state.cookies.read(&tenant, &client_info.headers, cookies::SESSION);
            let cx = client_info.operation(&state, &tenant);
            let cancelled = state.provider.authorization.cancel(cx, request.bound, cookie.as_deref()).await;
            resumed_response(&state, &tenant, &client_info.headers, &uid, cookie, cancelled)
        }
        Stage::Login | Stage::SecondFactor | Stage::NewPassword | Stage::Consent => {
            let denied = state.shared.interactions.deny(request.bound).await;
            let is_denied = denied.map_err(|error| PageError::backend(&state, &tenant, &error))?;
            Ok(if is_denied { resume } else { expired_page(&state, &tenant) })
        }
    }
}

impl<'a> InteractionRequest<'a> {
    /// Context of an operation that begins now.
    pub(super) fn operation(&self) -> OperationContext<'a> {
        self.client_info.operation(self.state, self.tenant)
    }

    pub(super) fn url(&self, action: &str) -> String {
        format!("/{}/interaction/{}{action}", self.tenant.organization.slug, self.bound.interaction.uid)
    }

    pub(super) fn absolute_url(&self, action: &str) -> String {
        format!("{}{}", self.state.shared.issuer_base(), self.url(action))
    }

    pub(super) fn backend_error(&self, error: &BackendError) -> PageError {
        PageError::backend(self.state, self.tenant, error)
    }

    /// The page of the current stage.
    pub(super) async fn page_of_stage(&self) -> Result<Reply, PageError> {
        match self.bound.interaction.stage {
            Stage::Login => {
                let is_again = matches!(&self.bound.interaction.purpose, InteractionPurpose::Account(e) if e.again.is_some());
                let flash_message = self.flash_message.as_ref();
                let email = flash_message
                    .map(|flash_message| &*flash_message.email)
                    .filter(|email| !email.is_empty());
                let flash = flash_message.and_then(|flash_message| flash_message.kind.login());
                self.login_page(StatusCode::OK, email, flash.or(is_again.then_some(Flash::SignInAgain))).await
            }
            Stage::SecondFactor => Ok(reply::redirect(&self.absolute_url("/two-factor"))),
            Stage::NewPassword => Ok(reply::redirect(&self.absolute_url("/new-password"))),
            Stage::Consent => self.consent_page().await,
            Stage::Ready | Stage::Denied => Ok(self.resume()),
        }
    }

    /// A page; clears the flash message that it showed.
    pub(super) fn page(&self, status: StatusCode, page: Page) -> Reply {
        let gone =
            self.flash_message.as_ref().and_then(|_| self.state.cookies.clear(cookies::FLASH, &self.url("")));
        let page =
            reply::page(status, page.with_form_action(self.form_action_urls.iter().map(String::as_str)));
        reply::with_header(page, header::SET_COOKIE, gone)
    }

    /// Redirects to a page of this interaction with a flash message.
    pub(super) fn redirect_with_flash(&self, page: &str, kind: FlashKind, email: &str) -> Reply {
        let flash_message = FlashMessage { kind, email: email.to_owned() };
        let until = self.state.clock.now() + FLASH_LIFETIME;
        let flash_message =
            self.state.cookies.set(self.tenant, cookies::FLASH, &flash_message.value(), &self.url(""), until);
        reply::with_header(reply::redirect(&self.absolute_url(page)), header::SET_COOKIE, flash_message)
    }

    pub(super) fn expired_page(&self) -> Reply {
        expired_page(self.state, self.tenant)
    }

    pub(super) fn resume(&self) -> Reply {
        let base = self.state.shared.issuer_base();
        reply::redirect(&format!(
            "{base}/{}/auth/{}",
            self.tenant.organization.slug, self.bound.interaction.uid
        ))
    }

    pub(super) fn csrf_error_page(&self) -> Reply {
        let (theme, text) = (self.tenant.theme(), ErrorText::CsrfInvalid);
        reply::error_page(self.state, &theme, StatusCode::FORBIDDEN, text, None)
    }

    async fn sign_in(self, email: &str, password: &str) -> Result<Reply, PageError> {
        let sign_in_cookies = self.client_info.sign_in_cookies(self.state, self.tenant);
        let attempt = PasswordAttempt { email, password: TypedPassword::new(password) };
        let browser = self.client_info.browser(&sign_in_cookies);
        let bound = self.bound.clone();
        let outcome = self.state.sign_in.password.verify(self.operation(), bound, attempt, browser).await;
        match outcome.map_err(|error| self.backend_error(&error))? {
            outcome @ (SignInOutcome::SignedIn(_)
            | SignInOutcome::SecondFactor
            | SignInOutcome::NewPassword
            | SignInOutcome::Gone) => self.outcome_response(outcome, Some(email)).await,
            SignInOutcome::WrongPassword(form) => {
                let answer = self.redirect_with_flash("", FlashKind::WrongPassword, email);
                let interactions = &self.state.shared.interactions;
                self.with_anonymous_start(answer, interactions.remember_refused_password(&self.bound, form))
            }
            outcome => {
                let answer = self.outcome_response(outcome, Some(email)).await.into_response();
                // A form was sent, so the interaction gets its whole lifetime from now on.
                let extended = self.state.shared.interactions.extend_sealed_state(&self.bound);
                self.with_anonymous_start(answer, extended)
            }
        }
    }

    fn with_anonymous_start(
        &self,
        reply: Reply,
        kept: Result<Option<SealedState>, BackendError>,
    ) -> Result<Reply, PageError> {
        let path = self.url("");
        let cookie = kept.map_err(|error| self.backend_error(&error))?.and_then(|kept| {
            self.state.cookies.set(self.tenant, cookies::ANONYMOUS_START, &kept.text, &path, kept.until)
        });
        Ok(reply::with_header(reply, header::SET_COOKIE, cookie))
    }

    pub(super) fn signed_in(&self, entered: &NewSessionCookies) -> Reply {
        let session = session_cookie(self.state, self.tenant, &entered.session, entered.expires_at);
        let device = self.state.cookies.device(self.tenant, &entered.device);
        let reply = reply::with_header(self.resume(), header::SET_COOKIE, session);
        reply::with_header(reply, header::SET_COOKIE, device)
    }

    pub(super) async fn rate_limited_page(&self, email: &str, retry_after: Duration) -> Reply {
        let flash = Flash::RateLimited { retry_after: reply::seconds_up(retry_after) };
        let page = self.login_page(StatusCode::TOO_MANY_REQUESTS, Some(email), Some(flash)).await;
        reply::with_retry_after(page.into_response(), retry_after)
    }

    /// The response to the outcome of a first factor; `email` as typed.
    pub(super) async fn outcome_response(
        &self,
        outcome: SignInOutcome,
        email: Option<&str>,
    ) -> Result<Reply, PageError> {
        Ok(match outcome {
            SignInOutcome::SignedIn(entered) => self.signed_in(&entered),
            SignInOutcome::SecondFactor => reply::redirect(&self.absolute_url("/two-factor")),
            SignInOutcome::NewPassword => reply::redirect(&self.absolute_url("/new-password")),
            SignInOutcome::Refused | SignInOutcome::WrongPassword(_) => {
                self.redirect_with_flash("", FlashKind::WrongPassword, email.unwrap_or_default())
            }
            SignInOutcome::NotActive(status) => {
                let kind = match status {
                    UserStatus::Inactive => FlashKind::AccountInactive,
                    UserStatus::Suspended => FlashKind::AccountSuspended,
                    UserStatus::Locked | UserStatus::Active => FlashKind::AccountLocked,
                };
                self.redirect_with_flash("", kind, email.unwrap_or_default())
            }
            SignInOutcome::Limited { retry_after } => {
                self.rate_limited_page(email.unwrap_or_default(), retry_after).await
            }
            SignInOutcome::Paused(pause) => {
                let page = self.rate_limited_page(email.unwrap_or_default(), pause.wait).await;
                reply::with_header(page, header::SET_COOKIE, pause_cookie(self.state, self.tenant, &pause))
            }
            SignInOutcome::Busy => {
                let flash = Some(Flash::RateLimited { retry_after: 1 });
                let page = self.login_page(StatusCode::SERVICE_UNAVAILABLE, email, flash).await;
                reply::with_retry_after(page.into_response(), Duration::from_secs(1))
            }
            SignInOutcome::MethodDisabled => {
                self.redirect_with_flash("", FlashKind::MethodDisabled, email.unwrap_or_default())
            }
            // The middleware replaces this response by that of the same form before (decision 0044).
            SignInOutcome::Repeated => self.page_of_stage().await?,
            SignInOutcome::Gone => self.expired_page(),
        })
    }
}

impl FormOwner for InteractionRequest<'_> {
    fn csrf_matches(&self, presented: Option<&str>) -> bool {
        self.bound.csrf_matches(presented)
    }
}
