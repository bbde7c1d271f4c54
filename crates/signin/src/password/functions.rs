//! Hash functions of other systems (decision 0047). Each fills `out` with what the stored hash has for the right
//! password.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, pbkdf2};
use porta_core::password_hash::{ScryptCost, Sha};
use zeroize::Zeroizing;

use super::HashError;

/// Bytes of a password that bcrypt reads.
const BCRYPT_BYTES: usize = 72;

/// Ignores what follows 72 bytes, as the system that made the hash did.
pub(super) fn bcrypt(cost: u32, salt: &[u8], password: &[u8], out: &mut [u8]) -> Result<(), HashError> {
    let salt: [u8; 16] = salt.try_into().map_err(|_| HashError::Parameters)?;
    let length = password.len().min(BCRYPT_BYTES);
    // A NUL ends the password if there is room for it.
    let used = (length + 1).min(BCRYPT_BYTES);
    let mut key = Zeroizing::new([0_u8; BCRYPT_BYTES]);
    key[..length].copy_from_slice(&password[..length]);
    let computed = ::bcrypt::bcrypt(cost, salt, &key[..used]);
    out.copy_from_slice(computed.get(..out.len()).ok_or(HashError::Parameters)?);
    Ok(())
}

pub(super) fn pbkdf2(sha: Sha, iterations: NonZeroU32, salt: &[u8], password: &[u8], out: &mut [u8]) {
    let algorithm = match sha {
        Sha::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Sha::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Sha::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    pbkdf2::derive(algorithm, iterations, salt, password, out);
}

pub(super) fn scrypt(
    cost: ScryptCost,
    salt: &[u8],
    password: &[u8],
    out: &mut [u8],
) -> Result<(), HashError> {
    let params = ::scrypt::Params::new(cost.log_n, cost.block_size, cost.parallelism)
        .map_err(|_| HashError::Parameters)?;
    ::scrypt::scrypt(password, salt, &params, out).map_err(|_| HashError::Parameters)
}

/// The key stream of AES-256-CTR under the derived key, from a counter of zero.
pub(super) fn firebase_scrypt(
    cost: ScryptCost,
    salt: &[u8],
    password: &[u8],
    out: &mut [u8],
) -> Result<(), HashError> {
    let mut key = Zeroizing::new([0_u8; 32]);
    scrypt(cost, salt, password, &mut key[..])?;
    out.fill(0);
    UnboundCipherKey::new(&AES_256, &key[..])
        .and_then(EncryptingKey::ctr)
        .and_then(|key| key.less_safe_encrypt(out, EncryptionContext::Iv128(FixedLength::from([0; 16]))))
        .map(drop)
        .map_err(|_| HashError::Parameters)
}

pub(super) fn salted_sha(sha: Sha, salt: &[u8], password: &[u8], out: &mut [u8]) -> Result<(), HashError> {
    let mut context = digest::Context::new(match sha {
        Sha::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Sha::Sha256 => &digest::SHA256,
        Sha::Sha512 => &digest::SHA512,
    });
    context.update(password);
    context.update(salt);
    let computed = context.finish();
    out.copy_from_slice(computed.as_ref().get(..out.len()).ok_or(HashError::Parameters)?);
    Ok(())
}

#[cfg(test)]
mod tests;
