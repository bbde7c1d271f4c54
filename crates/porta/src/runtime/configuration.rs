//! The configuration of a server process.

use porta_config::{Config, Problem, Source};
use porta_core::OsEntropy;

/// Reads the configuration; the error lists all problems.
pub(crate) fn load(source: &Source<'_>) -> anyhow::Result<Config> {
    Config::load(source, &OsEntropy).map_err(|problems| invalid(&problems))
}

/// Why the process does not start, one line per problem.
pub(crate) fn invalid(problems: &[Problem]) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(|p| format!("FATAL config.invalid {p}")).collect();
    anyhow::anyhow!(lines.join("\n"))
}
