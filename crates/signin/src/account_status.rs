//! Whether the status of an account allows a sign-in.

use porta_core::user::{User, UserStatus};
use porta_core::{Timestamp, settings};
use porta_session::Tenant;

pub(crate) enum StatusCheck {
    Allowed,
    /// Answered like a wrong password.
    DeniedSilently,
    Denied(UserStatus),
}

/// A lock caused by guessing is never confirmed to the guesser (decision 0022 f).
pub(crate) fn check_status(tenant: &Tenant, user: &User, now: Timestamp) -> StatusCheck {
    let lockout = tenant.settings.duration(settings::LOCKOUT_DURATION);
    match user.status {
        UserStatus::Active => StatusCheck::Allowed,
        UserStatus::Locked if user.is_auto_locked() => {
            let is_over = user.locked_at.is_some_and(|at| now.since(at) >= lockout);
            if is_over { StatusCheck::Allowed } else { StatusCheck::DeniedSilently }
        }
        status @ (UserStatus::Inactive | UserStatus::Suspended | UserStatus::Locked) => {
            StatusCheck::Denied(status)
        }
    }
}
