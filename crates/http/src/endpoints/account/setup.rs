//! `/{org}/account/two-factor/setup`: confirming a new factor, and saving recovery codes.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use porta_core::{secret, settings};
use porta_pages::{CodeFlash, RecoveryCodesPage, SetupView, TrustedSvg, TwoFactorSetupPage};
use porta_protocol::Params;
use porta_session::{AccountPage, BackendError};
use porta_signin::account::{AccountChange, SetupStep, SignedInUser};
use porta_signin::sign_in_steps::masked;

use super::{AccountRequest, csrf_of, redirect_with_session};
use crate::context::RequestContext;
use crate::cookies;
use crate::endpoints::ClientInfo;
use crate::endpoints::form::read_form;
use crate::endpoints::second_factor::LONGEST_CODE;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::TwoFactorSetup;

/// Shows secrets, so it requires a recent sign-in too.
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = AccountRequest::load(&state, &tenant, &client_info, PAGE).await?;
    request.require_recent()?;
    let flash = request.flash_message.and_then(FlashKind::code);
    request.setup_page(StatusCode::OK, flash).await
}

pub(crate) async fn confirm(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let params = read_form(&state, &tenant, &client_info, body).await?;
    let code = params.get("code").unwrap_or_default().trim();
    let request = match AccountRequest::from_params(&params, &state, &tenant, &client_info, PAGE).await {
        Ok(request) => request,
        Err(refusal) => {
            return repeated(&state, &tenant, &client_info, &params, None).await.ok_or(refusal);
        }
    };
    let recent = match request.require_recent() {
        Ok(recent) => recent,
        // Perhaps the same form, sent twice, just enabled the factor.
        Err(refusal) => {
            let signed_in = Some(&request.signed_in);
            return repeated(&state, &tenant, &client_info, &params, signed_in).await.ok_or(refusal);
        }
    };
    if code.is_empty() {
        return Ok(request.redirect_with_flash(PAGE, Some(FlashKind::CodeMissing)));
    }
    if code.len() > LONGEST_CODE {
        return Ok(request.redirect_with_flash(PAGE, Some(FlashKind::CodeInvalid)));
    }
    let outcome = state.sign_in.account.setup.confirm(request.operation(), recent, code).await;
    request.after(outcome, None).await
}

/// Handles the repetition of a form that renewed the session: a second click still sends the old cookie.
async fn repeated(
    state: &AppState,
    tenant: &RequestContext,
    client_info: &ClientInfo,
    params: &Params,
    signed_in: Option<&SignedInUser>,
) -> Option<Reply> {
    let cookie = state.cookies.read(tenant, &client_info.headers, cookies::SESSION)?;
    let is_ours = params.get("_csrf").is_some_and(|csrf| secret::constant_time_eq(csrf, &csrf_of(&cookie)));
    if !is_ours {
        return None;
    }
    let code = params.get("code").unwrap_or_default().trim();
    let setup = &state.sign_in.account.setup;
    let entered = setup.repeated_form(tenant, signed_in, &cookie, code).await.ok()??;
    Some(redirect_with_session(state, tenant, PAGE, &entered))
}

pub(crate) async fn resend(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, _) = AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await?;
    let recent = request.require_recent()?;
    let outcome = state.sign_in.account.setup.resend_code(request.operation(), recent).await;
    request.after(outcome, Some(FlashKind::CodeResent)).await
}

/// Discards the unconfirmed factor.
pub(crate) async fn cancel(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, _) = AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await?;
    let forgotten = state.sign_in.account.setup.forget(request.operation(), &request.signed_in).await;
    forgotten.map_err(|error| request.backend_error(&error))?;
    Ok(request.redirect_with_flash(AccountPage::TwoFactor, None))
}

