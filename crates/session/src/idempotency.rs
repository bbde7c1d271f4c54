//! Idempotent forms: a form that arrives twice is carried out once, and the browser that sent it gets the first answer
//! again (decision 0044).
//!
//! A claim is an entry of the short-lived store. Its key is a digest of everything that makes two requests the same,
//! including the cookie that binds the browser. Its value is empty while the form is carried out, then the sealed
//! answer. A sign-in claims in the command that counts the attempt and stores the answer in the command that gives the
//! count back, so it needs no extra round trip.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use porta_core::{OrganizationId, TokenDigest};
use porta_kv::{ClaimOutcome, KeyName, KvError, KvKey, LimitOutcome, RateLimit};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::Backend;
use crate::caller::Caller;
use crate::error::BackendError;
use crate::sealed_state::Sealer;

/// How long a stored answer is repeated, and how long a claim without an answer counts as in progress.
pub const IDEMPOTENCY_WINDOW: Duration = Duration::from_secs(30);

/// Claims at a time per network, and per organization. A stored answer to an anonymous browser takes up to 8 KiB.
const CLAIMS_PER_NETWORK: u64 = 300;
const CLAIMS_PER_ORGANIZATION: u64 = 3_000;

/// One request of one browser.
#[derive(Debug)]
pub struct IdempotencyClaim {
    /// Identifies the browser; only its newest claim is kept.
    place: KvKey,
    key: KvKey,
    /// Rate limits on claims, per network and per organization.
    limits: Vec<RateLimit>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_held: bool,
    /// The request was claimed before.
    is_repeated: bool,
    /// Keys of counters to decrement in the command that stores the answer.
    release: Vec<KvKey>,
}

/// State of an earlier claim of the same request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimState<T> {
    /// The first request is still in progress.
    InProgress,
    Answered(T),
}

impl IdempotencyClaim {
    /// `browser` is what identifies the browser, `request` what it sent; any difference makes another request. Keys of
    /// two organizations never collide.
    pub fn of(organization: OrganizationId, browser: &[&[u8]], request: &[&[u8]]) -> Self {
        let named = |parts: &[&[u8]]| {
            let mut text = Vec::new();
            for part in parts {
                text.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                text.extend_from_slice(part);
            }
            TokenDigest::of_bytes(&text).hex()
        };
        let place = KvKey::new(KeyName::Answer, organization).with(named(browser));
        let key = place.clone().with(named(request));
        Self { place, key, limits: Vec::new(), state: Mutex::default() }
    }

