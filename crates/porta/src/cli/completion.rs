//! `porta completion`.

use clap::Args;
use clap_complete::{Shell, generate};

use super::command;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  source <(porta completion bash)\n  \
    porta completion zsh > ~/.zfunc/_porta\n  porta completion fish > ~/.config/fish/completions/porta.fish")]
pub(crate) struct Arguments {
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut command(), "porta", &mut script);
    crate::output::raw(&script).map_err(|e| Failure::general(format!("the script cannot be written: {e}")))
}
