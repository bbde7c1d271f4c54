//! Attempts at codes of a second factor: their limits and outcome.

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::AuditEventKind;
use porta_core::user::User;
use porta_core::{TokenDigest, UserId, settings};
use porta_kv::{KeyName, KvKey, RateLimit};
use porta_session::{BackendError, OperationContext, Tenant};

use crate::browser::Browser;
use crate::known_browser::KnownBrowser;
use crate::limits::{NETWORKS, time_to_wait};
use crate::sign_in_core::SignInCore;

/// Kind of code typed as the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// A code of the factor that the page asks for.
    Usual,
    Recovery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeCheck {
    Right,
    Wrong,
    Exhausted,
}

/// Number of consecutive wrong codes that doubles the window.
const DOUBLES_EVERY: i64 = 10;
const LONGEST_WINDOW: Duration = Duration::from_hours(24);

/// Counters of one second-factor code: per sign-in, and per browser if it is known; otherwise per account and network,
/// and per account for all networks. So somebody with a stolen password slows themselves down, but blocks neither the
/// owner's known browsers nor a recovery code or a new password anywhere.
pub(crate) struct FactorLimits(Vec<RateLimit>);

impl FactorLimits {
    /// `place`: the sign-in or the session in which the code is valid.
    pub(crate) fn of(
        cx: OperationContext<'_>,
        user: &User,
        place: &str,
        kind: CodeKind,
        browser: Browser<'_>,
    ) -> Self {
        let tenant = cx.tenant;
        let (organization, id) = (tenant.organization.id, user.id);
        let maximum = tenant.settings.number(settings::RATE_LIMIT_2FA_VERIFY_MAX);
        let window = tenant.settings.duration(settings::RATE_LIMIT_2FA_VERIFY_WINDOW);
        let limit = |key, maximum, window| RateLimit { key, maximum, window };
        let Self(mut limits) = Self::inside(tenant, place);
        let device = KnownBrowser::parse(browser.device, tenant, user.email.key());
        if let Some(device) = device.filter(|device| device.matches_credentials(user)) {
            let key = KvKey::new(KeyName::LimitTwoFactorDevice, organization).with(device.digest());
            limits.push(limit(key, maximum, window));
        } else {
            let doubled = u32::try_from(user.factor_failures / DOUBLES_EVERY).unwrap_or(u32::MAX).min(16);
            let grown = (window * 2_u32.pow(doubled)).min(LONGEST_WINDOW.max(window));
            let network = cx.caller.network();
            // A new password starts new counters: guesses made before it do not delay the owner.
            let of = KvKey::new(KeyName::LimitTwoFactor, organization).with(id).with(user.credential_epoch);
            limits.push(limit(of.clone().with(network), maximum, grown));
            if kind == CodeKind::Usual {
                limits.push(limit(of, maximum * NETWORKS, grown));
            }
        }
        Self(limits)
    }

    /// Within a session: counted per session, so strangers cannot use it up.
    pub(crate) fn inside(tenant: &Tenant, place: &str) -> Self {
        Self(vec![RateLimit {
            key: KvKey::new(KeyName::LimitTwoFactorPlace, tenant.organization.id)
                .with(&TokenDigest::of(place).hex()[..32]),
            maximum: tenant.settings.number(settings::RATE_LIMIT_2FA_VERIFY_MAX),
            window: tenant.settings.duration(settings::RATE_LIMIT_2FA_VERIFY_WINDOW),
        }])
    }

    fn all(&self) -> &[RateLimit] {
        &self.0
    }

    /// Keys that a right code clears, and keys shared by all networks, to which it only gives its own attempt back.
    fn keys(&self) -> (Vec<KvKey>, Vec<KvKey>) {
        let mut own: Vec<KvKey> = self.0.iter().map(|limit| limit.key.clone()).collect();
        let shared = own.split_off(own.len().min(2));
        (own, shared)
    }
}

/// Counts attempts.
pub(crate) struct FactorAttempts {
    core: Arc<SignInCore>,
}

impl FactorAttempts {
    pub(crate) fn new(core: Arc<SignInCore>) -> Self {
        Self { core }
    }

    /// Counts an attempt before it is verified, so that parallel attempts cannot exceed a limit. Fails closed. `Some`:
    /// time to wait.
    pub(crate) async fn count(
        &self,
        cx: OperationContext<'_>,
        user: UserId,
        limits: &FactorLimits,
    ) -> Result<Option<Duration>, BackendError> {
        let Some(retry_after) = time_to_wait(self.core.shared.kv().hit(limits.all()).await?) else {
            return Ok(None);
        };
        let event = self.core.event(cx, Some(user), AuditEventKind::RateLimitTwoFactorVerify);
        self.core.shared.audit.record_once(cx, event, retry_after).await?;
        Ok(Some(retry_after))
    }

    /// Clears the counters after a right code.
    pub(crate) async fn clear(&self, limits: &FactorLimits) -> Result<(), BackendError> {
        let (own, shared) = limits.keys();
        self.core.shared.kv().clear(&own).await?;
        Ok(self.core.shared.kv().release(&shared).await?)
    }
}
