//! A field that is absent, null or set. `Option` cannot distinguish absent from null.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Not in the file: unchanged.
    #[default]
    Keep,
    /// `null` in the file: cleared.
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the field is absent.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl<T: Clone> Patch<T> {
    /// Value for a new entity.
    pub fn value(&self) -> Option<T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }

    /// Applies the field to an existing entity.
    pub fn apply(&self, target: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *target = None,
            Self::Set(value) => *target = Some(value.clone()),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.into())
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    /// An absent field is for `skip_serializing_if` to leave out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

/// Overwrites `target` if the file has a value.
pub(super) fn replace<T: Clone>(target: &mut T, given: Option<&T>) {
    if let Some(value) = given {
        target.clone_from(value);
    }
}
