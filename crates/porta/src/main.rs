//! The executable: reads the command line, hands over, answers with an exit code.

use std::process::ExitCode;

mod cli;
mod dev;
#[cfg(test)]
mod documented;
mod output;
mod runtime;
mod serve;
mod start;

/// Requests make and drop many small things, and this is fast at it on every C library, musl's included.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
