//! The executable: parses the command line, runs the command, returns an exit code.

use std::process::ExitCode;

mod cli;
mod dev;
#[cfg(test)]
mod documented;
mod failure;
mod output;
mod runtime;
mod serve;
mod start;

/// Requests allocate and free many small objects; this allocator is fast at that with every C library, musl included.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
