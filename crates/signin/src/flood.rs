//! Flood protection of an organization (decision 0041): beyond a number of failures an alarm is raised, and strangers
//! have to wait before a form of theirs is processed. No password is refused for it, and known browsers are exempt.
//!
//! Who has to wait gets a signed cookie with the end of the wait, and sends the form again then. The cookie is good for
//! one form.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::settings::{self, SettingDefinition};
use porta_core::{BearerKind, OrganizationId, Timestamp, TokenDigest};
use porta_kv::{KeyName, KvKey, LimitOutcome, RateLimit};
use porta_session::{BackendError, OperationContext, Tenant};
use serde_json::json;

use crate::sign_in_core::SignInCore;

/// Multiples of the organization's maximum, and the wait for strangers from there on.
const LEVELS: [(u64, Duration); 5] = [
    (1, Duration::from_secs(2)),
    (2, Duration::from_secs(4)),
    (4, Duration::from_secs(8)),
    (8, Duration::from_secs(16)),
    (16, Duration::from_secs(32)),
];
/// Multiple of the organization's maximum from which no more links are mailed to strangers.
const LINK_STOP_FACTOR: u64 = 4;
/// How long after the wait the form may be sent.
const COOKIE_GRACE: Duration = Duration::from_mins(5);
/// How long this process caches a level.
const LEVEL_CACHE_LIFETIME: Duration = Duration::from_secs(1);

/// Counters of a whole organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FloodCounter {
    Passwords,
    Links,
}

impl FloodCounter {
    const fn name(self) -> &'static str {
        match self {
            Self::Passwords => "login",
            Self::Links => "link",
        }
    }

    const fn key_name(self) -> KeyName {
        match self {
            Self::Passwords => KeyName::LimitLoginOrganization,
            Self::Links => KeyName::LimitLinkOrganization,
        }
    }

    const fn settings(self) -> (&'static SettingDefinition, &'static SettingDefinition) {
        match self {
            Self::Passwords => {
                (settings::RATE_LIMIT_LOGIN_ORGANIZATION_MAX, settings::RATE_LIMIT_LOGIN_WINDOW)
            }
            Self::Links => (settings::RATE_LIMIT_LINK_ORGANIZATION_MAX, settings::RATE_LIMIT_LINK_WINDOW),
        }
    }

    /// The organization's counter with `times` its maximum.
    fn limit(self, tenant: &Tenant, times: u64) -> RateLimit {
        let (maximum, window) = self.settings();
        RateLimit {
            key: KvKey::new(self.key_name(), tenant.organization.id),
            maximum: tenant.settings.number(maximum).saturating_mul(times),
            window: tenant.settings.duration(window),
        }
    }

    /// The counter to increment. Passwords never reach its maximum; links do at four times the setting, because each
    /// request is stored.
    pub(crate) fn counter(self, tenant: &Tenant) -> RateLimit {
        match self {
            Self::Passwords => RateLimit { maximum: i64::MAX as u64, ..self.limit(tenant, 1) },
            Self::Links => self.limit(tenant, LINK_STOP_FACTOR),
        }
    }
}

/// A wait imposed on a stranger. The value is a bearer value once signed, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Pause {
    pub wait: Duration,
    /// Value of the cookie, and when it expires.
    pub value: String,
    pub until: Timestamp,
}

impl std::fmt::Debug for Pause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pause({:?})", self.wait)
    }
}

/// Time of the last check, and its result: the index into [`LEVELS`], if any level is reached.
type CachedLevel = (Timestamp, Option<usize>);

/// Makes strangers wait.
pub(crate) struct FloodGuard {
    core: Arc<SignInCore>,
    /// Results of this process's last checks.
    levels: Mutex<HashMap<(OrganizationId, FloodCounter), CachedLevel>>,
}

impl FloodGuard {
    pub(crate) fn new(core: Arc<SignInCore>) -> Self {
        Self { core, levels: Mutex::default() }
    }

