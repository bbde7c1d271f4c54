//! Versions of stored entities.

use serde::{Deserialize, Serialize};

/// Number of the changes of an entity. An update names the version that it is based on and is refused if that is not the
/// current one, so that no change of somebody else is overwritten unseen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version(i64);

impl Version {
    /// Of an entity that was never changed.
    pub const FIRST: Self = Self(0);

    pub const fn stored(number: i64) -> Self {
        Self(number)
    }

    pub const fn number(self) -> i64 {
        self.0
    }

    /// The version after one more change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
