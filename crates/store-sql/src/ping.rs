//! The question whether the database answers.

use crate::kernel::{Stmt, statements};

statements! {
    PING: Read = "SELECT 1";
}

pub(crate) fn statement() -> &'static Stmt {
    &PING
}
