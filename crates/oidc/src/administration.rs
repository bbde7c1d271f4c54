//! Sign-ins and sign-outs of administrators (`admin.login`, `admin.logout`): those through a client of the application
//! `porta-admin`. A sign-in counts when its code is issued, so one that an earlier session spares the password counts, too.

use porta_core::admin::ADMIN_SLUG;
use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_session::browser_session::BrowserSession;
use porta_session::{BackendError, OperationContext, ProtocolClient, SharedServices, Tenant};

/// Whether a client is one of the admin application. Asks storage in the super-admin organization alone.
pub(crate) async fn is_of_administration(
    shared: &SharedServices,
    tenant: &Tenant,
    client: &ProtocolClient,
) -> Result<bool, BackendError> {
    let organization = &tenant.organization;
    if !organization.is_super_admin || !client.client.is_first_party_for(organization.id) {
        return Ok(false);
    }
    let mut repositories = shared.store().repositories();
    let application = repositories.applications(organization.id).by_id(client.client.application_id).await?;
    Ok(application.is_some_and(|application| application.slug.as_str() == ADMIN_SLUG))
}

/// Records what an administrator did with a client of the admin application.
pub(crate) async fn record(
    shared: &SharedServices,
    context: OperationContext<'_>,
    kind: AuditEventKind,
    (session, client_id): (&BrowserSession, &str),
) -> Result<(), BackendError> {
    let event = AuditEvent {
        user_id: Some(session.user),
        actor_id: Some(session.user),
        metadata: serde_json::json!({ "clientId": client_id, "session": session.key.to_string() }),
        ..shared.audit.event(context, kind)
    };
    shared.audit.record(&event).await
}
