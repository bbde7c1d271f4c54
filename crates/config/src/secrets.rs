//! The secret keys of an installation, configured or generated.

use porta_core::Entropy;
use secrecy::{ExposeSecret as _, SecretString};

use crate::Problem;
use crate::generated;
use crate::keys::{EncryptionKeys, PartialSecrets, split_cookie_keys};
use crate::reader::{Reader, SecretInput};
use crate::source::Source;
use crate::storage::Storage;
use crate::variable::{COOKIE_KEYS, SIGNING_KEY_ENCRYPTION_KEY, TWO_FACTOR_ENCRYPTION_KEY, VariableDoc};

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
