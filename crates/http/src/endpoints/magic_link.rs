//! Sign-in with a mailed link, under `/{org}/interaction/{uid}/magic-link`.
//!
//! The link lies under the interaction's path, because only there the browser sends the interaction's cookies. GET
//! changes nothing (`docs/security.md`, W17).

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use porta_core::settings;
use porta_pages::{CodeFlash, Landing, MagicLinkLandingPage, MagicLinkSentPage, SignInOrigin};
use porta_session::interaction::Stage;
use porta_signin::{FactorOutcome, LinkRequestOutcome, MagicLanding, MagicLinkOutcome};

use super::ClientInfo;
use super::interaction::{
    InteractionRequest, LOGIN_FORM, StageForm, load_interaction, pause_cookie, stage_form,
};
use super::mailed_links::{dead_link_page, typed_address};
use crate::context::RequestContext;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;

/// Longest code that is checked.
const LONGEST_CODE: usize = 64;
/// Path of the page after a link was requested.
const SENT: &str = "/magic-link";

const CODE_FORM: StageForm = StageForm {
    stage: Some(Stage::Login),
    forged: |request, _| request.redirect_with_flash(SENT, FlashKind::CsrfInvalid, ""),
};

const LINK_FORM: StageForm =
    StageForm { stage: Some(Stage::Login), forged: |request, _| request.csrf_error_page() };

/// `GET …/magic-link`: the page after a link was requested, for a reload.
pub(crate) async fn sent(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = load_interaction(&state, &tenant, &uid, &client_info).await?;
    let flash = request.flash_message.as_ref().and_then(|flash_message| flash_message.kind.code());
    request.magic_link_sent(StatusCode::OK, flash).await
}

/// `POST …/magic-link`: requests a link by mail.
pub(crate) async fn request_link(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = stage_form(&LOGIN_FORM, &state, &tenant, &uid, &client_info, body).await?;
    let email = typed_address(params.get("email"));
    if email.is_empty() {
        return Ok(request.redirect_with_flash("", FlashKind::EmailMissing, ""));
    }
    let requested = request.bound.interaction.link.as_ref();
    let is_again = requested.is_some_and(|requested| requested.email == email);
    let (bound, locale) = (request.bound.clone(), tenant.theme().locale);
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let magic_links = &state.sign_in.magic_links;
    let outcome = magic_links.request_link(request.operation(), bound, &email, locale, browser).await;
    Ok(match outcome.map_err(|error| request.backend_error(&error))? {
        // Says so for every address, so that nothing reveals whether it has an account.
        LinkRequestOutcome::Sent if is_again => request.redirect_with_flash(SENT, FlashKind::LinkResent, ""),
        LinkRequestOutcome::Sent => reply::redirect(&request.absolute_url(SENT)),
        LinkRequestOutcome::Limited { retry_after } => request.rate_limited_page(&email, retry_after).await,
        LinkRequestOutcome::Paused(pause) => {
            let page = request.rate_limited_page(&email, pause.wait).await;
            reply::with_header(page, header::SET_COOKIE, pause_cookie(&state, &tenant, &pause))
        }
        LinkRequestOutcome::MethodDisabled => {
            request.redirect_with_flash("", FlashKind::MethodDisabled, &email)
        }
        LinkRequestOutcome::Gone => request.expired_page(),
    })
}

/// `POST …/magic-link/code`: the code that the link showed on another device.
pub(crate) async fn code(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = stage_form(&CODE_FORM, &state, &tenant, &uid, &client_info, body).await?;
    let typed = params.get("code").unwrap_or_default().trim();
    if typed.is_empty() {
        return Ok(request.redirect_with_flash(SENT, FlashKind::CodeMissing, ""));
    }
    if typed.len() > LONGEST_CODE {
        return Ok(request.redirect_with_flash(SENT, FlashKind::CodeInvalid, ""));
    }
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (magic_links, bound) = (&state.sign_in.magic_links, request.bound.clone());
    let outcome = magic_links.verify_code(request.operation(), bound, typed, browser).await;
    Ok(match outcome.map_err(|error| request.backend_error(&error))? {
        FactorOutcome::SignedIn(entered) => request.signed_in(&entered),
        FactorOutcome::Moved => reply::redirect(&request.absolute_url("/two-factor")),
        FactorOutcome::NewPassword => reply::redirect(&request.absolute_url("/new-password")),
        FactorOutcome::Wrong | FactorOutcome::Exhausted | FactorOutcome::Blocked => {
            request.redirect_with_flash(SENT, FlashKind::CodeInvalid, "")
        }
        FactorOutcome::Limited { retry_after } => {
            let flash = CodeFlash::RateLimited { retry_after: reply::seconds_up(retry_after) };
            let page = request.magic_link_sent(StatusCode::TOO_MANY_REQUESTS, Some(flash)).await;
            reply::with_retry_after(page.into_response(), retry_after)
        }
        FactorOutcome::Gone => request.expired_page(),
    })
}

