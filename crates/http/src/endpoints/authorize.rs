//! `GET` and `POST /{org}/auth`, `GET /{org}/auth/{uid}` (OpenID Connect Core §3.1.2).

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use porta_oidc::authorize::{AuthorizeError, AuthorizeOutcome, AuthorizeResult, ResumeOutcome};
use porta_pages::ErrorText;
use porta_protocol::{ErrorCode, OAuthError, Params};
use porta_session::BackendError;
use porta_session::interaction::{InteractionCookies, NewInteraction, Stage};

use super::{ClientInfo, unavailable_interaction};
use crate::context::RequestContext;
use crate::error::PageError;
use crate::idempotency::NotReplayed;
use crate::pending_interactions::StartedInteraction;
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;
use crate::{body, cookies, pending_interactions};

pub(crate) async fn get(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    RawQuery(query): RawQuery,
) -> Result<Reply, PageError> {
    let params = Params::parse(query.unwrap_or_default());
    let params = params.map_err(|_| malformed(&state, &tenant, StatusCode::BAD_REQUEST))?;
    client_info.log_fields.client(params.get("client_id").unwrap_or_default());
    tenant.languages.add_ui_locales(params.get("ui_locales"));
    let cookie = state.cookies.read(&tenant, &client_info.headers, cookies::SESSION);
    let cx = client_info.operation(&state, &tenant);
    let result = state.provider.authorization.authorize(cx, &params, cookie.as_deref()).await;
    let mut reply = authorization_response(&state, &tenant, &client_info.headers, cookie, result);
    if reply.extensions().get::<StartedInteraction>().is_some()
        && unavailable_interaction::is_other_host(&state, &client_info.headers)
    {
        reply = unavailable_interaction::mark_other_host(reply);
    }
    Ok(pending_interactions::with_list_cookie(&state, &tenant, &client_info.headers, reply, None))
}

pub(crate) async fn post(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let form = body::form(&client_info.headers, body).await;
    let params = form.map_err(|error| malformed(&state, &tenant, error.status()))?;
    client_info.log_fields.client(params.get("client_id").unwrap_or_default());
    tenant.languages.add_ui_locales(params.get("ui_locales"));
    let result = state.provider.authorization.authorize_by_post(&tenant, &params).await;
    Ok(authorization_response(&state, &tenant, &client_info.headers, None, result))
}

/// `GET /{org}/auth/{uid}`: the sign-in pages return here. Works once, in the browser that began the interaction.
pub(crate) async fn resume(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let binding = state.cookies.read(&tenant, &client_info.headers, cookies::RESUME);
    let sealed_state = state.cookies.read(&tenant, &client_info.headers, cookies::ANONYMOUS_START);
    let presented = InteractionCookies { binding: binding.as_deref(), sealed_state: sealed_state.as_deref() };
    let cookie = state.cookies.read(&tenant, &client_info.headers, cookies::SESSION);
    let cx = client_info.operation(&state, &tenant);
    let resumed = state.provider.authorization.resume(cx, &uid, presented, cookie.as_deref()).await;
    resumed_response(&state, &tenant, &client_info.headers, &uid, cookie, resumed)
}

/// The response to the end of an interaction.
pub(super) fn resumed_response(
    state: &StateInner,
    tenant: &RequestContext,
    headers: &HeaderMap,
    uid: &str,
    cookie: Option<String>,
    resumed: Result<ResumeOutcome, BackendError>,
) -> Result<Reply, PageError> {
    let reply = match resumed.map_err(|error| PageError::backend(state, tenant, &error))? {
        ResumeOutcome::Respond { authorized, ui_locales } => {
            tenant.languages.add_ui_locales(ui_locales.as_deref());
            authorization_response(state, tenant, headers, cookie, Ok(authorized))
        }
        ResumeOutcome::Account(page) => reply::redirect(&format!("{}{}", tenant.issuer, page.path())),
        ResumeOutcome::Declined => reply::redirect(&format!("{}/session/end/success", tenant.issuer)),
        ResumeOutcome::Unanswered => {
            let mut reply = reply::redirect(&format!("{}/interaction/{uid}", tenant.issuer));
            reply.extensions_mut().insert(NotReplayed);
            return Ok(reply);
        }
        ResumeOutcome::Limited(limited) => {
            return Ok(reply::too_many_sign_ins(state, tenant, headers, limited));
        }
        ResumeOutcome::Gone => {
            let reply = unavailable_interaction::unavailable_page(state, tenant, headers, None, uid);
            let reply = pending_interactions::without_cookies_of(state, tenant, reply, uid);
            return Ok(pending_interactions::with_list_cookie(state, tenant, headers, reply, Some(uid)));
        }
    };
    // The interaction has ended, whatever the outcome.
    let reply = pending_interactions::with_ended_cookies(state, tenant, headers, reply, uid);
    Ok(pending_interactions::with_list_cookie(state, tenant, headers, reply, Some(uid)))
}

