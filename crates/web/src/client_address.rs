//! Resolves the client address behind trusted proxies (`TRUST_PROXY*`, decision 0042).

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use ipnet::IpNet;
use porta_core::{Timestamp, metrics};

use crate::forwarded::ForwardedError;
pub use crate::forwarded::ForwardedHeader;

/// Shortest time between two log lines about unknown callers: a misconfigured proxy causes one with every request.
const LOG_EVERY: Duration = Duration::from_mins(1);

/// Which forwarded headers are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustedProxies {
    /// None: the peer is the client.
    #[default]
    Never,
    /// `hops` proxies stand in front; if `networks` is not empty, the peer must be in one of them.
    Hops { hops: usize, networks: Vec<IpNet>, header: ForwardedHeader },
}

impl TrustedProxies {
    /// Whether the peer is a trusted proxy.
    pub fn is_trusted(&self, peer: IpAddr) -> bool {
        self.trusted_hops(peer).is_some()
    }

    fn trusted_hops(&self, peer: IpAddr) -> Option<(usize, ForwardedHeader)> {
        match self {
            Self::Never => None,
            Self::Hops { hops, networks, header } => (networks.is_empty()
                || networks.iter().any(|n| n.contains(&peer.to_canonical())))
            .then_some((*hops, *header)),
        }
    }

    /// The client address in canonical form, so that IPv4-mapped IPv6 is IPv4. A trusted proxy is never the client: if
    /// it sends no usable address, the client is unknown (decision 0042).
    fn address(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<IpAddr, ForwardedError> {
        let Some((hops, header)) = self.trusted_hops(peer.ip()) else { return Ok(peer.ip().to_canonical()) };
        header.caller(headers, hops)
    }
}

/// Metric and log line for requests that came through a trusted proxy without a usable client address.
#[derive(Debug, Default)]
struct UnknownCallers {
    last_logged: Mutex<Option<Timestamp>>,
}

impl UnknownCallers {
    fn note(&self, peer: SocketAddr, why: ForwardedError, now: Timestamp) {
        ::metrics::counter!(metrics::PROXY_CALLER_UNKNOWN, "reason" => why.label()).increment(1);
        if self.should_log(now) {
            // The header itself is not logged: anybody can write it.
            tracing::warn!(
                event = "proxy.caller_unknown",
                proxy = %peer.ip().to_canonical(),
                reason = why.label(),
                "a trusted proxy sends no client address: rate limits count by account, not by network"
            );
        }
    }

    fn should_log(&self, now: Timestamp) -> bool {
        let mut last_logged = self.last_logged.lock().unwrap_or_else(PoisonError::into_inner);
        // If the clock was set back, log again.
        let should_log = last_logged.is_none_or(|at| now < at || now.since(at) >= LOG_EVERY);
        if should_log {
            *last_logged = Some(now);
        }
        should_log
    }
}

/// Finds the client address of requests, for audit events and rate limits.
#[derive(Debug, Default)]
pub struct ClientAddresses {
    proxies: TrustedProxies,
    unknown: UnknownCallers,
}

impl ClientAddresses {
    pub fn behind(proxies: TrustedProxies) -> Self {
        Self { proxies, unknown: UnknownCallers::default() }
    }

    /// Whether the peer is a trusted proxy, so that its request id and trace may be used.
    pub fn is_proxy(&self, peer: SocketAddr) -> bool {
        self.proxies.is_trusted(peer.ip())
    }

    /// The client address of a request. `None`: a trusted proxy did not name the client; counted and logged.
    pub fn of(&self, peer: SocketAddr, headers: &HeaderMap, now: Timestamp) -> Option<IpAddr> {
        match self.proxies.address(peer, headers) {
            Ok(address) => Some(address),
            Err(why) => {
                self.unknown.note(peer, why, now);
                None
            }
        }
    }
}

/// The user agent without control characters, at most 512 characters of it.
pub fn user_agent(headers: &HeaderMap) -> Option<String> {
    let user_agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(user_agent.chars().filter(|c| !c.is_control()).take(512).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append("x-forwarded-for", value.parse().unwrap());
        }
        map
    }

    fn behind(hops: usize, networks: &[&str]) -> TrustedProxies {
        let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        TrustedProxies::Hops { hops, networks, header: ForwardedHeader::Either }
    }

