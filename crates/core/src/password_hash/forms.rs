//! Parses the texts of password hashes.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use base64::engine::general_purpose::{NO_PAD, STANDARD_PAD_INDIFFERENT};
use base64::engine::{Engine as _, GeneralPurpose};

use super::{
    Argon2Cost, Argon2Variant, Argon2Version, HashForm, HashFunction, HashRefused, ParsedHash, ScryptCost,
    Sha,
};

/// Maximum of characters. The longest text in use has 800: PBKDF2 with 512 bytes of output.
const LONGEST: usize = 1024;

/// Bytes of a salt.
const SALT: RangeInclusive<usize> = 1..=128;
/// Bytes of a salt of Argon2 (RFC 9106 §3.1).
const LEAST_ARGON2_SALT: usize = 8;
/// Bytes of output. Other passwords match a shorter output by chance.
const OUTPUT: RangeInclusive<usize> = 16..=512;

const BCRYPT_COST: RangeInclusive<u32> = 4..=31;
/// Characters of a salt of bcrypt, and of salt and output together.
const BCRYPT_SALT: usize = 22;
const BCRYPT_SALT_AND_OUTPUT: usize = 53;
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::BCRYPT, NO_PAD);
/// The last character of a salt has four bits too many. Implementations ignore them.
const BCRYPT_SALT_BASE64: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

/// A recognised form, and what the text says if it is well formed.
type Reading = (HashForm, Option<ParsedHash>);

pub(super) fn parse(text: &str) -> Result<ParsedHash, HashRefused> {
    if text.len() > LONGEST {
        return Err(HashRefused::NoForm);
    }
    let reading = match text.as_bytes().first() {
        Some(b'$') => modular(&text[1..]),
        Some(b'{') => ldap(&text[1..]),
        _ => django(text),
    };
    let (form, hash) = reading.ok_or_else(|| unknown(text))?;
    hash.ok_or(HashRefused::Malformed(form))
}

/// `$name$…`: PHC strings and modular crypt formats.
fn modular(text: &str) -> Option<Reading> {
    let (name, rest) = text.split_once('$')?;
    Some(match name {
        "argon2d" => (HashForm::Argon2d, argon2(Argon2Variant::D, rest)),
        "argon2i" => (HashForm::Argon2i, argon2(Argon2Variant::I, rest)),
        "argon2id" => (HashForm::Argon2id, argon2(Argon2Variant::Id, rest)),
        // The three differ in defects of old implementations, none of which concerns a password without NUL.
        "2a" | "2b" | "2y" => (HashForm::Bcrypt, bcrypt(rest)),
        "pbkdf2" | "pbkdf2-sha1" => (HashForm::Pbkdf2, pbkdf2(Sha::Sha1, rest)),
        "pbkdf2-sha256" => (HashForm::Pbkdf2, pbkdf2(Sha::Sha256, rest)),
        "pbkdf2-sha512" => (HashForm::Pbkdf2, pbkdf2(Sha::Sha512, rest)),
        "scrypt" => (HashForm::Scrypt, scrypt(rest)),
        "fbscrypt" => (HashForm::FirebaseScrypt, firebase_scrypt(rest)),
        _ => return None,
    })
}

/// `[v=19$]m=…,t=…,p=…$salt$hash`
fn argon2(variant: Argon2Variant, text: &str) -> Option<ParsedHash> {
    let (version, text) = match text.strip_prefix("v=") {
        Some(text) => text.split_once('$')?,
        // The first version of Argon2 did not write its number.
        None => ("16", text),
    };
    let version = match version {
        "16" => Argon2Version::V16,
        "19" => Argon2Version::V19,
        _ => return None,
    };
    let (cost, text) = text.split_once('$')?;
    let [memory_kib, iterations, parallelism] = numbers(cost, ["m", "t", "p"])?;
    let (salt, output) = salt_and_output(text)?;
    // RFC 9106 §3.1: eight blocks for each lane at least.
    let is_possible = iterations > 0 && parallelism > 0 && memory_kib / 8 >= parallelism;
    if !is_possible || salt.len() < LEAST_ARGON2_SALT {
        return None;
    }
    let cost = Argon2Cost { variant, version, memory_kib, iterations, parallelism };
    hash(HashFunction::Argon2(cost), salt, output)
}

