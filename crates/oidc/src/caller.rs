//! Who is on the other end of a request, as far as the network tells.

use std::net::IpAddr;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// `None` only where a test has no network.
    pub address: Option<IpAddr>,
    /// At most 512 characters.
    pub user_agent: Option<String>,
}

impl Caller {
    /// The address in words, for audit rows.
    pub fn address_text(&self) -> Option<String> {
        self.address.map(|a| a.to_string())
    }

    /// What limits count by: an IPv4 address, or the /64 an IPv6 address belongs to, since one host owns all of it.
    pub fn network(&self) -> String {
        let address = match self.address {
            None => return "unknown".to_owned(),
            Some(IpAddr::V6(v6)) => v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4),
            Some(v4) => v4,
        };
        match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => {
                let s = v6.segments();
                format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
