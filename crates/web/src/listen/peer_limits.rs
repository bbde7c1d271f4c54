//! Limits of open connections, per network and for all untrusted peers.
//!
//! One network may open as many connections as a household needs, but cannot exhaust the total. All untrusted peers
//! together leave room for trusted proxies and for probes, which connect from this machine or through such a proxy.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client_address::TrustedProxies;

/// Maximum number of open connections; more wait in the kernel. Every connection costs memory, even an idle one.
pub(super) const MAX_CONNECTIONS: usize = 4_000;
/// Per IPv4 address, or per IPv6 /64 network, the least that a provider assigns to a customer.
const MAX_PER_NETWORK: usize = 200;
/// For all untrusted peers together. Below `MAX_CONNECTIONS`.
const MAX_UNTRUSTED: usize = 3_000;
const _: () = assert!(MAX_UNTRUSTED + 500 <= MAX_CONNECTIONS && MAX_PER_NETWORK * 10 <= MAX_UNTRUSTED);
/// Refused peers reconnect at once; the warning is logged at most once in this time.
const LOG_EVERY: Duration = Duration::from_mins(1);

/// Limits of open connections.
pub struct PeerLimits {
    proxies: TrustedProxies,
    max_per_network: usize,
    untrusted: Arc<Semaphore>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    last_logged: Mutex<Option<Instant>>,
}

/// Counts as an open connection until dropped.
pub(super) struct PeerPermit {
    _permit: Option<UntrustedPermit>,
}

struct UntrustedPermit {
    _total: OwnedSemaphorePermit,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    network: IpAddr,
}

impl PeerLimits {
    /// Trusted proxies and this machine are not limited.
    pub fn new(proxies: TrustedProxies) -> Self {
        Self::limited(proxies, MAX_PER_NETWORK, MAX_UNTRUSTED)
    }

    pub(super) fn limited(proxies: TrustedProxies, max_per_network: usize, max_untrusted: usize) -> Self {
        Self {
            proxies,
            max_per_network,
            untrusted: Arc::new(Semaphore::new(max_untrusted)),
            open: Arc::default(),
            last_logged: Mutex::default(),
        }
    }

    /// Returns `None` when the network or all untrusted peers together have too many open connections.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<PeerPermit> {
        if is_this_machine(peer) || self.proxies.is_trusted(peer) {
            return Some(PeerPermit { _permit: None });
        }
        let network = network(peer);
        let permit = self.acquire(network);
        if permit.is_none() {
            self.log_refusal(network);
        }
        permit.map(|permit| PeerPermit { _permit: Some(permit) })
    }

    fn acquire(&self, network: IpAddr) -> Option<UntrustedPermit> {
        let total = Arc::clone(&self.untrusted).try_acquire_owned().ok()?;
        let mut open = lock(&self.open);
        let of_network = open.get(&network).copied().unwrap_or_default();
        if of_network >= self.max_per_network {
            return None;
        }
        open.insert(network, of_network + 1);
        Some(UntrustedPermit { _total: total, open: Arc::clone(&self.open), network })
    }

    fn log_refusal(&self, network: IpAddr) {
        let mut last_logged = lock(&self.last_logged);
        if last_logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            *last_logged = Some(Instant::now());
            let free = self.untrusted.available_permits();
            tracing::warn!(%network, free, "connections are refused: too many are open");
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for UntrustedPermit {
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
    use crate::forwarded::ForwardedHeader;

    fn count(peers: &PeerLimits, addresses: &[&str]) -> (usize, Vec<PeerPermit>) {
        let admitted: Vec<_> = addresses.iter().filter_map(|a| peers.admit(a.parse().unwrap())).collect();
        (admitted.len(), admitted)
    }

    #[test]
    fn one_stranger_has_so_much_room_and_others_have_theirs() {
        let peers = PeerLimits::limited(TrustedProxies::Never, 3, 100);
        let (taken, held) = count(&peers, &["192.0.2.1"; 5]);
        assert_eq!(taken, 3);
        assert_eq!(count(&peers, &["192.0.2.2", "::ffff:192.0.2.1", "192.0.2.1"]).0, 1);
        drop(held);
        assert_eq!(count(&peers, &["192.0.2.1"; 5]).0, 3, "given back");
        assert!(lock(&peers.open).is_empty(), "nobody is remembered who is gone");
        assert_eq!(peers.untrusted.available_permits(), 100);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_stranger() {
        let peers = PeerLimits::limited(TrustedProxies::Never, 3, 100);
        let same = ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::", "2001:db8:1:2:3:4:5:6"];
        assert_eq!(count(&peers, &same).0, 3);
        assert_eq!(count(&peers, &["2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:2:2::1"]).0, 3);
    }

    #[test]
    fn all_strangers_together_leave_room_for_proxies_and_probes() {
        let networks = vec!["10.0.0.0/8".parse().unwrap()];
        let proxies = TrustedProxies::Hops { hops: 1, networks, header: ForwardedHeader::Either };
        let peers = PeerLimits::limited(proxies, 3, 5);
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
