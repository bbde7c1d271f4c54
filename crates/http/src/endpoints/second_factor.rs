//! Second factor of a sign-in, under `/{org}/interaction/{uid}/two-factor`.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use porta_core::settings;
use porta_core::user::TwoFactorMethod;
use porta_pages::{
    CodeFlash, FactorKind, RecoveryCodesPage, SetupView, TrustedSvg, TwoFactorChallenge, TwoFactorPage,
    TwoFactorSetupPage,
};
use porta_protocol::Params;
use porta_session::interaction::{SecondFactorStep, Stage};
use porta_signin::sign_in_steps::masked;
use porta_signin::{CodeKind, FactorOutcome};

use super::ClientInfo;
use super::interaction::{InteractionRequest, form_at_stage, load_interaction};
use crate::context::RequestContext;
use crate::flash::FlashKind;
use crate::reply::{self, Reply, or_answer};
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
) -> Reply {
    let request = or_answer!(load_interaction(&state, &tenant, &uid, &client_info).await);
    let view = match query.as_deref() {
        Some("recovery") => View::Recovery,
        Some("choose") => View::Choose,
        _ => View::Usual,
    };
    let flash = request.flash_message.as_ref().and_then(|flash_message| flash_message.kind.code());
    request.second_factor_page(view, flash).await
}

/// `POST …/two-factor`: a code of the factor, or a recovery code.
pub(crate) async fn verify(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Uid,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (request, params) = or_answer!(posted(&state, &tenant, &uid, &client_info, body).await);
    let kind = if params.get("codeType") == Some("recovery") { CodeKind::Recovery } else { CodeKind::Usual };
    let view = if kind == CodeKind::Recovery { View::Recovery } else { View::Usual };
    let code = or_answer!(request.code(&params, view));
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (second_factor, bound) = (&state.sign_in.second_factor, request.bound.clone());
    let outcome = second_factor.verify(request.operation(), bound, kind, &code, browser).await;
    request.outcome_page(outcome, view).await
}

/// `POST …/two-factor/resend`
pub(crate) async fn resend(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Uid,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (request, _) = or_answer!(posted(&state, &tenant, &uid, &client_info, body).await);
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    match state.sign_in.second_factor.resend_code(request.operation(), &request.bound, browser).await {
        Ok(FactorOutcome::Moved) => {
            request.redirect_with_flash(View::Usual.page(), FlashKind::CodeResent, "")
        }
        outcome => request.outcome_page(outcome, View::Usual).await,
    }
}

/// `POST …/two-factor/setup`: without `code` the choice of a factor, with it the confirmation.
pub(crate) async fn setup(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Uid,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (request, params) = or_answer!(posted(&state, &tenant, &uid, &client_info, body).await);
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (enrolment, cx, bound) = (&state.sign_in.enrolment, request.operation(), request.bound.clone());
    let outcome = if params.get("code").is_none() {
        let method = match params.get("setupMethod") {
            Some("email") => TwoFactorMethod::Email,
            _ => TwoFactorMethod::Totp,
        };
        enrolment.choose_factor(cx, bound, method, browser).await
    } else {
        let code = or_answer!(request.code(&params, View::Usual));
        enrolment.confirm_factor(cx, bound, &code, browser).await
    };
    request.outcome_page(outcome, View::Usual).await
}

/// `POST …/two-factor/codes`: the recovery codes were saved.
pub(crate) async fn confirm_codes_saved(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Uid,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (request, _) = or_answer!(posted(&state, &tenant, &uid, &client_info, body).await);
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (enrolment, bound) = (&state.sign_in.enrolment, request.bound.clone());
    let outcome = enrolment.confirm_codes_saved(request.operation(), bound, browser).await;
    request.outcome_page(outcome, View::Usual).await
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

/// Reads a form of the second-factor stage and checks its CSRF token.
async fn posted<'a>(
    state: &'a AppState,
    tenant: &'a RequestContext,
    uid: &str,
    client_info: &'a ClientInfo,
    body: Body,
) -> Result<(InteractionRequest<'a>, Params), Reply> {
    let (request, params) = form_at_stage(Stage::SecondFactor, state, tenant, uid, client_info, body).await?;
    if !request.bound.csrf_matches(params.get("_csrf")) {
        return Err(request.redirect_with_flash(View::Usual.page(), FlashKind::CsrfInvalid, ""));
    }
    Ok((request, params))
}

const fn kind(method: TwoFactorMethod) -> FactorKind {
    match method {
        TwoFactorMethod::Email => FactorKind::Email,
        TwoFactorMethod::Totp => FactorKind::Authenticator,
    }
}

