//! Second factor of a sign-in, under `/{org}/interaction/{uid}/two-factor`.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use porta_core::settings;
use porta_core::user::{TwoFactorMethod, User};
use porta_pages::{
    CodeFlash, FactorKind, Page, RecoveryCodesPage, SetupView, TrustedSvg, TwoFactorChallenge, TwoFactorPage,
    TwoFactorSetupPage,
};
use porta_protocol::Params;
use porta_session::BackendError;
use porta_session::interaction::{SecondFactorStep, Stage};
use porta_signin::sign_in_steps::masked;
use porta_signin::{CodeKind, FactorOutcome};

use super::ClientInfo;
use super::interaction::{InteractionRequest, StageForm, load_interaction, stage_form};
use crate::context::RequestContext;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

type Uid = Path<(String, String)>;

/// Longest code that is checked: more than any code typed with blanks has.
pub(super) const LONGEST_CODE: usize = 64;

/// `GET …/two-factor`: the page of the current step. `?recovery` shows the form for a recovery code, `?choose` the
/// choice of factors; neither changes state.
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Uid,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let interaction = load_interaction(&state, &tenant, &uid, &client_info).await?;
    let view = match query.as_deref() {
        Some("recovery") => View::Recovery,
        Some("choose") => View::Choose,
        _ => View::Usual,
    };
    let flash = interaction.flash_message.as_ref().and_then(|flash_message| flash_message.kind.code());
    SecondFactorRequest { interaction, view }.page(flash).await
}

/// `POST …/two-factor`: a code of the factor, or a recovery code.
pub(crate) async fn verify(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Uid,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = posted(&state, &tenant, &uid, &client_info, body).await?;
    let kind = if params.get("codeType") == Some("recovery") { CodeKind::Recovery } else { CodeKind::Usual };
    let view = if kind == CodeKind::Recovery { View::Recovery } else { View::Usual };
    let request = SecondFactorRequest { view, ..request };
    let code = request.code(&params)?;
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (cx, bound) = (request.interaction.operation(), request.interaction.bound.clone());
    let outcome = state.sign_in.second_factor.verify(cx, bound, kind, &code, browser).await;
    request.outcome_page(outcome).await
}

/// `POST …/two-factor/resend`
pub(crate) async fn resend(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Uid,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, _) = posted(&state, &tenant, &uid, &client_info, body).await?;
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (cx, bound) = (request.interaction.operation(), &request.interaction.bound);
    match state.sign_in.second_factor.resend_code(cx, bound, browser).await {
        Ok(FactorOutcome::Moved) => Ok(request.redirect_with_flash(FlashKind::CodeResent)),
        outcome => request.outcome_page(outcome).await,
    }
}

/// `POST …/two-factor/setup`: without `code` the choice of a factor, with it the confirmation.
pub(crate) async fn setup(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Uid,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = posted(&state, &tenant, &uid, &client_info, body).await?;
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (cx, bound) = (request.interaction.operation(), request.interaction.bound.clone());
    let enrolment = &state.sign_in.enrolment;
    let outcome = if params.get("code").is_none() {
        let method = match params.get("setupMethod") {
            Some("email") => TwoFactorMethod::Email,
            _ => TwoFactorMethod::Totp,
        };
        enrolment.choose_factor(cx, bound, method, browser).await
    } else {
        let code = request.code(&params)?;
        enrolment.confirm_factor(cx, bound, &code, browser).await
    };
    request.outcome_page(outcome).await
}

/// `POST …/two-factor/codes`: the recovery codes were saved.
pub(crate) async fn confirm_codes_saved(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Uid,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, _) = posted(&state, &tenant, &uid, &client_info, body).await?;
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (cx, bound) = (request.interaction.operation(), request.interaction.bound.clone());
    let outcome = state.sign_in.enrolment.confirm_codes_saved(cx, bound, browser).await;
    request.outcome_page(outcome).await
}

/// Which page of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Usual,
    Recovery,
    Choose,
}

