//! Secret keys: for cookie signatures and for encryption at rest.

use std::fmt;

use porta_core::Entropy;
use porta_core::secret::unhex;
use secrecy::{ExposeSecret, ExposeSecretMut as _, SecretBox, SecretString};
use zeroize::Zeroizing;

use crate::Problem;
use crate::generated;
use crate::reader::{Reader, SecretInput};
use crate::source::Source;
use crate::storage::Storage;
use crate::variable::{COOKIE_KEYS, SIGNING_KEY_ENCRYPTION_KEY, TWO_FACTOR_ENCRYPTION_KEY, VariableDoc};

/// Most keys of one list. One being introduced and two being retired are enough; every code is checked with each of
/// them (decision 0039).
pub const MOST_ENCRYPTION_KEYS: usize = 4;

/// 256-bit keys for encryption at rest: the first encrypts, all decrypt; never empty.
pub struct EncryptionKeys(SecretBox<Vec<[u8; 32]>>);

/// Why a list of keys is unusable; tells positions and no part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyListError {
    /// The list has this key only.
    NotHex,
    NotHexAt(usize),
    EmptyAt(usize),
    Twice(usize, usize),
    TooMany(usize),
}

impl fmt::Display for KeyListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHex => f.write_str("it is not 64 hexadecimal digits"),
            Self::NotHexAt(place) => write!(f, "key {place} is not 64 hexadecimal digits"),
            Self::EmptyAt(place) => write!(f, "key {place} of the list is empty"),
            Self::Twice(first, second) => write!(f, "keys {first} and {second} are the same"),
            Self::TooMany(count) => {
                write!(f, "it holds {count} keys, and {MOST_ENCRYPTION_KEYS} may be held")
            }
        }
    }
}

impl KeyListError {
    fn remedy(self) -> &'static str {
        match self {
            Self::NotHex | Self::NotHexAt(_) => "make one with `openssl rand -hex 32`",
            Self::EmptyAt(_) => "remove the extra comma",
            Self::Twice(..) => "name each key once, the newest first",
            Self::TooMany(_) => "take out those that `porta keys reseal` says nothing needs",
        }
    }
}

impl EncryptionKeys {
    /// Parses one key, or several separated by commas.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyListError> {
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        if items.len() > MOST_ENCRYPTION_KEYS {
            return Err(KeyListError::TooMany(items.len()));
        }
        let mut keys = SecretBox::new(Box::new(Vec::with_capacity(items.len())));
        for (index, item) in items.iter().enumerate() {
            let bytes = Zeroizing::new(unhex(item).unwrap_or_default());
            let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()) else {
                return Err(match (items.len(), item.is_empty()) {
                    (1, _) => KeyListError::NotHex,
                    (_, true) => KeyListError::EmptyAt(index + 1),
                    (_, false) => KeyListError::NotHexAt(index + 1),
                });
            };
            let keys: &mut Vec<[u8; 32]> = keys.expose_secret_mut();
            if let Some(earlier) = keys.iter().position(|known| *known == key) {
                return Err(KeyListError::Twice(earlier + 1, index + 1));
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }

    /// The newest first.
    pub fn expose(&self) -> &[[u8; 32]] {
        self.0.expose_secret()
    }
}

impl Clone for EncryptionKeys {
    fn clone(&self) -> Self {
        Self(SecretBox::new(Box::new(self.expose().to_vec())))
    }
}

impl fmt::Debug for EncryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKeys({})", self.expose().len())
    }
}

/// Encryption keys for commands that handle sealed values without running the server.
#[derive(Debug, Clone)]
pub struct SealingSecrets {
    pub signing: EncryptionKeys,
    pub two_factor: EncryptionKeys,
}

#[derive(Debug, Clone)]
pub struct Secrets {
    /// The first signs, all verify; never empty.
    pub cookie_keys: Vec<SecretString>,
    pub signing_key_encryption_keys: EncryptionKeys,
    pub two_factor_encryption_keys: EncryptionKeys,
}

impl Secrets {
    /// For commands that handle sealed values without running the server. With embedded storage, generates missing
    /// keys.
    pub fn load(source: &Source<'_>, entropy: &dyn Entropy) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let storage = Storage::read(&mut reader);
        let partial = PartialSecrets::read(&mut reader, &storage);
        reader.check()?;
        partial.complete(&storage, entropy).map_err(|problem| vec![problem])
    }

