//! Limits on failed client authentication that cost an honest request nothing.
//!
//! Failures are counted in the shared store, for the client from a network and for the network whatever client it
//! names: one guess each at many clients is guessing too. An instance that hears "limited" remembers it and refuses by
//! itself until the window ends, so that successes need no round trip for the limit.
//!
//! Failures of callers nobody knows refuse nobody (decision 0042): anybody could stop a client for all of its people with
//! them, and a secret of at least sixteen characters is guessed by nobody.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use porta_core::Timestamp;
use porta_core::settings::{self, SettingDefinition};
use porta_kv::{Limit, Verdict};

use crate::{Caller, Engine, Tenant};

/// Most entries remembered; an attacker with more addresses than this still meets the shared counter.
const CAPACITY: usize = 100_000;

/// What this process knows by itself.
#[derive(Debug, Default)]
pub struct Throttle {
    blocked: Mutex<HashMap<String, Timestamp>>,
    /// Failures counted here while the shared counters are away, with the end of their window.
    local: Mutex<HashMap<String, (Timestamp, u64)>>,
}

impl Throttle {
    fn blocked(&self, key: &str, now: Timestamp) -> Option<Duration> {
        let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        blocked.get(key).filter(|until| now < **until).map(|until| until.since(now))
    }

    /// Counts one failure without the shared store; what is left of the window once the maximum is reached.
    fn count_here(&self, limit: &Limit, now: Timestamp) -> Option<Duration> {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        if local.len() >= CAPACITY {
            local.retain(|_, (until, _)| now < *until);
        }
        if local.len() >= CAPACITY {
            return Some(limit.window);
        }
        let entry = local.entry(limit.key.clone()).or_insert((now + limit.window, 0));
        if now >= entry.0 {
            *entry = (now + limit.window, 0);
        }
        entry.1 += 1;
        (entry.1 >= limit.maximum).then(|| entry.0.since(now))
    }

    fn block(&self, key: String, now: Timestamp, retry_after: Duration) {
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        if blocked.len() >= CAPACITY {
            blocked.retain(|_, until| now < *until);
        }
        if blocked.len() < CAPACITY {
            blocked.insert(key, now + retry_after);
        }
    }
}

/// Which endpoint's failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarded {
    Token,
    /// Introspection and revocation.
    Introspection,
}

impl Guarded {
    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Introspection => "introspect",
        }
    }

    fn maximum(self) -> &'static SettingDefinition {
        match self {
            Self::Token => settings::RATE_LIMIT_TOKEN_MAX,
            Self::Introspection => settings::RATE_LIMIT_INTROSPECT_MAX,
        }
    }

    fn address_maximum(self) -> &'static SettingDefinition {
        match self {
            Self::Token => settings::RATE_LIMIT_TOKEN_ADDRESS_MAX,
            Self::Introspection => settings::RATE_LIMIT_INTROSPECT_ADDRESS_MAX,
        }
    }

    fn window(self) -> &'static SettingDefinition {
        match self {
            Self::Token => settings::RATE_LIMIT_TOKEN_WINDOW,
            Self::Introspection => settings::RATE_LIMIT_INTROSPECT_WINDOW,
        }
    }
}

/// Too much from one address: failures for one client or for any, or things begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    pub retry_after: Duration,
    pub maximum: u64,
}

/// The counters a failure touches.
struct Counters {
    client: Limit,
    networks: Vec<Limit>,
}

impl Counters {
    /// `None` for callers nobody knows.
    fn of(tenant: &Tenant, guarded: Guarded, caller: &Caller, client_id: &str) -> Option<Self> {
        caller.address?;
        let (organization, name, network) = (tenant.organization.id, guarded.name(), caller.network());
        // The client id is whatever the caller sent: digest it so that it cannot be long or collide with another key.
        let client = porta_core::TokenDigest::of(client_id).hex();
        let window = tenant.settings.duration(guarded.window());
        let key_of = |network: &str| format!("{organization}:limit:{name}-address:{network}");
        let of_networks = tenant.settings.number(guarded.address_maximum());
        Some(Self {
            client: Limit {
                key: format!("{organization}:limit:{name}:{network}:{}", &client[..16]),
                maximum: tenant.settings.number(guarded.maximum()),
                window,
            },
            networks: caller.limits(key_of, of_networks, window),
        })
    }
}

impl Engine {
    /// Whether this caller must wait.
    pub(crate) fn check_throttle(
        &self,
        tenant: &Tenant,
        guarded: Guarded,
        caller: &Caller,
        client_id: &str,
    ) -> Result<(), Limited> {
        let Some(counters) = Counters::of(tenant, guarded, caller, client_id) else { return Ok(()) };
        let Counters { client, networks } = counters;
        let now = self.now();
        let mut blocked = networks.iter().chain([&client]).filter_map(|limit| {
            let retry_after = self.throttle.blocked(&limit.key, now)?;
            Some(Limited { retry_after, maximum: limit.maximum })
        });
        blocked.next().map_or(Ok(()), Err)
    }

    /// Counts a failure; one too many is told so itself.
    pub(crate) async fn count_failure(
        &self,
        tenant: &Tenant,
        guarded: Guarded,
        caller: &Caller,
        client_id: &str,
    ) -> Result<(), Limited> {
        let Some(counters) = Counters::of(tenant, guarded, caller, client_id) else { return Ok(()) };
        let Counters { client, networks } = counters;
        let mut limits = networks.clone();
        limits.push(client.clone());
        match self.kv.hit(&limits).await {
            Ok(Verdict::Allowed) => Ok(()),
            Ok(Verdict::Limited { retry_after }) => {
                // Which of them is full decides who is refused from now on. Asked once: then memory answers.
                let (mut full, mut retry_after) = (client, retry_after);
                for network in networks {
                    if let Ok(Verdict::Limited { retry_after: wait }) =
                        self.kv.check(std::slice::from_ref(&network)).await
                    {
                        (full, retry_after) = (network, wait);
                        break;
                    }
                }
                self.throttle.block(full.key, self.now(), retry_after);
                Err(Limited { retry_after, maximum: full.maximum })
            }
            // Limits fail closed (architecture §6.5): what cannot be counted together is counted here.
            Err(error) => {
                tracing::warn!(%error, "failed client authentication was counted by this process alone");
                let now = self.now();
                for limit in limits {
                    if let Some(retry_after) = self.throttle.count_here(&limit, now) {
                        self.throttle.block(limit.key, now, retry_after);
                    }
                }
                Ok(())
            }
        }
    }
}
