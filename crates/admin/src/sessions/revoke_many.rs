//! `POST /sessions/revoke` and `DELETE /users/{userId}/sessions`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::SessionKey;
use porta_directory::{SessionsToEnd, Transaction};
use porta_store::EndedSessions;
use porta_web::reply::{self, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Authorized, RevokeSessions};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::path::InPath;
use crate::state::AdminState;

/// Which sessions to end: exactly one of `userId`, `organizationId`, `clientId` and `all`. An unknown field is refused,
/// because without it other sessions might end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SessionsToRevoke {
    user_id: Option<String>,
    /// Id or slug.
    organization_id: Option<String>,
    /// Id or OAuth client id: sessions in which the client got tokens.
    client_id: Option<String>,
    /// `true`: all sessions of the installation.
    all: Option<bool>,
    /// A session that stays, such as the caller's own.
    except_session_id: Option<String>,
}

/// How many sessions have ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevokedSessions {
    revoked: u64,
}

impl RevokedSessions {
    fn reply(ended: EndedSessions) -> Reply {
        reply::json(StatusCode::OK, &Self { revoked: ended.sessions })
    }
}

/// Whose sessions end, as the request names them.
enum Named<'a> {
    User(&'a str),
    Organization(&'a str),
    Client(&'a str),
    Everybody,
}

impl SessionsToRevoke {
    fn named(&self) -> Result<Named<'_>> {
        let all = self.all.filter(|all| *all);
        let named =
            (self.user_id.as_deref(), self.organization_id.as_deref(), self.client_id.as_deref(), all);
        match named {
            (Some(id), None, None, None) => Ok(Named::User(id)),
            (None, Some(name), None, None) => Ok(Named::Organization(name)),
            (None, None, Some(name), None) => Ok(Named::Client(name)),
            (None, None, None, Some(_)) => Ok(Named::Everybody),
            _ => Err(AdminError::invalid("", "use exactly one of userId, organizationId, clientId, all")),
        }
    }

    fn kept(&self) -> Result<Option<SessionKey>> {
        let Some(text) = &self.except_session_id else { return Ok(None) };
        let key = SessionKey::parse(text);
        key.map(Some).ok_or_else(|| AdminError::invalid("exceptSessionId", "use an id"))
    }
}

async fn end_of_user(unit: &mut Transaction, id: &str, keep: Option<SessionKey>) -> Result<EndedSessions> {
    let (organization, user) = unit.users().find(None, id).await?;
    Ok(unit.users().sessions().end_many(SessionsToEnd::User(&organization, &user), keep).await?)
}

/// End sessions of a user, of an organization, of a client, or of everybody, with all their tokens.
#[utoipa::path(post, path = "/revoke", tag = "sessions", request_body = SessionsToRevoke,
    responses((status = 200, body = RevokedSessions)))]
pub(crate) async fn revoke_sessions(
    caller: Authorized<RevokeSessions>,
    State(state): State<AdminState>,
    JsonBody(body): JsonBody<SessionsToRevoke>,
) -> Result<Reply> {
    let (named, keep) = (body.named()?, body.kept()?);
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let ended = match named {
        Named::User(id) => end_of_user(&mut unit, id, keep).await?,
        Named::Organization(name) => {
            let organization = unit.organization(name).await?;
            unit.users().sessions().end_many(SessionsToEnd::Organization(&organization), keep).await?
        }
        Named::Client(name) => {
            let (_, client) = unit.client(name).await?;
            unit.users().sessions().end_many(SessionsToEnd::Client(&client), keep).await?
        }
        Named::Everybody => unit.users().sessions().end_many(SessionsToEnd::Everybody, keep).await?,
    };
    unit.commit().await?;
    Ok(RevokedSessions::reply(ended))
}

/// End all sessions of a user with all their tokens.
#[utoipa::path(delete, path = "/", tag = "sessions", responses((status = 200, body = RevokedSessions)))]
pub(crate) async fn revoke_user_sessions(
    caller: Authorized<RevokeSessions>,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let ended = end_of_user(&mut unit, &id, None).await?;
    unit.commit().await?;
    Ok(RevokedSessions::reply(ended))
}
