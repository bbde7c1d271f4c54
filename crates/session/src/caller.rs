//! The caller of a request, as far as the network and, in the Admin API, the token tell.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use porta_core::UserId;
use porta_kv::{KvKey, RateLimit};

/// IPv6 prefixes wider than the /64, and how many times its limit each of them gets.
const WIDER: [(u32, u64); 2] = [(56, 4), (48, 16)];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// `None`: a trusted proxy did not name the caller. Callers that cannot be told apart are not counted together, so
    /// no limit per network applies (decision 0042).
    pub address: Option<IpAddr>,
    /// At most 512 characters.
    pub user_agent: Option<String>,
    /// Under which the access log has the request, for audit rows that name it.
    pub request_id: Option<String>,
    /// Who acts, if a token says so before the operation begins.
    pub actor: Option<KnownActor>,
}

/// Who acts, as audit rows name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownActor {
    pub user: UserId,
    /// The address.
    pub label: String,
}

impl Caller {
    /// The address for audit rows, in one form whatever kind of socket saw it.
    pub fn address_text(&self) -> Option<String> {
        self.address.map(|address| address.to_canonical().to_string())
    }

    /// Key of limits per account and network: an IPv4 address, or the /64 of an IPv6 address, since one host owns all
    /// of it. Unknown callers share one network here, so they cannot guess at an account any faster.
    pub fn network(&self) -> String {
        match self.address.map(|address| address.to_canonical()) {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(v4)) => v4.to_string(),
            Some(IpAddr::V6(v6)) => network_of(v6, 64),
        }
    }

    /// Limits for a network and for the prefixes that contain it: a /56 or a /48 of IPv6 holds 256 or 65,536 of our
    /// networks but gets four or sixteen times the limit of one. Empty for unknown callers: one of them would use up
    /// the limit of all others.
    pub fn limits(&self, key: impl Fn(&str) -> KvKey, maximum: u64, window: Duration) -> Vec<RateLimit> {
        let Some(address) = self.address else { return Vec::new() };
        let mut networks = vec![(self.network(), 1)];
        if let IpAddr::V6(v6) = address.to_canonical() {
            networks.extend(WIDER.map(|(bits, times)| (network_of(v6, bits), times)));
        }
        let limit = |(network, times): (String, u64)| RateLimit {
            key: key(&network),
            maximum: maximum.saturating_mul(times),
            window,
        };
        networks.into_iter().map(limit).collect()
    }
}

fn network_of(address: Ipv6Addr, bits: u32) -> String {
    let network = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits)));
    format!("{network}/{bits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: &str) -> Vec<(String, u64)> {
        let caller = Caller { address: Some(text.parse().unwrap()), ..Caller::default() };
        let limits = caller.limits(KvKey::from_text, 10, Duration::from_secs(1));
        limits.into_iter().map(|limit| (limit.key.as_str().to_owned(), limit.maximum)).collect()
    }

    #[test]
    fn wider_networks_of_ipv6_have_wider_limits() {
        let expected = [("2001:db8:1:2ff::/64", 10), ("2001:db8:1:200::/56", 40), ("2001:db8:1::/48", 160)];
        assert_eq!(limits("2001:db8:1:2ff::1"), expected.map(|(key, maximum)| (key.to_owned(), maximum)));
        assert_eq!(limits("192.0.2.1"), [("192.0.2.1".to_owned(), 10)]);
        assert_eq!(limits("::ffff:192.0.2.1"), limits("192.0.2.1"));
    }

    #[test]
    fn nobody_is_counted_together_with_everybody() {
        let nobody = Caller::default();
        assert!(nobody.limits(KvKey::from_text, 10, Duration::from_secs(1)).is_empty());
        assert_eq!((nobody.network().as_str(), nobody.address_text()), ("unknown", None));
    }

    #[test]
    fn an_address_is_written_in_one_form() {
        for (seen, written) in [
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8:0:0:0::1", "2001:db8::1"),
            ("::1", "::1"),
        ] {
            let caller = Caller { address: Some(seen.parse().unwrap()), ..Caller::default() };
            assert_eq!(caller.address_text().as_deref(), Some(written), "{seen}");
        }
    }

    fn network(text: &str) -> String {
        Caller { address: Some(text.parse().unwrap()), ..Caller::default() }.network()
    }

    #[test]
    fn ipv6_counts_by_its_64() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