    /// Limits how many claims a network and an organization hold at a time, because anonymous callers send forms too.
    /// Requests beyond the limits are carried out without a claim.
    #[must_use]
    pub fn limited_for(self, organization: OrganizationId, caller: &Caller) -> Self {
        let key_of = |whose: &str| KvKey::new(KeyName::LimitForms, organization).with(whose);
        let mut limits = caller.limits(key_of, CLAIMS_PER_NETWORK, IDEMPOTENCY_WINDOW);
        limits.push(RateLimit {
            key: key_of("all"),
            maximum: CLAIMS_PER_ORGANIZATION,
            window: IDEMPOTENCY_WINDOW,
        });
        Self { limits, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this request holds the claim.
    pub fn is_held(&self) -> bool {
        self.state().is_held
    }

    /// Whether [`IdempotencyClaim::count`] found the request claimed before.
    pub fn is_repeated(&self) -> bool {
        self.state().is_repeated
    }

    /// Counts and claims in one command. `None`: the request was claimed before, and nothing was counted.
    pub async fn count(
        &self,
        kv: &dyn porta_kv::Kv,
        limits: &[RateLimit],
    ) -> Result<Option<LimitOutcome>, KvError> {
        Ok(match kv.claim(&self.place, &self.key, Bytes::new(), IDEMPOTENCY_WINDOW, limits).await? {
            ClaimOutcome::First => {
                self.state().is_held = true;
                Some(LimitOutcome::Allowed)
            }
            ClaimOutcome::Limited { retry_after } => Some(LimitOutcome::Limited { retry_after }),
            ClaimOutcome::Before(_) => {
                self.state().is_repeated = true;
                None
            }
        })
    }

    /// Schedules counters to be decremented together with the answer, if the claim is held. `false`: it is not held, so
    /// the caller must decrement them now.
    pub fn release_with_answer(&self, keys: &[KvKey]) -> bool {
        let mut state = self.state();
        if state.is_held {
            state.release.extend_from_slice(keys);
        }
        state.is_held
    }
}

/// The claims of all requests, in the short-lived store.
pub struct IdempotencyStore {
    backend: Arc<Backend>,
    sealer: Arc<Sealer>,
}

impl IdempotencyStore {
    pub(crate) fn new(backend: Arc<Backend>, sealer: Arc<Sealer>) -> Self {
        Self { backend, sealer }
    }

    /// Claims a request, or returns the state of an earlier claim. `None`: carry the request out. The claim is then not
    /// held if a limit was reached or if the earlier answer has expired.
    pub async fn claim<T: DeserializeOwned>(
        &self,
        claim: &IdempotencyClaim,
    ) -> Result<Option<ClaimState<T>>, BackendError> {
        let (place, key) = (&claim.place, &claim.key);
        match self.backend.kv.claim(place, key, Bytes::new(), IDEMPOTENCY_WINDOW, &claim.limits).await? {
            ClaimOutcome::First => claim.state().is_held = true,
            ClaimOutcome::Limited { .. } => {}
            ClaimOutcome::Before(stored) => return Ok(self.opened(claim, &stored)),
        }
        Ok(None)
    }

    /// Looks up the state of a claimed request. `None`: no claim, or its answer has expired.
    pub async fn claimed<T: DeserializeOwned>(
        &self,
        claim: &IdempotencyClaim,
    ) -> Result<Option<ClaimState<T>>, BackendError> {
        let stored = self.backend.kv.get(&claim.key).await?;
        Ok(stored.and_then(|stored| self.opened(claim, &stored)))
    }

    /// `None`: the answer has expired or cannot be unsealed.
    fn opened<T: DeserializeOwned>(&self, claim: &IdempotencyClaim, stored: &[u8]) -> Option<ClaimState<T>> {
        if stored.is_empty() {
            return Some(ClaimState::InProgress);
        }
        let (answer, _) = self.sealer.unseal(std::str::from_utf8(stored).ok()?, claim.key.as_str())?;
        Some(ClaimState::Answered(answer))
    }

    /// Stores the answer of a request that was carried out. Without an answer the claim is dropped, and an identical
    /// request is carried out again.
    pub async fn store_answer<T: Serialize>(
        &self,
        claim: &IdempotencyClaim,
        answer: Option<&T>,
    ) -> Result<(), BackendError> {
        let State { is_held, release, .. } = std::mem::take(&mut *claim.state());
        if !is_held {
            return Ok(());
        }
        let (value, lifetime) = match answer {
            Some(answer) => {
                let sealed =
                    self.sealer.seal(answer, claim.key.as_str(), self.backend.now() + IDEMPOTENCY_WINDOW)?;
                (Bytes::from(sealed), IDEMPOTENCY_WINDOW)
            }
            None => (Bytes::new(), Duration::ZERO),
        };
        Ok(self.backend.kv.release_and_put(&release, &claim.key, value, lifetime).await?)
    }
}

#[cfg(test)]
mod tests {
    use porta_core::EntityId as _;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_the_same_request_has_the_same_key() {
        let organization = |n| OrganizationId::from_uuid(Uuid::from_u128(n));
        let key = |n, browser: &[&[u8]], request: &[&[u8]]| {
            IdempotencyClaim::of(organization(n), browser, request).key
        };
        let one = key(1, &[b"cookie"], &[b"POST", b"/login", b"a=1"]);
        assert_eq!(one, key(1, &[b"cookie"], &[b"POST", b"/login", b"a=1"]));
        let others = [
            key(2, &[b"cookie"], &[b"POST", b"/login", b"a=1"]),
            key(1, &[b"cookies"], &[b"POST", b"/login", b"a=1"]),
            key(1, &[b"cookie", b""], &[b"POST", b"/login", b"a=1"]),
            key(1, &[b"cookie"], &[b"POST", b"/login", b"a=2"]),
            key(1, &[b"cookie"], &[b"POST/", b"login", b"a=1"]),
            key(1, &[b"cookie"], &[b"POST", b"/logina=1"]),
            key(1, &[b"cookie"], &[b"POST", b"/login", b"", b"a=1"]),
        ];
        assert!(others.iter().all(|other| *other != one));
    }
}
