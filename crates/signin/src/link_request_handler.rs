//! Decides who gets a requested link: a request becomes an email if its address has an account (decision 0026). The
//! outbox worker executes it after the request was answered, so neither the answer nor its timing depends on the account.

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::link_request::LinkRequest;
use porta_core::mail::{OutgoingEmail, Recipient};
use porta_core::one_time::OneTimeToken;
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::outbox::OutboxClaim;
use porta_core::user::User;
use porta_core::{Entropy, OneTimeTokenId, OrganizationId, Timestamp};
use porta_outbox::{AttemptError, Completion, FailedAttempt, Handler, OutboxDeps, RetryPolicy, email};
use porta_store::StoreError;

/// Executes items of the kind [`LinkRequest`](porta_core::outbox::OutboxKind::LinkRequest).
pub struct LinkRequestHandler;

#[async_trait]
impl Handler for LinkRequestHandler {
    fn retry_policy(&self) -> RetryPolicy {
        email::RETRY
    }

    async fn attempt(&self, claim: &OutboxClaim, deps: &OutboxDeps) -> Result<Completion, AttemptError> {
        let now = deps.clock.now();
        let until = email::RETRY.deadline(claim);
        let (organization, request) = LinkRequest::open(claim, &deps.keyring)
            .map_err(|error| AttemptError::unreadable_item(&error, until))?;
        let until = request.expires_at.min(until);
        let sendable_until = email::sendable_until(Some(request.expires_at), now);
        if now >= until {
            let failure = AttemptError::permanent("nobody could use the link any more");
            return Err(failure.sendable_until(sendable_until));
        }
        let resolved = resolve(claim, organization, &request, now, deps).await;
        resolved.map_err(|error| AttemptError::retryable(&error, until).sendable_until(sendable_until))?;
        Ok(Completion::Finished)
    }

    fn report_failure(&self, claim: &OutboxClaim, failure: &FailedAttempt, deps: &OutboxDeps) -> AuditEvent {
        email::report_failure(claim, failure, deps)
    }
}

/// Stores token, email and audit row in the transaction that completes the request.
async fn resolve(
    claim: &OutboxClaim,
    organization: OrganizationId,
    request: &LinkRequest,
    now: Timestamp,
    deps: &OutboxDeps,
) -> Result<(), StoreError> {
    let mut unit = deps.store.begin().await?;
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
    let id = OneTimeTokenId::new(now, &*deps.entropy);
    let issued = match &addressee {
        Some((_, user)) => {
            let token = token(id, request, user, claim, now);
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
        let item = outgoing.into_item(&id.to_string(), &deps.keyring, now, &*deps.entropy);
        unit.outbox().enqueue(&item).await?;
        let event = event(request, &tenant, &user, now, &*deps.entropy);
        unit.audit().record(&event).await?;
    } else {
        // The address is unknown or was changed, or a valid link exists. No audit row: strangers may request links to
        // any address, and could fill the log with rows that are kept for months.
        unit.outbox().remove(claim.id).await?;
    }
    unit.commit().await
}

fn token(
    id: OneTimeTokenId,
    request: &LinkRequest,
    user: &User,
    claim: &OutboxClaim,
    now: Timestamp,
) -> OneTimeToken {
    OneTimeToken {
        id,
        organization_id: user.organization_id,
        user_id: user.id,
        purpose: request.kind.purpose(),
        digest: request.digest,
        interaction: request.interaction.clone(),
        details: request.details_with_origin(claim.created_at),
        invited_by: None,
        expires_at: request.expires_at,
        used_at: None,
        created_at: now,
    }
}

/// Names who requested the link only by address and user agent: nobody has signed in yet.
fn event(
    request: &LinkRequest,
    tenant: &Organization,
    user: &User,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> AuditEvent {
    AuditEvent {
        organization_id: Some(tenant.id),
        organization_label: Some(tenant.slug.as_str().to_owned()),
        user_id: Some(user.id),
        ip_address: request.ip_address.clone(),
        user_agent: request.user_agent.clone(),
        ..AuditEvent::new(request.kind.sent_event(), now, entropy)
    }
}