    /// For commands that create signing keys. With embedded storage, generates the whole set if these keys are missing.
    pub fn load_signing_keys(
        source: &Source<'_>,
        entropy: &dyn Entropy,
    ) -> Result<EncryptionKeys, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let storage = Storage::read(&mut reader);
        let given = reader.secret(SIGNING_KEY_ENCRYPTION_KEY);
        if given.is_absent() && storage.is_embedded() {
            return Self::load(source, entropy).map(|secrets| secrets.signing_key_encryption_keys);
        }
        if given.is_absent() {
            reader.note_missing(SIGNING_KEY_ENCRYPTION_KEY);
        }
        let keys = read_keys(&mut reader, SIGNING_KEY_ENCRYPTION_KEY, given);
        reader.check()?;
        // `None` only if a problem was noted.
        keys.ok_or_else(|| vec![missing(SIGNING_KEY_ENCRYPTION_KEY)])
    }

    /// Both lists of encryption keys, for the command that re-encrypts stored values. Generates none.
    pub fn load_sealing(source: &Source<'_>) -> Result<SealingSecrets, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let storage = Storage::read(&mut reader);
        let mut read = |variable: &VariableDoc| {
            let given = reader.secret(variable);
            (given.is_absent(), read_keys(&mut reader, variable, given))
        };
        let (signing, two_factor) = (read(SIGNING_KEY_ENCRYPTION_KEY), read(TWO_FACTOR_ENCRYPTION_KEY));
        let mut partial =
            PartialSecrets { signing: signing.1, two_factor: two_factor.1, ..PartialSecrets::default() };
        if let (Storage::Embedded { data_dir }, true) = (&storage, signing.0 || two_factor.0) {
            match generated::read(data_dir) {
                Ok(earlier) => partial = partial.or(earlier.unwrap_or_default()),
                Err(problem) => reader.note_all([problem]),
            }
        }
        for (variable, is_absent, found) in [
            (SIGNING_KEY_ENCRYPTION_KEY, signing.0, partial.signing.is_some()),
            (TWO_FACTOR_ENCRYPTION_KEY, two_factor.0, partial.two_factor.is_some()),
        ] {
            if is_absent && !found {
                reader.note_missing(variable);
            }
        }
        reader.check()?;
        Ok(SealingSecrets {
            signing: partial.signing.ok_or_else(|| vec![missing(SIGNING_KEY_ENCRYPTION_KEY)])?,
            two_factor: partial.two_factor.ok_or_else(|| vec![missing(TWO_FACTOR_ENCRYPTION_KEY)])?,
        })
    }
}

/// Keys that were configured or generated by an earlier start; `None`: missing or unusable.
#[derive(Debug, Default)]
pub(crate) struct PartialSecrets {
    pub(crate) cookie_keys: Option<Vec<SecretString>>,
    pub(crate) signing: Option<EncryptionKeys>,
    pub(crate) two_factor: Option<EncryptionKeys>,
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
            signing: read_keys(reader, SIGNING_KEY_ENCRYPTION_KEY, signing),
            two_factor: read_keys(reader, TWO_FACTOR_ENCRYPTION_KEY, two_factor),
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

    fn into_complete(self) -> Result<Secrets, Self> {
        match self {
            Self { cookie_keys: Some(cookie_keys), signing: Some(signing), two_factor: Some(two_factor) } => {
                Ok(Secrets {
                    cookie_keys,
                    signing_key_encryption_keys: signing,
                    two_factor_encryption_keys: two_factor,
                })
            }
            partial => Err(partial),
        }
    }

    /// Returns the whole set; embedded storage generates and stores the missing keys. Writes a file, so call it only if
    /// there is no problem.
    pub(crate) fn complete(self, storage: &Storage, entropy: &dyn Entropy) -> Result<Secrets, Problem> {
        let partial = match (self.into_complete(), storage) {
            (Ok(secrets), _) => return Ok(secrets),
            (Err(partial), Storage::Embedded { data_dir }) => {
                partial.or(generated::create(data_dir, entropy)?)
            }
            (Err(partial), Storage::Production { .. }) => partial,
        };
        partial.into_complete().map_err(|_| Problem::new("secrets", "one is missing", "set all three keys"))
    }
}

fn missing(variable: &VariableDoc) -> Problem {
    Problem::new(variable.name, "it is missing", "set it")
}

fn read_keys(reader: &mut Reader<'_>, variable: &VariableDoc, given: SecretInput) -> Option<EncryptionKeys> {
    let SecretInput::Value(text) = given else { return None };
    match EncryptionKeys::parse(text.expose_secret()) {
        Ok(keys) => Some(keys),
        Err(error) => {
            reader.note(variable, error.to_string(), error.remedy());
            None
        }
    }
}

fn read_cookie_keys(reader: &mut Reader<'_>, given: SecretInput) -> Option<Vec<SecretString>> {
    let SecretInput::Value(text) = given else { return None };
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
