//! A grant as the API shows it.

use porta_core::EntityId as _;
use porta_store::GrantWithClient;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;

/// What a user allowed a client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Grant)]
pub(crate) struct GrantView {
    id: Uuid,
    organization_id: Uuid,
    user_id: Uuid,
    /// Id of the client, not its OAuth `client_id`.
    client_id: Uuid,
    client_name: String,
    scopes: Vec<String>,
    created_at: String,
    expires_at: String,
}

impl From<GrantWithClient> for GrantView {
    fn from(given: GrantWithClient) -> Self {
        let grant = given.grant;
        Self {
            id: grant.id.uuid(),
            organization_id: grant.organization_id.uuid(),
            user_id: grant.user_id.uuid(),
            client_id: grant.client.uuid(),
            client_name: given.client_name,
            scopes: grant.scopes,
            created_at: time(grant.created_at),
            expires_at: time(grant.expires_at),
        }
    }
}
