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
        // As bytes: one that is no text, anywhere to the left, must not hide the entry our proxy appended.
        let forwarded: Vec<&[u8]> = headers
            .get_all("x-forwarded-for")
            .iter()
            .flat_map(|v| v.as_bytes().split(|b| *b == b','))
            .map(<[u8]>::trim_ascii)
            .collect();
        let entry = forwarded.len().checked_sub(hops.max(1)).and_then(|index| forwarded.get(index));
        let text = entry.and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.and_then(|a| a.parse().ok()).unwrap_or_else(|| peer.ip())
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
    use proptest::prelude::*;

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

    fn raw(lines: &[Vec<u8>]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for line in lines.iter().filter_map(|l| axum::http::HeaderValue::from_bytes(l).ok()) {
            map.append("x-forwarded-for", line);
        }
        map
    }

    #[test]
    fn bytes_that_are_no_text_do_not_hide_the_caller() {
        let trust = TrustProxy::Hops { hops: 1, networks: vec![] };
        let peer = "10.0.0.9:1".parse().unwrap();
        let address = trust.address(peer, &raw(&[b"\xff\xfe, 192.0.2.7".to_vec()]));
        assert_eq!(address.to_string(), "192.0.2.7");
    }

    proptest! {
        #[test]
        fn what_stands_to_the_left_of_our_proxies_never_matters(
            left in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4),
            caller in any::<std::net::IpAddr>(),
            hops in 1_usize..4,
        ) {
            let peer: SocketAddr = "10.0.0.9:1".parse().unwrap();
            let ours = std::iter::once(caller.to_string())
                .chain((1..hops).map(|n| format!("10.0.0.{n}")))
                .collect::<Vec<_>>()
                .join(", ");
            let mut lines = left;
            lines.push(ours.into_bytes());
            let trust = TrustProxy::Hops { hops, networks: vec![] };
            prop_assert_eq!(trust.address(peer, &raw(&lines)), caller);
            prop_assert_eq!(TrustProxy::Never.address(peer, &raw(&lines)), peer.ip());
        }

        #[test]
        fn any_header_is_an_address_of_its_own_or_the_peer(
            lines in prop::collection::vec("[0-9a-f:., \t]{0,60}", 0..4),
            hops in 0_usize..5,
        ) {
            let peer: SocketAddr = "10.0.0.9:1".parse().unwrap();
            let lines: Vec<Vec<u8>> = lines.into_iter().map(String::into_bytes).collect();
            let address = TrustProxy::Hops { hops, networks: vec![] }.address(peer, &raw(&lines));
            let text = String::from_utf8(lines.join(&b',')).unwrap();
            let written = text.split(',').any(|entry| entry.trim().parse() == Ok(address));
            prop_assert!(written || address == peer.ip());
        }
    }
}
