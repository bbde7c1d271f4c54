//! Sends the emails of the outbox: renders each one and hands it to the transport.

use std::sync::Arc;

use async_trait::async_trait;
use porta_core::Timestamp;
use porta_core::audit::AuditEvent;
use porta_core::mail::{MailBody, OutgoingEmail};
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::outbox::OutboxClaim;
use porta_outbox::{
    AttemptError, Completion, FailedAttempt, Handler, OutboxDeps, PROBE_EVERY, RetryPolicy, email,
};
use tokio::task::JoinSet;

use crate::transport::{Message, SendError, Transport};

/// Rendering failed.
#[derive(Debug, thiserror::Error)]
#[error("the message could not be rendered")]
pub struct RenderError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Renders a mail in the recipient's language with the organization's branding.
pub trait Renderer: Send + Sync {
    fn render(
        &self,
        organization: &Organization,
        outgoing: &OutgoingEmail,
        now: Timestamp,
    ) -> Result<MailBody, RenderError>;
}

impl<F> Renderer for F
where
    F: Fn(&Organization, &OutgoingEmail, Timestamp) -> Result<MailBody, RenderError> + Send + Sync,
{
    fn render(
        &self,
        organization: &Organization,
        outgoing: &OutgoingEmail,
        now: Timestamp,
    ) -> Result<MailBody, RenderError> {
        self(organization, outgoing, now)
    }
}

/// Executes items of the kind [`Mail`](porta_core::outbox::OutboxKind::Mail).
pub struct MailHandler {
    pub renderer: Arc<dyn Renderer>,
    pub transport: Arc<dyn Transport>,
}

impl MailHandler {
    async fn send(&self, claim: &OutboxClaim, deps: &OutboxDeps) -> Result<Organization, AttemptError> {
        let now = deps.clock.now();
        let until = email::RETRY.deadline(claim);
        let outgoing = OutgoingEmail::open(claim, &deps.keyring)
            .map_err(|error| AttemptError::unreadable_item(&error, until))?;
        let expires_at = outgoing.mail.expires_at();
        let until = expires_at.map_or(until, |expiry| expiry.min(until));
        let sent = self.deliver(claim, outgoing, (now, until), deps).await;
        sent.map_err(|failure| failure.sendable_until(email::sendable_until(expires_at, now)))
    }

    async fn deliver(
        &self,
        claim: &OutboxClaim,
        outgoing: OutgoingEmail,
        (now, until): (Timestamp, Timestamp),
        deps: &OutboxDeps,
    ) -> Result<Organization, AttemptError> {
        if now >= until {
            return Err(AttemptError::permanent("nobody could use it any more"));
        }
        let found = deps.store.repositories().organizations().by_id(outgoing.organization_id).await;
        let organization = match found {
            // Nothing is sent for a suspended tenant.
            Ok(Some(organization)) if organization.status == OrganizationStatus::Active => organization,
            Ok(_) => return Err(AttemptError::permanent("the organization is not active")),
            Err(error) => return Err(AttemptError::retryable(&error, until)),
        };
        let body = self.renderer.render(&organization, &outgoing, now).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, outgoing = %claim.id, "{error}");
            AttemptError::retryable(&error, until)
        })?;
        let name = organization.branding.company_name.as_ref().filter(|name| !name.trim().is_empty());
        let message = Message {
            id: claim.id,
            from_name: name.unwrap_or(&organization.name).clone(),
            to: outgoing.recipient.address,
            body,
            date: now,
        };
        match self.transport.send(&message).await {
            Ok(()) => Ok(organization),
            Err(SendError::Refused(error)) => Err(AttemptError::permanent(error)),
            Err(SendError::Failed(error)) => Err(AttemptError::retryable(&error, until)),
            Err(SendError::Unreachable(error)) => Err(AttemptError::unavailable(error, until)),
        }
    }
}

#[async_trait]
impl Handler for MailHandler {
    fn retry_policy(&self) -> RetryPolicy {
        email::RETRY
    }

    async fn attempt(&self, claim: &OutboxClaim, deps: &OutboxDeps) -> Result<Completion, AttemptError> {
        let organization = self.send(claim, deps).await?;
        Ok(Completion::Delivered(Box::new(email::report_delivery(claim, &organization, deps))))
    }

    fn report_failure(&self, claim: &OutboxClaim, failure: &FailedAttempt, deps: &OutboxDeps) -> AuditEvent {
        email::report_failure(claim, failure, deps)
    }

    /// Probes overlap, because one that gets no response hangs for half a minute.
    async fn until_available(&self) {
        tracing::warn!(event = "email.relay.away", "the mail relay is unreachable; mail waits");
        let mut probes = JoinSet::new();
        let mut next = tokio::time::interval(PROBE_EVERY);
        next.reset();
        loop {
            tokio::select! {
                _ = next.tick() => {
                    let transport = Arc::clone(&self.transport);
                    probes.spawn(async move { transport.is_reachable().await });
                }
                Some(Ok(true)) = probes.join_next() => break,
            }
        }
        tracing::info!(event = "email.relay.back", "the mail relay is reachable again");
    }
}