fn authorization_response(
    state: &StateInner,
    tenant: &RequestContext,
    headers: &HeaderMap,
    cookie: Option<String>,
    result: Result<AuthorizeResult, AuthorizeError>,
) -> Reply {
    match result {
        Ok(authorized) => {
            let reply = match authorized.outcome {
                AuthorizeOutcome::Interact(new) => redirect_to_interaction(state, tenant, &new),
                AuthorizeOutcome::Respond(delivery) => reply::deliver(state, tenant, delivery),
            };
            let renewed = cookie
                .zip(authorized.session_until)
                .and_then(|(value, until)| session_cookie(state, tenant, &value, until));
            reply::with_header(reply, header::SET_COOKIE, renewed)
        }
        Err(AuthorizeError::Page(error)) => refused_on_page(state, tenant, StatusCode::BAD_REQUEST, &error),
        Err(AuthorizeError::Client(target, error)) => {
            tracing::info!(code = %error.code(), detail = error.description(), "authorization request refused");
            reply::deliver(state, tenant, target.refuse(tenant, &error))
        }
        Err(AuthorizeError::Limited(limited)) => reply::too_many_sign_ins(state, tenant, headers, limited),
        Err(AuthorizeError::Backend(error)) => reply::backend_error_page(state, &tenant.theme(), &error),
    }
}

/// The session cookie, scoped to the organization's path (decision D6).
pub(crate) fn session_cookie(
    state: &StateInner,
    tenant: &RequestContext,
    value: &str,
    until: porta_core::Timestamp,
) -> Option<HeaderValue> {
    state.cookies.set(tenant, cookies::SESSION, value, &format!("/{}", tenant.organization.slug), until)
}

pub(super) fn redirect_to_interaction(
    state: &StateInner,
    tenant: &RequestContext,
    new: &NewInteraction,
) -> Reply {
    let slug = &tenant.organization.slug;
    let page = format!("/{slug}/interaction/{}", new.uid);
    let resume = format!("/{slug}/auth/{}", new.uid);
    let path = match new.stage {
        Stage::Login | Stage::SecondFactor | Stage::NewPassword | Stage::Consent => &page,
        Stage::Ready | Stage::Denied => &resume,
    };
    // Absolute, and from configuration rather than from the request (decision D10).
    let location = format!("{}{path}", state.shared.issuer_base());
    let mut reply = reply::redirect(&location);
    reply.extensions_mut().insert(StartedInteraction(new.uid.clone()));
    for (name, scope) in [(cookies::INTERACTION, &page), (cookies::RESUME, &resume)] {
        let cookie = state.cookies.set(tenant, name, &new.binding, scope, new.expires_at);
        reply = reply::with_header(reply, header::SET_COOKIE, cookie);
    }
    let sealed_state = new.sealed_state.as_ref().and_then(|sealed_state| {
        state.cookies.set(tenant, cookies::ANONYMOUS_START, &sealed_state.text, path, sealed_state.until)
    });
    reply::with_header(reply, header::SET_COOKIE, sealed_state)
}

fn malformed(state: &StateInner, tenant: &RequestContext, status: StatusCode) -> Reply {
    let error = OAuthError::new(ErrorCode::InvalidRequest, "the request is malformed");
    refused_on_page(state, tenant, status, &error)
}

fn refused_on_page(
    state: &StateInner,
    tenant: &RequestContext,
    status: StatusCode,
    error: &OAuthError,
) -> Reply {
    tracing::info!(code = %error.code(), detail = error.description(), "authorization request refused on a page");
    let text = match error.code() {
        ErrorCode::InvalidClient => ErrorText::ClientUnknown,
        _ => ErrorText::InvalidRequest,
    };
    reply::error_page(state, &tenant.theme(), status, text, Some(error.code().as_str()))
}
