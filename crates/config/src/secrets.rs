//! The keys everything else is protected with.

use std::fmt;

use porta_core::Entropy;
use porta_core::secret::unhex;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use crate::Problem;
use crate::generated;
use crate::reader::{Given, Reader};
use crate::source::Source;
use crate::storage::Storage;
use crate::variable::{COOKIE_KEYS, SIGNING_KEY_ENCRYPTION_KEY, TWO_FACTOR_ENCRYPTION_KEY, VariableDoc};

/// 256 bits that encrypt at rest.
pub struct EncryptionKey(SecretBox<[u8; 32]>);

impl EncryptionKey {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = unhex(text.trim())?.try_into().ok()?;
        Some(Self(SecretBox::new(Box::new(bytes))))
    }

    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl Clone for EncryptionKey {
    fn clone(&self) -> Self {
        Self(SecretBox::new(Box::new(*self.expose())))
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey(…)")
    }
}

#[derive(Debug, Clone)]
pub struct Secrets {
    /// The first signs, all verify; never empty.
    pub cookie_keys: Vec<SecretString>,
    pub signing_key_encryption_key: EncryptionKey,
    pub two_factor_encryption_key: EncryptionKey,
}

impl Secrets {
    /// For commands that touch sealed values and serve nothing. Embedded storage makes what is missing.
    pub fn load(source: &Source<'_>, entropy: &dyn Entropy) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let storage = Storage::read(&mut reader);
        let partial = PartialSecrets::read(&mut reader, &storage);
        reader.check()?;
        partial.complete(&storage, entropy).map_err(|problem| vec![problem])
    }

    /// The one key that commands need which make signing keys. Embedded storage makes the whole set when it is missing.
    pub fn load_signing_key(
        source: &Source<'_>,
        entropy: &dyn Entropy,
    ) -> Result<EncryptionKey, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let storage = Storage::read(&mut reader);
        let given = reader.secret(SIGNING_KEY_ENCRYPTION_KEY);
        if given.is_absent() && storage.is_embedded() {
            return Self::load(source, entropy).map(|secrets| secrets.signing_key_encryption_key);
        }
        if given.is_absent() {
            reader.note_missing(SIGNING_KEY_ENCRYPTION_KEY);
        }
        let key = read_key(&mut reader, SIGNING_KEY_ENCRYPTION_KEY, given);
        reader.check()?;
        // Only ever absent when a problem was noted.
        key.ok_or_else(|| vec![Problem::new(SIGNING_KEY_ENCRYPTION_KEY.name, "it is missing", "set it")])
    }
}

/// What was given, and what an earlier start generated.
#[derive(Debug, Default)]
pub(crate) struct PartialSecrets {
    pub(crate) cookie_keys: Option<Vec<SecretString>>,
    pub(crate) signing: Option<EncryptionKey>,
    pub(crate) two_factor: Option<EncryptionKey>,
}

impl PartialSecrets {
    pub(crate) fn read(reader: &mut Reader<'_>, storage: &Storage) -> Self {
        let cookies = reader.secret(COOKIE_KEYS);
        let signing = reader.secret(SIGNING_KEY_ENCRYPTION_KEY);
        let two_factor = reader.secret(TWO_FACTOR_ENCRYPTION_KEY);
        let mut missing = Vec::new();
        for (variable, given) in [
            (COOKIE_KEYS, &cookies),
            (SIGNING_KEY_ENCRYPTION_KEY, &signing),
            (TWO_FACTOR_ENCRYPTION_KEY, &two_factor),
        ] {
            if given.is_absent() {
                missing.push(variable);
            }
        }
        let given = Self {
            cookie_keys: read_cookie_keys(reader, cookies),
            signing: read_key(reader, SIGNING_KEY_ENCRYPTION_KEY, signing),
            two_factor: read_key(reader, TWO_FACTOR_ENCRYPTION_KEY, two_factor),
        };
        match storage {
            _ if missing.is_empty() => given,
            Storage::Production { .. } => {
                for variable in missing {
                    reader.note_missing(variable);
                }
                given
            }
            Storage::Embedded { data_dir } => match generated::read(data_dir) {
                Ok(earlier) => given.or(earlier.unwrap_or_default()),
                Err(problem) => {
                    reader.note_all([problem]);
                    given
                }
            },
        }
    }

    /// Fills each gap from `other`.
    fn or(self, other: Self) -> Self {
        Self {
            cookie_keys: self.cookie_keys.or(other.cookie_keys),
            signing: self.signing.or(other.signing),
            two_factor: self.two_factor.or(other.two_factor),
        }
    }

    fn into_whole(self) -> Result<Secrets, Self> {
        match self {
            Self { cookie_keys: Some(cookie_keys), signing: Some(signing), two_factor: Some(two_factor) } => {
                Ok(Secrets {
                    cookie_keys,
                    signing_key_encryption_key: signing,
                    two_factor_encryption_key: two_factor,
                })
            }
            partial => Err(partial),
        }
    }

    /// The whole set; embedded storage generates the gaps once and for all. Call it when nothing else is wrong: it
    /// writes a file.
    pub(crate) fn complete(self, storage: &Storage, entropy: &dyn Entropy) -> Result<Secrets, Problem> {
        let partial = match (self.into_whole(), storage) {
            (Ok(secrets), _) => return Ok(secrets),
            (Err(partial), Storage::Embedded { data_dir }) => {
                partial.or(generated::create(data_dir, entropy)?)
            }
            (Err(partial), Storage::Production { .. }) => partial,
        };
        partial.into_whole().map_err(|_| Problem::new("secrets", "one is missing", "set all three keys"))
    }
}

fn read_key(reader: &mut Reader<'_>, variable: &VariableDoc, given: Given) -> Option<EncryptionKey> {
    let Given::Value(text) = given else { return None };
    let key = EncryptionKey::parse(text.expose_secret());
    if key.is_none() {
        reader.note(variable, "it is not 64 hexadecimal digits", "make one with `openssl rand -hex 32`");
    }
    key
}

fn read_cookie_keys(reader: &mut Reader<'_>, given: Given) -> Option<Vec<SecretString>> {
    let Given::Value(text) = given else { return None };
    let keys = split_cookie_keys(text.expose_secret());
    let shortest = keys.iter().map(|key| key.expose_secret().chars().count()).min().unwrap_or(0);
    if shortest < 16 {
        let message = if shortest == 0 { "a key is empty" } else { "a key is shorter than 16 characters" };
        reader.note(
            COOKIE_KEYS,
            message,
            "use keys of 32 characters or more, made with `openssl rand -hex 32`",
        );
        return None;
    }
    Some(keys)
}

pub(crate) fn split_cookie_keys(text: &str) -> Vec<SecretString> {
    text.split(',').map(|key| SecretString::from(key.trim())).collect()
}
