//! `porta manual`: the manual pages, for packages.

use std::path::PathBuf;

use clap::Args;

use super::command;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the pages go, one for each command.
    directory: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = &arguments.directory;
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command(), directory))
        .map_err(|e| Failure::general(format!("{} cannot be written: {e}", directory.display())))
}
