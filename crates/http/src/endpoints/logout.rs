//! `/{org}/session/end` and its pages (RP-Initiated Logout 1.0).

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use porta_oidc::logout::{CONTINUE, LogoutError, LogoutRefusal, LogoutStep, PostLogoutRedirect};
use porta_pages::{ErrorText, LogoutPage, LogoutSuccessPage};
use porta_protocol::Params;
use porta_protocol::authorize::append_query;

use super::ClientInfo;
use crate::context::RequestContext;
use crate::error::PageError;
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;
use crate::{body, cookies};

const UI_LOCALES: &str = "ui_locales";

pub(crate) async fn get(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    RawQuery(query): RawQuery,
) -> Result<Reply, PageError> {
    let params = Params::parse(query.unwrap_or_default());
    let params = params.map_err(|_| malformed(&state, &tenant, StatusCode::BAD_REQUEST))?;
    tenant.languages.add_ui_locales(params.get(UI_LOCALES));
    let cookie = state.cookies.read(&tenant, &client_info.headers, cookies::SESSION);
    let step = state.provider.logout.end_session(&tenant, &params, cookie.as_deref()).await;
    Ok(match step.map_err(|error| refused(&state, &tenant, &error))? {
        LogoutStep::Done(to) => redirect_onward(&tenant, &to),
        LogoutStep::Confirm { xsrf, client_name, user_locale, onward } => {
            tenant.languages.add_ui_locales(onward.ui_locales.as_deref());
            tenant.languages.add_profile_locale(user_locale.as_deref());
            let action_url = format!("/{}/session/end/confirm", tenant.organization.slug);
            let page = LogoutPage {
                action_url: &action_url,
                xsrf: &xsrf,
                client_name: client_name.as_deref(),
                return_url: onward.redirect_to.as_deref(),
            };
            reply::page(StatusCode::OK, state.pages.render(&tenant.theme(), &page))
        }
    })
}

/// A cross-site POST carries no session cookie (`SameSite=Lax`), so it redirects to the same request as a GET.
pub(crate) async fn post(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let form = body::form(&client_info.headers, body).await;
    let params = form.map_err(|error| malformed(&state, &tenant, error.status()))?;
    tenant.languages.add_ui_locales(params.get(UI_LOCALES));
    let handle = state.provider.logout.end_session_by_post(&tenant, &params).await;
    let handle = handle.map_err(|error| refused(&state, &tenant, &error))?;
    Ok(reply::redirect(&format!("{}/session/end?{CONTINUE}={handle}", tenant.issuer)))
}

pub(crate) async fn confirm(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let form = body::form(&client_info.headers, body).await;
    let params = form.map_err(|error| malformed(&state, &tenant, error.status()))?;
    if params.get("logout").is_none() {
        return Err(malformed(&state, &tenant, StatusCode::BAD_REQUEST).into());
    }
    let cookie = state.cookies.read(&tenant, &client_info.headers, cookies::SESSION);
    let cx = client_info.operation(&state, &tenant);
    let to = state.provider.logout.confirm(cx, params.get("xsrf"), cookie.as_deref()).await;
    let to = to.map_err(|error| refused(&state, &tenant, &error))?;
    let gone = state.cookies.clear(cookies::SESSION, &format!("/{}", tenant.organization.slug));
    Ok(reply::with_header(redirect_onward(&tenant, &to), header::SET_COOKIE, gone))
}

/// The organization comes from the URL, because the session has ended.
pub(crate) async fn success(
    State(state): State<AppState>,
    Org(tenant): Org,
    RawQuery(query): RawQuery,
) -> Reply {
    let params = Params::parse(query.unwrap_or_default()).unwrap_or_default();
    tenant.languages.add_ui_locales(params.get(UI_LOCALES));
    reply::page(StatusCode::OK, state.pages.render(&tenant.theme(), &LogoutSuccessPage {}))
}

fn redirect_onward(tenant: &RequestContext, to: &PostLogoutRedirect) -> Reply {
    if let Some(uri) = &to.redirect_to {
        return reply::redirect(uri);
    }
    let languages = to.ui_locales.iter().map(|languages| (UI_LOCALES, languages));
    reply::redirect(&append_query(&format!("{}/session/end/success", tenant.issuer), languages))
}

fn malformed(state: &StateInner, tenant: &RequestContext, status: StatusCode) -> Reply {
    invalid_request(state, tenant, status, ErrorText::InvalidRequest)
}

fn refused(state: &StateInner, tenant: &RequestContext, error: &LogoutError) -> Reply {
    match error {
        LogoutError::Refused(refusal) => {
            tracing::info!(detail = %refusal, "logout request refused");
            invalid_request(state, tenant, StatusCode::BAD_REQUEST, error_text(*refusal))
        }
        LogoutError::Backend(error) => reply::backend_error_page(state, &tenant.theme(), error),
    }
}

/// Says which value is invalid without echoing it: an unregistered address must not be shown.
fn error_text(refusal: LogoutRefusal) -> ErrorText {
    match refusal {
        LogoutRefusal::AddressNotRegistered => ErrorText::LogoutAddress,
        LogoutRefusal::HintNotValid => ErrorText::LogoutHint,
        LogoutRefusal::HintOfAnotherClient => ErrorText::LogoutHintOfAnotherClient,
        LogoutRefusal::ClientUnknown => ErrorText::ClientUnknown,
        LogoutRefusal::Malformed(_) => ErrorText::InvalidRequest,
    }
}

fn invalid_request(
    state: &StateInner,
    tenant: &RequestContext,
    status: StatusCode,
    text: ErrorText,
) -> Reply {
    reply::error_page(state, &tenant.theme(), status, text, Some("invalid_request"))
}
