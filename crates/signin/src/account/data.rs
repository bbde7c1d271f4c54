//! Exports everything stored about a person to themselves (GDPR Article 20), without secrets or digests of them.

use std::sync::Arc;

use porta_core::Timestamp;
use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::session::SessionRecord;
use porta_core::user::User;
use porta_session::{BackendError, OperationContext};
use porta_store::{GrantWithClient, RoleAssignment, collect_personal_data};
use serde_json::{Value, json};

use super::{FactorStatus, RecentlyAuthenticated};
use crate::sign_in_core::SignInCore;

pub struct AccountData {
    pub(crate) core: Arc<SignInCore>,
}

impl AccountData {
    pub async fn export(
        &self,
        cx: OperationContext<'_>,
        recent: RecentlyAuthenticated<'_>,
    ) -> Result<Value, BackendError> {
        let OperationContext { tenant, now, .. } = cx;
        let signed_in = recent.signed_in();
        // Recorded first, so that the export contains it.
        let (what, metadata) = (AuditEventKind::UserDataExported, json!({ "by": "self" }));
        let event = signed_in.event(&self.core, cx, what, metadata);
        self.core.shared.audit.record(&event).await?;
        let held = FactorStatus::load(&self.core, tenant, &signed_in.user).await?;
        let mut all = self.core.shared.store().repositories();
        let data = collect_personal_data(&mut *all, &signed_in.user, now, usize::MAX).await?;
        Ok(json!({
            "exportedAt": now.rfc3339(),
            "organization": { "name": tenant.organization.name, "slug": tenant.organization.slug },
            "profile": profile(&signed_in.user),
            "secondFactor": {
                "method": held.method,
                "since": held.since.map(Timestamp::rfc3339),
                "recoveryCodesLeft": held.recovery_codes_left,
            },
            "sessions": data.sessions.iter().map(session).collect::<Vec<_>>(),
            "applications": data.grants.iter().map(grant).collect::<Vec<_>>(),
            "roles": data.roles.iter().map(|RoleAssignment { role, .. }| json!({
                "application": role.application_id, "name": role.name, "slug": role.slug,
            })).collect::<Vec<_>>(),
            "claims": data.claims.iter().map(|claim| json!({
                "application": claim.application_id, "name": claim.name, "value": claim.value,
            })).collect::<Vec<_>>(),
            "auditLog": data.audit.iter().map(audit_row).collect::<Vec<_>>(),
        }))
    }
}

fn profile(user: &User) -> Value {
    let time = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
    json!({
        "id": user.id,
        "email": user.email.shown(),
        "emailVerified": user.email_verified,
        "details": user.profile,
        "status": user.status,
        "hasPassword": user.password_hash.is_some(),
        "passwordChangedAt": time(user.password_changed_at),
        "passwordChangeRequired": user.password_change_required,
        "lockedAt": time(user.locked_at),
        "lockedReason": user.locked_reason,
        "lastLoginAt": time(user.last_login_at),
        "loginCount": user.login_count,
        "failedLoginCount": user.failed_login_count,
        "lastFailedLoginAt": time(user.last_failed_login_at),
        "createdAt": user.created_at.rfc3339(),
        "updatedAt": user.updated_at.rfc3339(),
    })
}

fn session(session: &SessionRecord) -> Value {
    json!({
        "id": session.id,
        "ipAddress": session.ip_address,
        "userAgent": session.user_agent,
        "createdAt": session.created_at.rfc3339(),
        "lastActivityAt": session.last_activity_at.rfc3339(),
        "expiresAt": session.expires_at.rfc3339(),
        "revokedAt": session.revoked_at.map(Timestamp::rfc3339),
    })
}

fn grant(given: &GrantWithClient) -> Value {
    json!({
        "id": given.grant.id,
        "client": given.client_name,
        "scopes": given.grant.scopes,
        "createdAt": given.grant.created_at.rfc3339(),
        "expiresAt": given.grant.expires_at.rfc3339(),
    })
}

fn audit_row(event: &AuditEvent) -> Value {
    json!({
        "id": event.id,
        "event": event.event_type,
        "category": event.category,
        "subject": event.user_id,
        "actor": event.actor_id,
        "metadata": event.metadata,
        "ipAddress": event.ip_address,
        "userAgent": event.user_agent,
        "createdAt": event.created_at.rfc3339(),
    })
}