/// The recovery codes were saved; they are not shown again.
pub(crate) async fn confirm_codes_saved(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, _) = AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await?;
    let (setups, cx) = (&state.sign_in.account.setup, request.operation());
    let setup = setups.load(cx, &request.signed_in).await;
    let Some(setup) = setup.map_err(|error| request.backend_error(&error))? else {
        return Ok(request.redirect_with_flash(AccountPage::TwoFactor, None));
    };
    let flash_message = match setup.step {
        SetupStep::Codes { is_new_factor: true, .. } => FlashKind::FactorEnabled,
        SetupStep::Codes { is_new_factor: false, .. } => FlashKind::RecoveryCodesReplaced,
        SetupStep::Authenticator { .. } | SetupStep::Email => {
            return Ok(request.redirect_with_flash(PAGE, None));
        }
    };
    setups.forget(cx, &request.signed_in).await.map_err(|error| request.backend_error(&error))?;
    Ok(request.redirect_with_flash(AccountPage::TwoFactor, Some(flash_message)))
}

impl AccountRequest<'_> {
    async fn after(
        &self,
        outcome: Result<AccountChange, BackendError>,
        flash_message: Option<FlashKind>,
    ) -> Result<Reply, PageError> {
        Ok(match outcome.map_err(|error| self.backend_error(&error))? {
            AccountChange::Done => self.redirect_with_flash(PAGE, flash_message),
            AccountChange::SessionRenewed(entered) => {
                redirect_with_session(self.state, self.tenant, PAGE, &entered)
            }
            AccountChange::Credentials(credentials) => {
                self.with_known_device(self.redirect_with_flash(PAGE, flash_message), credentials)
            }
            AccountChange::Nothing | AccountChange::Required => {
                self.redirect_with_flash(AccountPage::TwoFactor, None)
            }
            AccountChange::Limited { retry_after } => {
                let flash = CodeFlash::RateLimited { retry_after: reply::seconds_up(retry_after) };
                let page = self.setup_page(StatusCode::TOO_MANY_REQUESTS, Some(flash)).await;
                reply::with_retry_after(page.into_response(), retry_after)
            }
            AccountChange::Wrong => self.redirect_with_flash(PAGE, Some(FlashKind::CodeInvalid)),
            AccountChange::Exhausted => self.redirect_with_flash(PAGE, Some(FlashKind::CodeExhausted)),
        })
    }

    /// The page of the pending setup; without one, redirects to the page where a setup begins.
    async fn setup_page(&self, status: StatusCode, flash: Option<CodeFlash>) -> Result<Reply, PageError> {
        let setups = &self.state.sign_in.account.setup;
        let elsewhere = || self.redirect_with_flash(AccountPage::TwoFactor, None);
        let setup = setups.load(self.operation(), &self.signed_in).await;
        let setup = setup.map_err(|error| self.backend_error(&error))?.ok_or_else(elsewhere)?;
        let user = &self.signed_in.user;
        let (masked_email, resend_url) = (masked(user.email.shown()), self.url("/account/two-factor/resend"));
        let offer;
        let step = match &setup.step {
            SetupStep::Codes { sealed, .. } => {
                let codes = setups.recovery_codes(&self.signed_in, sealed).ok_or_else(elsewhere)?;
                let page = RecoveryCodesPage {
                    codes: &codes,
                    done_url: &self.url("/account/two-factor/codes"),
                    csrf: &self.csrf,
                    email: user.email.shown(),
                };
                return Ok(self.show(status, self.state.pages.render(&self.theme(), &page)));
            }
            SetupStep::Authenticator { secret, .. } => {
                let issuer = self.tenant.organization.display_name();
                offer = setups.authenticator(secret, issuer, user).ok_or_else(elsewhere)?;
                SetupView::Authenticator { qr: TrustedSvg::from_generated(&offer.qr), key: &offer.key }
            }
            SetupStep::Email => SetupView::Email {
                masked_email: &masked_email,
                resend_url: &resend_url,
                expires_in: self.tenant.settings.number(settings::TWO_FACTOR_CODE_TTL),
            },
        };
        let page = TwoFactorSetupPage {
            action_url: &self.url(PAGE.path()),
            csrf: &self.csrf,
            step,
            is_required: false,
            choose_url: None,
            cancel_url: &self.url("/account/two-factor/cancel"),
            flash,
        };
        Ok(self.show(status, self.state.pages.render(&self.theme(), &page)))
    }
}
