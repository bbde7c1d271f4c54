//! Redis Sentinel: servers that know the address of the primary.

use secrecy::SecretString;
use url::Url;

use crate::reader::{Reader, SecretInput};
use crate::variable::{REDIS_SENTINEL_PASSWORD, REDIS_SENTINELS};

/// Default port of a sentinel.
const PORT: u16 = 26_379;

#[derive(Debug, Clone)]
pub struct SentinelConfig {
    /// Host and port of each, in the order they are asked.
    pub addresses: Vec<(String, u16)>,
    /// Password for the sentinels, independent of that of the primary.
    pub password: Option<SecretString>,
}

impl SentinelConfig {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut addresses = Vec::new();
        for (index, item) in reader.list(REDIS_SENTINELS).iter().enumerate() {
            match address(item) {
                Some(address) => addresses.push(address),
                None => reader.note(
                    REDIS_SENTINELS,
                    format!("item {} is not an address", index + 1),
                    "use for example sentinel-1.internal:26379 or [fd00::7]:26379",
                ),
            }
        }
        let password = match reader.secret(REDIS_SENTINEL_PASSWORD) {
            SecretInput::Value(password) => Some(password),
            SecretInput::Absent | SecretInput::Refused => None,
        };
        if addresses.is_empty() {
            if password.is_some() && reader.text(REDIS_SENTINELS).is_none() {
                let message = "it is not set, but REDIS_SENTINEL_PASSWORD is";
                reader.note(REDIS_SENTINELS, message, "name the sentinels, or take the password out");
            }
            return None;
        }
        Some(Self { addresses, password })
    }
}

/// Parsed as part of a URL, whose parser knows all forms of hosts; IPv6 addresses are returned without brackets.
fn address(text: &str) -> Option<(String, u16)> {
    let url = Url::parse(&format!("redis://{text}")).ok()?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "")
        && url.query().is_none()
        && url.fragment().is_none();
    let host = url.host_str().filter(|host| is_bare && !host.is_empty())?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some((host.to_owned(), url.port().unwrap_or(PORT)))
}
