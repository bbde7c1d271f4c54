//! `/{org}/account/sessions`

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use porta_core::SessionKey;
use porta_pages::{SessionRow, SessionsPage};
use porta_session::AccountPage;
use porta_signin::account::AccountChange;

use super::AccountRequest;
use crate::endpoints::ClientInfo;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::idempotency::NotReplayed;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Sessions;

pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = AccountRequest::load(&state, &tenant, &client_info, PAGE).await?;
    let devices = &state.sign_in.account.devices;
    let sessions = devices.sessions(request.operation(), &request.signed_in).await;
    let sessions = sessions.map_err(|error| request.backend_error(&error))?;
    let ids: Vec<String> = sessions.iter().map(|session| session.id.to_string()).collect();
    let rows: Vec<SessionRow<'_>> = sessions
        .iter()
        .zip(&ids)
        .map(|(session, id)| SessionRow {
            id,
            is_current: session.id == request.signed_in.session.key,
            user_agent: session.user_agent.as_deref(),
            address: session.ip_address.as_deref(),
            started_at: session.created_at,
            last_seen_at: session.last_activity_at,
        })
        .collect();
    let page = SessionsPage {
        nav: request.nav(),
        action_url: &request.urls.sessions,
        csrf: &request.csrf,
        sessions: &rows,
        flash: request.flash_message.and_then(FlashKind::account),
    };
    Ok(request.show(StatusCode::OK, state.pages.render(&request.theme(), &page)))
}

/// Ends a session: `session` is an id of the list, or `others`. This browser's own session redirects to the logout
/// confirmation.
pub(crate) async fn end(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await?;
    let named = params.get("session").unwrap_or_default();
    let key = SessionKey::parse(named);
    if key == Some(request.signed_in.session.key) {
        return Ok(reply::redirect(&format!("{}/session/end", tenant.issuer)));
    }
    let recent = request.require_recent()?;
    let (devices, cx) = (&state.sign_in.account.devices, request.operation());
    let (outcome, flash_message) = match key {
        Some(key) => (devices.end_session(cx, recent, key).await, FlashKind::SessionEnded),
        None if named == "others" => {
            (devices.end_other_sessions(cx, recent).await, FlashKind::OtherSessionsEnded)
        }
        None => return Ok(request.redirect_with_flash(PAGE, None)),
    };
    let is_done = outcome.map_err(|error| request.backend_error(&error))? == AccountChange::Done;
    let mut reply = request.redirect_with_flash(PAGE, is_done.then_some(flash_message));
    if key.is_none() {
        // Not replayed: sent again, the form means the sessions begun since (decision 0044).
        reply.extensions_mut().insert(NotReplayed);
    }
    Ok(reply)
}
