//! The executable: reads the command line, hands over, answers with an exit code.

use std::process::ExitCode;

mod cli;
mod dev;
mod output;
mod serve;

fn main() -> ExitCode {
    cli::main()
}