/// `12$`, 22 characters of salt, 31 of output.
fn bcrypt(text: &str) -> Option<ParsedHash> {
    let (cost, text) = text.split_once('$')?;
    if cost.len() != 2 || text.len() != BCRYPT_SALT_AND_OUTPUT {
        return None;
    }
    let cost = number(cost).filter(|cost| BCRYPT_COST.contains(cost))?;
    let (salt, output) = text.split_at_checked(BCRYPT_SALT)?;
    let (salt, output) = (BCRYPT_SALT_BASE64.decode(salt).ok()?, BCRYPT_BASE64.decode(output).ok()?);
    hash(HashFunction::Bcrypt { cost }, salt, output)
}

/// `i=600000[,l=32]$salt$hash` (PHC), or `600000$salt$hash` (passlib).
fn pbkdf2(sha: Sha, text: &str) -> Option<ParsedHash> {
    let (cost, text) = text.split_once('$')?;
    let (salt, output) = salt_and_output(text)?;
    let iterations = match cost.strip_prefix("i=") {
        None => number(cost)?,
        Some(cost) => match cost.split_once(",l=") {
            None => number(cost)?,
            Some((iterations, length)) if usize::try_from(number(length)?).ok()? == output.len() => {
                number(iterations)?
            }
            Some(_) => return None,
        },
    };
    pbkdf2_hash(sha, iterations, salt, output)
}

/// `pbkdf2_sha256$600000$salt$hash`: the salt is a text.
fn django(text: &str) -> Option<Reading> {
    let (name, rest) = text.split_once('$')?;
    let sha = match name {
        "pbkdf2_sha1" => Sha::Sha1,
        "pbkdf2_sha256" => Sha::Sha256,
        "pbkdf2_sha512" => Sha::Sha512,
        _ => return None,
    };
    Some((HashForm::Pbkdf2, django_pbkdf2(sha, rest)))
}

fn django_pbkdf2(sha: Sha, text: &str) -> Option<ParsedHash> {
    let (iterations, text) = text.split_once('$')?;
    let (salt, output) = text.split_once('$')?;
    // The store recognises hashes of equal cost by the characters of salts (`HASH_SAMPLES`).
    if !salt.bytes().all(|b| b.is_ascii_alphanumeric() || b"./+=-_".contains(&b)) {
        return None;
    }
    pbkdf2_hash(sha, number(iterations)?, salt.into(), base64(output)?)
}

fn pbkdf2_hash(sha: Sha, iterations: u32, salt: Vec<u8>, output: Vec<u8>) -> Option<ParsedHash> {
    let blocks = u32::try_from(output.len().div_ceil(sha.length())).ok()?;
    let iterations = NonZeroU32::new(iterations)?;
    hash(HashFunction::Pbkdf2 { sha, iterations, blocks }, salt, output)
}

/// `ln=16,r=8,p=1$salt$hash`
fn scrypt(text: &str) -> Option<ParsedHash> {
    let (cost, text) = text.split_once('$')?;
    let (salt, output) = salt_and_output(text)?;
    hash(HashFunction::Scrypt(scrypt_cost(numbers(cost, ["ln", "r", "p"])?)?), salt, output)
}

/// `v=1,n=14,r=8,p=1,ss=separator,sk=key$salt$hash`: the form of Supabase.
fn firebase_scrypt(text: &str) -> Option<ParsedHash> {
    let (parameters, text) = text.split_once('$')?;
    let (cost, keys) = parameters.strip_prefix("v=1,")?.split_once(",ss=")?;
    let (separator, signer_key) = keys.split_once(",sk=")?;
    let cost = scrypt_cost(numbers(cost, ["n", "r", "p"])?)?;
    let (mut salt, stored) = salt_and_output(text)?;
    salt.extend(base64(separator)?);
    let signer_key = base64(signer_key)?;
    if signer_key.len() != stored.len() {
        return None;
    }
    let output = stored.iter().zip(&signer_key).map(|(stored, key)| stored ^ key).collect();
    hash(HashFunction::FirebaseScrypt(cost), salt, output)
}

