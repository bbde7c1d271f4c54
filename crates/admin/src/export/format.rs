//! The two formats of rows.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

/// A row of an export.
pub(crate) trait Row: Serialize + Send + 'static {
    /// Names of the columns: the fields, in their order.
    const COLUMNS: &'static [&'static str];

    /// The values of the columns.
    fn values(&self) -> Vec<Value>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Csv,
}

impl Format {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// An array of a JSON document, written item by item. The document is indented by two spaces; the array is a field of it.
#[derive(Debug, Default)]
pub(super) struct JsonArray {
    pub(super) items: u64,
}

impl JsonArray {
    pub(super) fn push(&mut self, item: &impl Serialize, text: &mut String) {
        text.push_str(if self.items == 0 { "[\n    " } else { ",\n    " });
        // Strings, numbers and JSON always serialise. A line break in a string is written as an escape, so each one here
        // is of the layout.
        let item = serde_json::to_string_pretty(item).unwrap_or_default();
        text.push_str(&item.replace('\n', "\n    "));
        self.items += 1;
    }

    pub(super) fn end(&self, text: &mut String) {
        text.push_str(if self.items == 0 { "[]" } else { "\n  ]" });
    }
}

/// Writes rows one after the other.
#[derive(Debug)]
pub(super) struct Writer {
    format: Format,
    rows: JsonArray,
    exported_at: String,
    /// Whether there are more rows than an export has.
    is_truncated: bool,
}

impl Writer {
    pub(super) fn new(format: Format, exported_at: String, is_truncated: bool) -> Self {
        Self { format, rows: JsonArray::default(), exported_at, is_truncated }
    }

    /// Number of rows so far.
    pub(super) fn written(&self) -> u64 {
        self.rows.items
    }

    pub(super) fn begin<R: Row>(&self, text: &mut String) {
        match self.format {
            Format::Json => text.push_str("{\n  \"data\": "),
            Format::Csv => text.push_str(&R::COLUMNS.join(",")),
        }
    }

    pub(super) fn row<R: Row>(&mut self, row: &R, text: &mut String) {
        match self.format {
            Format::Json => self.rows.push(row, text),
            Format::Csv => {
                text.push('\n');
                let cells: Vec<String> = row.values().iter().map(cell).collect();
                text.push_str(&cells.join(","));
                self.rows.items += 1;
            }
        }
    }

    pub(super) fn end(&self, text: &mut String) {
        if self.format == Format::Csv {
            return;
        }
        self.rows.end(text);
        let (at, total) = (&self.exported_at, self.rows.items);
        // Writing to a string cannot fail.
        let _ = write!(text, ",\n  \"exportedAt\": \"{at}\",\n  \"total\": {total}");
        if self.is_truncated {
            text.push_str(",\n  \"truncated\": true");
        }
        text.push_str("\n}");
    }
}

/// A value as a field of CSV.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => field(text),
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect();
            field(&items.join(","))
        }
        Value::Object(_) => field(&value.to_string()),
    }
}

/// What spreadsheets take for the beginning of a formula, also in its full-width forms, and what they skip before it.
const FORMULA: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// A text as a field (RFC 4180 §2). An apostrophe makes spreadsheets take it for a text.
fn field(text: &str) -> String {
    let guard = if text.starts_with(FORMULA) { "'" } else { "" };
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{guard}{}\"", text.replace('"', "\"\""));
    }
    format!("{guard}{text}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Sample {
        name: &'static str,
        tags: Vec<u8>,
    }

    impl Row for Sample {
        const COLUMNS: &'static [&'static str] = &["name", "tags"];

        fn values(&self) -> Vec<Value> {
            vec![json!(self.name), json!(self.tags)]
        }
    }

    fn written(format: Format, rows: &[Sample], is_truncated: bool) -> String {
        let mut writer = Writer::new(format, "2026-01-15T10:30:00.000Z".to_owned(), is_truncated);
        let mut text = String::new();
        writer.begin::<Sample>(&mut text);
        for row in rows {
            writer.row(row, &mut text);
        }
        writer.end(&mut text);
        assert_eq!(writer.written(), u64::try_from(rows.len()).unwrap());
        text
    }

    #[test]
    fn rfc_4180_fields_with_separators_are_quoted() {
        for (value, expected) in [
            (json!(null), ""),
            (json!(true), "true"),
            (json!(-7), "-7"),
            (json!("plain text"), "plain text"),
            (json!("a,b"), "\"a,b\""),
            (json!("say \"x\""), "\"say \"\"x\"\"\""),
            (json!("a\nb"), "\"a\nb\""),
            (json!("a\rb"), "\"a\rb\""),
            (json!(["a", "b"]), "\"a,b\""),
            (json!(["a"]), "a"),
            (json!([]), ""),
            (json!({ "a": [1, "x"] }), "\"{\"\"a\"\":[1,\"\"x\"\"]}\""),
        ] {
            assert_eq!(cell(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_text_is_never_a_formula() {
        for formula in
            ["=1+1", "+31 6", "-2", "@SUM(A1)", "\t=1", "\u{ff1d}1", "\u{ff0b}1", "\u{ff0d}1", "\u{ff20}x"]
        {
            assert_eq!(cell(&json!(formula)), format!("'{formula}"));
        }
        assert_eq!(cell(&json!("=A1,\"x\"")), "\"'=A1,\"\"x\"\"\"");
        assert_eq!(cell(&json!("\r=1")), "\"'\r=1\"");
        assert_eq!(cell(&json!("\n=1")), "\"'\n=1\"");
        assert_eq!(cell(&json!(["=1", "2"])), "\"'=1,2\"");
        for harmless in ["a=1", "1-2", "x@example.test", "'"] {
            assert_eq!(cell(&json!(harmless)), harmless);
        }
    }

    #[test]
    fn json_is_indented_and_complete() {
        let rows = [Sample { name: "a\nb", tags: vec![] }, Sample { name: "c", tags: vec![1] }];
        let expected = r#"{
  "data": [
    {
      "name": "a\nb",
      "tags": []
    },
    {
      "name": "c",
      "tags": [
        1
      ]
    }
  ],
  "exportedAt": "2026-01-15T10:30:00.000Z",
  "total": 2
}"#;
        assert_eq!(written(Format::Json, &rows, false), expected);
        let empty = "{\n  \"data\": [],\n  \"exportedAt\": \"2026-01-15T10:30:00.000Z\",\n  \"total\": 0\n}";
        assert_eq!(written(Format::Json, &[], false), empty);
        let cut = written(Format::Json, &rows, true);
        assert!(cut.ends_with("  \"total\": 2,\n  \"truncated\": true\n}"), "{cut}");
        let parsed: Value = serde_json::from_str(&cut).unwrap();
        assert_eq!(parsed["data"][0]["name"], "a\nb");
    }

    #[test]
    fn csv_has_a_header_and_no_last_line_break() {
        let rows = [Sample { name: "a", tags: vec![] }, Sample { name: "c", tags: vec![1, 2] }];
        assert_eq!(written(Format::Csv, &rows, false), "name,tags\na,\nc,\"1,2\"");
        assert_eq!(written(Format::Csv, &[], false), "name,tags");
    }
}
