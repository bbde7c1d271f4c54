//! Timing side channel: whether response times allow user enumeration (`docs/security.md`, W18).
//!
//! One request at a time, in random order, on an otherwise idle server. Deferred work of a request (mail, audit rows)
//! ends before the next request: it could only hide differences.

mod accounts;
mod mailbox;
mod visit;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::rand::fill;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

pub(crate) use accounts::AccountKind;
use accounts::{Accounts, address};
use mailbox::Mailbox;
pub(crate) use visit::TimedRequest;
use visit::Visitor;

use crate::process::{core_time, cpu_time};
use crate::statistics::{Quartiles, Ranked, holm, smallest_delay};
use crate::world::{Binary, HashCost, Server, StoreKind, World, fixtures};

/// Samples per request and kind.
const SAMPLES: usize = 250;
/// Uncounted warm-up requests per kind of request, with unknown addresses.
const WARM_UP: usize = 20;
/// Wait for the last message: a failed first attempt is retried within this time.
const LAST_MESSAGE_TIMEOUT: Duration = Duration::from_mins(2);
/// First number of the unknown addresses.
const FIRST_UNKNOWN: usize = 90_000;

/// The server's minimum cost. Whether hashing takes equally long for all accounts does not depend on the cost, and at
/// production cost its jitter would hide the rest of the response time.
const COST: HashCost = HashCost { memory_kib: 1_024, iterations: 1, parallelism: 1 };

/// The organization's settings: no request may hit a rate limit, and no lockout may end meanwhile.
const SETTINGS: &str = "{ rate_limit_interaction_max: 10000000, rate_limit_login_organization_max: 10000000, \
                        rate_limit_link_organization_max: 10000000, lockout_duration: 86400 }";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Timing {
    /// Samples per request and kind.
    pub(crate) samples: usize,
    pub(crate) cost: HashCost,
    pub(crate) requests: Vec<RequestTiming>,
    /// Share of the server's core that other processes used meanwhile.
    pub(crate) foreign: f64,
}

impl Timing {
    pub(crate) fn comparisons(
        &self,
    ) -> impl Iterator<Item = (TimedRequest, AccountKind, BaselineComparison)> {
        self.requests.iter().flat_map(|timed| {
            let against = |kind: &AccountTiming| Some((timed.request, kind.account, kind.against?));
            timed.kinds.iter().filter_map(against)
        })
    }
}

/// The result for one kind of request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RequestTiming {
    pub(crate) request: TimedRequest,
    pub(crate) kinds: Vec<AccountTiming>,
    /// See [`smallest_delay`].
    pub(crate) detectable: Duration,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct AccountTiming {
    pub(crate) account: AccountKind,
    pub(crate) quartiles: Quartiles,
    /// `None` for the baseline itself.
    pub(crate) against: Option<BaselineComparison>,
}

/// Comparison of one kind with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct BaselineComparison {
    pub(crate) ranked: Ranked,
    /// The p-value, corrected for all comparisons on the store.
    pub(crate) corrected: f64,
}

type Samples = BTreeMap<(TimedRequest, AccountKind), Vec<Duration>>;

/// Runs on a `LocalSet`.
pub(crate) async fn measure(binary: &Binary, store: StoreKind) -> Result<Timing> {
    let mut seed = [0; 32];
    fill(&mut seed).ok().context("no randomness")?;
    let mut rng = StdRng::from_seed(seed);
    let accounts = Accounts::assign(SAMPLES, &mut rng);
    let mailbox = Mailbox::open().await?;
    let environment = [
        // Each request carries its own client address.
        ("TRUST_PROXY", "true".to_owned()),
        // The production safety checks refuse a relay on the same machine.
        ("PORTA_SKIP_PROD_SAFETY", "true".to_owned()),
        ("SMTP_HOST", "127.0.0.1".to_owned()),
        ("SMTP_PORT", mailbox.port.to_string()),
        ("SMTP_TLS", "none".to_owned()),
        ("SMTP_FROM", "porta@porta.test".to_owned()),
    ];
    let document = fixtures::document(SETTINGS, "[password, magic_link]", &accounts.users());
    let world = World::filled(binary, store, COST, &document, &environment).await?;
    accounts.finish(&world).await?;
    let (server, _) = world.start().await?;
    let mut visitor = Visitor::new(&world.site, server.pid()).await?;
    let (started, before) = (Instant::now(), foreign_time(&server, binary.core)?);
    let samples = sample(&mut visitor, &accounts, &mut rng).await?;
    let foreign = foreign_time(&server, binary.core)?.saturating_sub(before);
    let foreign = foreign.as_secs_f64() / started.elapsed().as_secs_f64();
    all_arrived(&mailbox).await?;
    server.stop()?;
    world.end().await?;
    Ok(Timing { samples: SAMPLES, cost: COST, requests: compare(&samples)?, foreign })
}

/// CPU time that other processes used on the server's core.
fn foreign_time(server: &Server, core: usize) -> Result<Duration> {
    Ok(core_time(core)?.saturating_sub(cpu_time(server.pid())?))
}

