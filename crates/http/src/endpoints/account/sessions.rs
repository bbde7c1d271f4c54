//! `/{org}/account/sessions`

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use porta_core::SessionKey;
use porta_oidc::AccountPage;
use porta_pages::{SessionRow, SessionsPage};
use porta_signin::account::Changed;

use super::{Own, Said};
use crate::endpoints::From;
use crate::repeated::NotKept;
use crate::reply::{self, Reply, or_answer};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Sessions;

pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, from: From) -> Reply {
    let own = or_answer!(Own::enter(&state, &tenant, &from, PAGE).await);
    let sessions = match state.sign_in.sessions(&tenant, &own.member).await {
        Ok(sessions) => sessions,
        Err(error) => return own.trouble(&error),
    };
    let ids: Vec<String> = sessions.iter().map(|session| session.id.to_string()).collect();
    let rows: Vec<SessionRow<'_>> = sessions
        .iter()
        .zip(&ids)
        .map(|(session, id)| SessionRow {
            id,
            is_current: session.id == own.member.session.key,
            user_agent: session.user_agent.as_deref(),
            address: session.ip_address.as_deref(),
            started_at: session.created_at,
            last_seen_at: session.last_activity_at,
        })
        .collect();
    let page = SessionsPage {
        nav: own.nav(),
        action_url: &own.urls.sessions,
        csrf: &own.csrf,
        sessions: &rows,
        flash: own.said.and_then(Said::flash),
    };
    own.show(StatusCode::OK, state.pages.account_sessions(&own.look(), &page))
}

/// `session` is an id of the list, or `others`. This browser's own leads to the page that asks before signing out.
pub(crate) async fn end(State(state): State<AppState>, Org(tenant): Org, from: From, body: Body) -> Reply {
    let (own, params) = or_answer!(Own::posted(&state, &tenant, &from, body, PAGE).await);
    let named = params.get("session").unwrap_or_default();
    let key = SessionKey::parse(named);
    if key == Some(own.member.session.key) {
        return reply::redirect(&format!("{}/session/end", tenant.issuer));
    }
    let recent = or_answer!(own.recent());
    let (outcome, said) = match key {
        Some(key) => {
            (state.sign_in.end_session(&tenant, recent, key, &from.caller).await, Said::SessionEnded)
        }
        None if named == "others" => {
            let ended = state.sign_in.end_other_sessions(&tenant, recent, &from.caller).await;
            (ended, Said::OtherSessionsEnded)
        }
        None => return own.back(PAGE, None),
    };
    match outcome {
        Ok(changed) => {
            let mut reply = own.back(PAGE, (changed == Changed::Done).then_some(said));
            if key.is_none() {
                // Whoever presses this again means those that came since.
                reply.extensions_mut().insert(NotKept);
            }
            reply
        }
        Err(error) => own.trouble(&error),
    }
}
