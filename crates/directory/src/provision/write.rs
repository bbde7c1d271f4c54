//! Writes documents as files, with the fields in the order in which they are described.

use serde::ser::{Error as _, SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Format;
use super::read::{DOCUMENT, Kind};

/// The text of a file that reads as these values.
pub fn write(document: &Value, format: Format) -> Result<String, std::fmt::Error> {
    let ordered = Ordered { value: document, kind: &Kind::Map(&DOCUMENT) };
    match format {
        Format::Yaml => serde_yaml_ng::to_string(&ordered).map_err(|_| std::fmt::Error),
        Format::Json => {
            let text = serde_json::to_string_pretty(&ordered).map_err(|_| std::fmt::Error)?;
            Ok(text + "\n")
        }
    }
}

struct Ordered<'v> {
    value: &'v Value,
    kind: &'v Kind,
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.kind, self.value) {
            (Kind::Map(shape), Value::Object(fields)) => {
                let mut map = serializer.serialize_map(None)?;
                for field in shape.fields {
                    if let Some(value) = fields.get(field.name) {
                        map.serialize_entry(field.name, &Ordered { value, kind: &field.kind })?;
                    }
                }
                if let Some(name) = fields.keys().find(|name| !shape.has(name)) {
                    return Err(S::Error::custom(format_args!("`{name}` is no field of a file")));
                }
                map.end()
            }
            (Kind::List(kind), Value::Array(items)) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for value in items {
                    list.serialize_element(&Ordered { value, kind })?;
                }
                list.end()
            }
            (_, value) => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::SourceFile;
    use super::*;

    #[test]
    fn what_is_written_reads_the_same_and_begins_with_names() {
        let document = json!({
            "version": "1.0",
            "organizations": [{
                "applications": [{ "clients": [], "name": "Dock", "slug": "dock", "description": null }],
                "name": "Harbor: \"No. 1\"\n", "slug": "harbor", "settings": { "session_ttl": 60, "a": true },
                "users": [{ "email": "a@b.c", "address": { "postal_code": "0123" },
                    "claims": [{ "app": "dock", "claim": "x", "value": { "b": 1, "a": [null, 1.5] } }] }],
            }],
        });
        for format in [Format::Yaml, Format::Json] {
            let text = write(&document, format).unwrap();
            let read = SourceFile::parse(text.as_bytes(), format).ok().unwrap();
            assert_eq!(read.to_value(), document, "{text}");
            assert!(text.find("name").unwrap() < text.find("applications").unwrap(), "{text}");
        }
    }

    #[test]
    fn what_no_file_has_is_not_written() {
        let document = json!({ "version": "1.0", "organizations": [{ "name": "H", "weather": 1 }] });
        assert!(write(&document, Format::Yaml).is_err());
    }
}
