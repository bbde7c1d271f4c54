//! How the parts of a document are described (`fields.rs` has them).

/// What a value may be.
pub(in crate::provision) enum Kind {
    Text,
    Flag,
    /// A text that no message shows.
    Secret,
    Any,
    /// Values by the keys of settings.
    Settings,
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    List(&'static Kind),
    Map(&'static Shape),
}

/// Whether a field is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::provision) enum Presence {
    Required,
    Optional,
    /// Optional, and `null` removes the value that there is.
    Clearable,
}

pub(in crate::provision) struct Field {
    pub(in crate::provision) name: &'static str,
    pub(in crate::provision) kind: Kind,
    pub(in crate::provision) presence: Presence,
    pub(in crate::provision) about: &'static str,
}

/// The fields of a mapping.
pub(in crate::provision) struct Shape {
    /// Of its definition in the JSON Schema.
    pub(in crate::provision) name: &'static str,
    pub(in crate::provision) fields: &'static [Field],
}

impl Shape {
    pub(in crate::provision) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// The name of a field that a wrong one may have been meant to be.
    pub(in crate::provision) fn similar(&self, written: &str) -> Option<&'static str> {
        let distances = self.fields.iter().map(|field| (distance(written, field.name), field.name));
        distances
            .filter(|(distance, name)| *distance <= 2 && *distance < name.len() / 2)
            .min()
            .map(|(_, name)| name)
    }
}

/// How many letters have to change, be added or be taken out.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, wanted) in other.iter().enumerate() {
            let least = (diagonal + usize::from(letter != *wanted)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], least);
        }
    }
    row[other.len()]
}
