//! `GET` and `POST /{org}/auth`, `GET /{org}/auth/{uid}` (OpenID Connect Core §3.1.2).

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use porta_oidc::EngineError;
use porta_oidc::authorize::{AuthorizeError, Authorized, Outcome, Resumed};
use porta_oidc::interaction::{NewInteraction, Shown, Stage};
use porta_pages::ErrorText;
use porta_protocol::{ErrorCode, OAuthError, Params};

use super::{ClientInfo, lost};
use crate::context::RequestContext;
use crate::pending::Begun;
use crate::repeated::NotKept;
use crate::reply::{self, Reply, or_answer};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;
use crate::{body, cookies, pending};

pub(crate) async fn get(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    RawQuery(query): RawQuery,
) -> Reply {
    let params = Params::parse(query.unwrap_or_default());
    let params = or_answer!(params.map_err(|_| malformed(&state, &tenant, StatusCode::BAD_REQUEST)));
    client_info.log_fields.client(params.get("client_id").unwrap_or_default());
    tenant.languages.add_ui_locales(params.get("ui_locales"));
    let cookie = cookies::read(&state, &tenant, &client_info.headers, cookies::SESSION);
    let result = state.engine.authorize(&tenant, &params, cookie.as_deref(), &client_info.caller).await;
    let mut reply = answer(&state, &tenant, &client_info.headers, cookie, result);
    if reply.extensions().get::<Begun>().is_some() && lost::is_elsewhere(&state, &client_info.headers) {
        reply = lost::from_elsewhere(reply);
    }
    pending::listed(&state, &tenant, &client_info.headers, reply, None)
}

pub(crate) async fn post(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let form = body::form(&client_info.headers, body).await;
    let params = or_answer!(form.map_err(|error| malformed(&state, &tenant, error.status())));
    client_info.log_fields.client(params.get("client_id").unwrap_or_default());
    tenant.languages.add_ui_locales(params.get("ui_locales"));
    let result = state.engine.authorize_by_post(&tenant, &params).await;
    answer(&state, &tenant, &client_info.headers, None, result)
}

/// `GET /{org}/auth/{uid}`: the sign-in pages return here. Works once, in the browser that began the interaction.
pub(crate) async fn resume(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    client_info: ClientInfo,
) -> Reply {
    let binding = cookies::read(&state, &tenant, &client_info.headers, cookies::RESUME);
    let begun = cookies::read(&state, &tenant, &client_info.headers, cookies::BEGUN);
    let shown = Shown { binding: binding.as_deref(), travelling: begun.as_deref() };
    let cookie = cookies::read(&state, &tenant, &client_info.headers, cookies::SESSION);
    let resumed = state.engine.resume(&tenant, &uid, shown, cookie.as_deref(), &client_info.caller).await;
    concluded(&state, &tenant, &client_info.headers, &uid, cookie, resumed)
}

/// The response to the end of an interaction.
pub(super) fn concluded(
    state: &StateInner,
    tenant: &RequestContext,
    headers: &HeaderMap,
    uid: &str,
    cookie: Option<String>,
    resumed: Result<Resumed, EngineError>,
) -> Reply {
    let reply = match resumed {
        Ok(Resumed::Authorized { authorized, ui_locales }) => {
            tenant.languages.add_ui_locales(ui_locales.as_deref());
            answer(state, tenant, headers, cookie, Ok(authorized))
        }
        Ok(Resumed::Account(page)) => reply::redirect(&format!("{}{}", tenant.issuer, page.path())),
        Ok(Resumed::Away) => reply::redirect(&format!("{}/session/end/success", tenant.issuer)),
        Ok(Resumed::Begun) => {
            let mut reply = reply::redirect(&format!("{}/interaction/{uid}", tenant.issuer));
            reply.extensions_mut().insert(NotKept);
            return reply;
        }
        Ok(Resumed::Limited(limited)) => return reply::too_many_begun(state, tenant, headers, limited),
        Ok(Resumed::Gone) => {
            let reply = lost::lost(state, tenant, headers, None, uid);
            let reply = pending::without_cookies_of(state, tenant, reply, uid);
            return pending::listed(state, tenant, headers, reply, Some(uid));
        }
        Err(error) => return reply::engine_error_page(state, &tenant.theme(), &error),
    };
    // The interaction has ended, whatever the outcome.
    let reply = pending::ended(state, tenant, headers, reply, uid);
    pending::listed(state, tenant, headers, reply, Some(uid))
}

fn answer(
    state: &StateInner,
    tenant: &RequestContext,
    headers: &HeaderMap,
    cookie: Option<String>,
    result: Result<Authorized, AuthorizeError>,
) -> Reply {
    match result {
        Ok(authorized) => {
            let reply = match authorized.outcome {
                Outcome::Interact(new) => interact(state, tenant, &new),
                Outcome::Respond(delivery) => reply::deliver(state, tenant, delivery),
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
        Err(AuthorizeError::Limited(limited)) => reply::too_many_begun(state, tenant, headers, limited),
        Err(AuthorizeError::Engine(error)) => reply::engine_error_page(state, &tenant.theme(), &error),
    }
}

/// The session cookie, scoped to the organization's path (decision D6).
pub(crate) fn session_cookie(
    state: &StateInner,
    tenant: &RequestContext,
    value: &str,
    until: porta_core::Timestamp,
) -> Option<HeaderValue> {
    cookies::set(state, tenant, cookies::SESSION, value, &format!("/{}", tenant.organization.slug), until)
}

pub(super) fn interact(state: &StateInner, tenant: &RequestContext, new: &NewInteraction) -> Reply {
    let slug = &tenant.organization.slug;
    let page = format!("/{slug}/interaction/{}", new.uid);
    let resume = format!("/{slug}/auth/{}", new.uid);
    let path = match new.stage {
        Stage::Login | Stage::SecondFactor | Stage::Consent => &page,
        Stage::Ready | Stage::Denied => &resume,
    };
    // Absolute, and from configuration rather than from the request (decision D10).
    let location = format!("{}{path}", state.engine.issuer_base());
    let mut reply = reply::redirect(&location);
    reply.extensions_mut().insert(Begun(new.uid.clone()));
    for (name, scope) in [(cookies::INTERACTION, &page), (cookies::RESUME, &resume)] {
        let cookie = cookies::set(state, tenant, name, &new.binding, scope, new.expires_at);
        reply = reply::with_header(reply, header::SET_COOKIE, cookie);
    }
    let begun = new
        .travelling
        .as_ref()
        .and_then(|begun| cookies::set(state, tenant, cookies::BEGUN, &begun.text, path, begun.until));
    reply::with_header(reply, header::SET_COOKIE, begun)
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
