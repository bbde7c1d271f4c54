//! The cost of a password hash.

use crate::Problem;
use crate::reader::Reader;
use crate::source::Source;
use crate::variable::{ARGON2_ITERATIONS, ARGON2_MEMORY_KIB, ARGON2_PARALLELISM};

/// Argon2id parameters; the defaults are those of the OWASP password storage cheat sheet (decision D9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Params {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
}

impl Argon2Params {
    /// For commands that hash a password without running the server.
    pub fn load(source: &Source<'_>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let parameters = Self::read(&mut reader);
        reader.finish(parameters)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        // The declared bounds fit 32 bits.
        let mut read = |variable| u32::try_from(reader.number_or_default(variable)).unwrap_or(u32::MAX);
        Self {
            memory_kib: read(ARGON2_MEMORY_KIB),
            iterations: read(ARGON2_ITERATIONS),
            parallelism: read(ARGON2_PARALLELISM),
        }
    }
}
