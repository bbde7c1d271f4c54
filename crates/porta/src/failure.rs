//! Failures of commands and their exit codes (docs/operations.md, Commands).

use std::process::ExitCode;

use porta_client::{ApiError, Error, ErrorKind};
use porta_directory::DirectoryError;

use crate::output;

#[derive(Debug)]
pub(crate) enum Failure {
    /// 1: any other failure.
    General(Vec<String>),
    /// 2: not signed in, or not permitted.
    Denied(Vec<String>),
    /// 3: values were refused; one line per problem.
    Validation(Vec<String>),
    /// 4: some items were applied, others failed and were already reported.
    Partial,
    /// 5: what was compared differs; the result says how.
    Differs,
    /// 130: Ctrl-C.
    Interrupted,
}

impl Failure {
    pub(crate) fn general(text: impl Into<String>) -> Self {
        Self::General(vec![text.into()])
    }

    pub(crate) fn denied(text: impl Into<String>) -> Self {
        Self::Denied(vec![text.into()])
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::Validation(vec![text.into()])
    }

    /// The source chain of an error, on one line.
    pub(crate) fn chain(error: &dyn std::error::Error) -> Self {
        Self::General(vec![chained(error)])
    }

    /// Prints the failure on standard error and returns the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (lines, code) = match self {
            Self::General(lines) => (lines, 1),
            Self::Denied(lines) => (lines, 2),
            Self::Validation(lines) => (lines, 3),
            Self::Partial => (Vec::new(), 4),
            Self::Differs => (Vec::new(), 5),
            Self::Interrupted => (vec!["interrupted".to_owned()], 130),
        };
        for line in lines {
            output::error(line);
        }
        ExitCode::from(code)
    }
}

/// An error and its causes. A cause that its error repeats is named once.
fn chained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Invalid(problems) => {
                Self::Validation(problems.iter().map(ToString::to_string).collect())
            }
            DirectoryError::Reserved(problem) => Self::Validation(vec![problem.to_string()]),
            other => Self::chain(&other),
        }
    }
}

impl From<Vec<porta_config::Problem>> for Failure {
    fn from(problems: Vec<porta_config::Problem>) -> Self {
        Self::General(problems.iter().map(ToString::to_string).collect())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(refusal) => (*refusal).into(),
            // The token source has failures of commands only (cli/server/token.rs).
            Error::Token(cause) => match cause.downcast::<NoToken>() {
                Ok(no_token) => no_token.0,
                Err(cause) => Self::chain(&*cause),
            },
            Error::Transport(ref cause) if !cause.is_connect() => Self::General(vec![
                chained(&error),
                "if it was a change, it may have happened: look before you run the command again".to_owned(),
            ]),
            other => Self::chain(&other),
        }
    }
}

impl From<ApiError> for Failure {
    fn from(refusal: ApiError) -> Self {
        let mut lines = if refusal.kind() == ErrorKind::Modified {
            vec![
                "somebody else changed it at the same moment; look at it, and run the command again"
                    .to_owned(),
            ]
        } else {
            lines_of(&refusal)
        };
        if let Some(wait) = refusal.retry_after {
            lines.push(format!("ask again in {}", output::spelled(wait.as_secs())));
        }
        if let Some(id) = &refusal.request_id {
            lines.push(format!("the server's log has it under the request id {id}"));
        }
        match refusal.kind() {
            ErrorKind::Unauthenticated | ErrorKind::Forbidden => Self::Denied(lines),
            ErrorKind::Invalid => Self::Validation(lines),
            _ => Self::General(lines),
        }
    }
}

fn lines_of(refusal: &ApiError) -> Vec<String> {
    if refusal.details.is_empty() {
        let mut line = refusal.error.clone();
        if let Some(message) = &refusal.message {
            line = format!("{line}: {message}");
        }
        return vec![line];
    }
    let details = refusal.details.iter();
    details.map(|detail| format!("{}: {}", detail.path.join("."), detail.message)).collect()
}

/// A failure on the way through the client: why there is no token.
#[derive(Debug)]
pub(crate) struct NoToken(pub(crate) Failure);

impl std::fmt::Display for NoToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("there is no token")
    }
}

impl std::error::Error for NoToken {}
