//! `porta serve`.

use crate::cli::Failure;

pub(crate) fn run() -> Result<(), Failure> {
    Err(Failure::general("not wired yet"))
}