impl InteractionRequest<'_> {
    #[expect(clippy::result_large_err, reason = "an answer is made once a request")]
    fn code(&self, params: &Params, view: View) -> Result<String, Reply> {
        let code = params.get("code").unwrap_or_default().trim();
        if code.is_empty() {
            return Err(self.redirect_with_flash(view.page(), FlashKind::CodeMissing, ""));
        }
        if code.len() > LONGEST_CODE {
            return Err(self.redirect_with_flash(view.page(), FlashKind::CodeInvalid, ""));
        }
        Ok(code.to_owned())
    }

    async fn outcome_page(
        &self,
        outcome: Result<FactorOutcome, porta_session::BackendError>,
        view: View,
    ) -> Reply {
        let kind = match outcome {
            Ok(FactorOutcome::SignedIn(entered)) => return self.signed_in(&entered),
            Ok(FactorOutcome::Moved) => return reply::redirect(&self.absolute_url("/two-factor")),
            Ok(FactorOutcome::Gone) => return self.expired_page(),
            Ok(FactorOutcome::Limited { retry_after }) => {
                let flash = CodeFlash::RateLimited { retry_after: reply::seconds_up(retry_after) };
                let mut page = self.second_factor_page(view, Some(flash)).await;
                *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                return reply::with_retry_after(page, retry_after);
            }
            Ok(FactorOutcome::Wrong) => FlashKind::CodeInvalid,
            Ok(FactorOutcome::Exhausted) => FlashKind::CodeExhausted,
            Ok(FactorOutcome::Blocked) => FlashKind::CodeBlocked,
            Err(error) => return reply::backend_error_page(self.state, &self.tenant.theme(), &error),
        };
        self.redirect_with_flash(view.page(), kind, "")
    }

    /// The page of the current step.
    async fn second_factor_page(&self, view: View, flash: Option<CodeFlash>) -> Reply {
        if self.bound.interaction.stage != Stage::SecondFactor {
            return self.page_of_stage().await;
        }
        let (pending, user) = match self.state.sign_in.pending.load(self.operation(), &self.bound).await {
            Ok(Some(found)) => found,
            Ok(None) => return self.expired_page(),
            Err(error) => return reply::backend_error_page(self.state, &self.tenant.theme(), &error),
        };
        self.tenant.languages.add_profile_locale(user.profile.locale.as_deref());
        let (theme, email) = (self.tenant.theme(), masked(user.email.shown()));
        let resend_url = self.url("/two-factor/resend");
        let expires_in = self.tenant.settings.number(settings::TWO_FACTOR_CODE_TTL);
        let page = match (&pending.step, view) {
            (SecondFactorStep::Verify { method }, view) => {
                let is_recovery = view == View::Recovery;
                let challenge = match method {
                    _ if is_recovery => TwoFactorChallenge::Recovery,
                    TwoFactorMethod::Totp => TwoFactorChallenge::Authenticator,
                    TwoFactorMethod::Email => TwoFactorChallenge::Email {
                        masked_email: &email,
                        resend_url: &resend_url,
                        expires_in,
                    },
                };
                let (recovery, usual) = (self.url("/two-factor?recovery"), self.url("/two-factor"));
                self.state.pages.two_factor(
                    &theme,
                    &TwoFactorPage {
                        action_url: &self.url("/two-factor"),
                        cancel_url: &self.url("/abort"),
                        csrf: &self.bound.interaction.csrf,
                        challenge,
                        recovery_url: (!is_recovery).then_some(&recovery),
                        usual_url: is_recovery.then_some(&usual),
                        flash,
                    },
                )
            }
            (SecondFactorStep::Codes { sealed }, _) => {
                let Some(codes) = self.state.sign_in.enrolment.recovery_codes(&self.bound, sealed) else {
                    return self.expired_page();
                };
                self.state.pages.recovery_codes(
                    &theme,
                    &RecoveryCodesPage {
                        codes: &codes,
                        done_url: &self.url("/two-factor/codes"),
                        csrf: &self.bound.interaction.csrf,
                        email: user.email.shown(),
                    },
                )
            }
            (step, view) => return self.setup_page(step, view, &user, flash),
        };
        self.page(StatusCode::OK, page)
    }

    fn setup_page(
        &self,
        step: &SecondFactorStep,
        view: View,
        user: &porta_core::user::User,
        flash: Option<CodeFlash>,
    ) -> Reply {
        let (SecondFactorStep::Choose { allowed }
        | SecondFactorStep::Authenticator { allowed, .. }
        | SecondFactorStep::Email { allowed }) = step
        else {
            return self.expired_page();
        };
        let kinds: Vec<FactorKind> = allowed.iter().copied().map(kind).collect();
        let (theme, masked_email) = (self.tenant.theme(), masked(user.email.shown()));
        let resend_url = self.url("/two-factor/resend");
        let issuer = self.tenant.organization.display_name();
        let (svg, key);
        let shown = match step {
            SecondFactorStep::Authenticator { secret, .. } if view != View::Choose => {
                let enrolment = &self.state.sign_in.enrolment;
                let Some(offer) = enrolment.authenticator(secret, issuer, user) else {
                    return self.expired_page();
                };
                (svg, key) = (offer.qr, offer.key);
                SetupView::Authenticator { qr: TrustedSvg::from_generated(&svg), key: &key }
            }
            SecondFactorStep::Email { .. } if view != View::Choose => SetupView::Email {
                masked_email: &masked_email,
                resend_url: &resend_url,
                expires_in: self.tenant.settings.number(settings::TWO_FACTOR_CODE_TTL),
            },
            _ => SetupView::Choose { allowed: &kinds },
        };
        let choose = self.url("/two-factor?choose");
        let page = TwoFactorSetupPage {
            action_url: &self.url("/two-factor/setup"),
            csrf: &self.bound.interaction.csrf,
            step: shown,
            is_required: true,
            choose_url: (kinds.len() > 1 && !matches!(shown, SetupView::Choose { .. })).then_some(&choose),
            cancel_url: &self.url("/abort"),
            flash,
        };
        self.page(StatusCode::OK, self.state.pages.two_factor_setup(&theme, &page))
    }
}
