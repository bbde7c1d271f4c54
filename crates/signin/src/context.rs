//! In which organization, for whom and when an operation happens.

use porta_core::Timestamp;
use porta_oidc::{Caller, Tenant};

#[derive(Debug, Clone, Copy)]
pub struct OperationContext<'a> {
    pub tenant: &'a Tenant,
    pub caller: &'a Caller,
    /// When the request came. What follows a wait and must not be judged by an older time reads the clock again.
    pub now: Timestamp,
}
