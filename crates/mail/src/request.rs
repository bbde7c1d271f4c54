//! Resolves link requests: a request becomes a mail if its address is known (decision 0026).

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::link_request::{LinkKind, LinkRequest};
use porta_core::mail::{OutgoingEmail, Recipient};
use porta_core::one_time::OneTimeToken;
use porta_core::organization::OrganizationStatus;
use porta_core::outbox::OutboxClaim;
use porta_core::user::User;
use porta_core::{OneTimeTokenId, OrganizationId, Timestamp};
use porta_store::StoreError;

use crate::Worker;
use crate::worker::{AttemptError, GIVE_UP_AFTER};

impl Worker {
    /// Stores token, mail and audit row in the transaction that completes the request.
    pub(crate) async fn resolve(&self, claim: &OutboxClaim) -> Result<(), AttemptError> {
        let now = self.deps.clock.now();
        let until = claim.created_at + GIVE_UP_AFTER;
        let (organization, request) = LinkRequest::open(claim, &self.deps.keyring)
            .map_err(|error| AttemptError::unreadable_item(&error, until))?;
        let until = request.expires_at.min(until);
        if now >= until {
            return Err(AttemptError::permanent("nobody could use the link any more"));
        }
        let resolved = self.resolve_at(claim, organization, &request, now).await;
        resolved.map_err(|error| AttemptError::retryable(&error, until))
    }

    async fn resolve_at(
        &self,
        claim: &OutboxClaim,
        organization: OrganizationId,
        request: &LinkRequest,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut unit = self.deps.store.begin().await?;
        if !unit.outbox().deliver(claim.id, now).await? {
            // The lease of this claim expired and another worker resolved it.
            return Ok(());
        }
        let tenant = unit.organizations().by_id(organization).await?;
        let tenant = tenant.filter(|tenant| tenant.status == OrganizationStatus::Active);
        let user = unit.users(organization).by_email(&request.address).await?;
        // Includes automatically locked people: a link helps out of a lock caused by somebody else's guesses. Excludes
        // invited people who have not accepted: they are not active yet.
        let addressee = tenant.zip(user.filter(User::may_continue));
        let id = OneTimeTokenId::new(now, &*self.deps.entropy);
        let issued = match &addressee {
            Some((_, user)) => {
                let token = OneTimeToken {
                    id,
                    organization_id: organization,
                    user_id: user.id,
                    purpose: request.kind.purpose(),
                    digest: request.digest,
                    interaction: request.interaction.clone(),
                    details: request.details_with_origin(claim.created_at),
                    invited_by: None,
                    expires_at: request.expires_at,
                    used_at: None,
                    created_at: now,
                };
                let mut links = unit.one_time_tokens(organization);
                if request.only_if_none_live {
                    links.issue_if_none_live(&token, &user.email).await?
                } else {
                    links.issue(&token, &user.email).await?
                }
            }
            None => false,
        };
        if let Some((tenant, user)) = addressee.filter(|_| issued) {
            let recipient = Recipient::of(&user).reading(&request.locale);
            let outgoing = OutgoingEmail { organization_id: organization, recipient, mail: request.mail() };
            let item = outgoing.into_item(&id.to_string(), &self.deps.keyring, now, &*self.deps.entropy);
            unit.outbox().enqueue(&item).await?;
            let event = AuditEvent {
                organization_label: Some(tenant.slug.as_str().to_owned()),
                user_id: Some(user.id),
                actor_label: None,
                category: match request.kind {
                    LinkKind::MagicLink => AuditCategory::Authentication,
                    LinkKind::PasswordReset => AuditCategory::Security,
                },
                ip_address: request.ip_address.clone(),
                user_agent: request.user_agent.clone(),
                ..self.event(claim, None, request.kind.event().to_owned(), now)
            };
            unit.audit().record(&event).await?;
        } else {
            // The address is unknown or was changed, or a valid link exists. No audit row: strangers may request links
            // to any address, and could fill the log with rows that are kept for months.
            unit.outbox().remove(claim.id).await?;
        }
        unit.commit().await
    }
}
