//! What is wrong with the configuration, in words an operator can act on.

use std::fmt;

/// One finding. Its text never contains a secret; names, numbers and fixed words may be quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The variable, or the file and line.
    pub key: String,
    pub message: String,
    /// What would fix it.
    pub remedy: String,
}

impl Problem {
    pub fn new(key: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.key, self.message, self.remedy)
    }
}
