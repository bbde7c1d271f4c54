//! The life cycle of a client.

use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::client::{Client, ClientStatus};
use porta_core::organization::Organization;
use porta_store::Revocation;
use serde_json::json;

use super::ClientOperations;
use crate::Result;
use crate::error::changed_concurrently;

impl ClientOperations<'_> {
    /// Sets the status: active ⇄ inactive; either → revoked, out of which only [`Self::restore`] leads. Leaving `active`
    /// revokes every token of the client, including those of users of other organizations.
    pub async fn set_status(
        &mut self,
        organization: &Organization,
        client: &Client,
        to: ClientStatus,
    ) -> Result<Client> {
        self.check_may_touch(organization, client.application_id).await?;
        client.may_become(to)?;
        let event = match to {
            ClientStatus::Active => AuditEventKind::ClientActivated,
            ClientStatus::Inactive => AuditEventKind::ClientDeactivated,
            ClientStatus::Revoked => AuditEventKind::ClientRevoked,
        };
        self.change_status(organization, client, to, event).await
    }

    /// Makes a revoked or deactivated client active again. Its secrets work as before; what its revocation ended stays
    /// ended.
    pub async fn restore(&mut self, organization: &Organization, client: &Client) -> Result<Client> {
        self.check_may_touch(organization, client.application_id).await?;
        client.may_be_restored()?;
        self.change_status(organization, client, ClientStatus::Active, AuditEventKind::ClientRestored).await
    }

    async fn change_status(
        &mut self,
        organization: &Organization,
        client: &Client,
        to: ClientStatus,
        event: AuditEventKind,
    ) -> Result<Client> {
        let from = client.status;
        if !self.work.unit.clients(organization.id).set_status(client.id, from, to, self.work.now).await? {
            return Err(changed_concurrently("client"));
        }
        let mut ended = 0;
        if to != ClientStatus::Active {
            let guests = client.allowed_organizations.iter().copied();
            for tenant in std::iter::once(organization.id).chain(guests) {
                ended += self
                    .work
                    .unit
                    .tokens(tenant)
                    .revoke(Revocation::Client(client.id), self.work.now)
                    .await?;
            }
        }
        let metadata = json!({
            "clientDbId": client.id, "clientId": client.client_id,
            "previousStatus": from, "tokenFamiliesEnded": ended,
        });
        self.work.audit(event, Some(organization), None, metadata).await?;
        self.work.announce(Change::Client(client.client_id.clone()));
        let version = client.version.next();
        Ok(Client { status: to, updated_at: self.work.now, version, ..client.clone() })
    }
}
