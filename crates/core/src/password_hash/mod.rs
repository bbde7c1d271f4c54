//! Password hashes, of Porta and of other systems: what their texts say, and the bounds of their cost (decision 0047).
//!
//! | Function | Texts |
//! |---|---|
//! | Argon2i, Argon2d, Argon2id | `$argon2id$v=19$m=19456,t=2,p=1$salt$hash` |
//! | bcrypt | `$2a$12$…`, `$2b$12$…`, `$2y$12$…` |
//! | PBKDF2 | `$pbkdf2-sha256$i=600000$salt$hash`, passlib's `$pbkdf2-sha256$600000$…`, Django's `pbkdf2_sha256$…` |
//! | scrypt | `$scrypt$ln=16,r=8,p=1$salt$hash` |
//! | scrypt of Firebase | `$fbscrypt$v=1,n=14,r=8,p=1,ss=separator,sk=key$salt$hash` |
//! | SHA with a salt | `{SSHA}…`, `{SSHA256}…`, `{SSHA512}…` |
//!
//! The functions are computed by crate `signin`.

mod forms;

use std::fmt;
use std::num::NonZeroU32;

use crate::string_enum;
use crate::user::PasswordHash;

/// Bounds of Argon2, in KiB: memory, and memory times iterations. Half a second.
const ARGON2_MEMORY_KIB: u32 = 128 * 1024;
const ARGON2_WORK_KIB: u64 = 512 * 1024;
/// Bound of bcrypt's cost. Half a second.
const BCRYPT_COST: u32 = 13;
/// Bounds of PBKDF2: iterations times digests of output. Half a second.
const PBKDF2_WORK: u64 = 1_500_000;
const PBKDF2_SHA512_WORK: u64 = 600_000;
/// Bounds of scrypt. `N·r·p` of 2^20 is 128 MiB and half a second if `p` is 1.
const SCRYPT_WORK: u128 = 1 << 20;
const SCRYPT_BLOCK_SIZE: u32 = 32;
const SCRYPT_PARALLELISM: u32 = 16;

string_enum! {
    /// Names of the functions, for messages.
    pub enum HashForm {
        Argon2d = "Argon2d",
        Argon2i = "Argon2i",
        Argon2id = "Argon2id",
        Bcrypt = "bcrypt",
        Pbkdf2 = "PBKDF2",
        Scrypt = "scrypt",
        FirebaseScrypt = "Firebase scrypt",
        SaltedSha = "salted SHA",
    }
}

