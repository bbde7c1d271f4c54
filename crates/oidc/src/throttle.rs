//! Rate limits on failed client authentication. Successful authentication costs no round trip for them.
//!
//! Failures are counted in the shared store, per client and network and per network for any client: one guess at each
//! of many clients is an attack too. An instance that gets "limited" remembers it and refuses by itself until the
//! window ends.
//!
//! Failures of callers with unknown address are not limited (decision 0042): anybody could use such a limit to lock a
//! client out for all of its people, and secrets of at least sixteen characters cannot be guessed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use porta_core::Timestamp;
use porta_core::settings::{self, SettingDefinition};
use porta_kv::{KeyName, KvKey, LimitOutcome, RateLimit};
use porta_session::{Backend, Limited, OperationContext};

/// Maximum entries of each map. When `blocked` is full, the shared counter still limits failures.
const CAPACITY: usize = 100_000;

pub(crate) struct Throttle {
    backend: Arc<Backend>,
    /// Until when this process refuses by itself.
    blocked: Mutex<HashMap<KvKey, Timestamp>>,
    /// Failures counted here while the shared store is unavailable, with the end of their window.
    local: Mutex<HashMap<KvKey, (Timestamp, u64)>>,
}

impl Throttle {
    pub(crate) fn new(backend: Arc<Backend>) -> Self {
        Self { backend, blocked: Mutex::default(), local: Mutex::default() }
    }

    fn blocked(&self, key: &KvKey, now: Timestamp) -> Option<Duration> {
        let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        blocked.get(key).filter(|until| now < **until).map(|until| until.since(now))
    }

    /// Counts one failure without the shared store. `Some`: the maximum is reached, or the map is full; wait this long.
    fn count_here(&self, limit: &RateLimit, now: Timestamp) -> Option<Duration> {
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

    fn block(&self, key: KvKey, now: Timestamp, retry_after: Duration) {
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        if blocked.len() >= CAPACITY {
            blocked.retain(|_, until| now < *until);
        }
        if blocked.len() < CAPACITY {
            blocked.insert(key, now + retry_after);
        }
    }

    /// Refuses a caller that this process remembers as limited; no round trip.
    pub(crate) fn check(
        &self,
        context: OperationContext<'_>,
        endpoint: ThrottledEndpoint,
        client_id: &str,
    ) -> Result<(), Limited> {
        let Some(counters) = Counters::of(context, endpoint, client_id) else { return Ok(()) };
        let Counters { client, networks } = counters;
        let mut blocked = networks.iter().chain([&client]).filter_map(|limit| {
            let retry_after = self.blocked(&limit.key, context.now)?;
            Some(Limited { retry_after, maximum: limit.maximum })
        });
        blocked.next().map_or(Ok(()), Err)
    }

    /// Counts a failure. `Err`: a limit is exceeded, and this request itself is answered as limited.
    pub(crate) async fn count_failure(
        &self,
        context: OperationContext<'_>,
        endpoint: ThrottledEndpoint,
        client_id: &str,
    ) -> Result<(), Limited> {
        let Some(counters) = Counters::of(context, endpoint, client_id) else { return Ok(()) };
        let Counters { client, networks } = counters;
        let mut limits = networks.clone();
        limits.push(client.clone());
        match self.backend.kv.hit(&limits).await {
            Ok(LimitOutcome::Allowed) => Ok(()),
            Ok(LimitOutcome::Limited { retry_after }) => {
                // Find the full counter: it decides who is refused from now on. These round trips happen once; then
                // memory answers.
                let (mut full, mut retry_after) = (client, retry_after);
                for network in networks {
                    if let Ok(LimitOutcome::Limited { retry_after: wait }) =
                        self.backend.kv.check(std::slice::from_ref(&network)).await
                    {
                        (full, retry_after) = (network, wait);
                        break;
                    }
                }
                self.block(full.key, self.backend.now(), retry_after);
                Err(Limited { retry_after, maximum: full.maximum })
            }
            // Fail closed: without the shared store each process counts for itself.
            Err(error) => {
                tracing::warn!(%error, "failed client authentication was counted by this process only");
                let now = self.backend.now();
                for limit in limits {
                    if let Some(retry_after) = self.count_here(&limit, now) {
                        self.block(limit.key, now, retry_after);
                    }
                }
                Ok(())
            }
        }
    }
}

/// The endpoint whose failures are counted; each has its own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThrottledEndpoint {
    Token,
    /// Introspection and revocation.
    Introspection,
}

impl ThrottledEndpoint {
    fn counter(self) -> KeyName {
        match self {
            Self::Token => KeyName::LimitToken,
            Self::Introspection => KeyName::LimitIntrospect,
        }
    }

    fn address_counter(self) -> KeyName {
        match self {
            Self::Token => KeyName::LimitTokenAddress,
            Self::Introspection => KeyName::LimitIntrospectAddress,
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

/// The counters of one failure: client and network, and the networks alone.
struct Counters {
    client: RateLimit,
    networks: Vec<RateLimit>,
}

impl Counters {
    /// `None` if the caller's address is unknown.
    fn of(context: OperationContext<'_>, endpoint: ThrottledEndpoint, client_id: &str) -> Option<Self> {
        let OperationContext { tenant, caller, .. } = context;
        caller.address?;
        let organization = tenant.organization.id;
        // The caller chooses the client id: digest it, so that its length is fixed and it cannot collide with another
        // key.
        let client = porta_core::TokenDigest::of(client_id).hex();
        let window = tenant.settings.duration(endpoint.window());
        let key_of = |network: &str| KvKey::new(endpoint.address_counter(), organization).with(network);
        let of_networks = tenant.settings.number(endpoint.address_maximum());
        Some(Self {
            client: RateLimit {
                key: KvKey::new(endpoint.counter(), organization).with(caller.network()).with(&client[..16]),
                maximum: tenant.settings.number(endpoint.maximum()),
                window,
            },
            networks: caller.limits(key_of, of_networks, window),
        })
    }
}
