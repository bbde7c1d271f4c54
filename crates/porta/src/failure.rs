//! Failures of commands and their exit codes (docs/operations.md, Commands).

use std::process::ExitCode;

use porta_directory::DirectoryError;

use crate::output;

#[derive(Debug)]
pub(crate) enum Failure {
    /// 1: any other failure.
    General(Vec<String>),
    /// 3: values were refused; one line per problem.
    Validation(Vec<String>),
    /// 4: some items were applied, others failed and were already reported.
    Partial,
    /// 130: Ctrl-C.
    Interrupted,
}

impl Failure {
    pub(crate) fn general(text: impl Into<String>) -> Self {
        Self::General(vec![text.into()])
    }

    /// The source chain of an error, on one line.
    pub(crate) fn chain(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self::General(vec![text])
    }

    /// Prints the failure on standard error and returns the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (lines, code) = match self {
            Self::General(lines) => (lines, 1),
            Self::Validation(lines) => (lines, 3),
            Self::Partial => (Vec::new(), 4),
            Self::Interrupted => (vec!["interrupted".to_owned()], 130),
        };
        for line in lines {
            output::error(line);
        }
        ExitCode::from(code)
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Invalid(problems) => {
                Self::Validation(problems.iter().map(ToString::to_string).collect())
            }
            other => Self::chain(&other),
        }
    }
}

impl From<Vec<porta_config::Problem>> for Failure {
    fn from(problems: Vec<porta_config::Problem>) -> Self {
        Self::General(problems.iter().map(ToString::to_string).collect())
    }
}
