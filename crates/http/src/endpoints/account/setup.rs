//! `/{org}/account/two-factor/setup`: confirming a new factor, and saving recovery codes.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use porta_core::{secret, settings};
use porta_pages::{CodeFlash, RecoveryCodesPage, SetupView, TrustedSvg, TwoFactorSetupPage};
use porta_protocol::Params;
use porta_session::AccountPage;
use porta_signin::account::{AccountChange, SetupStep, SignedInUser};
use porta_signin::sign_in_steps::masked;

use super::{AccountRequest, csrf_of, redirect_with_session};
use crate::context::RequestContext;
use crate::cookies;
use crate::endpoints::ClientInfo;
use crate::endpoints::interaction::form;
use crate::endpoints::second_factor::LONGEST_CODE;
use crate::flash::FlashKind;
use crate::reply::{self, Reply, or_answer};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::TwoFactorSetup;

/// Shows secrets, so it requires a recent sign-in too.
pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, client_info: ClientInfo) -> Reply {
    let request = or_answer!(AccountRequest::load(&state, &tenant, &client_info, PAGE).await);
    if let Err(reply) = request.require_recent() {
        return reply;
    }
    let flash = request.flash_message.and_then(FlashKind::code);
    request.setup_page(StatusCode::OK, flash).await
}

pub(crate) async fn confirm(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let params = or_answer!(form(&state, &tenant, &client_info, body).await);
    let code = params.get("code").unwrap_or_default().trim();
    let request = match AccountRequest::from_params(&params, &state, &tenant, &client_info, PAGE).await {
        Ok(request) => request,
        Err(refusal) => {
            return repeated(&state, &tenant, &client_info, &params, None).await.unwrap_or(refusal);
        }
    };
    let recent = match request.require_recent() {
        Ok(recent) => recent,
        // Perhaps the same form, sent twice, just enabled the factor.
        Err(refusal) => {
            let signed_in = Some(&request.signed_in);
            return repeated(&state, &tenant, &client_info, &params, signed_in).await.unwrap_or(refusal);
        }
    };
    if code.is_empty() {
        return request.redirect_with_flash(PAGE, Some(FlashKind::CodeMissing));
    }
    if code.len() > LONGEST_CODE {
        return request.redirect_with_flash(PAGE, Some(FlashKind::CodeInvalid));
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
) -> Reply {
    let (request, _) = or_answer!(AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await);
    let recent = or_answer!(request.require_recent());
    let outcome = state.sign_in.account.setup.resend_code(request.operation(), recent).await;
    request.after(outcome, Some(FlashKind::CodeResent)).await
}

/// Discards the unconfirmed factor.
pub(crate) async fn cancel(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (request, _) = or_answer!(AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await);
    match state.sign_in.account.setup.forget(request.operation(), &request.signed_in).await {
        Ok(()) => request.redirect_with_flash(AccountPage::TwoFactor, None),
        Err(error) => request.error_page(&error),
    }
}

/// The recovery codes were saved; they are not shown again.
pub(crate) async fn confirm_codes_saved(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (request, _) = or_answer!(AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await);
    let cx = request.operation();
    let flash_message = match state.sign_in.account.setup.load(cx, &request.signed_in).await {
        Ok(Some(setup)) => match setup.step {
            SetupStep::Codes { is_new_factor: true, .. } => FlashKind::FactorEnabled,
            SetupStep::Codes { is_new_factor: false, .. } => FlashKind::RecoveryCodesReplaced,
            SetupStep::Authenticator { .. } | SetupStep::Email => {
                return request.redirect_with_flash(PAGE, None);
            }
        },
        Ok(None) => return request.redirect_with_flash(AccountPage::TwoFactor, None),
        Err(error) => return request.error_page(&error),
    };
    match state.sign_in.account.setup.forget(cx, &request.signed_in).await {
        Ok(()) => request.redirect_with_flash(AccountPage::TwoFactor, Some(flash_message)),
        Err(error) => request.error_page(&error),
    }
}

impl AccountRequest<'_> {
    async fn after(
        &self,
        outcome: Result<AccountChange, porta_session::BackendError>,
        flash_message: Option<FlashKind>,
    ) -> Reply {
        let refused = match outcome {
            Ok(AccountChange::Done) => return self.redirect_with_flash(PAGE, flash_message),
            Ok(AccountChange::SessionRenewed(entered)) => {
                return redirect_with_session(self.state, self.tenant, PAGE, &entered);
            }
            Ok(AccountChange::Credentials(credentials)) => {
                return self.with_known_device(self.redirect_with_flash(PAGE, flash_message), credentials);
            }
            Ok(AccountChange::Nothing | AccountChange::Required) => {
                return self.redirect_with_flash(AccountPage::TwoFactor, None);
            }
            Ok(AccountChange::Limited { retry_after }) => {
                let flash = CodeFlash::RateLimited { retry_after: reply::seconds_up(retry_after) };
                let page = self.setup_page(StatusCode::TOO_MANY_REQUESTS, Some(flash)).await;
                return reply::with_retry_after(page, retry_after);
            }
            Ok(AccountChange::Wrong) => FlashKind::CodeInvalid,
            Ok(AccountChange::Exhausted) => FlashKind::CodeExhausted,
            Err(error) => return self.error_page(&error),
        };
        self.redirect_with_flash(PAGE, Some(refused))
    }

    /// The page of the pending setup; without one, redirects to the page where a setup begins.
    async fn setup_page(&self, status: StatusCode, flash: Option<CodeFlash>) -> Reply {
        let setups = &self.state.sign_in.account.setup;
        let setup = match setups.load(self.operation(), &self.signed_in).await {
            Ok(Some(setup)) => setup,
            Ok(None) => return self.redirect_with_flash(AccountPage::TwoFactor, None),
            Err(error) => return self.error_page(&error),
        };
        let user = &self.signed_in.user;
        let (masked_email, resend_url) = (masked(user.email.shown()), self.url("/account/two-factor/resend"));
        let offer;
        let step = match &setup.step {
            SetupStep::Codes { sealed, .. } => {
                let Some(codes) = setups.recovery_codes(&self.signed_in, sealed) else {
                    return self.redirect_with_flash(AccountPage::TwoFactor, None);
                };
                let page = RecoveryCodesPage {
                    codes: &codes,
                    done_url: &self.url("/account/two-factor/codes"),
                    csrf: &self.csrf,
                    email: user.email.shown(),
                };
                return self.show(status, self.state.pages.recovery_codes(&self.theme(), &page));
            }
            SetupStep::Authenticator { secret, .. } => {
                let issuer = self.tenant.organization.display_name();
                let Some(made) = setups.authenticator(secret, issuer, user) else {
                    return self.redirect_with_flash(AccountPage::TwoFactor, None);
                };
                offer = made;
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
        self.show(status, self.state.pages.two_factor_setup(&self.theme(), &page))
    }
}