    fn seen_by(trust: &TrustedProxies, peer: &str, forwarded: &[&str]) -> String {
        match trust.address(peer.parse().unwrap(), &headers(forwarded)) {
            Ok(address) => address.to_string(),
            Err(why) => why.label().to_owned(),
        }
    }

    fn seen(trust: &TrustedProxies, forwarded: &[&str]) -> String {
        seen_by(trust, "10.0.0.9:1", forwarded)
    }

    #[test]
    fn forged_entries_to_the_left_do_not_count() {
        let trust = behind(1, &[]);
        assert_eq!(seen(&trust, &["6.6.6.6, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen(&trust, &["6.6.6.6", "192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen(&behind(2, &[]), &["6.6.6.6, 192.0.2.7, 10.0.0.8"]), "192.0.2.7");
    }

    /// Otherwise all its clients would share one address, and a hundred wrong passwords would lock all of them out.
    #[test]
    fn a_proxy_that_does_not_say_who_is_calling_is_not_the_caller() {
        let cases: [(&[&str], &str); 6] = [
            (&[], "missing"),
            (&[""], "missing"),
            (&[" , "], "missing"),
            (&["unknown"], "no_address"),
            (&["192.0.2.7, _hidden"], "no_address"),
            (&["nonsense"], "no_address"),
        ];
        for (forwarded, why) in cases {
            assert_eq!(seen(&behind(1, &["10.0.0.0/8"]), forwarded), why, "{forwarded:?}");
        }
        // Fewer entries than proxies: the client bypassed a proxy, or there are fewer proxies than configured.
        assert_eq!(seen(&behind(2, &[]), &["192.0.2.7"]), "too_short");
    }

    #[test]
    fn nobody_is_believed_without_trust_or_outside_the_networks() {
        assert_eq!(seen(&TrustedProxies::Never, &["192.0.2.7"]), "10.0.0.9");
        assert_eq!(seen(&TrustedProxies::Never, &[]), "10.0.0.9");
        assert_eq!(seen(&behind(1, &["172.16.0.0/12"]), &["192.0.2.7"]), "10.0.0.9");
        assert_eq!(seen(&behind(1, &["172.16.0.0/12"]), &[]), "10.0.0.9");
        assert_eq!(seen(&behind(1, &["10.0.0.0/8"]), &["192.0.2.7"]), "192.0.2.7");
    }

    #[test]
    fn proxies_are_trusted_by_their_networks() {
        let trust = behind(2, &["10.0.0.0/8", "192.0.2.7/32", "fd00::/8"]);
        for (peer, expected) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("fd00::1", true),
            ("::1", false),
        ] {
            assert_eq!(trust.is_trusted(peer.parse().unwrap()), expected, "{peer}");
        }
        assert!(behind(1, &[]).is_trusted("192.0.2.8".parse().unwrap()), "without networks every peer");
        assert!(!TrustedProxies::Never.is_trusted("10.1.2.3".parse().unwrap()));
    }

    /// A socket that listens on `::` sees IPv4 peers as `::ffff:a.b.c.d`.
    #[test]
    fn an_address_has_one_form_whatever_socket_listens() {
        assert_eq!(seen_by(&TrustedProxies::Never, "[::ffff:192.0.2.7]:1", &[]), "192.0.2.7");
        assert_eq!(seen_by(&TrustedProxies::Never, "[2001:DB8:0::7]:1", &[]), "2001:db8::7");
        let trust = behind(1, &["10.0.0.0/8"]);
        assert_eq!(seen_by(&trust, "[::ffff:192.0.2.7]:1", &["198.51.100.1"]), "192.0.2.7");
        assert_eq!(seen_by(&trust, "[::ffff:10.0.0.9]:1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn the_log_says_it_once_a_minute() {
        const START: Timestamp = Timestamp::from_seconds(1_800_000_000);
        let callers = UnknownCallers::default();
        let said: Vec<u64> =
            (0..=180).filter(|second| callers.should_log(START + Duration::from_secs(*second))).collect();
        assert_eq!(said, [0, 60, 120, 180]);
        assert!(callers.should_log(START), "a clock that was set back");
        assert!(!callers.should_log(START + Duration::from_secs(59)));
    }
}
