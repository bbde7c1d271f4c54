//! What proxies write about a caller: `X-Forwarded-For`, and `Forwarded` (RFC 7239).
//!
//! Both are lists to which each proxy adds an entry, so both are read from the end: what stands before the entries of our
//! own proxies is whatever the caller wrote.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::{HeaderMap, HeaderName, header};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Which header is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, or `Forwarded` where there is no other.
    #[default]
    Either,
    XForwardedFor,
    Forwarded,
}

/// Why a proxy's headers do not say who is calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForwardedError {
    /// No header, or nothing in it.
    Missing,
    /// Fewer entries than proxies.
    TooShort,
    /// Something else than an address: `unknown`, an obfuscated identifier (RFC 7239 §6.3), `unix:`.
    NoAddress,
}

impl ForwardedError {
    /// Metric label: one of a few fixed words.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::TooShort => "too_short",
            Self::NoAddress => "no_address",
        }
    }
}

impl ForwardedHeader {
    /// The address in the entry of the first of `proxies` that the request came through.
    pub(crate) fn caller(self, headers: &HeaderMap, proxies: usize) -> Result<IpAddr, ForwardedError> {
        let x_forwarded_for = || entry(&x_forwarded_for_entries(headers), proxies).and_then(address);
        let forwarded = || entry(&forwarded_elements(headers), proxies).and_then(address_of_element);
        match self {
            Self::XForwardedFor => x_forwarded_for(),
            Self::Forwarded => forwarded(),
            Self::Either => match x_forwarded_for() {
                Err(ForwardedError::Missing) => forwarded(),
                result => result,
            },
        }
    }
}

/// The entry that so many proxies from the end wrote.
fn entry<'h>(entries: &[&'h [u8]], proxies: usize) -> Result<&'h [u8], ForwardedError> {
    if entries.is_empty() {
        return Err(ForwardedError::Missing);
    }
    entries.get(proxies.max(1) - 1).copied().ok_or(ForwardedError::TooShort)
}

/// The entries of `X-Forwarded-For`, the last first. They are bytes, because an entry that is no text must not hide
/// those after it. Empty members of a list mean nothing (RFC 9110 §5.6.1.2).
fn x_forwarded_for_entries(headers: &HeaderMap) -> Vec<&[u8]> {
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    entries.map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty()).collect()
}

/// The elements of `Forwarded`, the last first.
fn forwarded_elements(headers: &HeaderMap) -> Vec<&[u8]> {
    let lines = headers.get_all(header::FORWARDED).iter().rev();
    lines.flat_map(|line| parts_from_the_end(line.as_bytes(), b',')).collect()
}

/// Splits at the separators outside quotes, the last part first. It reads from the end, so that a quote that the caller
/// does not close swallows nothing that a proxy adds after it.
fn parts_from_the_end(text: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let (mut end, mut is_quoted) = (text.len(), false);
    for (at, byte) in text.iter().enumerate().rev() {
        if *byte == b'"' && !is_escaped(&text[..at]) {
            is_quoted = !is_quoted;
        } else if *byte == separator && !is_quoted {
            parts.push(text[at + 1..end].trim_ascii());
            end = at;
        }
    }
    parts.push(text[..end].trim_ascii());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether the next byte is escaped: an odd number of backslashes precedes it (RFC 9110 §5.6.4).
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// The address of the parameter `for`. An element without it says nothing, and one with two is none (RFC 7239 §4).
fn address_of_element(element: &[u8]) -> Result<IpAddr, ForwardedError> {
    let mut nodes = parts_from_the_end(element, b';').into_iter().filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        pair[..equals].trim_ascii().eq_ignore_ascii_case(b"for").then(|| pair[equals + 1..].trim_ascii())
    });
    match (nodes.next(), nodes.next()) {
        (Some(node), None) => address(node),
        (Some(_), Some(_)) | (None, _) => Err(ForwardedError::NoAddress),
    }
}

/// The canonical address in an entry: bare, in quotes, in brackets, with or without a port (RFC 7239 §6). The
/// unspecified address is nobody's.
fn address(entry: &[u8]) -> Result<IpAddr, ForwardedError> {
    let text = std::str::from_utf8(entry).map_err(|_| ForwardedError::NoAddress)?;
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    let found = text.parse::<IpAddr>().ok().or_else(|| bracketed(text)).or_else(|| with_port(text));
    let found = found.map(|address| address.to_canonical()).filter(|address| !address.is_unspecified());
    found.ok_or(ForwardedError::NoAddress)
}

/// `[2001:db8::1]`, `[2001:db8::1]:443`
fn bracketed(text: &str) -> Option<IpAddr> {
    let (address, rest) = text.strip_prefix('[')?.split_once(']')?;
    let is_whole = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    address.parse().ok().filter(|_| is_whole)
}

