//! Digests of tables: equal for equal rows, whichever database has them.

use std::collections::BTreeMap;

use porta_core::TokenDigest;
use porta_store::{Result, StoreError};
use serde_json::value::RawValue;

use crate::kernel::Cell;

/// Grows row by row, in the order of the key.
pub(super) struct RowDigest {
    digest: TokenDigest,
    pub(super) rows: u64,
}

impl RowDigest {
    pub(super) fn new() -> Self {
        Self { digest: TokenDigest::of(""), rows: 0 }
    }

    /// Each digest covers the one before and a row, in which every value has its kind and its length.
    pub(super) fn add(&mut self, row: &[Cell]) -> Result<()> {
        let mut covered = self.digest.as_bytes().to_vec();
        for cell in row {
            write(cell, &mut covered)?;
        }
        self.digest = TokenDigest::of_bytes(&covered);
        self.rows += 1;
        Ok(())
    }

    pub(super) fn hex(&self) -> String {
        self.digest.hex()
    }
}

fn write(cell: &Cell, out: &mut Vec<u8>) -> Result<()> {
    match cell {
        Cell::Uuid(Some(id)) => part(out, b'i', id.as_bytes()),
        Cell::Text(Some(text)) => part(out, b't', text.as_bytes()),
        Cell::Bytes(Some(bytes)) => part(out, b'b', bytes),
        Cell::Bool(flag) => part(out, b'f', &[u8::from(*flag)]),
        Cell::Int(Some(number)) => part(out, b'n', &number.to_be_bytes()),
        Cell::Time(Some(time)) => part(out, b'm', &time.micros().to_be_bytes()),
        Cell::Json(Some(text)) => {
            let mut json = Vec::with_capacity(text.len());
            canonical(text, &mut json).map_err(|e| StoreError::Failed(e.into()))?;
            part(out, b'j', &json);
        }
        Cell::Uuid(None)
        | Cell::Text(None)
        | Cell::Bytes(None)
        | Cell::Int(None)
        | Cell::Time(None)
        | Cell::Json(None) => part(out, b'-', &[]),
    }
    Ok(())
}

fn part(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// JSON in one form. PostgreSQL keeps `jsonb` by value: with keys in an order of its own, and with numbers as decimals.
fn canonical(json: &str, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match json.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(json)?;
            part(out, b'{', &(members.len() as u64).to_be_bytes());
            for (name, value) in members {
                part(out, b'"', name.as_bytes());
                canonical(value.get(), out)?;
            }
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json)?;
            part(out, b'[', &(items.len() as u64).to_be_bytes());
            for item in items {
                canonical(item.get(), out)?;
            }
        }
        Some(b'"') => part(out, b'"', serde_json::from_str::<String>(json)?.as_bytes()),
        Some(b'-' | b'0'..=b'9') => part(out, b'#', decimal(json).as_bytes()),
        // `true`, `false` and `null`.
        _ => part(out, b'=', json.as_bytes()),
    }
    Ok(())
}

/// A number as its digits and a power of ten, so that `1e3` and `1000.0` are the same. Not as a float: reading one is not
/// exact.
fn decimal(number: &str) -> String {
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let zeros_behind = digits.len() - digits.trim_end_matches('0').len();
    let exponent: i128 = exponent.parse().unwrap_or(0);
    let exponent = exponent + zeros_behind as i128 - fraction.len() as i128;
    format!("{sign}{significant}e{exponent}")
}

#[cfg(test)]
mod tests {
    use porta_core::Timestamp;

    use super::*;

    fn of(rows: &[Vec<Cell>]) -> String {
        let mut digest = RowDigest::new();
        for row in rows {
            digest.add(row).unwrap();
        }
        digest.hex()
    }

    fn json(text: &str) -> String {
        of(&[vec![Cell::Json(Some(text.to_owned()))]])
    }

    fn text(text: &str) -> Cell {
        Cell::Text(Some(text.to_owned()))
    }

    #[test]
    fn json_of_the_same_value_is_the_same() {
        let large = format!("17976931348623157{}", "0".repeat(292));
        for (one, other) in [
            (r#"{"b":1,"aa":2}"#, r#"{"aa":2,"b":1}"#),
            (r#"{"a":{"y":[],"x":{}}}"#, r#"{"a":{"x":{},"y":[]}}"#),
            (r#""\u00e9\/""#, r#""é/""#),
            ("1e3", "1000"),
            ("1000.0", "1.0E+3"),
            ("-0.50", "-5e-1"),
            ("0.0", "-0"),
            ("1.7976931348623157e308", large.as_str()),
        ] {
            assert_eq!(json(one), json(other), "{one} {other}");
        }
    }

    #[test]
    fn anything_else_is_another() {
        let different = [
            of(&[]),
            of(&[vec![text("")]]),
            of(&[vec![Cell::Text(None)]]),
            of(&[vec![Cell::Bytes(Some(Vec::new()))]]),
            of(&[vec![text("ab"), text("c")]]),
            of(&[vec![text("a"), text("bc")]]),
            of(&[vec![text("a")], vec![text("bc")]]),
            of(&[vec![text("bc")], vec![text("a")]]),
            of(&[vec![Cell::Bool(true)]]),
            of(&[vec![Cell::Int(Some(1))]]),
            of(&[vec![Cell::Time(Some(Timestamp::from_micros(1)))]]),
            json("1"),
            json("10"),
            json("0.1"),
            json("-1"),
            json("0"),
            json("null"),
            json("true"),
            json("\"1\""),
            json("[]"),
            json("{}"),
            json("[[1],2]"),
            json("[[1,2]]"),
            json(r#"{"a":"b"}"#),
            json(r#"["a","b"]"#),
        ];
        for (n, one) in different.iter().enumerate() {
            assert!(!different[n + 1..].contains(one), "{n}");
        }
        let mut digest = RowDigest::new();
        assert!(digest.add(&[Cell::Json(Some("{".to_owned()))]).is_err());
    }
}
