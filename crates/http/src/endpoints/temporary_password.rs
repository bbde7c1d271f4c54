//! Last step of a sign-in with a temporary password: `/{org}/interaction/{uid}/new-password`.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use porta_pages::{PasswordFault, TemporaryPasswordPage};
use porta_session::interaction::Stage;
use porta_signin::ReplacePasswordOutcome;

use super::ClientInfo;
use super::interaction::{InteractionRequest, StageForm, load_interaction, stage_form};
use super::new_password::{parse_new_password, password_fault, rules};
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

/// Below the interaction.
const PAGE: &str = "/new-password";

const FORM: StageForm = StageForm {
    stage: Some(Stage::NewPassword),
    forged: |request, _| request.redirect_with_flash(PAGE, FlashKind::CsrfInvalid, ""),
};

/// `GET …/new-password`
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = load_interaction(&state, &tenant, &uid, &client_info).await?;
    let flash = request.flash_message.as_ref().and_then(|message| message.kind.password(rules()));
    page(&request, StatusCode::OK, flash).await
}

/// `POST …/new-password`: sets the password and signs in.
pub(crate) async fn replace(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = stage_form(&FORM, &state, &tenant, &uid, &client_info, body).await?;
    let chosen = match parse_new_password(&params) {
        Ok(chosen) => chosen,
        Err(fault) => return refuse(&request, fault).await,
    };
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (cx, bound) = (request.operation(), request.bound.clone());
    let outcome = state.sign_in.temporary_passwords.replace(cx, bound, chosen, browser).await;
    match outcome.map_err(|error| request.backend_error(&error))? {
        ReplacePasswordOutcome::SignedIn(entered) => Ok(request.signed_in(&entered)),
        ReplacePasswordOutcome::Refused(refusal) => refuse(&request, password_fault(refusal)).await,
        ReplacePasswordOutcome::Unchanged => refuse(&request, PasswordFault::Unchanged).await,
        ReplacePasswordOutcome::Limited { retry_after } => {
            Ok(wait(&request, StatusCode::TOO_MANY_REQUESTS, retry_after).await)
        }
        ReplacePasswordOutcome::Busy => {
            Ok(wait(&request, StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(1)).await)
        }
        ReplacePasswordOutcome::Moved => request.page_of_stage().await,
        ReplacePasswordOutcome::Gone => Ok(request.expired_page()),
    }
}

/// Redirects to the form, which shows the reason: a reload does not send the password again.
async fn refuse(request: &InteractionRequest<'_>, fault: PasswordFault) -> Result<Reply, PageError> {
    match FlashKind::of_password_fault(fault, rules()) {
        Some(kind) => Ok(request.redirect_with_flash(PAGE, kind, "")),
        None => page(request, StatusCode::OK, Some(fault)).await,
    }
}

async fn wait(request: &InteractionRequest<'_>, status: StatusCode, retry_after: Duration) -> Reply {
    let fault = PasswordFault::RateLimited { retry_after: reply::seconds_up(retry_after) };
    let page = page(request, status, Some(fault)).await;
    reply::with_retry_after(page.into_response(), retry_after)
}

/// The page of this step; in another stage, a redirect to the page of that.
async fn page(
    request: &InteractionRequest<'_>,
    status: StatusCode,
    flash: Option<PasswordFault>,
) -> Result<Reply, PageError> {
    let (state, tenant, bound) = (request.state, request.tenant, &request.bound);
    if bound.interaction.stage != Stage::NewPassword {
        return request.page_of_stage().await;
    }
    let pending = state.sign_in.pending.load(request.operation(), bound).await;
    let Some((_, user)) = pending.map_err(|error| request.backend_error(&error))? else {
        return Ok(request.expired_page());
    };
    tenant.languages.add_profile_locale(user.profile.locale.as_deref());
    let page = TemporaryPasswordPage {
        action_url: &request.url(PAGE),
        cancel_url: &request.url("/abort"),
        csrf: &bound.interaction.csrf,
        email: user.email.shown(),
        rules: rules(),
        flash,
    };
    Ok(request.page(status, state.pages.render(&tenant.theme(), &page)))
}
