//! Who is on the other end of a request, as far as the network tells.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use porta_kv::Limit;

/// Networks beyond the /64, and how many times as much as one they may do together.
const WIDER: [(u32, u64); 2] = [(56, 4), (48, 16)];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// `None`: a proxy of ours did not say it. Who is not told apart is not counted together, so no limit counts by it
    /// then (decision 0042).
    pub address: Option<IpAddr>,
    /// At most 512 characters.
    pub user_agent: Option<String>,
}

impl Caller {
    /// The address in words, for audit rows: one form, whatever kind of socket saw it.
    pub fn address_text(&self) -> Option<String> {
        self.address.map(|address| address.to_canonical().to_string())
    }

    /// What limits per account count by beside the account: an IPv4 address, or the /64 an IPv6 address belongs to, since
    /// one host owns all of it. Callers nobody knows are one network there: an account is guessed at no faster for it.
    pub fn network(&self) -> String {
        match self.address.map(|address| address.to_canonical()) {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(v4)) => v4.to_string(),
            Some(IpAddr::V6(v6)) => network_of(v6, 64),
        }
    }

    /// One limit for a network and for those it is part of: who is given a /56 or a /48 of IPv6 has 256 or 65,536 of our
    /// networks, and gets four or sixteen times as much as one, not as much as all of them. None for callers nobody knows:
    /// one of them would use up what all others may do.
    pub fn limits(&self, key: impl Fn(&str) -> String, maximum: u64, window: Duration) -> Vec<Limit> {
        let Some(address) = self.address else { return Vec::new() };
        let mut networks = vec![(self.network(), 1)];
        if let IpAddr::V6(v6) = address.to_canonical() {
            networks.extend(WIDER.map(|(bits, times)| (network_of(v6, bits), times)));
        }
        let limit = |(network, times): (String, u64)| Limit {
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
        let caller = Caller { address: Some(text.parse().unwrap()), user_agent: None };
        let limits = caller.limits(str::to_owned, 10, Duration::from_secs(1));
        limits.into_iter().map(|limit| (limit.key, limit.maximum)).collect()
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
        assert!(nobody.limits(str::to_owned, 10, Duration::from_secs(1)).is_empty());
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
            let caller = Caller { address: Some(seen.parse().unwrap()), user_agent: None };
            assert_eq!(caller.address_text().as_deref(), Some(written), "{seen}");
        }
    }

    fn network(text: &str) -> String {
        Caller { address: Some(text.parse().unwrap()), user_agent: None }.network()
    }

    #[test]
    fn ipv6_counts_by_its_64() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