/// `203.0.113.7:51234`. Without brackets the last part of an IPv6 address would be taken for a port.
fn with_port(text: &str) -> Option<IpAddr> {
    let (address, port) = text.split_once(':')?;
    address.parse::<Ipv4Addr>().ok().filter(|_| is_port(port)).map(IpAddr::from)
}

/// A number, or an obfuscated port (RFC 7239 §6.2).
fn is_port(text: &str) -> bool {
    let is_number = |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let is_token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    is_number(text)
        || text.strip_prefix('_').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_token))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[(&HeaderName, &[u8])]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, line) in lines {
            if let Ok(line) = HeaderValue::from_bytes(line) {
                map.append(*name, line);
            }
        }
        map
    }

    fn seen_through(which: ForwardedHeader, proxies: usize, lines: &[(&HeaderName, &[u8])]) -> String {
        match which.caller(&headers(lines), proxies) {
            Ok(address) => address.to_string(),
            Err(why) => why.label().to_owned(),
        }
    }

    fn list(text: &str) -> String {
        seen_through(ForwardedHeader::Either, 1, &[(&X_FORWARDED_FOR, text.as_bytes())])
    }

    fn forwarded(text: &str) -> String {
        seen_through(ForwardedHeader::Either, 1, &[(&header::FORWARDED, text.as_bytes())])
    }

    #[test]
    fn every_way_to_write_an_address_is_understood() {
        for (text, address) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:51234", "203.0.113.7"),
            ("203.0.113.7:_a.b-c", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("\"203.0.113.7\"", "203.0.113.7"),
            ("[203.0.113.7]:443", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
        ] {
            assert_eq!(list(text), address, "{text}");
            assert_eq!(list(&format!("6.6.6.6,\t{text} ")), address, "{text}");
            assert_eq!(forwarded(&format!("for={text}")), address, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_nobody_and_never_the_entry_before_it() {
        for text in [
            "unknown",
            "_hidden",
            "_SEVKISEK",
            "unix:",
            "localhost",
            "proxy.example:80",
            "203.0.113.7:",
            "203.0.113.7:123456",
            "203.0.113.7:8o",
            "203.0.113.7:80:80",
            "203.0.113.7:_",
            "203.0.113.7 x",
            "203.0.113",
            "203.0.113.256",
            "203.0.113.07",
            "2001:db8::1]:443",
            "[2001:db8::1",
            "[2001:db8::1]443",
            "[2001:db8::1]:",
            "[]:443",
            "[unknown]",
            "0.0.0.0",
            "[::]:443",
            "::ffff:0.0.0.0",
            "\"",
            "\"\"",
            "-",
            "٢٠٣.0.113.7",
        ] {
            assert_eq!(list(text), "no_address", "{text}");
            assert_eq!(list(&format!("6.6.6.6, {text}")), "no_address", "{text}");
            assert_eq!(forwarded(&format!("for=6.6.6.6, for={text}")), "no_address", "{text}");
        }
    }

    #[test]
    fn blanks_are_no_entries() {
        for text in
            ["203.0.113.7,", "203.0.113.7, ", " , 203.0.113.7 ,\t,", ",203.0.113.7", "6.6.6.6,, 203.0.113.7"]
        {
            assert_eq!(list(text), "203.0.113.7", "{text:?}");
        }
        for text in ["", " ", ",", " , ,\t"] {
            assert_eq!(list(text), "missing", "{text:?}");
            assert_eq!(forwarded(text), "missing", "{text:?}");
        }
        assert_eq!(seen_through(ForwardedHeader::Either, 1, &[]), "missing");
        let (blank, named) =
            ((&X_FORWARDED_FOR, b" ".as_slice()), (&X_FORWARDED_FOR, b"203.0.113.7".as_slice()));
        assert_eq!(seen_through(ForwardedHeader::Either, 1, &[named, blank]), "203.0.113.7");
    }

    #[test]
    fn rfc_7239_the_parameter_for_is_found_among_others() {
        for (text, address) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=192.0.2.43, for=198.51.100.17", "198.51.100.17"),
            ("by=203.0.113.43;FOR=\"192.0.2.60:47011\";proto=https", "192.0.2.60"),
            ("proto=https ; for = 192.0.2.60", "192.0.2.60"),
            ("for=192.0.2.60;", "192.0.2.60"),
            ("for=192.0.2.60;host=\"a;for=6.6.6.6\"", "192.0.2.60"),
            ("for=192.0.2.60;host=\"a, for=6.6.6.6\"", "192.0.2.60"),
            ("for=192.0.2.60;host=\"a\\\", for=6.6.6.6;x=\\\"b\"", "192.0.2.60"),
            ("for=192.0.2.60;host=\"a\\\\\"", "192.0.2.60"),
        ] {
            assert_eq!(forwarded(text), address, "{text}");
        }
        for text in [
            "for=192.0.2.43, by=203.0.113.43;proto=https",
            "for=192.0.2.43;for=198.51.100.17",
            "for",
            "for=",
            "for;by=192.0.2.43",
            "fortune=192.0.2.43",
            "192.0.2.43",
            "for=\"192.0.2.43",
        ] {
            assert_eq!(forwarded(text), "no_address", "{text}");
        }
    }

    /// RFC 7239 §8.1: nothing before our proxies' own elements is worth anything, however it is written.
    #[test]
    fn quotes_that_the_caller_leaves_open_swallow_nothing() {
        for before in [
            "for=\"6.6.6.6",
            "for=6.6.6.6;x=\"",
            "\"",
            "for=6.6.6.6;x=\"\\",
            "\\\"",
            "\"\"\"",
            "for=\"a,b\\\\\"",
        ] {
            let text = format!("{before}, for=\"[2001:db8::1]:443\";proto=https");
            assert_eq!(forwarded(&text), "2001:db8::1", "{text}");
            let text = format!("{before}, for=192.0.2.7, for=\"[2001:db8::1]\"");
            let lines = [(&header::FORWARDED, text.as_bytes())];
            assert_eq!(seen_through(ForwardedHeader::Forwarded, 2, &lines), "192.0.2.7", "{text}");
        }
    }

    #[test]
    fn one_header_is_read_and_the_other_is_not() {
        use ForwardedHeader::{Either, Forwarded, XForwardedFor};
        let (list, element) =
            ((&X_FORWARDED_FOR, b"192.0.2.1".as_slice()), (&header::FORWARDED, b"for=192.0.2.2".as_slice()));
        for (which, both, only_list, only_element) in [
            (Either, "192.0.2.1", "192.0.2.1", "192.0.2.2"),
            (XForwardedFor, "192.0.2.1", "192.0.2.1", "missing"),
            (Forwarded, "192.0.2.2", "missing", "192.0.2.2"),
        ] {
            assert_eq!(seen_through(which, 1, &[list, element]), both, "{which:?}");
            assert_eq!(seen_through(which, 1, &[list]), only_list, "{which:?}");
            assert_eq!(seen_through(which, 1, &[element]), only_element, "{which:?}");
        }
        // What a proxy of ours wrote and nobody understands is not looked for in a header that the caller may have sent.
        let broken = (&X_FORWARDED_FOR, b"unknown".as_slice());
        assert_eq!(seen_through(Either, 1, &[broken, element]), "no_address");
        assert_eq!(seen_through(Either, 2, &[list, element]), "too_short");
    }

    proptest! {
        #[test]
        fn what_stands_before_our_proxies_never_matters(
            before in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4),
            quoted in "[\\\\\", ;=fora-z0-9.]{0,40}",
            caller in any::<IpAddr>().prop_filter("somebody's", |a| !a.to_canonical().is_unspecified()),
            proxies in 1_usize..4,
            has_port: bool,
        ) {
            let node = match (caller, has_port) {
                (IpAddr::V4(address), true) => format!("{address}:51234"),
                (IpAddr::V6(address), true) => format!("[{address}]:51234"),
                (address, false) => address.to_string(),
            };
            let nodes = || std::iter::once(node.clone()).chain((1..proxies).map(|n| format!("10.0.0.{n}")));
            let list = nodes().collect::<Vec<_>>().join(", ");
            let elements = nodes().map(|node| format!("proto=https;for=\"{node}\"")).collect::<Vec<_>>().join(",");
            let mut lines: Vec<Vec<u8>> = before;
            for (name, which, ours) in [
                (&X_FORWARDED_FOR, ForwardedHeader::XForwardedFor, list),
                (&header::FORWARDED, ForwardedHeader::Forwarded, elements),
            ] {
                lines.push(format!("{quoted}, {ours}").into_bytes());
                let lines: Vec<(&HeaderName, &[u8])> = lines.iter().map(|line| (name, line.as_slice())).collect();
                prop_assert_eq!(which.caller(&headers(&lines), proxies), Ok(caller.to_canonical()));
            }
        }

        #[test]
        fn no_header_makes_it_panic(
            lines in prop::collection::vec("[0-9a-f:.\\[\\]\"\\\\=;, forunkw_\t]{0,60}", 0..4),
            proxies in 0_usize..5,
        ) {
            for name in [&X_FORWARDED_FOR, &header::FORWARDED] {
                let lines: Vec<(&HeaderName, &[u8])> = lines.iter().map(|line| (name, line.as_bytes())).collect();
                if let Ok(address) = ForwardedHeader::Either.caller(&headers(&lines), proxies) {
                    prop_assert_eq!(address, address.to_canonical());
                    prop_assert!(!address.is_unspecified());
                }
            }
        }
    }
}