    /// Returns the wait for a stranger, if any. `shown`: the value of their pause cookie, signature verified.
    pub(crate) async fn pause(
        &self,
        cx: OperationContext<'_>,
        counter: FloodCounter,
        shown: Option<&str>,
    ) -> Result<Option<Pause>, BackendError> {
        let Some(level) = self.level(cx, counter).await? else { return Ok(None) };
        let now = cx.now;
        if let Some((value, end)) = shown.and_then(|shown| Some((shown, end_of(counter, shown)?))) {
            if now < end {
                let value = value.to_owned();
                return Ok(Some(Pause { wait: end.since(now), value, until: end + COOKIE_GRACE }));
            }
            if now < end + COOKIE_GRACE && self.is_first_use(cx.tenant, value).await? {
                return Ok(None);
            }
        }
        let wait = LEVELS[level].1;
        let nonce = BearerKind::Interaction.generate(self.core.shared.entropy());
        let value = format!("{}.{}.{nonce}", counter.name(), (now + wait).micros());
        Ok(Some(Pause { wait, value, until: now + wait + COOKIE_GRACE }))
    }

    /// Returns the level reached. Asks the short-lived store once a second at most, whatever strangers send. Raises the
    /// alarm if a level is reached.
    async fn level(
        &self,
        cx: OperationContext<'_>,
        counter: FloodCounter,
    ) -> Result<Option<usize>, BackendError> {
        let (key, now) = ((cx.tenant.organization.id, counter), cx.now);
        let known = self.levels.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if let Some((_, level)) = known.filter(|(asked, _)| now.since(*asked) < LEVEL_CACHE_LIFETIME) {
            return Ok(level);
        }
        let mut level = None;
        for (index, (times, _)) in LEVELS.iter().enumerate() {
            // The current request is counted already.
            let mut limit = counter.limit(cx.tenant, *times);
            limit.maximum = limit.maximum.saturating_add(1);
            if self.core.shared.kv().check(&[limit]).await? == LimitOutcome::Allowed {
                break;
            }
            level = Some(index);
        }
        if level.is_some() {
            self.alarm(cx, counter).await?;
        }
        self.levels.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (now, level));
        Ok(level)
    }

    /// Writes one audit row and one log line per window, across all instances.
    async fn alarm(&self, cx: OperationContext<'_>, counter: FloodCounter) -> Result<(), BackendError> {
        let tenant = cx.tenant;
        let window = tenant.settings.duration(counter.settings().1);
        let key = KvKey::new(KeyName::Noted, tenant.organization.id).with("flood").with(counter.name());
        if !self.core.shared.kv().put_if_absent(&key, Bytes::from_static(b"1"), window).await? {
            return Ok(());
        }
        tracing::warn!(event = "security.flood", tenant = %tenant.organization.slug, what = counter.name(), "many failures in one organization: unknown browsers must wait before a form is accepted");
        let event = self.core.shared.audit.event(cx, AuditEventKind::SecurityFlood);
        // The request that triggered the alarm is not its subject: no address, no user agent.
        let event = AuditEvent {
            metadata: json!({ "counted": counter.name() }),
            ip_address: None,
            user_agent: None,
            ..event
        };
        self.core.shared.audit.record(&event).await?;
        Ok(())
    }

    /// Marks a pause cookie as used. `true`: this is its first use.
    async fn is_first_use(&self, tenant: &Tenant, shown: &str) -> Result<bool, BackendError> {
        let digest = TokenDigest::of(shown).hex();
        let key = KvKey::new(KeyName::Noted, tenant.organization.id).with("waited").with(&digest[..32]);
        Ok(self.core.shared.kv().put_if_absent(&key, Bytes::from_static(b"1"), COOKIE_GRACE).await?)
    }
}

/// Parses the end of the wait from a cookie value; `None` if it is malformed or of another counter.
fn end_of(counter: FloodCounter, shown: &str) -> Option<Timestamp> {
    let (name, rest) = shown.split_once('.')?;
    let (end, _nonce) = rest.split_once('.')?;
    (name == counter.name()).then(|| end.parse().ok().map(Timestamp::from_micros))?
}
