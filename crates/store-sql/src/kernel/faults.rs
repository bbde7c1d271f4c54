//! Faults for tests: an operation fails as if the database could not be reached.

use std::sync::Arc;

use porta_store::Result;

use super::error::unavailable;

/// What is about to be sent to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A statement that commits by itself; the name of the statement, such as `porta_store_sql::audit::INSERT`.
    Statement(&'static str),
    Begin,
    /// A statement of a unit of work.
    StatementOfUnit(&'static str),
    Ping,
}

/// Says which operations fail. Only tests set one.
pub type FaultHook = Arc<dyn Fn(Operation) -> bool + Send + Sync>;

/// Fails if the hook says so.
pub(super) fn check(hook: Option<&FaultHook>, operation: Operation) -> Result<()> {
    if hook.is_some_and(|fails| fails(operation)) {
        return Err(unavailable("the test took the database away"));
    }
    Ok(())
}
