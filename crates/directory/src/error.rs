//! Errors of operations.

use std::fmt;

use porta_core::seal::SealError;
use porta_core::signing_key::SigningAlgorithm;
use porta_core::{Invalid, Timestamp};
use porta_store::StoreError;
use uuid::Uuid;

use crate::HashFailed;

/// One value that violates a rule; the text is safe to show to the operator who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field, or in a file the full path to it.
    pub path: String,
    /// What is wrong and what would be accepted.
    pub message: String,
    /// An id that names nothing where it was looked for, if that is what is wrong.
    pub missing: Option<Uuid>,
}

impl Problem {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), missing: None }
    }

    /// Nothing is called `name` where it was looked for.
    pub fn missing(path: impl Into<String>, name: &str, message: impl Into<String>) -> Self {
        Self { missing: Uuid::try_parse(name).ok(), ..Self::new(path, message) }
    }

    /// Prefixes the path with that of a containing element.
    #[must_use]
    pub fn within(self, parent: &str) -> Self {
        let path = match (parent.is_empty(), self.path.is_empty()) {
            (true, _) => self.path,
            (false, true) => parent.to_owned(),
            (false, false) => format!("{parent}.{}", self.path),
        };
        Self { path, ..self }
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
    /// All problems found; at least one.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    #[error("{kind} `{name}` was not found")]
    NotFound { kind: &'static str, name: String },
    /// The value is kept for what is built in.
    #[error("{0}")]
    Reserved(Problem),
    /// The actor may not do this; the text says what is protected.
    #[error("{0}")]
    Forbidden(String),
    /// Others refer to it, so it stays; the text says how many, and what would delete it all the same.
    #[error("{0}")]
    InUse(String),
    /// The entity's state does not allow it; the text says why.
    #[error("{0}")]
    NotPossible(String),
    /// The name is taken, or the entity was changed concurrently.
    #[error("{0}")]
    Conflict(String),
    /// The key would sign before every verifier knows it.
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

    /// Whether the request caused the error. Only then may another request succeed on the same unit of work.
    pub fn is_about_the_request(&self) -> bool {
        match self {
            Self::Invalid(_)
            | Self::NotFound { .. }
            | Self::Reserved(_)
            | Self::Forbidden(_)
            | Self::InUse(_)
            | Self::NotPossible(_)
            | Self::Conflict(_)
            | Self::TooSoon { .. }
            | Self::Store(
                StoreError::Conflict(_)
                | StoreError::MissingReference(_)
                | StoreError::Stale(_)
                | StoreError::UnfitCursor,
            ) => true,
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

/// `Ok` if there are no problems.
pub(crate) fn refuse(problems: Vec<Invalid>) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(DirectoryError::Invalid(problems.into_iter().map(Into::into).collect()))
}

/// Turns a unique-constraint conflict into an error that names the taken value; the store knows only the constraint.
pub(crate) fn already_taken(
    what: &'static str,
    name: impl fmt::Display,
) -> impl FnOnce(StoreError) -> DirectoryError {
    move |error| match error {
        StoreError::Conflict(_) => DirectoryError::Conflict(format!("{what} `{name}` is already taken")),
        StoreError::Stale(_) => changed_concurrently(what),
        other => DirectoryError::Store(other),
    }
}

/// Turns the error of an update that is based on an older state into one that names the kind of entity.
pub(crate) fn stale(kind: &'static str) -> impl FnOnce(StoreError) -> DirectoryError {
    move |error| match error {
        StoreError::Stale(_) => changed_concurrently(kind),
        other => DirectoryError::Store(other),
    }
}

/// Conflict: the row was changed since it was read.
pub(crate) fn changed_concurrently(kind: &'static str) -> DirectoryError {
    DirectoryError::Conflict(format!("the {kind} was changed at the same moment; look again and repeat"))
}
