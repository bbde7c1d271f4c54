//! A form that is sent once and arrives twice: it is carried out once, and its answer is given again to the browser that
//! sent it (decision 0044).
//!
//! The claim is an entry of the short-lived store under a digest of everything that makes two requests the same one,
//! among it the cookie that binds the browser. It is empty while the form is carried out, then it holds the answer,
//! sealed. Where counters are asked anyway the claim travels in that command, and the answer in the one that gives them
//! back, so that a sign-in costs no command more.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use porta_core::{OrganizationId, TokenDigest};
use porta_kv::{Claimed, KvError, Limit, Verdict};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Caller, Engine, EngineError};

/// How long an answer is given again, and how long a form may take that has none yet.
pub const REPEATED_WITHIN: Duration = Duration::from_secs(30);

/// Forms of a network that are known at a time, and of an organization. An answer to a stranger takes up to 8 KiB.
const OF_A_NETWORK: u64 = 300;
const OF_AN_ORGANIZATION: u64 = 3_000;

/// One request of one browser.
#[derive(Debug)]
pub struct Claim {
    /// The browser; only the last form it sent is known.
    place: String,
    key: String,
    /// How many forms a network, and an organization, may claim.
    limits: Vec<Limit>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_held: bool,
    /// Somebody claimed it before.
    is_repeated: bool,
    /// Counters that get one back together with the answer.
    release: Vec<String>,
}

/// What a claim found that was made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeated<T> {
    /// The first one is still being carried out.
    UnderWay,
    Answered(T),
}

impl Claim {
    /// `browser` is what binds it, `request` what it sent: what differs in one of them is another request. Two
    /// organizations never have the same.
    pub fn of(organization: OrganizationId, browser: &[&[u8]], request: &[&[u8]]) -> Self {
        let named = |parts: &[&[u8]]| {
            let mut text = Vec::new();
            for part in parts {
                text.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                text.extend_from_slice(part);
            }
            TokenDigest::of_bytes(&text).hex()
        };
        let place = format!("{organization}:answer:{}", named(browser));
        let key = format!("{place}:{}", named(request));
        Self { place, key, limits: Vec::new(), state: Mutex::default() }
    }

    /// One of so many that are known at a time: strangers send forms, too. Of more, each is carried out as it comes.
    #[must_use]
    pub fn of_caller(self, organization: OrganizationId, caller: &Caller) -> Self {
        let key_of = |whose: &str| format!("{organization}:limit:forms:{whose}");
        let mut limits = caller.limits(key_of, OF_A_NETWORK, REPEATED_WITHIN);
        limits.push(Limit { key: key_of("all"), maximum: OF_AN_ORGANIZATION, window: REPEATED_WITHIN });
        Self { limits, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the request is ours to carry out.
    pub fn is_held(&self) -> bool {
        self.state().is_held
    }

    /// Whether somebody claimed it before it was to be counted.
    pub fn is_repeated(&self) -> bool {
        self.state().is_repeated
    }

    /// Counts and claims in one command. `None`: somebody claimed it before, and nothing was counted.
    pub async fn count(&self, kv: &dyn porta_kv::Kv, limits: &[Limit]) -> Result<Option<Verdict>, KvError> {
        Ok(match kv.claim(&self.place, &self.key, Bytes::new(), REPEATED_WITHIN, limits).await? {
            Claimed::First => {
                self.state().is_held = true;
                Some(Verdict::Allowed)
            }
            Claimed::Limited { retry_after } => Some(Verdict::Limited { retry_after }),
            Claimed::Before(_) => {
                self.state().is_repeated = true;
                None
            }
        })
    }

    /// Gives counters one back with the answer, if there will be one. `false`: it is not claimed, so do it now.
    pub fn release_with_answer(&self, keys: &[String]) -> bool {
        let mut state = self.state();
        if state.is_held {
            state.release.extend_from_slice(keys);
        }
        state.is_held
    }
}

impl Engine {
    /// Claims a request; what is known of it, if it was claimed before. `None`: carry it out. The claim is not held then
    /// where too many were made, or where the answer of the one before is no longer given.
    pub async fn claim<T: DeserializeOwned>(
        &self,
        claim: &Claim,
    ) -> Result<Option<Repeated<T>>, EngineError> {
        let (place, key) = (&claim.place, &claim.key);
        match self.kv.claim(place, key, Bytes::new(), REPEATED_WITHIN, &claim.limits).await? {
            Claimed::First => claim.state().is_held = true,
            Claimed::Limited { .. } => {}
            Claimed::Before(stored) => return Ok(self.opened(claim, &stored)),
        }
        Ok(None)
    }

    /// What became of a request that somebody claimed; `None`: nothing that is known.
    pub async fn claimed<T: DeserializeOwned>(
        &self,
        claim: &Claim,
    ) -> Result<Option<Repeated<T>>, EngineError> {
        let stored = self.kv.get(&claim.key).await?;
        Ok(stored.and_then(|stored| self.opened(claim, &stored)))
    }

    /// `None`: an answer whose time is over.
    fn opened<T: DeserializeOwned>(&self, claim: &Claim, stored: &[u8]) -> Option<Repeated<T>> {
        if stored.is_empty() {
            return Some(Repeated::UnderWay);
        }
        let (answer, _) = self.unseal(std::str::from_utf8(stored).ok()?, &claim.key)?;
        Some(Repeated::Answered(answer))
    }

    /// Keeps the answer of a request that was carried out; without one, the next that is the same is carried out, too.
    pub async fn keep_answer<T: Serialize>(
        &self,
        claim: &Claim,
        answer: Option<&T>,
    ) -> Result<(), EngineError> {
        let State { is_held, release, .. } = std::mem::take(&mut *claim.state());
        if !is_held {
            return Ok(());
        }
        let (value, lifetime) = match answer {
            Some(answer) => {
                let sealed = self.seal(answer, &claim.key, self.now() + REPEATED_WITHIN)?;
                (Bytes::from(sealed), REPEATED_WITHIN)
            }
            None => (Bytes::new(), Duration::ZERO),
        };
        Ok(self.kv.release_and_put(&release, &claim.key, value, lifetime).await?)
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
        let key = |n, browser: &[&[u8]], request: &[&[u8]]| Claim::of(organization(n), browser, request).key;
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
