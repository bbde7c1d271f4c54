//! The first factors that a client offers.

use std::sync::Arc;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::organization::LoginMethod;
use porta_core::settings;
use porta_session::{BackendError, InteractionPurpose, OperationContext, Tenant};
use serde_json::json;

use crate::sign_in_core::SignInCore;

pub struct LoginMethods {
    core: Arc<SignInCore>,
}

impl LoginMethods {
    pub(crate) fn new(core: Arc<SignInCore>) -> Self {
        Self { core }
    }

    /// Returns the first factors offered for an interaction: the client's own list, or else the organization's. Empty
    /// if the client was deactivated in the meantime.
    pub async fn offered(
        &self,
        tenant: &Tenant,
        purpose: &InteractionPurpose,
    ) -> Result<Vec<LoginMethod>, BackendError> {
        let Some(client_id) = purpose.client_id() else {
            return Ok(tenant.organization.default_login_methods.clone());
        };
        let Some(client) = self.core.shared.clients.find(tenant.organization.id, client_id).await? else {
            return Ok(Vec::new());
        };
        let own = client.client.login_methods.clone().filter(|m| !m.is_empty());
        Ok(own.unwrap_or_else(|| tenant.organization.default_login_methods.clone()))
    }

    /// Checks whether a client offers a method; audits a refusal.
    pub(crate) async fn check(
        &self,
        cx: OperationContext<'_>,
        purpose: &InteractionPurpose,
        method: LoginMethod,
    ) -> Result<bool, BackendError> {
        let methods = self.offered(cx.tenant, purpose).await?;
        let is_offered = methods.contains(&method);
        if !is_offered {
            let event = self.core.event(cx, None, AuditEventKind::SecurityLoginMethodDisabled);
            let metadata = json!({
                "clientId": purpose.client_id(), "attemptedMethod": method, "effectiveMethods": methods,
            });
            let window = cx.tenant.settings.duration(settings::RATE_LIMIT_LOGIN_WINDOW);
            let event = AuditEvent { metadata, ..event };
            self.core.shared.audit.record_once(cx, event, window).await?;
        }
        Ok(is_offered)
    }
}
