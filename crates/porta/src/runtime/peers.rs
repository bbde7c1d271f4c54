//! Limits of open connections, per network and for all untrusted peers.
//!
//! One network may open as many connections as a household needs, but cannot exhaust the total. All untrusted peers
//! ("strangers") together leave room for trusted proxies and for probes, which connect from this machine or through
//! such a proxy.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use porta_config::TrustProxy;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::listen::CONNECTIONS;

/// Per IPv4 address, or per IPv6 /64 network, the least that a provider assigns to a customer.
const OF_ONE: usize = 200;
/// For all strangers together. Below `CONNECTIONS`.
const OF_STRANGERS: usize = 3_000;
const _: () = assert!(OF_STRANGERS + 500 <= CONNECTIONS && OF_ONE * 10 <= OF_STRANGERS);
/// Refused peers reconnect at once; the warning is logged at most once in this time.
const COMPLAIN_EVERY: Duration = Duration::from_mins(1);

pub(crate) struct Peers {
    trust: TrustProxy,
    of_one: usize,
    strangers: Arc<Semaphore>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    complained: Mutex<Option<Instant>>,
}

/// Counts as an open connection until dropped.
pub(crate) struct Admitted {
    _held: Option<Stranger>,
}

struct Stranger {
    _room: OwnedSemaphorePermit,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    network: IpAddr,
}

impl Peers {
    pub(crate) fn new(trust: TrustProxy) -> Self {
        Self::limited(trust, OF_ONE, OF_STRANGERS)
    }

    pub(crate) fn limited(trust: TrustProxy, of_one: usize, of_strangers: usize) -> Self {
        Self {
            trust,
            of_one,
            strangers: Arc::new(Semaphore::new(of_strangers)),
            open: Arc::default(),
            complained: Mutex::default(),
        }
    }

    /// Returns `None` when the network or all strangers together have too many open connections.
    pub(crate) fn admit(&self, peer: IpAddr) -> Option<Admitted> {
        if is_this_machine(peer) || self.trust.believes(peer) {
            return Some(Admitted { _held: None });
        }
        let network = network(peer);
        let stranger = self.stranger(network);
        if stranger.is_none() {
            self.complain(network);
        }
        stranger.map(|stranger| Admitted { _held: Some(stranger) })
    }

    fn stranger(&self, network: IpAddr) -> Option<Stranger> {
        let room = Arc::clone(&self.strangers).try_acquire_owned().ok()?;
        let mut open = lock(&self.open);
        let of_this_one = open.get(&network).copied().unwrap_or_default();
        if of_this_one >= self.of_one {
            return None;
        }
        open.insert(network, of_this_one + 1);
        Some(Stranger { _room: room, open: Arc::clone(&self.open), network })
    }

    fn complain(&self, network: IpAddr) {
        let mut complained = lock(&self.complained);
        if complained.is_none_or(|at| at.elapsed() >= COMPLAIN_EVERY) {
            *complained = Some(Instant::now());
            let free = self.strangers.available_permits();
            tracing::warn!(%network, free, "connections are refused: too many are open");
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(count) = open.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

/// Whether the peer is one of the two default loopback addresses.
fn is_this_machine(peer: IpAddr) -> bool {
    matches!(peer.to_canonical(), IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST))
}

fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(peers: &Peers, addresses: &[&str]) -> (usize, Vec<Admitted>) {
        let admitted: Vec<_> = addresses.iter().filter_map(|a| peers.admit(a.parse().unwrap())).collect();
        (admitted.len(), admitted)
    }

    #[test]
    fn one_stranger_has_so_much_room_and_others_have_theirs() {
        let peers = Peers::limited(TrustProxy::Never, 3, 100);
        let (taken, held) = count(&peers, &["192.0.2.1"; 5]);
        assert_eq!(taken, 3);
        assert_eq!(count(&peers, &["192.0.2.2", "::ffff:192.0.2.1", "192.0.2.1"]).0, 1);
        drop(held);
        assert_eq!(count(&peers, &["192.0.2.1"; 5]).0, 3, "given back");
        assert!(lock(&peers.open).is_empty(), "nobody is remembered who is gone");
        assert_eq!(peers.strangers.available_permits(), 100);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_stranger() {
        let peers = Peers::limited(TrustProxy::Never, 3, 100);
        let same = ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::", "2001:db8:1:2:3:4:5:6"];
        assert_eq!(count(&peers, &same).0, 3);
        assert_eq!(count(&peers, &["2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:2:2::1"]).0, 3);
    }

    #[test]
    fn all_strangers_together_leave_room_for_proxies_and_probes() {
        let networks = vec!["10.0.0.0/8".parse().unwrap()];
        let peers = Peers::limited(TrustProxy::From { hops: 1, networks, header: None }, 3, 5);
        let many: Vec<String> = (0..9).map(|n| format!("192.0.2.{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let (taken, _held) = count(&peers, &many);
        assert_eq!(taken, 5);
        for ours in ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(count(&peers, &[ours; 20]).0, 20, "{ours}");
        }
        assert_eq!(count(&peers, &["127.0.0.2", "11.0.0.1", "fe80::1"]).0, 0, "strangers like others");
    }
}
