//! Rate limits for failed sign-ins and mailed links: per account and per network. The counter of the whole organization
//! refuses no password: see `flood.rs`.

use std::sync::Arc;
use std::time::Duration;

use porta_core::link_request::LinkKind;
use porta_core::{SessionKey, TokenDigest, settings};
use porta_kv::{KeyName, Kv, KvError, KvKey, LimitOutcome, RateLimit};
use porta_session::{Caller, IdempotencyClaim, Tenant};
use tokio::runtime::Handle;

use crate::flood::FloodCounter;
use crate::known_browser::KnownBrowser;

/// How long a password verification may take; after that its in-progress slot is freed.
const IN_PROGRESS_TIMEOUT: Duration = Duration::from_secs(30);

/// Delays in milliseconds between attempts to get an in-progress slot: eight seconds in all.
const SLOT_RETRY_DELAYS: [u64; 10] = [25, 50, 100, 200, 400, 800, 1600, 1600, 1600, 1600];

/// Counters of one sign-in attempt. It is counted before the password is verified, so that parallel attempts cannot
/// exceed a limit, and given back if the password was right.
pub struct LoginLimits {
    failures: Vec<RateLimit>,
    /// Verifications in progress for one account, on all instances.
    in_progress: Option<RateLimit>,
}

impl LoginLimits {
    pub fn of(tenant: &Tenant, email_key: &str, caller: &Caller) -> Self {
        let organization = tenant.organization.id;
        let window = tenant.settings.duration(settings::RATE_LIMIT_LOGIN_WINDOW);
        let network = caller.network();
        // The typed address is personal data of any length: use its digest as the key.
        let account = TokenDigest::of(&format!("{network}\n{email_key}")).hex();
        let anywhere = TokenDigest::of(email_key).hex();
        let mut failures = vec![RateLimit {
            key: KvKey::new(KeyName::LimitLogin, organization).with(&account[..32]),
            maximum: tenant.settings.number(settings::RATE_LIMIT_LOGIN_MAX),
            window,
        }];
        let of_networks = tenant.settings.number(settings::RATE_LIMIT_LOGIN_ADDRESS_MAX);
        let key_of = |network: &str| KvKey::new(KeyName::LimitLoginAddress, organization).with(network);
        failures.extend(caller.limits(key_of, of_networks, window));
        failures.push(FloodCounter::Passwords.counter(tenant));
        let in_progress = RateLimit {
            key: KvKey::new(KeyName::LimitLoginUnderWay, organization).with(&anywhere[..32]),
            maximum: tenant.settings.number(settings::MAX_FAILED_LOGINS),
            window: IN_PROGRESS_TIMEOUT,
        };
        Self { failures, in_progress: Some(in_progress) }
    }

    /// Limits for the current password typed within a session: counted per session, so strangers cannot use them up.
    pub(crate) fn inside(tenant: &Tenant, session: SessionKey) -> Self {
        let limit = RateLimit {
            key: KvKey::new(KeyName::LimitLoginSession, tenant.organization.id).with(session),
            maximum: tenant.settings.number(settings::RATE_LIMIT_LOGIN_MAX),
            window: tenant.settings.duration(settings::RATE_LIMIT_LOGIN_WINDOW),
        };
        Self { failures: vec![limit], in_progress: None }
    }

    /// Limits for a known browser.
    pub(crate) fn of_device(limit: RateLimit) -> Self {
        Self { failures: vec![limit], in_progress: None }
    }

    /// Counts an attempt. Fails closed if the store does not respond. With a claim, the same form is counted once
    /// however often it is sent.
    ///
    /// If too many verifications of the account are in progress, waits for a slot: people press twice, and several
    /// programs may sign one person in.
    pub async fn begin(
        &self,
        kv: &dyn Kv,
        claim: Option<&IdempotencyClaim>,
    ) -> Result<AttemptDecision, KvError> {
        let claim = claim.filter(|claim| !claim.is_held());
        for delay in SLOT_RETRY_DELAYS {
            let verdict = match claim {
                Some(claim) => match claim.count(kv, &self.all()).await? {
                    Some(verdict) => verdict,
                    None => return Ok(AttemptDecision::Repeated),
                },
                None => kv.hit(&self.all()).await?,
            };
            let Some(wait) = time_to_wait(verdict) else { return Ok(AttemptDecision::Counted) };
            if self.in_progress.is_none() || time_to_wait(kv.check(&self.failures).await?).is_some() {
                return Ok(AttemptDecision::Limited(wait));
            }
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        Ok(AttemptDecision::Limited(Duration::from_secs(1)))
    }

    /// Gives the attempt back: the password was right, or was not verified.
    pub async fn give_back(&self, kv: &dyn Kv, claim: Option<&IdempotencyClaim>) -> Result<(), KvError> {
        let keys: Vec<KvKey> = self.all().into_iter().map(|limit| limit.key).collect();
        release(kv, claim, &keys).await
    }

    /// Frees the in-progress slot. The password was wrong, so the attempt stays counted.
    pub async fn free_slot(&self, kv: &dyn Kv, claim: Option<&IdempotencyClaim>) -> Result<(), KvError> {
        let keys: Vec<KvKey> = self.in_progress.iter().map(|limit| limit.key.clone()).collect();
        release(kv, claim, &keys).await
    }

    /// Returns a guard that frees the in-progress slot if the caller goes away before the verification ends. The
    /// attempt stays counted as a failure, because it costs a hash all the same.
    pub(crate) fn in_progress(&self, kv: &Arc<dyn Kv>) -> InProgressGuard {
        InProgressGuard { kv: Arc::clone(kv), key: self.in_progress.as_ref().map(|limit| limit.key.clone()) }
    }

    fn all(&self) -> Vec<RateLimit> {
        self.failures.iter().chain(&self.in_progress).cloned().collect()
    }
}

/// Whether an attempt may be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptDecision {
    Counted,
    Limited(Duration),
    /// The same form was received before.
    Repeated,
}

