//! Layered limits on failed sign-ins: account and address, address (IPv6: /64), organization (repairs W19).

use std::time::Duration;

use porta_core::TokenDigest;
use porta_core::settings;
use porta_kv::{Kv, KvError, Limit, Verdict};
use porta_oidc::{Caller, Tenant};

/// The counters one attempt touches.
pub struct LoginLimits(Vec<Limit>);

impl LoginLimits {
    pub fn of(tenant: &Tenant, email_key: &str, caller: &Caller) -> Self {
        let organization = tenant.organization.id;
        let window = tenant.settings.duration(settings::RATE_LIMIT_LOGIN_WINDOW);
        let network = caller.network();
        // The address a person typed is personal and unbounded: only its digest becomes a key.
        let account = TokenDigest::of(&format!("{network}\n{email_key}")).hex();
        let layers = [
            (format!("{organization}:limit:login:{}", &account[..32]), settings::RATE_LIMIT_LOGIN_MAX),
            (format!("{organization}:limit:login-address:{network}"), settings::RATE_LIMIT_LOGIN_ADDRESS_MAX),
            (format!("{organization}:limit:login-organization"), settings::RATE_LIMIT_LOGIN_ORGANIZATION_MAX),
        ];
        Self(
            layers
                .into_iter()
                .map(|(key, maximum)| Limit { key, maximum: tenant.settings.number(maximum), window })
                .collect(),
        )
    }

    /// Whether this attempt must wait. A store that does not answer is an error: limits fail closed.
    pub async fn check(&self, kv: &dyn Kv) -> Result<Option<Duration>, KvError> {
        Ok(waiting(kv.check(&self.0).await?))
    }

    /// Counts a failure.
    pub async fn count(&self, kv: &dyn Kv) -> Result<Option<Duration>, KvError> {
        Ok(waiting(kv.hit(&self.0).await?))
    }
}

fn waiting(verdict: Verdict) -> Option<Duration> {
    match verdict {
        Verdict::Allowed => None,
        Verdict::Limited { retry_after } => Some(retry_after),
    }
}
