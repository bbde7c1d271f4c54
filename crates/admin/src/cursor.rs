//! Positions in lists as clients carry them: base64url of JSON, opaque to them. A cursor holds the full precision of its
//! sort value and fits one sort column and direction only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::Timestamp;
use porta_store::{Direction, SortValue, SortedCursor};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest cursor: a sort value has at most 255 characters.
const LONGEST: usize = 2048;
/// Times that both databases can compare: the years 1970 to 9999, in microseconds.
const TIMES: std::ops::RangeInclusive<i64> = 0..=253_402_300_799_999_999;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// Sort column and direction.
    o: String,
    s: StoredValue,
    i: Uuid,
}

#[derive(Serialize, Deserialize)]
enum StoredValue {
    #[serde(rename = "t")]
    Time(Option<i64>),
    #[serde(rename = "w")]
    Text(Option<String>),
}

fn order(sort: &str, direction: Direction) -> String {
    let sign = match direction {
        Direction::Ascending => '+',
        Direction::Descending => '-',
    };
    format!("{sign}{sort}")
}

pub(crate) fn encode(cursor: &SortedCursor, sort: &str, direction: Direction) -> String {
    let value = match &cursor.value {
        SortValue::Time(time) => StoredValue::Time(time.map(Timestamp::micros)),
        SortValue::Text(text) => StoredValue::Text(text.clone()),
    };
    let stored = Stored { o: order(sort, direction), s: value, i: cursor.id };
    // Strings, numbers and ids always serialise.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&stored).unwrap_or_default())
}

/// `None`: no cursor of this list in this order.
pub(crate) fn decode(text: &str, sort: &str, direction: Direction) -> Option<SortedCursor> {
    if text.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let stored: Stored = serde_json::from_slice(&bytes).ok()?;
    if stored.o != order(sort, direction) {
        return None;
    }
    let value = match stored.s {
        StoredValue::Time(Some(micros)) if !TIMES.contains(&micros) => return None,
        StoredValue::Time(micros) => SortValue::Time(micros.map(Timestamp::from_micros)),
        // PostgreSQL refuses a zero byte.
        StoredValue::Text(Some(text)) if text.contains('\0') => return None,
        StoredValue::Text(text) => SortValue::Text(text),
    };
    Some(SortedCursor { value, id: stored.i })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(7);

    fn cursor(value: SortValue) -> SortedCursor {
        SortedCursor { value, id: ID }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        for value in [
            SortValue::Time(Some(Timestamp::from_micros(1_700_000_000_123_456))),
            SortValue::Time(None),
            SortValue::Text(Some("Éva \"x\"".to_owned())),
            SortValue::Text(None),
        ] {
            let there = encode(&cursor(value.clone()), "name", Direction::Descending);
            assert_eq!(decode(&there, "name", Direction::Descending), Some(cursor(value)));
            assert_eq!(decode(&there, "name", Direction::Ascending), None);
            assert_eq!(decode(&there, "email", Direction::Descending), None);
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let sealed = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let id = ID.to_string();
        for unfit in [
            String::new(),
            "x".to_owned(),
            "é".to_owned(),
            sealed("{}"),
            sealed(&format!(r#"{{"o":"+name","s":{{"w":"a\u0000b"}},"i":"{id}"}}"#)),
            sealed(&format!(r#"{{"o":"+name","s":{{"t":-1}},"i":"{id}"}}"#)),
            sealed(&format!(r#"{{"o":"+name","s":{{"t":9223372036854775807}},"i":"{id}"}}"#)),
            sealed(r#"{"o":"+name","s":{"w":"a"},"i":"x"}"#),
            sealed(&format!(r#"{{"o":"+name","s":{{"w":"a"}},"i":"{id}","z":1}}"#)),
            "a".repeat(LONGEST + 1),
        ] {
            assert_eq!(decode(&unfit, "name", Direction::Ascending), None, "{unfit}");
        }
    }
}