/// Releases the keys in the command that stores the claim's answer, if there is one; otherwise in one of its own.
async fn release(kv: &dyn Kv, claim: Option<&IdempotencyClaim>, keys: &[KvKey]) -> Result<(), KvError> {
    if claim.is_some_and(|claim| claim.release_with_answer(keys)) {
        return Ok(());
    }
    kv.release(keys).await
}

/// Drop guard of a verification in progress.
pub(crate) struct InProgressGuard {
    kv: Arc<dyn Kv>,
    key: Option<KvKey>,
}

impl InProgressGuard {
    pub(crate) fn end(mut self) {
        self.key = None;
    }
}

impl Drop for InProgressGuard {
    fn drop(&mut self) {
        let Some((key, runtime)) = self.key.take().zip(Handle::try_current().ok()) else { return };
        let kv = Arc::clone(&self.kv);
        runtime.spawn(async move {
            if let Err(error) = kv.release(&[key]).await {
                tracing::warn!(%error, "an abandoned sign-in attempt could not be uncounted and occupies a slot until it expires");
            }
        });
    }
}

pub(crate) fn time_to_wait(verdict: LimitOutcome) -> Option<Duration> {
    match verdict {
        LimitOutcome::Allowed => None,
        LimitOutcome::Limited { retry_after } => Some(retry_after),
    }
}

/// All networks together may try this many times as often as one.
pub(crate) const NETWORKS: u64 = 4;

/// Limits per account for a stranger's request for a mailed link: per network, and for all networks together. Counted
/// for unknown addresses, too. They keep a mailbox from being flooded, and one network from using up what the owner may
/// ask for from another.
pub(crate) fn link_limits(
    tenant: &Tenant,
    kind: LinkKind,
    email_key: &str,
    caller: &Caller,
) -> Vec<RateLimit> {
    let (maximum, window) = link_quota(tenant, kind);
    let account = TokenDigest::of(email_key).hex();
    let name = match kind {
        LinkKind::MagicLink => KeyName::LimitMagicLink,
        LinkKind::PasswordReset => KeyName::LimitPasswordReset,
    };
    let of = KvKey::new(name, tenant.organization.id).with(&account[..32]);
    vec![
        RateLimit { key: of.clone().with(caller.network()), maximum, window },
        RateLimit { key: of, maximum: maximum * NETWORKS, window },
    ]
}

/// Limit for a known browser. A cookie from before a change of credentials counts as well: the mail goes to the owner
/// in any case.
pub(crate) fn device_link_limit(tenant: &Tenant, kind: LinkKind, device: &KnownBrowser) -> RateLimit {
    let (maximum, window) = link_quota(tenant, kind);
    let name = match kind {
        LinkKind::MagicLink => KeyName::LimitMagicLinkDevice,
        LinkKind::PasswordReset => KeyName::LimitPasswordResetDevice,
    };
    RateLimit { key: KvKey::new(name, tenant.organization.id).with(device.digest()), maximum, window }
}

fn link_quota(tenant: &Tenant, kind: LinkKind) -> (u64, Duration) {
    let (maximum, window) = match kind {
        LinkKind::MagicLink => (settings::RATE_LIMIT_MAGIC_LINK_MAX, settings::RATE_LIMIT_MAGIC_LINK_WINDOW),
        LinkKind::PasswordReset => {
            (settings::RATE_LIMIT_PASSWORD_RESET_MAX, settings::RATE_LIMIT_PASSWORD_RESET_WINDOW)
        }
    };
    (tenant.settings.number(maximum), tenant.settings.duration(window))
}

/// Limits per network for links asked for, and for opened links that do not work.
pub(crate) fn network_link_limits(tenant: &Tenant, caller: &Caller) -> Vec<RateLimit> {
    let maximum = tenant.settings.number(settings::RATE_LIMIT_LINK_ADDRESS_MAX);
    let window = tenant.settings.duration(settings::RATE_LIMIT_LINK_WINDOW);
    caller.limits(
        |network| KvKey::new(KeyName::LimitLinkAddress, tenant.organization.id).with(network),
        maximum,
        window,
    )
}
