//! `--env-file`: the variables of the server, for commands that open what it opens.

use std::path::PathBuf;

use clap::Args;
use porta_config::Source;

#[derive(Debug, Clone, Args)]
pub(crate) struct EnvironmentFile {
    /// Read the variables of the server from this file. They come before those of this process; .env is not read.
    #[arg(long, value_name = "FILE", global = true, help_heading = "Server")]
    env_file: Option<PathBuf>,
}

impl EnvironmentFile {
    /// Before anything is configured.
    pub(crate) fn apply(&self) {
        if let Some(path) = &self.env_file {
            Source::name_file(path.clone());
        }
    }

    pub(crate) fn is_given(&self) -> bool {
        self.env_file.is_some()
    }
}
