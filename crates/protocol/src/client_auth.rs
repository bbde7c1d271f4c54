//! Client credentials as presented (RFC 6749 §2.3, RFC 7617, OpenID Connect Core §9).
//!
//! Reading is separate from judging: what comes out says which mechanism was used and what was claimed, and `oidc`
//! compares it with the stored client. Secrets are hashed after decoding, because clients percent-encode them.

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

/// Clients differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request says about the client that sent it.
#[derive(Debug, Clone)]
pub enum Presented {
    /// Neither a client id nor credentials.
    None,
    /// A `client_id` alone: a public client, or an attempt without credentials.
    Public { client_id: ClientId },
    /// `client_secret_basic`.
    Basic { client_id: ClientId, secret: PresentedSecret },
    /// `client_secret_post`.
    Post { client_id: ClientId, secret: PresentedSecret },
}

impl Presented {
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
    /// What the store keeps of generated secrets.
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
pub enum ClientAuthError {
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

impl From<ClientAuthError> for OAuthError {
    fn from(error: ClientAuthError) -> Self {
        let code = match error {
            ClientAuthError::TooLong
            | ClientAuthError::MalformedBasic
            | ClientAuthError::NotPrintable
            | ClientAuthError::SeveralMechanisms
            | ClientAuthError::Repeated
            | ClientAuthError::ClientIdMismatch
            | ClientAuthError::MissingClientId => ErrorCode::InvalidRequest,
            // RFC 6749 §5.2 counts an unsupported mechanism as failed authentication; an id no client can have is
            // answered like an unknown one.
            ClientAuthError::UnsupportedMechanism | ClientAuthError::ImpossibleClientId => {
                ErrorCode::InvalidClient
            }
        };
        Self::new(code, error.to_string())
    }
}

/// Reads the credentials of a request from its `Authorization` header value and its form body.
pub fn presented(authorization: Option<&[u8]>, body: &Params) -> Result<Presented, ClientAuthError> {
    let body_id = single(body, "client_id")?;
    let body_secret = single(body, "client_secret")?;
    let has_assertion =
        single(body, "client_assertion")?.is_some() || single(body, "client_assertion_type")?.is_some();

    // RFC 6749 §2.3: a client MUST NOT use more than one mechanism in a request.
    let mechanisms = [authorization.is_some(), body_secret.is_some(), has_assertion];
    if mechanisms.iter().filter(|used| **used).count() > 1 {
        return Err(ClientAuthError::SeveralMechanisms);
    }
    if has_assertion {
        return Err(ClientAuthError::UnsupportedMechanism);
    }
    if let Some(header) = authorization {
        let (id, secret) = basic(header)?;
        if body_id.is_some_and(|other| other != id) {
            return Err(ClientAuthError::ClientIdMismatch);
        }
        return Ok(Presented::Basic { client_id: client_id(&id)?, secret });
    }
    match (body_id, body_secret) {
        (None, None) => Ok(Presented::None),
        (None, Some(_)) => Err(ClientAuthError::MissingClientId),
        (Some(id), None) => Ok(Presented::Public { client_id: client_id(id)? }),
        (Some(id), Some(secret)) => {
            Ok(Presented::Post { client_id: client_id(id)?, secret: presented_secret(secret.to_owned())? })
        }
    }
}

fn single<'a>(body: &'a Params, name: &'a str) -> Result<Option<&'a str>, ClientAuthError> {
    let mut values = body.all(name);
    let first = values.next();
    if values.next().is_some() {
        return Err(ClientAuthError::Repeated);
    }
    if first.is_some_and(|value| value.len() > MAX_BYTES) {
        return Err(ClientAuthError::TooLong);
    }
    Ok(first)
}

/// RFC 7617 §2, then RFC 6749 §2.3.1: both halves are form-url-encoded inside the pair.
fn basic(header: &[u8]) -> Result<(String, PresentedSecret), ClientAuthError> {
    if header.len() > MAX_BYTES {
        return Err(ClientAuthError::TooLong);
    }
    let space = header.iter().position(|b| *b == b' ').unwrap_or(header.len());
    let (scheme, rest) = header.split_at(space);
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(ClientAuthError::UnsupportedMechanism);
    }
    let pair = BASE64.decode(rest.trim_ascii()).map_err(|_| ClientAuthError::MalformedBasic)?;
    let mut halves = pair.splitn(2, |b| *b == b':');
    let (Some(id), Some(secret)) = (halves.next(), halves.next()) else {
        return Err(ClientAuthError::MalformedBasic);
    };
    let id = decode(id).map_err(|_| ClientAuthError::MalformedBasic)?;
    let secret = decode(secret).map_err(|_| ClientAuthError::MalformedBasic)?;
    if id.is_empty() || secret.is_empty() {
        return Err(ClientAuthError::MalformedBasic);
    }
    if !is_printable(&id) {
        return Err(ClientAuthError::NotPrintable);
    }
    Ok((id, presented_secret(secret)?))
}

fn presented_secret(text: String) -> Result<PresentedSecret, ClientAuthError> {
    if !is_printable(&text) {
        return Err(ClientAuthError::NotPrintable);
    }
    Ok(PresentedSecret(SecretString::from(text)))
}

fn client_id(text: &str) -> Result<ClientId, ClientAuthError> {
    if !is_printable(text) {
        return Err(ClientAuthError::NotPrintable);
    }
    ClientId::parse(text).map_err(|_| ClientAuthError::ImpossibleClientId)
}

/// RFC 6749 Appendix A: VSCHAR = %x20-7E.
fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, 0x20..=0x7E))
}
