//! What a signed-in person may begin again and again: a sign-in that asks for consent. Each is kept until it ends, so a
//! network may begin so many. What strangers begin travels with their browser instead.

use std::time::Duration;

use bytes::Bytes;
use porta_core::audit::AuditCategory;
use porta_core::settings;
use porta_kv::{Limit, Verdict};

use crate::throttle::Limited;
use crate::{Caller, Engine, EngineError, Tenant};

impl Engine {
    /// Stores what a caller begins, and counts it in the same command.
    pub(crate) async fn store_begun(
        &self,
        tenant: &Tenant,
        caller: &Caller,
        key: &str,
        value: Bytes,
        lifetime: Duration,
    ) -> Result<Result<(), Limited>, EngineError> {
        let maximum = tenant.settings.number(settings::RATE_LIMIT_INTERACTION_MAX);
        let limit = Limit {
            key: format!("{}:limit:interaction:{}", tenant.organization.id, caller.network()),
            maximum,
            window: tenant.settings.duration(settings::RATE_LIMIT_INTERACTION_WINDOW),
        };
        match self.kv.put_limited(key, value, lifetime, &[limit]).await? {
            Verdict::Allowed => Ok(Ok(())),
            Verdict::Limited { retry_after } => {
                let event = self.event(tenant, "rate_limit.interaction", AuditCategory::Security, caller);
                self.note_once(tenant, event, caller, retry_after).await?;
                Ok(Err(Limited { retry_after, maximum }))
            }
        }
    }
}
