//! Client credentials as presented (RFC 6749 §2.3, RFC 7617, OpenID Connect Core §9).
//!
//! Parsing only: the result says which mechanism was used and what was claimed, and `oidc` compares it with the stored
//! client. Secrets are hashed after decoding, because clients percent-encode them.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use porta_core::TokenDigest;
use porta_core::client::ClientId;
use secrecy::{ExposeSecret, SecretString};

use crate::params::decode;
use crate::{ErrorCode, OAuthError, Params};

const MAX_BYTES: usize = 4096;

/// Clients differ in whether they pad base64.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request says about the client that sent it.
#[derive(Debug, Clone)]
pub enum PresentedCredentials {
    /// Neither a client id nor credentials.
    None,
    /// A `client_id` alone: a public client, or an attempt without credentials.
    Public { client_id: ClientId },
    /// `client_secret_basic`.
    Basic { client_id: ClientId, secret: PresentedSecret },
    /// `client_secret_post`.
    Post { client_id: ClientId, secret: PresentedSecret },
}

impl PresentedCredentials {
    pub fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::None => None,
            Self::Public { client_id } | Self::Basic { client_id, .. } | Self::Post { client_id, .. } => {
                Some(client_id)
            }
        }
    }

    pub fn secret(&self) -> Option<&PresentedSecret> {
        match self {
            Self::None | Self::Public { .. } => None,
            Self::Basic { secret, .. } | Self::Post { secret, .. } => Some(secret),
        }
    }
}

/// A secret as a client sent it: wiped on drop, compared by digest, never printed.
#[derive(Clone)]
pub struct PresentedSecret(SecretString);

impl PresentedSecret {
    /// The digest, which is what storage keeps of generated secrets.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.expose_secret())
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for PresentedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedSecret(…)")
    }
}

/// Why presented credentials could not be read. The text names the rule, never what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedCredentials {
    #[error("client credentials are too long")]
    TooLong,
    #[error("the Basic credentials are malformed")]
    MalformedBasic,
    #[error("client credentials contain a character outside printable ASCII")]
    NotPrintable,
    #[error("more than one client authentication mechanism was used")]
    SeveralMechanisms,
    #[error("a client credential parameter was sent more than once")]
    Repeated,
    #[error("client_id differs from the one in the Authorization header")]
    ClientIdMismatch,
    #[error("client_secret needs a client_id")]
    MissingClientId,
    #[error("this client authentication mechanism is not supported")]
    UnsupportedMechanism,
    #[error("client authentication failed")]
    ImpossibleClientId,
}

impl From<MalformedCredentials> for OAuthError {
    fn from(error: MalformedCredentials) -> Self {
        let code = match error {
            MalformedCredentials::TooLong
            | MalformedCredentials::MalformedBasic
            | MalformedCredentials::NotPrintable
            | MalformedCredentials::SeveralMechanisms
            | MalformedCredentials::Repeated
            | MalformedCredentials::ClientIdMismatch
            | MalformedCredentials::MissingClientId => ErrorCode::InvalidRequest,
            // RFC 6749 §5.2: an unsupported mechanism is failed authentication. An impossible client id is answered
            // like an unknown one.
            MalformedCredentials::UnsupportedMechanism | MalformedCredentials::ImpossibleClientId => {
                ErrorCode::InvalidClient
            }
        };
        Self::new(code, error.to_string())
    }
}

/// Reads the credentials of a request from its `Authorization` header value and its form body.
pub fn presented(
    authorization: Option<&[u8]>,
    body: &Params,
) -> Result<PresentedCredentials, MalformedCredentials> {
    let body_id = single(body, "client_id")?;
    let body_secret = single(body, "client_secret")?;
    let has_assertion =
        single(body, "client_assertion")?.is_some() || single(body, "client_assertion_type")?.is_some();

    // RFC 6749 §2.3: a client MUST NOT use more than one mechanism in a request.
    let mechanisms = [authorization.is_some(), body_secret.is_some(), has_assertion];
    if mechanisms.iter().filter(|used| **used).count() > 1 {
        return Err(MalformedCredentials::SeveralMechanisms);
    }
    if has_assertion {
        return Err(MalformedCredentials::UnsupportedMechanism);
    }
    if let Some(header) = authorization {
        let (id, secret) = basic(header)?;
        if body_id.is_some_and(|other| other != id) {
            return Err(MalformedCredentials::ClientIdMismatch);
        }
        return Ok(PresentedCredentials::Basic { client_id: client_id(&id)?, secret });
    }
    match (body_id, body_secret) {
        (None, None) => Ok(PresentedCredentials::None),
        (None, Some(_)) => Err(MalformedCredentials::MissingClientId),
        (Some(id), None) => Ok(PresentedCredentials::Public { client_id: client_id(id)? }),
        (Some(id), Some(secret)) => Ok(PresentedCredentials::Post {
            client_id: client_id(id)?,
            secret: presented_secret(secret.to_owned())?,
        }),
    }
}