/// Checks that exactly the expected number of messages arrived, which proves that each account was of its kind.
async fn all_arrived(mailbox: &Mailbox) -> Result<()> {
    let wanted = AccountKind::ALL.iter().filter(|kind| kind.gets_mail()).count() * 2 * SAMPLES;
    let until = Instant::now() + LAST_MESSAGE_TIMEOUT;
    while mailbox.messages() < wanted && Instant::now() < until {
        sleep(Duration::from_millis(100)).await;
    }
    ensure!(mailbox.messages() == wanted, "{} mails instead of {wanted}", mailbox.messages());
    Ok(())
}

async fn sample(visitor: &mut Visitor, accounts: &Accounts, rng: &mut StdRng) -> Result<Samples> {
    let mut lengths = BTreeMap::new();
    for request in TimedRequest::ALL {
        for number in 0..WARM_UP {
            let answer = visitor.ask(request, &address(FIRST_UNKNOWN + number)).await?;
            lengths.insert(request, answer.length);
        }
    }
    let mut plan: Vec<_> = accounts
        .iter()
        .flat_map(|(number, kind)| TimedRequest::ALL.map(|request| (request, kind, number)))
        .collect();
    plan.shuffle(rng);
    let mut samples = Samples::new();
    for (request, kind, number) in plan {
        let answer = visitor.ask(request, &address(number)).await?;
        // A different length would reveal the account without any timing.
        let length = lengths.get(&request).copied();
        ensure!(length == Some(answer.length), "{request}, {kind}: {} bytes, not {length:?}", answer.length);
        samples.entry((request, kind)).or_default().push(answer.time);
    }
    Ok(samples)
}

/// Compares every kind with the baseline of the same request.
fn compare(samples: &Samples) -> Result<Vec<RequestTiming>> {
    let of = |request, account| samples.get(&(request, account)).map_or(&[][..], Vec::as_slice);
    let mut requests = Vec::new();
    for request in TimedRequest::ALL {
        let baseline = of(request, AccountKind::Unknown);
        let mut kinds = Vec::new();
        for account in AccountKind::ALL {
            let own = of(request, account);
            let quartiles =
                Quartiles::of(own).with_context(|| format!("no samples of {request}, {account}"))?;
            let ranked = Ranked::of(own, baseline).filter(|_| account != AccountKind::Unknown);
            let against = ranked.map(|ranked| BaselineComparison { ranked, corrected: ranked.p });
            kinds.push(AccountTiming { account, quartiles, against });
        }
        requests.push(RequestTiming { request, kinds, detectable: Duration::ZERO });
    }
    let mut comparisons: Vec<_> = requests
        .iter_mut()
        .flat_map(|timed| &mut timed.kinds)
        .filter_map(|kind| kind.against.as_mut())
        .collect();
    let corrected = holm(&comparisons.iter().map(|against| against.ranked.p).collect::<Vec<_>>());
    let count = comparisons.len();
    for (against, corrected) in comparisons.iter_mut().zip(corrected) {
        against.corrected = corrected;
    }
    for timed in &mut requests {
        let baseline = of(timed.request, AccountKind::Unknown);
        let pooled = [baseline, of(timed.request, AccountKind::UnknownToo)].concat();
        timed.detectable = smallest_delay(&pooled, baseline.len(), count);
    }
    Ok(requests)
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;

    /// Responses of about 1 ms; those of `slow` take `delay` longer.
    fn answers(slow: Option<(TimedRequest, AccountKind)>, delay: Duration) -> Samples {
        let mut rng = StdRng::from_seed([7; 32]);
        let mut samples = Samples::new();
        for request in TimedRequest::ALL {
            for account in AccountKind::ALL {
                let extra = if slow == Some((request, account)) { delay } else { Duration::ZERO };
                let mut one = || Duration::from_nanos(rng.random_range(950_000..1_050_000)) + extra;
                samples.insert((request, account), (0..250).map(|_| one()).collect());
            }
        }
        samples
    }

    fn found(samples: &Samples) -> Vec<(TimedRequest, AccountKind)> {
        let timing = Timing { samples: 250, cost: COST, requests: compare(samples).unwrap(), foreign: 0.0 };
        assert_eq!(timing.comparisons().count(), 18, "six against the baseline, three times");
        let significant = timing.comparisons().filter(|(.., against)| against.corrected < 0.05);
        significant.map(|(request, account, _)| (request, account)).collect()
    }

    #[test]
    fn nothing_is_found_where_all_are_alike() {
        assert_eq!(found(&answers(None, Duration::ZERO)), []);
    }

    #[test]
    fn the_one_that_is_slower_is_found_once_it_is_slow_enough() {
        let slow = (TimedRequest::MagicLink, AccountKind::Locked);
        let detectable = compare(&answers(None, Duration::ZERO)).unwrap()[2].detectable;
        assert!((5..20).contains(&detectable.as_micros()), "{detectable:?}");
        assert_eq!(found(&answers(Some(slow), detectable * 2)), [slow]);
        assert_eq!(found(&answers(Some(slow), detectable / 10)), []);
    }

    #[test]
    fn a_kind_without_samples_is_an_error() {
        let mut samples = answers(None, Duration::ZERO);
        samples.remove(&(TimedRequest::SignIn, AccountKind::Suspended));
        assert!(compare(&samples).is_err());
    }
}
