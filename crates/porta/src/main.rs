//! The executable: reads the command line, hands over, answers with an exit code.

use std::process::ExitCode;

mod cli;
mod dev;
mod output;
mod runtime;
mod serve;

fn main() -> ExitCode {
    cli::main()
}