impl View {
    const fn page(self) -> &'static str {
        match self {
            Self::Usual => "/two-factor",
            Self::Recovery => "/two-factor?recovery",
            Self::Choose => "/two-factor?choose",
        }
    }
}

/// A request for the second factor of a sign-in.
struct SecondFactorRequest<'a> {
    interaction: InteractionRequest<'a>,
    view: View,
}

const FORM: StageForm = StageForm {
    stage: Some(Stage::SecondFactor),
    forged: |request, _| request.redirect_with_flash(View::Usual.page(), FlashKind::CsrfInvalid, ""),
};

async fn posted<'a>(
    state: &'a AppState,
    tenant: &'a RequestContext,
    uid: &str,
    client_info: &'a ClientInfo,
    body: Body,
) -> Result<(SecondFactorRequest<'a>, Params), PageError> {
    let (interaction, params) = stage_form(&FORM, state, tenant, uid, client_info, body).await?;
    Ok((SecondFactorRequest { interaction, view: View::Usual }, params))
}

const fn kind(method: TwoFactorMethod) -> FactorKind {
    match method {
        TwoFactorMethod::Email => FactorKind::Email,
        TwoFactorMethod::Totp => FactorKind::Authenticator,
    }
}

impl SecondFactorRequest<'_> {
    /// Redirects to the page of the view with a flash message.
    fn redirect_with_flash(&self, kind: FlashKind) -> Reply {
        self.interaction.redirect_with_flash(self.view.page(), kind, "")
    }

    fn code(&self, params: &Params) -> Result<String, PageError> {
        let code = params.get("code").unwrap_or_default().trim();
        if code.is_empty() {
            return Err(self.redirect_with_flash(FlashKind::CodeMissing).into());
        }
        if code.len() > LONGEST_CODE {
            return Err(self.redirect_with_flash(FlashKind::CodeInvalid).into());
        }
        Ok(code.to_owned())
    }

    async fn outcome_page(&self, outcome: Result<FactorOutcome, BackendError>) -> Result<Reply, PageError> {
        let interaction = &self.interaction;
        Ok(match outcome.map_err(|error| interaction.backend_error(&error))? {
            FactorOutcome::SignedIn(entered) => interaction.signed_in(&entered),
            FactorOutcome::Moved => reply::redirect(&interaction.absolute_url("/two-factor")),
            FactorOutcome::NewPassword => reply::redirect(&interaction.absolute_url("/new-password")),
            FactorOutcome::Gone => interaction.expired_page(),
            FactorOutcome::Limited { retry_after } => {
                let flash = CodeFlash::RateLimited { retry_after: reply::seconds_up(retry_after) };
                let mut page = self.page(Some(flash)).await.into_response();
                *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                reply::with_retry_after(page, retry_after)
            }
            FactorOutcome::Wrong => self.redirect_with_flash(FlashKind::CodeInvalid),
            FactorOutcome::Exhausted => self.redirect_with_flash(FlashKind::CodeExhausted),
            FactorOutcome::Blocked => self.redirect_with_flash(FlashKind::CodeBlocked),
        })
    }

    /// The page of the current step.
    async fn page(&self, flash: Option<CodeFlash>) -> Result<Reply, PageError> {
        let interaction = &self.interaction;
        let (state, tenant, bound) = (interaction.state, interaction.tenant, &interaction.bound);
        if bound.interaction.stage != Stage::SecondFactor {
            return interaction.page_of_stage().await;
        }
        let pending = state.sign_in.pending.load(interaction.operation(), bound).await;
        let Some((pending, user)) = pending.map_err(|error| interaction.backend_error(&error))? else {
            return Ok(interaction.expired_page());
        };
        tenant.languages.add_profile_locale(user.profile.locale.as_deref());
        let page = match &pending.step {
            SecondFactorStep::Verify { method } => self.challenge_page(*method, &user, flash),
            SecondFactorStep::Codes { sealed } => {
                let Some(codes) = state.sign_in.enrolment.recovery_codes(bound, sealed) else {
                    return Ok(interaction.expired_page());
                };
                let page = RecoveryCodesPage {
                    codes: &codes,
                    done_url: &interaction.url("/two-factor/codes"),
                    csrf: &bound.interaction.csrf,
                    email: user.email.shown(),
                };
                state.pages.render(&tenant.theme(), &page)
            }
            // Of another stage.
            SecondFactorStep::NewPassword { .. } => return Ok(interaction.expired_page()),
            step @ (SecondFactorStep::Choose { .. }
            | SecondFactorStep::Authenticator { .. }
            | SecondFactorStep::Email { .. }) => return Ok(self.setup_page(step, &user, flash)),
        };
        Ok(interaction.page(StatusCode::OK, page))
    }

    fn challenge_page(&self, method: TwoFactorMethod, user: &User, flash: Option<CodeFlash>) -> Page {
        let interaction = &self.interaction;
        let is_recovery = self.view == View::Recovery;
        let (masked_email, resend_url) = (masked(user.email.shown()), interaction.url("/two-factor/resend"));
        let challenge = match method {
            _ if is_recovery => TwoFactorChallenge::Recovery,
            TwoFactorMethod::Totp => TwoFactorChallenge::Authenticator,
            TwoFactorMethod::Email => TwoFactorChallenge::Email {
                masked_email: &masked_email,
                resend_url: &resend_url,
                expires_in: interaction.tenant.settings.number(settings::TWO_FACTOR_CODE_TTL),
            },
        };
        let (recovery, usual) = (interaction.url("/two-factor?recovery"), interaction.url("/two-factor"));
        let page = TwoFactorPage {
            action_url: &usual,
            cancel_url: &interaction.url("/abort"),
            csrf: &interaction.bound.interaction.csrf,
            challenge,
            recovery_url: (!is_recovery).then_some(&recovery),
            usual_url: is_recovery.then_some(&usual),
            flash,
        };
        interaction.state.pages.render(&interaction.tenant.theme(), &page)
    }

    fn setup_page(&self, step: &SecondFactorStep, user: &User, flash: Option<CodeFlash>) -> Reply {
        let interaction = &self.interaction;
        let (state, tenant) = (interaction.state, interaction.tenant);
        let (SecondFactorStep::Choose { allowed }
        | SecondFactorStep::Authenticator { allowed, .. }
        | SecondFactorStep::Email { allowed }) = step
        else {
            return interaction.expired_page();
        };
        let kinds: Vec<FactorKind> = allowed.iter().copied().map(kind).collect();
        let (masked_email, resend_url) = (masked(user.email.shown()), interaction.url("/two-factor/resend"));
        let (svg, key);
        let shown = match step {
            SecondFactorStep::Authenticator { secret, .. } if self.view != View::Choose => {
                let issuer = tenant.organization.display_name();
                let Some(offer) = state.sign_in.enrolment.authenticator(secret, issuer, user) else {
                    return interaction.expired_page();
                };
                (svg, key) = (offer.qr, offer.key);
                SetupView::Authenticator { qr: TrustedSvg::from_generated(&svg), key: &key }
            }
            SecondFactorStep::Email { .. } if self.view != View::Choose => SetupView::Email {
                masked_email: &masked_email,
                resend_url: &resend_url,
                expires_in: tenant.settings.number(settings::TWO_FACTOR_CODE_TTL),
            },
            _ => SetupView::Choose { allowed: &kinds },
        };
        let choose = interaction.url("/two-factor?choose");
        let page = TwoFactorSetupPage {
            action_url: &interaction.url("/two-factor/setup"),
            csrf: &interaction.bound.interaction.csrf,
            step: shown,
            is_required: true,
            choose_url: (kinds.len() > 1 && !matches!(shown, SetupView::Choose { .. })).then_some(&choose),
            cancel_url: &interaction.url("/abort"),
            flash,
        };
        interaction.page(StatusCode::OK, state.pages.render(&tenant.theme(), &page))
    }
}