/// `GET …/magic-link/{token}`: the page that the link opens.
pub(crate) async fn show_link(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid, token)): Path<(String, String, String)>,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let cx = client_info.operation(&state, &tenant);
    let landing = state.sign_in.magic_links.landing(cx, &uid, &token).await;
    let landing = landing
        .map_err(|error| PageError::backend(&state, &tenant, &error))?
        .map_err(|why| dead_link_page(&state, &tenant, why, &interaction_url(&tenant, &uid)))?;
    match load_interaction(&state, &tenant, &uid, &client_info).await {
        Ok(request) if request.bound.interaction.stage == Stage::Login => {
            let place = Landing::SameBrowser {
                action_url: &request.url(&format!("/magic-link/{token}")),
                csrf: &request.bound.interaction.csrf,
            };
            landing_page(&state, &tenant, &landing, place, &request.form_action_urls).await
        }
        Ok(request) => request.page_of_stage().await,
        // Another browser, or the sign-in has ended: show only the code and which sign-in it is for.
        Err(_) => {
            let origin = landing.origin.as_ref().map(|origin| SignInOrigin {
                at: origin.at,
                address: origin.address.as_deref(),
                user_agent: origin.user_agent.as_deref(),
            });
            let place = Landing::OtherDevice { code: &landing.code, origin };
            landing_page(&state, &tenant, &landing, place, &[]).await
        }
    }
}

/// `POST …/magic-link/{token}`: the button on that page, in the browser that began the sign-in.
pub(crate) async fn follow(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid, token)): Path<(String, String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, _) = stage_form(&LINK_FORM, &state, &tenant, &uid, &client_info, body).await?;
    let sign_in_cookies = client_info.sign_in_cookies(&state, &tenant);
    let browser = client_info.browser(&sign_in_cookies);
    let (magic_links, bound) = (&state.sign_in.magic_links, request.bound.clone());
    let followed = magic_links.follow(request.operation(), bound, &token, browser).await;
    match followed.map_err(|error| request.backend_error(&error))? {
        MagicLinkOutcome::Passed(outcome) => request.outcome_response(outcome, None).await,
        MagicLinkOutcome::LinkFailed(why) => {
            Ok(dead_link_page(&state, &tenant, why, &interaction_url(&tenant, &uid)))
        }
    }
}

/// Path of the interaction, where the browser that began the sign-in continues it.
fn interaction_url(tenant: &RequestContext, uid: &str) -> String {
    let uid = if porta_core::BearerKind::Interaction.matches(uid) { uid } else { "" };
    format!("/{}/interaction/{uid}", tenant.organization.slug)
}

async fn landing_page(
    state: &StateInner,
    tenant: &RequestContext,
    landing: &MagicLanding,
    place: Landing<'_>,
    form_action_urls: &[String],
) -> Result<Reply, PageError> {
    let client = match &landing.client_id {
        Some(id) => {
            let found = state.shared.clients.find(tenant.organization.id, id).await;
            found.map_err(|error| PageError::backend(state, tenant, &error))?
        }
        None => None,
    };
    let name = client.as_ref().map_or(tenant.organization.display_name(), |c| &c.client.client_name);
    let page =
        MagicLinkLandingPage { client_name: name, masked_email: &landing.masked_email, landing: place };
    let page = state.pages.render(&tenant.theme(), &page);
    Ok(reply::page(StatusCode::OK, page.with_form_action(form_action_urls.iter().map(String::as_str))))
}

impl InteractionRequest<'_> {
    /// The page after a link was requested; without such a request, the page of the stage.
    async fn magic_link_sent(
        &self,
        status: StatusCode,
        flash: Option<CodeFlash>,
    ) -> Result<Reply, PageError> {
        let requested = self.bound.interaction.link.as_ref();
        let Some(link) = requested.filter(|_| self.bound.interaction.stage == Stage::Login) else {
            return self.page_of_stage().await;
        };
        let page = MagicLinkSentPage {
            code_url: &self.url("/magic-link/code"),
            resend_url: &self.url("/magic-link"),
            login_url: &self.url(""),
            csrf: &self.bound.interaction.csrf,
            email: &link.email,
            expires_in: self.tenant.settings.number(settings::MAGIC_LINK_TTL),
            flash,
        };
        Ok(self.page(status, self.state.pages.render(&self.tenant.theme(), &page)))
    }
}
