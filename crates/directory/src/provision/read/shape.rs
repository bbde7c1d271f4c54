//! How the parts of a document are described (`fields.rs` has them).

/// What a value may be.
pub(super) enum Kind {
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
pub(super) enum Presence {
    Required,
    Optional,
    /// Optional, and `null` removes the value that there is.
    Clearable,
}

pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) presence: Presence,
    pub(super) about: &'static str,
}

/// The fields of a mapping.
pub(super) struct Shape {
    /// Of its definition in the JSON Schema.
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

impl Shape {
    /// The name of a field that a wrong one may have been meant to be.
    pub(super) fn similar(&self, written: &str) -> Option<&'static str> {
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