fn scrypt_cost([log_n, block_size, parallelism]: [u32; 3]) -> Option<ScryptCost> {
    let log_n = u8::try_from(log_n).ok().filter(|log_n| (1..64).contains(log_n))?;
    let cost = ScryptCost { log_n, block_size, parallelism };
    (block_size > 0 && parallelism > 0).then_some(cost)
}

/// `SSHA}` and the digest followed by the salt (RFC 2307, and the practice of directories).
fn ldap(text: &str) -> Option<Reading> {
    let (name, encoded) = text.split_once('}')?;
    let known = [("SSHA", Sha::Sha1), ("SSHA256", Sha::Sha256), ("SSHA512", Sha::Sha512)];
    let (_, sha) = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some((HashForm::SaltedSha, salted_sha(sha, encoded)))
}

fn salted_sha(sha: Sha, encoded: &str) -> Option<ParsedHash> {
    let bytes = base64(encoded)?;
    let (output, salt) = bytes.split_at_checked(sha.length())?;
    hash(HashFunction::SaltedSha(sha), salt.to_vec(), output.to_vec())
}

fn hash(function: HashFunction, salt: Vec<u8>, output: Vec<u8>) -> Option<ParsedHash> {
    let fits = SALT.contains(&salt.len()) && OUTPUT.contains(&output.len());
    fits.then_some(ParsedHash { function, salt, output })
}

fn salt_and_output(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, output) = text.split_once('$')?;
    Some((base64(salt)?, base64(output)?))
}

/// The standard alphabet, that of URLs (which Firebase exports), or passlib's with `.` for `+`; padding is optional.
fn base64(text: &str) -> Option<Vec<u8>> {
    let standard = |c| match c {
        '-' | '.' => '+',
        '_' => '/',
        other => other,
    };
    STANDARD_PAD_INDIFFERENT.decode(text.chars().map(standard).collect::<String>()).ok()
}

/// Exactly these parameters, in this order: `m=19456,t=2,p=1`.
fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut parts = text.split(',');
    let mut values = [0; N];
    for (value, name) in values.iter_mut().zip(names) {
        *value = number(parts.next()?.strip_prefix(name)?.strip_prefix('=')?)?;
    }
    parts.next().is_none().then_some(values)
}

/// Digits only.
fn number(text: &str) -> Option<u32> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Forms without a sign at the beginning: of Django and of Werkzeug.
const WITHOUT_SIGN: [&str; 9] =
    ["argon2", "bcrypt", "bcrypt_sha256", "md5", "pbkdf2", "scrypt", "sha1", "unsalted_md5", "unsalted_sha1"];
/// Characters that follow the name of a form at least. A password that begins with such a name is rarely as long.
const LEAST_AFTER_NAME: usize = 20;

fn unknown(text: &str) -> HashRefused {
    name_of_unknown(text).map_or(HashRefused::NoForm, |name| HashRefused::UnknownForm(name.to_owned()))
}

fn name_of_unknown(text: &str) -> Option<&str> {
    let end = match text.as_bytes().first()? {
        b'$' => text[1..].find('$')? + 2,
        b'{' => text.find('}')? + 1,
        _ => {
            let (name, _) = text.split_once(['$', ':'])?;
            return WITHOUT_SIGN.contains(&name).then_some(name);
        }
    };
    let (name, rest) = text.split_at(end);
    let letters = &name[1..end - 1];
    let is_name = (1..=32).contains(&letters.len())
        && letters.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let is_hash = rest.len() >= LEAST_AFTER_NAME && rest.bytes().all(|b| b.is_ascii_graphic());
    (is_name && is_hash).then_some(name)
}
