//! Entry encoding: kind (1 byte), expiry (8), key length (4), key, value length (4), value; little endian.

use bytes::Bytes;
use porta_core::Timestamp;

use super::{SnapshotError, StoredValue};

const LIVE: u8 = 0;
const USED: u8 = 1;
const COUNTER: u8 = 2;

/// Larger entries are not carried over. Callers store a few kilobytes, and losing one means signing in again.
const LARGEST: usize = 4 << 20;

pub(super) enum Content {
    Value(StoredValue),
    Count(u64),
}

pub(super) struct Record<'a> {
    pub(super) key: &'a str,
    pub(super) expires_at: Timestamp,
    pub(super) content: Content,
}

/// Returns `false` when the entry is too large and was not appended.
pub(super) fn append(out: &mut Vec<u8>, key: &str, content: &Content, expires_at: Timestamp) -> bool {
    match content {
        Content::Value(StoredValue::Live(value)) => append_parts(out, LIVE, key, expires_at, value),
        Content::Value(StoredValue::Used(value)) => append_parts(out, USED, key, expires_at, value),
        Content::Count(count) => append_parts(out, COUNTER, key, expires_at, &count.to_le_bytes()),
    }
}

fn append_parts(out: &mut Vec<u8>, kind: u8, key: &str, expires_at: Timestamp, value: &[u8]) -> bool {
    if key.len().saturating_add(value.len()) > LARGEST {
        return false;
    }
    let (Ok(key_length), Ok(value_length)) = (u32::try_from(key.len()), u32::try_from(value.len())) else {
        return false;
    };
    out.push(kind);
    out.extend_from_slice(&expires_at.micros().to_le_bytes());
    out.extend_from_slice(&key_length.to_le_bytes());
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(&value_length.to_le_bytes());
    out.extend_from_slice(value);
    true
}

/// Ends after the first malformed record.
pub(super) fn records_of(mut rest: &[u8]) -> impl Iterator<Item = Result<Record<'_>, SnapshotError>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let record = read(&mut rest).ok_or(SnapshotError::Malformed);
        if record.is_err() {
            rest = &[];
        }
        Some(record)
    })
}

fn read<'a>(rest: &mut &'a [u8]) -> Option<Record<'a>> {
    let [kind] = *take_array::<1>(rest)?;
    let expires_at = Timestamp::from_micros(i64::from_le_bytes(*take_array(rest)?));
    let key = std::str::from_utf8(take_block(rest)?).ok()?;
    let value = take_block(rest)?;
    let content = match kind {
        LIVE => Content::Value(StoredValue::Live(Bytes::copy_from_slice(value))),
        USED => Content::Value(StoredValue::Used(Bytes::copy_from_slice(value))),
        COUNTER => Content::Count(u64::from_le_bytes(value.try_into().ok()?)),
        _ => return None,
    };
    Some(Record { key, expires_at, content })
}

fn take_array<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(taken)
}

fn take_block<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32::from_le_bytes(*take_array(rest)?)).ok()?;
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}
