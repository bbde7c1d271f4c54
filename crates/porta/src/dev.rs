//! `porta dev`.

use crate::cli::Failure;

pub(crate) fn run(_reset: bool) -> Result<(), Failure> {
    Err(Failure::general("not wired yet"))
}
