//! Why an operation was refused.

use std::fmt;

use porta_core::seal::SealError;
use porta_core::signing_key::SigningAlgorithm;
use porta_core::{Invalid, Timestamp};
use porta_store::StoreError;

use crate::HashFailed;

/// One value that a rule refused; the text is safe to show to the operator who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: a field, or in a file the whole path to it.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// The same problem seen from a place that contains it.
    #[must_use]
    pub fn within(self, parent: &str) -> Self {
        let path = match (parent.is_empty(), self.path.is_empty()) {
            (true, _) => self.path,
            (false, true) => parent.to_owned(),
            (false, false) => format!("{parent}.{}", self.path),
        };
        Self { path, message: self.message }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::new(invalid.field, invalid.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.path, self.message)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// At least one problem; all that were found.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    #[error("{kind} `{name}` was not found")]
    NotFound { kind: &'static str, name: String },
    /// Something else holds the place, or moved in between.
    #[error("{0}")]
    Conflict(String),
    /// A key would sign before every verifier knows it.
    #[error("{algorithm} key `{kid}` is not known to every verifier before {}", known_from.rfc3339())]
    TooSoon { algorithm: SigningAlgorithm, kid: String, known_from: Timestamp },
    #[error("storage failed")]
    Store(#[from] StoreError),
    #[error("a signing key could not be made: {0}")]
    KeyGeneration(String),
    #[error("a signing key could not be opened")]
    Seal(#[from] SealError),
    #[error(transparent)]
    Hash(#[from] HashFailed),
}

pub type Result<T> = std::result::Result<T, DirectoryError>;

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl DirectoryError {
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem::new(field, message)])
    }

    pub fn not_found(kind: &'static str, name: impl fmt::Display) -> Self {
        Self::NotFound { kind, name: name.to_string() }
    }

    /// Whether the request was at fault, not the machinery: another request may succeed on the same unit of work.
    pub fn is_about_the_request(&self) -> bool {
        match self {
            Self::Invalid(_)
            | Self::NotFound { .. }
            | Self::Conflict(_)
            | Self::TooSoon { .. }
            | Self::Store(StoreError::Conflict(_) | StoreError::MissingReference(_)) => true,
            Self::Store(
                StoreError::Unavailable(_) | StoreError::Inconsistent { .. } | StoreError::Failed(_),
            )
            | Self::KeyGeneration(_)
            | Self::Seal(_)
            | Self::Hash(_) => false,
        }
    }
}

impl From<Invalid> for DirectoryError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(vec![invalid.into()])
    }
}

/// `Ok` when nothing was found wrong.
pub(crate) fn refuse(problems: Vec<Invalid>) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(DirectoryError::Invalid(problems.into_iter().map(Into::into).collect()))
}

/// Names what is taken; the store only knows which unique rule spoke.
pub(crate) fn taken(
    what: &'static str,
    name: impl fmt::Display,
) -> impl FnOnce(StoreError) -> DirectoryError {
    move |error| match error {
        StoreError::Conflict(_) => DirectoryError::Conflict(format!("{what} `{name}` is already taken")),
        other => DirectoryError::Store(other),
    }
}

/// The row left the state it was read in.
pub(crate) fn moved(kind: &'static str) -> DirectoryError {
    DirectoryError::Conflict(format!("the {kind} was changed at the same moment; look again and repeat"))
}
