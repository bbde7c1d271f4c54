//! A field that a file leaves alone, clears or sets: `Option` alone cannot tell the first two apart.

use serde::{Deserialize, Deserializer};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Not in the file.
    #[default]
    Keep,
    /// `null` in the file.
    Clear,
    Set(T),
}

impl<T: Clone> Patch<T> {
    /// What a new entity gets.
    pub fn value(&self) -> Option<T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }

    /// What an existing entity gets.
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
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

/// Takes a value over when the file names one.
pub(super) fn replace<T: Clone>(target: &mut T, given: Option<&T>) {
    if let Some(value) = given {
        target.clone_from(value);
    }
}
