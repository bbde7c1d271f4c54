//! In which organization, for whom and when an operation happens.

use porta_core::Timestamp;

use crate::caller::Caller;
use crate::tenant::Tenant;

#[derive(Debug, Clone, Copy)]
pub struct OperationContext<'a> {
    pub tenant: &'a Tenant,
    pub caller: &'a Caller,
    /// When the operation began. Code after a wait reads the clock again where an older time would be wrong: expiry,
    /// revocation, quotas.
    pub now: Timestamp,
}