/// Why a text was refused as a password hash. The messages quote nothing but the name of a form: the text may be a
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashRefused {
    #[error("`{0}` is a form of password hash that Porta cannot verify")]
    UnknownForm(String),
    #[error("this is not a password hash of a form that Porta can verify")]
    NoForm,
    #[error("this {0} hash is malformed")]
    Malformed(HashForm),
    #[error("this {form} hash costs too much to verify: the limit is {limit}")]
    TooCostly { form: HashForm, limit: &'static str },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Argon2Variant {
    D,
    I,
    Id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Argon2Version {
    /// 0x10.
    V16,
    /// 0x13.
    V19,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Argon2Cost {
    pub variant: Argon2Variant,
    pub version: Argon2Version,
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
}

/// Parameters of RFC 7914 §2: `r` is the block size, `N` is 2^`log_n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScryptCost {
    pub log_n: u8,
    pub block_size: u32,
    pub parallelism: u32,
}

impl ScryptCost {
    /// `N·r·p`. The factors have at most 64, 32 and 32 bits.
    fn work(self) -> u128 {
        (1_u128 << self.log_n) * u128::from(self.block_size) * u128::from(self.parallelism)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sha {
    Sha1,
    Sha256,
    Sha512,
}

impl Sha {
    /// Bytes of a digest.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// A hash function with everything that determines its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashFunction {
    Argon2(Argon2Cost),
    /// 2^`cost` rounds.
    Bcrypt {
        cost: u32,
    },
    /// `blocks`: digests of output (RFC 8018 §5.2). Each takes all iterations.
    Pbkdf2 {
        sha: Sha,
        iterations: NonZeroU32,
        blocks: u32,
    },
    Scrypt(ScryptCost),
    /// The derived key encrypts the signer key of the project with AES-256-CTR.
    FirebaseScrypt(ScryptCost),
    /// One digest of password and salt.
    SaltedSha(Sha),
}

impl HashFunction {
    pub const fn form(self) -> HashForm {
        match self {
            Self::Argon2(Argon2Cost { variant: Argon2Variant::D, .. }) => HashForm::Argon2d,
            Self::Argon2(Argon2Cost { variant: Argon2Variant::I, .. }) => HashForm::Argon2i,
            Self::Argon2(Argon2Cost { variant: Argon2Variant::Id, .. }) => HashForm::Argon2id,
            Self::Bcrypt { .. } => HashForm::Bcrypt,
            Self::Pbkdf2 { .. } => HashForm::Pbkdf2,
            Self::Scrypt(_) => HashForm::Scrypt,
            Self::FirebaseScrypt(_) => HashForm::FirebaseScrypt,
            Self::SaltedSha(_) => HashForm::SaltedSha,
        }
    }

    /// Steps that one computation takes. Only numbers of the same form can be compared.
    pub fn work(self) -> u64 {
        match self {
            Self::Argon2(cost) => u64::from(cost.memory_kib) * u64::from(cost.iterations),
            Self::Bcrypt { cost } => 1 << cost.min(63),
            Self::Pbkdf2 { iterations, blocks, .. } => u64::from(iterations.get()) * u64::from(blocks),
            Self::Scrypt(cost) | Self::FirebaseScrypt(cost) => cost.work().try_into().unwrap_or(u64::MAX),
            Self::SaltedSha(_) => 1,
        }
    }

    /// Refuses a cost with which one sign-in would take more than a second or 128 MiB. A sign-in computes up to two
    /// hashes (decision 0040).
    fn check_cost(self) -> Result<(), HashRefused> {
        let (is_allowed, limit) = match self {
            Self::Argon2(cost) => (
                cost.memory_kib <= ARGON2_MEMORY_KIB && self.work() <= ARGON2_WORK_KIB,
                "128 MiB of memory, and 512 MiB for memory times iterations",
            ),
            Self::Bcrypt { cost } => (cost <= BCRYPT_COST, "a cost of 13"),
            Self::Pbkdf2 { sha: Sha::Sha1 | Sha::Sha256, .. } => (
                self.work() <= PBKDF2_WORK,
                "1,500,000 iterations, divided by the number of digests in the output",
            ),
            Self::Pbkdf2 { sha: Sha::Sha512, .. } => (
                self.work() <= PBKDF2_SHA512_WORK,
                "600,000 iterations, divided by the number of digests in the output",
            ),
            Self::Scrypt(cost) | Self::FirebaseScrypt(cost) => (
                cost.work() <= SCRYPT_WORK
                    && cost.block_size <= SCRYPT_BLOCK_SIZE
                    && cost.parallelism <= SCRYPT_PARALLELISM,
                "2^20 for N·r·p, 32 for r, and 16 for p",
            ),
            Self::SaltedSha(_) => (true, ""),
        };
        if is_allowed { Ok(()) } else { Err(HashRefused::TooCostly { form: self.form(), limit }) }
    }

    /// Bytes of output of a dummy hash.
    fn output_length(self) -> usize {
        match self {
            Self::Argon2(_) | Self::Scrypt(_) => 32,
            Self::Bcrypt { .. } => 23,
            Self::Pbkdf2 { sha, blocks, .. } => {
                usize::try_from(blocks).map_or(sha.length(), |blocks| blocks * sha.length())
            }
            Self::FirebaseScrypt(_) => 64,
            Self::SaltedSha(sha) => sha.length(),
        }
    }
}

/// What the text of a hash says.
#[derive(Clone, PartialEq, Eq)]
pub struct ParsedHash {
    pub function: HashFunction,
    pub salt: Vec<u8>,
    /// What the function returns for the right password. For Firebase: the stored hash without the signer key, which
    /// AES-CTR combines by exclusive or.
    pub output: Vec<u8>,
}

impl ParsedHash {
    /// Parses a stored hash. Argon2id has no bounds here: the operator configures the cost of Porta's own hashes.
    pub fn of_stored(stored: &PasswordHash) -> Result<Self, HashRefused> {
        let hash = forms::parse(stored.as_str())?;
        if hash.function.form() != HashForm::Argon2id {
            hash.function.check_cost()?;
        }
        Ok(hash)
    }

    /// A hash that takes as long to verify as others of this function, and belongs to no password.
    pub fn dummy(function: HashFunction) -> Self {
        Self { function, salt: b"salt of a dummy!".to_vec(), output: vec![0; function.output_length()] }
    }
}

impl fmt::Debug for ParsedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParsedHash({:?}, …)", self.function)
    }
}

impl PasswordHash {
    /// Accepts a hash made by another system, or by another installation of Porta. What is stored is the text as given.
    pub fn import(text: &str) -> Result<Self, HashRefused> {
        forms::parse(text)?.function.check_cost()?;
        Ok(Self::trusted(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
