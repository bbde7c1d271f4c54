//! Raw Argon2id on one core, its memory kept between calls as the server keeps it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::{Figures, repeat};
use crate::world::HashCost;

/// Names of the two figures.
pub(crate) const DEFAULT: &str = "default";
pub(crate) const REFERENCE: &str = "reference";

pub(super) fn measure(seconds: Duration) -> Result<Figures> {
    Ok(Figures::from([
        (DEFAULT.to_owned(), hashes(HashCost::DEFAULT, seconds)?),
        (REFERENCE.to_owned(), hashes(HashCost::REFERENCE, seconds)?),
    ]))
}

fn hashes(cost: HashCost, seconds: Duration) -> Result<f64> {
    let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(32));
    let params = params.ok().context("Argon2 refuses the parameters")?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; 32];
    repeat(seconds, || {
        argon2
            .hash_password_into_with_memory(
                b"bench-only-password",
                b"sixteen-bytes-ok",
                &mut hash,
                &mut memory[..],
            )
            .ok()
            .context("hashing failed")
    })
}
