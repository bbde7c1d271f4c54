//! `GET` and `DELETE /me/sessions`, and `DELETE /me/sessions/{sessionId}`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::session::SessionRecord;
use porta_core::{EntityId as _, SessionKey};
use porta_signin::account::AccountChange;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::OwnAccount;
use super::done;
use crate::answer::{no_content, time};
use crate::error::{AdminError, Result};
use crate::list::ListAnswer;
use crate::path::InPath;
use crate::state::AdminState;

/// A live session of the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnSession {
    session_id: Uuid,
    /// The token of the request comes from this session.
    is_current: bool,
    ip_address: Option<String>,
    user_agent: Option<String>,
    created_at: String,
    last_activity_at: String,
    expires_at: String,
}

impl OwnSession {
    fn of(session: SessionRecord, current: SessionKey) -> Self {
        Self {
            session_id: session.id.uuid(),
            is_current: session.id == current,
            ip_address: session.ip_address,
            user_agent: session.user_agent,
            created_at: time(session.created_at),
            last_activity_at: time(session.last_activity_at),
            expires_at: time(session.expires_at),
        }
    }
}

/// List the live sessions of the caller, newest first.
///
/// The newest hundred, on one page.
#[utoipa::path(get, path = "/sessions", tag = "me", responses((status = 200, body = ListAnswer<OwnSession>)))]
pub(crate) async fn list_own_sessions(account: OwnAccount, State(state): State<AdminState>) -> Result<Reply> {
    let signed_in = account.signed_in();
    let sessions = state.account()?.devices.sessions(account.operation(&state), signed_in).await?;
    let shown = sessions.into_iter().map(|session| OwnSession::of(session, signed_in.session.key));
    Ok(reply::json(StatusCode::OK, &ListAnswer::everything(shown.collect())))
}

/// End every session of the caller but the one of the request, with all their tokens.
///
/// Needs a recent sign-in.
#[utoipa::path(delete, path = "/sessions", tag = "me", responses((status = 204)))]
pub(crate) async fn end_other_own_sessions(
    account: OwnAccount,
    State(state): State<AdminState>,
) -> Result<Reply> {
    let (cx, recent) = account.sensitive_change(&state).await?;
    done(&state.account()?.devices.end_other_sessions(cx, recent).await?)?;
    Ok(no_content())
}

/// End a session of the caller with all its tokens.
///
/// Needs a recent sign-in. The session of the request ends by signing out.
#[utoipa::path(delete, path = "/sessions/{sessionId}", tag = "me", responses((status = 204)))]
pub(crate) async fn end_own_session(
    account: OwnAccount,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
) -> Result<Reply> {
    let missing = || AdminError::not_found("Session", &id);
    let session = SessionKey::parse(&id).ok_or_else(missing)?;
    if session == account.signed_in().session.key {
        return Err(AdminError::Rule("The request comes from this session; sign out to end it".to_owned()));
    }
    let (cx, recent) = account.sensitive_change(&state).await?;
    match state.account()?.devices.end_session(cx, recent, session).await? {
        AccountChange::Nothing => Err(missing()),
        change => done(&change).map(|()| no_content()),
    }
}
