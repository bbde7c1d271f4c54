//! Fields of a change.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a change does to a field: nothing, if it is left out of the request; `null`, which clears it; or another value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The new value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    /// [`Patch::Keep`] is left out by the struct that contains it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::types::UserChange;

    use super::*;

    #[test]
    fn what_is_kept_is_left_out_and_what_is_cleared_is_null() {
        let change =
            UserChange { given_name: Patch::Clear, locale: "de".to_owned().into(), ..Default::default() };
        let sent = serde_json::to_value(&change).unwrap();
        assert_eq!(sent, json!({ "givenName": null, "locale": "de" }));
        let read: UserChange = serde_json::from_value(sent).unwrap();
        assert_eq!(read, change);
        assert!(read.email.is_keep());
    }
}