fn single<'a>(body: &'a Params, name: &'a str) -> Result<Option<&'a str>, MalformedCredentials> {
    let mut values = body.all(name);
    let first = values.next();
    if values.next().is_some() {
        return Err(MalformedCredentials::Repeated);
    }
    if first.is_some_and(|value| value.len() > MAX_BYTES) {
        return Err(MalformedCredentials::TooLong);
    }
    Ok(first)
}

/// RFC 7617 §2, then RFC 6749 §2.3.1: both halves are form-url-encoded inside the pair.
fn basic(header: &[u8]) -> Result<(String, PresentedSecret), MalformedCredentials> {
    if header.len() > MAX_BYTES {
        return Err(MalformedCredentials::TooLong);
    }
    let space = header.iter().position(|b| *b == b' ').unwrap_or(header.len());
    let (scheme, rest) = header.split_at(space);
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(MalformedCredentials::UnsupportedMechanism);
    }
    let pair = BASE64.decode(rest.trim_ascii()).map_err(|_| MalformedCredentials::MalformedBasic)?;
    let mut halves = pair.splitn(2, |b| *b == b':');
    let (Some(id), Some(secret)) = (halves.next(), halves.next()) else {
        return Err(MalformedCredentials::MalformedBasic);
    };
    let id = decode(id).map_err(|_| MalformedCredentials::MalformedBasic)?;
    let secret = decode(secret).map_err(|_| MalformedCredentials::MalformedBasic)?;
    if id.is_empty() || secret.is_empty() {
        return Err(MalformedCredentials::MalformedBasic);
    }
    if !is_printable(&id) {
        return Err(MalformedCredentials::NotPrintable);
    }
    Ok((id, presented_secret(secret)?))
}

fn presented_secret(text: String) -> Result<PresentedSecret, MalformedCredentials> {
    if !is_printable(&text) {
        return Err(MalformedCredentials::NotPrintable);
    }
    Ok(PresentedSecret(SecretString::from(text)))
}

fn client_id(text: &str) -> Result<ClientId, MalformedCredentials> {
    if !is_printable(text) {
        return Err(MalformedCredentials::NotPrintable);
    }
    ClientId::parse(text).map_err(|_| MalformedCredentials::ImpossibleClientId)
}

