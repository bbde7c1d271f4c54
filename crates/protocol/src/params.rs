//! Request parameters as they came in (RFC 6749 §3.1, §3.2 and Appendix B).
//!
//! Common form parsers drop repeated keys, or replace what they cannot decode. Both hide what a client really sent, so
//! the raw bytes are read here: every pair is kept, and malformed input is refused.

use std::fmt;

use crate::{ErrorCode, OAuthError};

/// Maximum number of pairs; no request needs more.
pub const MAX_PAIRS: usize = 100;

/// Why a query string or form body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    #[error("a percent sign is not followed by two hexadecimal digits")]
    PercentEncoding,
    #[error("a parameter is not valid UTF-8")]
    Utf8,
    #[error("a parameter contains the NUL character")]
    Nul,
    #[error("there are more than 100 parameters")]
    TooMany,
}

impl From<ParamsError> for OAuthError {
    fn from(error: ParamsError) -> Self {
        Self::new(ErrorCode::InvalidRequest, error.to_string())
    }
}

/// Decoded name and value pairs in the order they were sent, repetitions included.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` bytes: a raw query string without `?`, or a form body.
    pub fn parse(bytes: impl AsRef<[u8]>) -> Result<Self, ParamsError> {
        let mut pairs = Vec::new();
        for piece in bytes.as_ref().split(|b| *b == b'&').filter(|piece| !piece.is_empty()) {
            if pairs.len() == MAX_PAIRS {
                return Err(ParamsError::TooMany);
            }
            let mut halves = piece.splitn(2, |b| *b == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// The value of a parameter. RFC 6749 §3.1: one sent without a value is treated as omitted.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// Every value of a parameter that may repeat, for example `resource` (RFC 8707 §2).
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(n, _)| *n == name).map(|(_, value)| value)
    }

    /// The first parameter sent more than once without permission (RFC 6749 §3.1: MUST NOT).
    pub fn repeated(&self, allowed_to_repeat: &[&str]) -> Option<&str> {
        self.iter()
            .enumerate()
            .find(|(index, (name, _))| {
                !allowed_to_repeat.contains(name)
                    && self.iter().take(*index).any(|(earlier, _)| earlier == *name)
            })
            .map(|(_, (name, _))| name)
    }

    /// Pairs with a value, in the order they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// The pairs as a query string, for a POST that continues as a GET.
    pub fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.iter()).finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self { pairs: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

/// Names only: values carry secrets, codes and tokens.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

/// Decodes one name or value: `+` is a space, `%XX` is a byte, the result is UTF-8 without NUL.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, ParamsError> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => out.push(b' '),
            b'%' => {
                let ([high, low], tail) = rest.split_first_chunk().ok_or(ParamsError::PercentEncoding)?;
                out.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
                rest = tail;
            }
            other => out.push(*other),
        }
    }
    if out.contains(&0) {
        return Err(ParamsError::Nul);
    }
    String::from_utf8(out).map_err(|_| ParamsError::Utf8)
}

fn hex_digit(byte: u8) -> Result<u8, ParamsError> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(ParamsError::PercentEncoding),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_are_decoded_and_kept() {
        let params = Params::parse("a=1&b=%C3%A9+x&resource=u&resource=v&&=z&flag&e=%3D%26").unwrap();
        assert_eq!(params.get("a"), Some("1"));
        assert_eq!(params.get("b"), Some("é x"));
        assert_eq!(params.get("e"), Some("=&"));
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["u", "v"]);
        assert_eq!(params.get("missing"), None);
    }

    #[test]
    fn rfc_6749_section_3_1_a_parameter_without_value_is_omitted() {
        let params = Params::parse("a=&b&c=1").unwrap();
        assert_eq!(params.get("a"), None);
        assert_eq!(params.get("b"), None);
        assert_eq!(Params::parse("a=&a=1").unwrap().repeated(&[]), None);
    }

    #[test]
    fn rfc_6749_section_3_1_repetition_is_noticed() {
        let params = Params::parse("x=1&resource=a&resource=b&state=1&%73tate=2&x=1").unwrap();
        assert_eq!(params.repeated(&["resource"]), Some("state"));
        assert_eq!(params.repeated(&[]), Some("resource"));
        assert_eq!(Params::parse("a=1&A=2").unwrap().repeated(&[]), None);
    }

    #[test]
    fn malformed_input_is_refused() {
        let cases: [(&[u8], ParamsError); 12] = [
            (b"a=%", ParamsError::PercentEncoding),
            (b"a=%4", ParamsError::PercentEncoding),
            (b"a=%zz", ParamsError::PercentEncoding),
            (b"%=a", ParamsError::PercentEncoding),
            (b"a=%+1", ParamsError::PercentEncoding),
            (b"a=\xff", ParamsError::Utf8),
            (b"a=%ff", ParamsError::Utf8),
            (b"a=%C3", ParamsError::Utf8),
            (b"a=%ED%A0%80", ParamsError::Utf8),
            (b"a=%00", ParamsError::Nul),
            (b"a\0=1", ParamsError::Nul),
            (b"a=%C0%80", ParamsError::Utf8),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Params::parse(bytes), Err(expected), "{}", bytes.escape_ascii());
        }
        assert!(Params::parse("a=1&".repeat(MAX_PAIRS)).is_ok());
        assert_eq!(Params::parse("a=1&".repeat(MAX_PAIRS + 1)), Err(ParamsError::TooMany));
    }

    #[test]
    fn values_are_not_printed() {
        assert!(!format!("{:?}", Params::parse("client_secret=hush").unwrap()).contains("hush"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Params::parse(&bytes);
        }

        #[test]
        fn what_is_written_reads_back(pairs in prop::collection::vec(("\\PC{1,8}", "\\PC{1,20}"), 0..20)) {
            let params: Params = pairs.into_iter().collect();
            prop_assert_eq!(Params::parse(params.encode()).unwrap(), params);
        }
    }
}
