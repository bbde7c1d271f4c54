//! A session as the API shows it.

use porta_core::EntityId as _;
use porta_store::{SessionClient, SessionEntry};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{optional_time, time};

/// A session of a browser in which somebody signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(crate) struct SessionView {
    session_id: Uuid,
    user_id: Uuid,
    user_email: String,
    organization_id: Uuid,
    organization_name: String,
    /// Id of the client whose tokens are the newest of the session; not its OAuth `client_id`. `null`: no client got
    /// tokens.
    client_id: Option<Uuid>,
    client_name: Option<String>,
    /// What the user allowed that client.
    grant_id: Option<Uuid>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    created_at: String,
    last_activity_at: String,
    expires_at: String,
    revoked_at: Option<String>,
}

impl From<SessionEntry> for SessionView {
    fn from(entry: SessionEntry) -> Self {
        let SessionEntry { session, user_email, organization_name, client } = entry;
        let of_client = |client: SessionClient| (client.key.uuid(), client.name, client.grant.uuid());
        let (client_id, client_name, grant_id) = match client.map(of_client) {
            Some((key, name, grant)) => (Some(key), Some(name), Some(grant)),
            None => (None, None, None),
        };
        Self {
            session_id: session.id.uuid(),
            user_id: session.user_id.uuid(),
            user_email,
            organization_id: session.organization_id.uuid(),
            organization_name,
            client_id,
            client_name,
            grant_id,
            ip_address: session.ip_address,
            user_agent: session.user_agent,
            created_at: time(session.created_at),
            last_activity_at: time(session.last_activity_at),
            expires_at: time(session.expires_at),
            revoked_at: optional_time(session.revoked_at),
        }
    }
}
