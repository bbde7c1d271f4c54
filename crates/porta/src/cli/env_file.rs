//! A file of environment variables, or standard output.

use std::io::ErrorKind;
use std::path::Path;

use super::private_file::{PrivateFile, chosen};
use crate::failure::Failure;
use crate::output;

/// Where variables go.
pub(super) enum EnvFile {
    StandardOutput,
    File {
        file: PrivateFile,
        /// What the file holds so far.
        earlier: String,
    },
}

impl EnvFile {
    /// `-` is standard output.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if chosen(Some(path)).is_none() {
            return Ok(Self::StandardOutput);
        }
        let cannot = |what: &str, e: &std::io::Error| {
            Failure::general(format!("{} cannot be {what}: {e}", path.display()))
        };
        let earlier = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(cannot("read", &error)),
        };
        let file = PrivateFile::open(path).map_err(|error| cannot("written", &error))?;
        Ok(Self::File { file, earlier })
    }

    /// Whether results for people and programs would mix with the variables.
    pub(super) fn takes_standard_output(&self) -> bool {
        matches!(self, Self::StandardOutput)
    }

    /// Writes variables. Everything else in the file stays as it is.
    pub(super) fn write(self, variables: &[(&str, &str)]) -> Result<(), Failure> {
        match self {
            Self::StandardOutput => {
                for (name, value) in variables {
                    output::line(format_args!("{name}={value}"));
                }
                Ok(())
            }
            Self::File { file, earlier } => {
                let path = file.path().display().to_string();
                file.write(&merged(&earlier, variables)).map_err(|error| {
                    Failure::general(format!("everything was created, but {path} cannot be written: {error}"))
                })
            }
        }
    }
}

/// The lines of a file, where each variable is set once: in its place, or else at the end.
fn merged(earlier: &str, variables: &[(&str, &str)]) -> String {
    let set = |(name, value): (&str, &str)| format!("{name}={value}");
    let mut left = variables.to_vec();
    let mut lines = Vec::new();
    for line in earlier.lines() {
        let name = line.split_once('=').map_or("", |(name, _)| name);
        if let Some(at) = left.iter().position(|(wanted, _)| *wanted == name) {
            lines.push(set(left.remove(at)));
        } else if variables.iter().all(|(known, _)| *known != name) {
            lines.push(line.to_owned());
        }
    }
    lines.extend(left.into_iter().map(set));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_set_once_and_other_lines_stay() {
        let new = [("ID", "2"), ("SECRET", "s=2")];
        for (earlier, expected) in [
            ("", "ID=2\nSECRET=s=2\n"),
            ("# ours\nID=1\n\nOTHER=x", "# ours\nID=2\n\nOTHER=x\nSECRET=s=2\n"),
            ("SECRET=1\nID=1\nID=0\n", "SECRET=s=2\nID=2\n"),
            ("IDENTITY=1\n#ID=1\n", "IDENTITY=1\n#ID=1\nID=2\nSECRET=s=2\n"),
        ] {
            assert_eq!(merged(earlier, &new), expected, "{earlier}");
        }
    }
}