/// RFC 6749 Appendix A: VSCHAR = %x20-7E.
fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, 0x20..=0x7E))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    fn read(header: Option<&str>, body: &str) -> Result<PresentedCredentials, MalformedCredentials> {
        presented(header.map(str::as_bytes), &Params::parse(body).unwrap())
    }

    fn basic_of(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    /// Mechanism, id and secret, for comparing.
    fn shown(presented: &PresentedCredentials) -> (&'static str, &str, &str) {
        let id = presented.client_id().map_or("", ClientId::as_str);
        let secret = presented.secret().map_or("", PresentedSecret::expose);
        match presented {
            PresentedCredentials::None => ("none", id, secret),
            PresentedCredentials::Public { .. } => ("public", id, secret),
            PresentedCredentials::Basic { .. } => ("basic", id, secret),
            PresentedCredentials::Post { .. } => ("post", id, secret),
        }
    }

    #[test]
    fn each_mechanism_is_recognised() {
        let cases = [
            (None, "", ("none", "", "")),
            (None, "client_id=&client_secret=", ("none", "", "")),
            (None, "client_id=app", ("public", "app", "")),
            (None, "client_id=app&client_secret=s+%25", ("post", "app", "s %")),
            (Some(basic_of("app:s")), "", ("basic", "app", "s")),
            (Some(basic_of("app:s")), "client_id=app", ("basic", "app", "s")),
            // RFC 7617 §2: only the first colon separates.
            (Some(basic_of("app:s:t:")), "", ("basic", "app", "s:t:")),
            // RFC 6749 §2.3.1: decoded after splitting; `-` and `_` come percent-encoded from some clients.
            (Some(basic_of("a%3Ab:%2D%5F+%2B")), "", ("basic", "a:b", "-_ +")),
        ];
        for (header, body, expected) in cases {
            assert_eq!(shown(&read(header.as_deref(), body).unwrap()), expected, "{header:?} {body}");
        }
    }

    #[test]
    fn scheme_in_any_case_and_padding_optional() {
        for header in [
            format!("basic {}", STANDARD.encode("app:sec")),
            format!("BASIC {}", STANDARD_NO_PAD.encode("app:sec")),
            format!("Basic   {} ", STANDARD.encode("app:sec")),
        ] {
            assert_eq!(shown(&read(Some(&header), "").unwrap()), ("basic", "app", "sec"), "{header}");
        }
    }

    #[test]
    fn refusals() {
        use MalformedCredentials::{
            ClientIdMismatch, ImpossibleClientId, MalformedBasic, MissingClientId, NotPrintable, Repeated,
            SeveralMechanisms, TooLong, UnsupportedMechanism,
        };
        let good = basic_of("app:s");
        let long = "x".repeat(MAX_BYTES + 1);
        let cases: Vec<(Option<String>, String, MalformedCredentials)> = vec![
            (Some(good.clone()), "client_secret=s".into(), SeveralMechanisms),
            (Some(good.clone()), "client_id=app&client_secret=s".into(), SeveralMechanisms),
            (Some(good.clone()), "client_assertion=x".into(), SeveralMechanisms),
            (None, "client_secret=s&client_assertion=x".into(), SeveralMechanisms),
            (Some("Bearer t".into()), "client_secret=s".into(), SeveralMechanisms),
            (None, "client_assertion=x&client_assertion_type=y".into(), UnsupportedMechanism),
            (Some("Bearer t".into()), String::new(), UnsupportedMechanism),
            (Some("Digest x".into()), "client_id=app".into(), UnsupportedMechanism),
            (Some(String::new()), String::new(), UnsupportedMechanism),
            (Some(good.clone()), "client_id=other".into(), ClientIdMismatch),
            (Some(good.clone()), "client_id=APP".into(), ClientIdMismatch),
            (None, "client_secret=s".into(), MissingClientId),
            (None, "client_id=a&client_id=a".into(), Repeated),
            (None, "client_id=a&client_secret=a&client_secret=b".into(), Repeated),
            (Some("Basic".into()), String::new(), MalformedBasic),
            (Some("Basic %%%".into()), String::new(), MalformedBasic),
            (Some(format!("Basic{}", STANDARD.encode("app:s"))), String::new(), UnsupportedMechanism),
            (Some(basic_of("app")), String::new(), MalformedBasic),
            (Some(basic_of(":s")), String::new(), MalformedBasic),
            (Some(basic_of("app:")), String::new(), MalformedBasic),
            (Some(basic_of("app:%")), String::new(), MalformedBasic),
            (Some(basic_of("app:%00")), String::new(), MalformedBasic),
            (Some(basic_of("app:%FF")), String::new(), MalformedBasic),
            (Some(basic_of("app:é")), String::new(), NotPrintable),
            (Some(basic_of("a\u{7f}:s")), String::new(), NotPrintable),
            (Some(basic_of("app:a%0Ab")), String::new(), NotPrintable),
            (None, "client_id=app&client_secret=%0A".into(), NotPrintable),
            (None, "client_id=%C3%A9".into(), NotPrintable),
            (None, "client_id=a+b".into(), ImpossibleClientId),
            (None, format!("client_id={}", "a".repeat(256)), ImpossibleClientId),
            (None, format!("client_id={long}"), TooLong),
            (None, format!("client_id=a&client_secret={long}"), TooLong),
            (Some(basic_of(&format!("app:{long}"))), String::new(), TooLong),
        ];
        for (header, body, expected) in cases {
            assert_eq!(read(header.as_deref(), &body).unwrap_err(), expected, "{header:?} {body}");
        }
    }

    #[test]
    fn header_bytes_outside_ascii_are_refused() {
        for header in [&b"Basic \xff\xfe"[..], b"\xff", b"Basic\xa0YTpi"] {
            assert!(presented(Some(header), &Params::default()).is_err());
        }
    }

    #[test]
    fn answers_are_400_or_401() {
        let status = |error: MalformedCredentials| OAuthError::from(error).status();
        assert_eq!(status(MalformedCredentials::SeveralMechanisms), 400);
        assert_eq!(status(MalformedCredentials::ClientIdMismatch), 400);
        assert_eq!(status(MalformedCredentials::UnsupportedMechanism), 401);
        assert_eq!(status(MalformedCredentials::ImpossibleClientId), 401);
    }

    #[test]
    fn secrets_are_not_printed() {
        let presented = read(Some(&basic_of("app:hush")), "").unwrap();
        assert!(!format!("{presented:?}").contains("hush"));
        assert_eq!(presented.secret().unwrap().digest(), TokenDigest::of("hush"));
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = presented(Some(&bytes), &Params::default());
            let encoded = format!("Basic {}", STANDARD.encode(&bytes));
            let _ = presented(Some(encoded.as_bytes()), &Params::default());
        }

        #[test]
        fn encoded_pairs_read_back(id in "[!-~]{1,60}", secret in "[ -~]{1,60}") {
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let header = basic_of(&format!("{}:{}", encode(&id), encode(&secret)));
            let presented = read(Some(&header), "").unwrap();
            prop_assert_eq!(shown(&presented), ("basic", id.as_str(), secret.as_str()));
        }
    }
}
