//! Raw Argon2id on one core, reusing its memory between calls as the server does.

use std::time::Duration;

use anyhow::{Context as _, Result};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::{Rates, repeat};
use crate::world::HashCost;

pub(super) fn measure(cost: HashCost, seconds: Duration) -> Result<Rates> {
    let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(32));
    let params = params.ok().context("Argon2 refuses the parameters")?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; 32];
    let rate = repeat(seconds, || {
        argon2
            .hash_password_into_with_memory(
                b"bench-only-password",
                b"sixteen-bytes-ok",
                &mut hash,
                &mut memory[..],
            )
            .ok()
            .context("hashing failed")
    })?;
    Ok(Rates::from([("Argon2id".to_owned(), rate)]))
}
