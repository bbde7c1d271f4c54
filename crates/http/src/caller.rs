//! Who is calling, behind how many proxies (operations §2, `TRUST_PROXY*`).

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;
use porta_oidc::Caller;

/// Which forwarded headers are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustProxy {
    /// None: the peer is the caller.
    #[default]
    Never,
    /// The given number of proxies stand in front; when networks are named, the peer must be in one of them.
    Hops { hops: usize, networks: Vec<IpNet> },
}

impl TrustProxy {
    fn trusts(&self, peer: IpAddr) -> Option<usize> {
        match self {
            Self::Never => None,
            Self::Hops { hops, networks } => (networks.is_empty()
                || networks.iter().any(|n| n.contains(&peer.to_canonical())))
            .then_some(*hops),
        }
    }

    /// The caller's address: counted from the right of `X-Forwarded-For`, because everything to the left of the
    /// proxies' own entries is whatever the caller wrote.
    pub(crate) fn address(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let Some(hops) = self.trusts(peer.ip()) else { return peer.ip() };
        let forwarded: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .map(str::trim)
            .collect();
        let index = forwarded.len().checked_sub(hops.max(1));
        index.and_then(|i| forwarded.get(i)).and_then(|a| a.parse().ok()).unwrap_or_else(|| peer.ip())
    }

    /// Whether the peer is a proxy of ours, so that its request id may be kept.
    pub(crate) fn is_proxy(&self, peer: SocketAddr) -> bool {
        self.trusts(peer.ip()).is_some()
    }
}

/// The caller as audit rows and limits see it.
pub(crate) fn caller(trust: &TrustProxy, peer: SocketAddr, headers: &HeaderMap) -> Caller {
    let user_agent = headers.get(axum::http::header::USER_AGENT).and_then(|v| v.to_str().ok());
    Caller {
        address: Some(trust.address(peer, headers)),
        user_agent: user_agent.map(|a| a.chars().filter(|c| !c.is_control()).take(512).collect()),
    }
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

    fn seen(trust: &TrustProxy, forwarded: &[&str]) -> String {
        trust.address("10.0.0.9:1".parse().unwrap(), &headers(forwarded)).to_string()
    }

    #[test]
    fn forged_entries_to_the_left_do_not_count() {
        let trust = TrustProxy::Hops { hops: 1, networks: vec![] };
        assert_eq!(seen(&trust, &["6.6.6.6, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen(&trust, &["6.6.6.6", "192.0.2.7"]), "192.0.2.7");
        let two = TrustProxy::Hops { hops: 2, networks: vec![] };
        assert_eq!(seen(&two, &["6.6.6.6, 192.0.2.7, 10.0.0.8"]), "192.0.2.7");
        assert_eq!(
            seen(&two, &["192.0.2.7"]),
            "10.0.0.9",
            "fewer entries than proxies: somebody came around them"
        );
    }

    #[test]
    fn nobody_is_believed_without_trust_or_outside_the_networks() {
        assert_eq!(seen(&TrustProxy::Never, &["192.0.2.7"]), "10.0.0.9");
        let elsewhere = TrustProxy::Hops { hops: 1, networks: vec!["172.16.0.0/12".parse().unwrap()] };
        assert_eq!(seen(&elsewhere, &["192.0.2.7"]), "10.0.0.9");
        let here = TrustProxy::Hops { hops: 1, networks: vec!["10.0.0.0/8".parse().unwrap()] };
        assert_eq!(seen(&here, &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen(&here, &["nonsense"]), "10.0.0.9");
    }
}
